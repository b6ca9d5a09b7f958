"""Ways to misbehave. A fault acts in the place of a proper answer; servers deal them out by a script.

``manner`` faults are proper HTTP with a worthless or strange answer inside; the others break HTTP itself.
"""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tests.loopback.wire import Wire

if TYPE_CHECKING:
    from tests.loopback.api import API
    from tests.loopback.calls import Call

Act = Callable[[Wire, "API", "Call"], None]
RetryStyle = Literal["seconds", "date", "milliseconds", "retry-info"]


@dataclass(frozen=True)
class Fault:
    """``act`` sends something (or nothing) for a call. ``answers``: a whole and final answer is sent all the same."""

    name: str
    act: Act
    answers: bool = False


def status(
    code: int,
    *,
    retry_after: float | None = None,
    style: RetryStyle = "seconds",
    message: str = "scripted trouble",
    headers: Mapping[str, str] | None = None,
) -> Fault:
    """An error status in the API's own shape, with the wait that is asked for (seconds) told in this ``style``.

    An HTTP date has whole seconds: it is rounded up. ``retry-info`` is Google's, in the body.
    """

    def act(wire: Wire, api: API, call: Call) -> None:
        given = {**(headers or {}), **retry_headers(retry_after, style)}
        delay = retry_after if style == "retry-info" else None
        wire.send_json(code, api.error(code, message, delay), given)

    return Fault(str(code), act)


def rate_limited(retry_after: float | None = None, style: RetryStyle = "seconds") -> Fault:
    """HTTP 429, with or without saying for how long."""
    return status(429, retry_after=retry_after, style=style, message="Too many requests, slow down.")


def retry_headers(retry_after: float | None, style: RetryStyle = "seconds") -> Mapping[str, str]:
    """The header that asks for a pause of so many seconds; none for ``retry-info``."""
    if retry_after is None or style == "retry-info":
        return {}
    if style == "milliseconds":
        return {"retry-after-ms": f"{retry_after * 1000:.0f}"}
    if style == "date":
        return {"Retry-After": email.utils.formatdate(-(-(time.time() + retry_after) // 1), usegmt=True)}
    return {"Retry-After": f"{retry_after:g}"}


def plain_status(code: int, body: bytes = b"upstream connect error", kind: str = "text/plain") -> Fault:
    """An error status whose body no API would send: what a proxy in between says."""
    return Fault(
        f"plain {code}", lambda wire, api, call: wire.send(code, body, headers={"Content-Type": kind})
    )


def manner(name: str, *, answers: bool = False) -> Fault:
    """HTTP 200 with an answer that the API gives in this ``manner`` (:class:`tests.loopback.api.API`)."""
    return Fault(name, lambda wire, api, call: wire.send_json(200, api.reply(call, name)), answers)


empty = manner("empty")
"""No choices, no candidates."""
no_content = manner("no content")
"""A choice or candidate with nothing in it, ended properly."""
truncated = manner("truncated", answers=True)
"""Cut by the token limit."""
refused = manner("refused", answers=True)
"""OpenAI: `refusal` in the message. Gemini: finish reason SAFETY."""
blocked = manner("blocked", answers=True)
"""OpenAI: finish reason `content_filter`. Gemini: the prompt is blocked, PROHIBITED_CONTENT."""
prohibited = manner("prohibited", answers=True)
"""As `blocked`, but Gemini says so as the finish reason of a candidate without content."""
two_answers = manner("two answers", answers=True)
"""Two choices or candidates that differ; the first is the answer."""
no_usage = manner("no usage", answers=True)
"""A good answer without token counts."""
echo = manner("echo", answers=True)
"""An answer whose text holds the key that came with the call."""
prose = manner("prose", answers=True)
"""An answer without JSON."""
strange_types = manner("strange types")
"""JSON of a shape that no client expects."""


def echo_error(code: int = 400) -> Fault:
    """An error whose message holds the key and the header that came with the call."""

    def act(wire: Wire, api: API, call: Call) -> None:
        sent = call.headers.get("authorization") or f"x-goog-api-key: {call.key}"
        wire.send_json(code, api.error(code, f"Invalid request by {call.key} ({sent})", None))

    return Fault(f"echo {code}", act)


def reply_of(wire: Wire, api: API, call: Call) -> None:
    """A good answer."""
    wire.send_json(200, api.reply(call, "good"))


def _good_bytes(api: API, call: Call) -> bytes:
    return json.dumps(api.reply(call, "good")).encode()


def slow_headers(seconds: float) -> Fault:
    """A good answer that begins late."""

    def act(wire: Wire, api: API, call: Call) -> None:
        if wire.pause(seconds):
            reply_of(wire, api, call)

    return Fault("slow headers", act, answers=True)


def stall(seconds: float) -> Fault:
    """Half of a good body, a long silence, and the connection is closed."""

    def act(wire: Wire, api: API, call: Call) -> None:
        body = _good_bytes(api, call)
        wire.begin(200, len(body))
        wire.write(body[: len(body) // 2])
        wire.pause(seconds)
        wire.hang_up()

    return Fault("stall", act)


def drip(seconds: float, pieces: int = 10) -> Fault:
    """A good answer in small pieces that takes so long as a whole: no single silence is long."""

    def act(wire: Wire, api: API, call: Call) -> None:
        body = _good_bytes(api, call)
        wire.begin(200, len(body))
        size = max(1, -(-len(body) // pieces))
        for start in range(0, len(body), size):
            if not wire.pause(seconds / pieces):
                return
            wire.write(body[start : start + size], last=start + size >= len(body))

    return Fault("drip", act, answers=True)


def _cut_body(wire: Wire, api: API, call: Call) -> None:
    body = _good_bytes(api, call)
    wire.begin(200, len(body))
    wire.write(body[: len(body) // 2])
    wire.hang_up()


cut_body = Fault("cut body", _cut_body)
"""Half of a good body, then the end of the connection."""


def _reset_after(wire: Wire, api: API, call: Call) -> None:
    body = _good_bytes(api, call)
    wire.begin(200, len(body))
    wire.write(body[: len(body) // 2])
    wire.pause(0.02)  # a reset overtakes what was sent just before it
    wire.reset()


def _garbage(wire: Wire, api: API, call: Call) -> None:
    wire.write(b"\x00\xffnot HTTP\r\n\r\n")
    wire.hang_up()


reset_before = Fault("reset before", lambda wire, api, call: wire.reset())
"""The connection is reset before any answer."""
reset_after = Fault("reset after", _reset_after)
"""The connection is reset in the middle of a body."""
hang_up = Fault("hang up", lambda wire, api, call: wire.hang_up())
"""The connection is closed without an answer."""
garbage = Fault("garbage", _garbage)
"""Not even HTTP."""


def _body(name: str, body: bytes, kind: str = "application/json") -> Fault:
    return Fault(name, lambda wire, api, call: wire.send(200, body, headers={"Content-Type": kind}))


invalid_json = _body("invalid json", b'{"choices": [{"message": {"content": "{\\"emo')
"""HTTP 200, the right content type, half a JSON document of the right length."""
html = _body("html", b"<html><body><h1>Sign in to the network</h1></body></html>", "text/html")
"""HTTP 200 and a page for people, as hotel networks send it."""
not_utf8 = _body("not utf-8", b'{"choices": "\xff\xfe\x00"}')
empty_body = _body("empty body", b"")
"""HTTP 200 and nothing."""
json_null = _body("null", b"null")
json_list = _body("list", b"[1, 2, 3]")


def huge(mebibytes: int) -> Fault:
    """HTTP 200 with a body of so many MiB: a good answer followed by spaces, which JSON allows."""

    def act(wire: Wire, api: API, call: Call) -> None:
        body = _good_bytes(api, call)
        wire.begin(200, len(body) + mebibytes * 2**20)
        wire.write(body)
        for left in reversed(range(mebibytes)):
            wire.write(b" " * 2**20, last=not left)

    return Fault("huge", act)


def redirect(location: str, code: int = 307) -> Fault:
    """Sent elsewhere, with the request to be repeated there as it is."""
    return Fault("redirect", lambda wire, api, call: wire.send(code, b"", headers={"Location": location}))


def _twice(wire: Wire, api: API, call: Call) -> None:
    body = _good_bytes(api, call)
    other = body.replace(b"Happiness", b"Duplicate").replace(b"Sadness", b"Duplicate")
    wire.send(200, body, other, headers={"Content-Type": "application/json"})


twice = Fault("twice", _twice, answers=True)
"""The same call answered twice on one connection: the second reply must not be taken for the next call's."""


def anything(act: Callable[[Wire, Any, Any], None], name: str = "custom") -> Fault:
    """Whatever a test wants to do with the connection."""
    return Fault(name, act)
