"""A real HTTP server on 127.0.0.1 that speaks an API and misbehaves on command."""

from __future__ import annotations

import hashlib
import itertools
import json
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Collection, Sequence
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.loopback import faults
from tests.loopback.api import API, Account
from tests.loopback.calls import Call, answered_twice, most_at_once
from tests.loopback.faults import Fault
from tests.loopback.pictures import BadRequestError
from tests.loopback.scripts import Script, in_turn
from tests.loopback.tls import Certificate
from tests.loopback.wire import Wire


class Unreliable:
    """A server to be used as a context manager; ``api`` is ``OpenAI()`` or ``Gemini()``.

    ``script`` says which call gets which fault: a list (the n-th call that asks for an answer gets the n-th entry,
    ``None`` being a proper answer), or a function of the :class:`Call` (see :mod:`tests.loopback.scripts`).
    ``keys`` are those accepted (all, by default); ``delay`` the seconds that each proper answer takes;
    ``certificate`` makes it speak TLS. ``calls`` and what is computed from it may be read at any time.
    """

    def __init__(
        self,
        api: API,
        script: Script | Sequence[Fault | None] | Fault | None = None,
        *,
        delay: float | Callable[[Call], float] = 0.0,
        account: Account | None = None,
        keys: Collection[str] | None = None,
        certificate: Certificate | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.api = api
        self.script = script
        self.delay = delay
        self.account = account
        self.keys = keys
        self.calls: list[Call] = []
        self.failed_handshakes = 0
        self.closing = threading.Event()
        self._host = host
        self._tls = certificate.server_context() if certificate else None
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._connections = itertools.count()
        self._granted: list[float] = []
        self._granted_in_flight = 0
        self._server = _Server((host, 0), _Handler)
        self._server.unreliable = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """The port, which the system chose."""
        return int(self._server.server_address[1])

    @property
    def root(self) -> str:
        """Scheme, host and port, without a path."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    @property
    def url(self) -> str:
        """What a client takes as its base URL."""
        return self.root + self.api.prefix

    @property
    def asked(self) -> list[Call]:
        """The calls that asked for answers, as they came."""
        return [call for call in self.calls if call.number is not None]

    @property
    def answered(self) -> list[Call]:
        """Those that got a whole answer."""
        return [call for call in self.asked if call.answered]

    @property
    def keys_seen(self) -> set[str | None]:
        """Every key that came, with any call."""
        return {call.key for call in self.calls}

    def count(self, fault: str) -> int:
        """How many calls got the fault of this name (`429`, `cut body`, `limit` for the account's)."""
        return sum(call.fault == fault for call in self.calls)

    def most_at_once(self, start: float | None = None, end: float | None = None) -> int:
        """The most calls for answers in flight at one moment (between two moments of ``time.monotonic()``)."""
        return most_at_once(self.asked, start=start, end=end)

    def answered_twice(self) -> Sequence[str]:
        """Fingerprints of questions that were answered more than once."""
        return answered_twice(self.answered)

    def _serve(self, call: Call, connection: socket.socket) -> bool:
        """Answer one call in the way that is its due; whether the connection can serve another."""
        fault, granted = self._due(call)
        call.fault = fault.name if fault else None
        ended = False

        def ending() -> None:
            nonlocal ended
            if ended:
                return
            ended = True
            if granted:
                with self._lock:
                    self._granted_in_flight -= 1
            call.answered = call.number is not None and wire.status == 200 and (not fault or fault.answers)
            call.status = wire.status
            call.ended = time.monotonic()

        wire = Wire(connection, self.closing, ending)
        try:
            if fault is not None:
                fault.act(wire, self.api, call)
            elif self._worked(call, wire):
                faults.reply_of(wire, self.api, call)
        except LookupError as error:
            wire.send_json(404, self.api.error(404, f"Not found: {error}", None))
        except OSError as error:
            call.notes.append(f"the client went away: {error}")
            call.answered = False
            wire.open = False
        finally:
            ending()
        return wire.open and not self.closing.is_set()

    def _worked(self, call: Call, wire: Wire) -> bool:
        """Take the time that an answer takes; whether it is still wanted."""
        wait = self.delay(call) if callable(self.delay) else self.delay
        return call.number is None or not wait or wire.pause(wait)

    def _due(self, call: Call) -> tuple[Fault | None, bool]:
        """What the call gets, and whether it counts as in flight against the account."""
        if self.keys is not None and call.key not in self.keys:
            code, body = self.api.wrong_key()
            return Fault("wrong key", lambda wire, api, call: wire.send_json(code, body)), False
        try:
            self.api.read(call)
        except BadRequestError as error:
            return faults.status(400, message=str(error)), False
        over = self._over_limit(call)
        if over is not None:
            return over, False
        return self._scripted(call), call.number is not None

    def _scripted(self, call: Call) -> Fault | None:
        script = self.script
        if isinstance(script, Fault):
            return script if call.number is not None else None
        if isinstance(script, Sequence):
            return in_turn(script)(call)
        return script(call) if script else None

    def _over_limit(self, call: Call) -> Fault | None:
        if call.number is None:
            return None
        with self._lock:
            account, wait = self.account or Account(), 0.0
            now = time.monotonic()
            if account.requests is not None:
                self._granted = [at for at in self._granted if at > now - account.window_s]
                if len(self._granted) >= account.requests:
                    wait = self._granted[-account.requests] + account.window_s - now
            if account.at_once is not None and self._granted_in_flight >= account.at_once:
                wait = max(wait, 0.05)
            if not wait:
                self._granted.append(now)
                self._granted_in_flight += 1
                return None
        limited = faults.rate_limited(wait if account.tell else None, account.style)
        return Fault("limit", limited.act)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    unreliable: Unreliable

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to talk about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def setup(self) -> None:
        server = self.server.unreliable  # type: ignore[attr-defined]
        self.server_object: Unreliable = server
        self.number = next(server._connections)
        if server._tls is not None:
            try:
                self.request = server._tls.wrap_socket(self.request, server_side=True)
            except (ssl.SSLError, OSError):
                server.failed_handshakes += 1
                raise
        super().setup()

    def finish(self) -> None:
        super().finish()
        if self.server_object._tls is not None:
            self.request.close()

    def _take(self) -> None:
        server = self.server_object
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        counted = server.api.asks_for_answers(self.command, address.path)
        with server._lock:
            call = Call(
                next(server._numbers) if counted else None,
                self.command,
                address.path,
                dict(parse_qsl(address.query)),
                {name.lower(): value for name, value in self.headers.items()},
                _parsed(data),
                hashlib.sha256(data).hexdigest(),
                None,
                time.monotonic(),
                self.number,
            )
            call.key = server.api.key(call)
            server.calls.append(call)
        if not server._serve(call, self.connection):
            self.close_connection = True

    do_GET = do_POST = do_DELETE = do_PATCH = _take  # noqa: N815 - http.server looks for these names

    def log_message(self, format: str, *args: Any) -> None:
        """Servers in tests keep quiet."""


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return None
