"""One call: a question goes to one server, and whatever comes of it is told apart."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from elena_wb.core import ModelError, Response, WorkbenchError
from elena_wb.remote.failures import from_exception, from_status
from elena_wb_openai.refusals import Refusal, refusal_of
from elena_wb_openai.servers import Server

_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_UNAVAILABLE = frozenset({"server", "connection", "timeout"})
_ASKED_BY: Mapping[Refusal | None, frozenset[str]] = {
    "structured": frozenset({"response_format"}),
    "logprobs": frozenset({"logprobs"}),
    "sampling": frozenset({"temperature"}),
    "seed": frozenset({"seed"}),
    "reasoning": frozenset({"reasoning_effort"}),
}
"""The fields of a question without which it cannot have been refused for that reason."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: a body to be read, or ``failure``.

    ``status`` is that of HTTP, if there was an answer at all; ``refusal`` is what the server will not do of what it
    was asked; ``unsent`` whether the question never reached it.
    """

    latency_ms: float
    status: int | None = None
    body: bytes = b""
    failure: Response | None = None
    refusal: Refusal | None = None
    unsent: bool = False

    @property
    def unavailable(self) -> bool:
        """Whether the server, rather than the question, is to blame."""
        failure = self.failure
        return failure is not None and self.refusal is None and failure.trouble in _UNAVAILABLE


def call(server: Server, index: int, body: Mapping[str, Any]) -> Outcome:
    """Put the question once.

    Raises:
        ModelError: the server wants another key, knows no such model, or sends everything elsewhere.
        NetworkForbiddenError: the user has switched the network off.
    """
    began = time.monotonic()

    def elapsed() -> float:
        return (time.monotonic() - began) * 1000

    try:
        raw = server.client.chat.completions.with_raw_response.create(
            model=body["model"],
            messages=body["messages"],
            extra_body={name: value for name, value in body.items() if name not in ("model", "messages")},
        )
        return Outcome(elapsed(), raw.status_code, raw.content)
    except openai.APIStatusError as error:
        return _turned_down(server, index, body, error, elapsed())
    except WorkbenchError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the client or its HTTP library raises is this call's failure
        failure = failed(server, index, error, elapsed())
        unsent = any(isinstance(one, _NEVER_SENT) for one in _chain(error))
        return Outcome(elapsed(), failure=failure, unsent=unsent)


def failed(server: Server, index: int, error: Exception, latency_ms: float | None = None) -> Response:
    """The response for an exception on the way to ``server`` and back."""
    for one in _chain(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return Response(
                index,
                "",
                "error",
                error=f"The certificate of {server.address.shown} is not trusted: {one.verify_message}. For a server "
                "with a certificate of its own, name the PEM file of its authority: ca=FILE.",
                trouble="connection",
                latency_ms=latency_ms,
            )
    return from_exception(index, error, what=f"Asking {server.address.shown}", latency_ms=latency_ms)


def text_of(error: openai.APIStatusError) -> str:
    """The body of an HTTP error as text."""
    return error.response.content.decode("utf-8", "replace")


def raise_for_key(server: Server, status: int | None, said: str) -> None:
    """Raise what a server means that wants a key, or another.

    Raises:
        ModelError: ``status`` is 401 or 403.
    """
    if status not in (401, 403):
        return
    where, slot = server.address.shown, server.key_slot
    if slot is None:
        raise ModelError(
            f"{where} wants a key ({said}).",
            hint="Keep one and name it in the model's URI: `elena-wb keys set NAME`, then `…?key=NAME`.",
        )
    raise ModelError(
        f"{where} does not accept the key `{slot}` ({said}).",
        hint=f"Set another: `elena-wb keys set {slot}`.",
    )


def _turned_down(
    server: Server, index: int, body: Mapping[str, Any], error: openai.APIStatusError, latency_ms: float
) -> Outcome:
    status, text = error.status_code, text_of(error)
    failure = from_status(index, status, error.response.headers, text, latency_ms=latency_ms)
    if 300 <= status < 400:
        raise ModelError(
            f"{server.address.shown} sends on to {_host_of_redirect(error.response)}, which is not followed: "
            "neither pictures nor keys go to servers that you did not name.",
            hint="Give the final address as base_url.",
        )
    refusal = refusal_of(status, text)
    if refusal in _ASKED_BY and not _ASKED_BY[refusal] & body.keys():
        refusal = None
    return Outcome(latency_ms, status, failure=failure, refusal=refusal)


def _host_of_redirect(response: httpx2.Response) -> str:
    location = response.headers.get("location", "")
    try:
        url = response.url.join(location)
    except (httpx2.InvalidURL, ValueError):
        return "an address that is none"
    return f"{url.scheme}://{url.host}"[:200]


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    for _ in range(20):
        if one is None:
            return
        yield one
        one = one.__cause__ or one.__context__
