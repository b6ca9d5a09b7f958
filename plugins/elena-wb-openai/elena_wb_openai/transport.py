"""HTTP as a stranger's server is spoken to: bounded in time and size, with nothing sent that is not meant for it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import openai

from elena_wb.core import SetupError
from elena_wb_openai.addresses import Address

MOST_BYTES = 32 * 2**20
_CONNECT_S = 10.0
_KEPT = frozenset(
    {
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "user-agent",
        "content-type",
        "content-length",
        "authorization",
    }
)
_SHORT_CUTS = frozenset({"openai-organization", "openai-project"})


def client(
    address: Address, key: str | None, *, timeout_s: float, connections: int, ca: str | None
) -> openai.OpenAI:
    """OpenAI's client for one address, without retries of its own.

    Each call has a connection of its own: on one that is kept, what a server sends too much is taken for the answer
    to the next call, and a server that has just given it up breaks a call that was in order. Opening one takes
    little beside an answer.

    It follows no redirect, so that neither key nor picture goes anywhere but to ``address``; it uses a proxy that the
    environment names, but never for this machine; and of the environment's variables for OpenAI it heeds those of
    organisation and project alone, for OpenAI itself.

    Raises:
        SetupError: ``ca`` is no file of certificates.
    """
    proxy = None if address.is_here else _proxy(address)
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=0)
    inner = httpx2.HTTPTransport(verify=_trust(ca), trust_env=False, limits=limits, proxy=proxy)
    http = httpx2.Client(
        transport=_Bounded(inner, address, key, timeout_s),
        timeout=httpx2.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
        follow_redirects=False,
        trust_env=False,
    )
    return openai.OpenAI(
        api_key=key or "none",  # the client wants one; the transport sends none where there is none
        base_url=address.url,
        timeout=httpx2.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
        max_retries=0,
        http_client=http,
    )


class OversizedError(httpx2.DecodingError):
    """A reply is longer than any answer can be, or packed although that was not asked for."""


class _Bounded(httpx2.BaseTransport):
    def __init__(
        self, inner: httpx2.BaseTransport, address: Address, key: str | None, timeout_s: float
    ) -> None:
        self._inner = inner
        self._authorization = None if key is None else f"Bearer {key}"
        self._kept = _KEPT | _SHORT_CUTS if address.is_openai else _KEPT
        self._timeout_s = timeout_s

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send ``request`` with our own headers and no others; the reply ends at its bounds."""
        deadline = _Deadline(self._timeout_s)
        try:
            response = self._inner.handle_request(self._sent(request, deadline))
        except BaseException as error:
            deadline.cancel()
            deadline.judge(error)
            raise
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            response.close()
            deadline.cancel()
            raise OversizedError("the reply is packed, which was not asked for")
        assert isinstance(response.stream, httpx2.SyncByteStream)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Stream(response.stream, deadline),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._inner.close()

    def _sent(self, request: httpx2.Request, deadline: _Deadline) -> httpx2.Request:
        """What goes out for ``request``, whose own headers the client reads again later."""
        headers = {name: value for name, value in request.headers.items() if name.lower() in self._kept}
        headers |= {"accept-encoding": "identity", "connection": "close"}
        headers.pop("authorization", None)
        if self._authorization is not None:
            headers["authorization"] = self._authorization
        return httpx2.Request(
            request.method,
            request.url,
            headers=headers,
            stream=request.stream,
            extensions={**request.extensions, "trace": deadline.watch},
        )


class _Deadline:
    """The end of one call, whatever it is doing then: the library's time-outs are for each read alone, and a server
    that sends a line now and then would never meet them.
    """

    def __init__(self, seconds: float) -> None:
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._over = False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, event: str, about: Mapping[str, Any]) -> None:
        """Called by the library for each thing that it does; remembers the connection."""
        if not event.endswith(("connect_tcp.complete", "start_tls.complete")):
            return
        with self._lock:
            self._connection = about["return_value"].get_extra_info("socket")
        if self._over:
            self._end()

    def cancel(self) -> None:
        """The call is over."""
        self._timer.cancel()

    def judge(self, error: BaseException) -> None:
        """Raise a time-out if ``error`` comes of the call being ended.

        Raises:
            httpx2.ReadTimeout: it does.
        """
        if self._over and isinstance(error, httpx2.TransportError):
            raise httpx2.ReadTimeout("the reply was still coming when the time was over") from None

    def _end(self) -> None:
        with self._lock:
            self._over = True
            if self._connection is not None:
                with contextlib.suppress(OSError):
                    # Of an encrypted connection the socket alone: its state belongs to the thread that reads.
                    socket.socket.shutdown(self._connection, socket.SHUT_RDWR)


class _Stream(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        try:
            for part in self._inner:
                size += len(part)
                if size > MOST_BYTES:
                    raise OversizedError(f"the reply is longer than {MOST_BYTES // 2**20} MiB")
                yield part
        except httpx2.TransportError as error:
            self._deadline.judge(error)
            raise

    def close(self) -> None:
        self._deadline.cancel()
        self._inner.close()


def _proxy(address: Address) -> str | None:
    if urllib.request.proxy_bypass(address.host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(address.url.partition(":")[0]) or proxies.get("all")


def _trust(ca: str | None) -> ssl.SSLContext:
    if ca is None:
        return httpx2.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=Path(ca).expanduser())
    except (OSError, RuntimeError) as error:  # ssl.SSLError is an OSError
        raise SetupError(
            f"The certificates of `ca={ca}` cannot be read: {getattr(error, 'strerror', None) or error}",
            hint="Give a PEM file: the certificate of the server, or of the authority that signed it.",
        ) from error
