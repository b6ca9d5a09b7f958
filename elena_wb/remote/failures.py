"""From what went wrong on the way to a server and back to a response that tells the host and people."""

from __future__ import annotations

import datetime
import email.utils
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from elena_wb.core import Response, Trouble
from elena_wb.offline import NetworkForbiddenError
from elena_wb.remote.redaction import redact

LONGEST_MESSAGE = 300
_LONGEST_READ = 20_000
_DEEPEST = 6
_LONGEST_WAIT_S = 24 * 3600.0
_SERVER_STATUSES = frozenset({408, 409, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530})
_KEYS = ("message", "detail", "error_description", "error", "msg", "reason", "title", "errors")
_ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?|\x9b[0-?]*[ -/]*[@-~]", re.DOTALL
)


def from_status(
    index: int, status: int, headers: Mapping[str, str], body: str, *, latency_ms: float | None = None
) -> Response:
    """The response for an HTTP answer of ``status`` other than success, with what the server says about it.

    429 is ``rate-limited``; 408, 409, 425 and faults of the server are ``server``: all may be repeated, after as
    long as ``retry-after-ms`` or ``Retry-After`` ask for. Nothing else may.
    """
    trouble: Trouble | None = None
    if status == 429:
        trouble = "rate-limited"
    elif status in _SERVER_STATUSES or status >= 500:
        trouble = "server"
    said = _said(body)
    return Response(
        index,
        "",
        "error",
        latency_ms=latency_ms,
        error=_clean(f"HTTP {status}: {said}" if said else f"HTTP {status}"),
        retryable=trouble is not None,
        trouble=trouble,
        retry_after_s=_retry_after(headers) if trouble is not None else None,
    )


def from_exception(
    index: int, error: BaseException, *, what: str, latency_ms: float | None = None
) -> Response:
    """The response for an exception of a client library while ``what`` (``the answer of example.org``) was awaited.

    Time-outs, connections and replies that make no sense may be repeated; a certificate that does not hold may not,
    nor what is none of these.

    Raises:
        NetworkForbiddenError: that is what lies behind it; no other request would fare better.
    """
    chain = list(_chain(error))
    for one in chain:
        if isinstance(one, NetworkForbiddenError):
            raise one
    trouble, retryable = _trouble(chain)
    told = _told(chain, trouble)
    if not retryable and trouble == "connection":
        told += (
            ". Check the address and the clock; for a server with a certificate of its own, "
            "name the file of its authority in SSL_CERT_FILE"
        )
    return Response(
        index,
        "",
        "error",
        latency_ms=latency_ms,
        error=_clean(f"{what}: {told}"),
        retryable=retryable,
        trouble=trouble,
    )


def _trouble(chain: list[BaseException]) -> tuple[Trouble | None, bool]:
    """What kind of failure the chain of exceptions is, judged by the classes and names that libraries share."""
    if any(
        isinstance(one, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(one) for one in chain
    ):
        return "connection", False
    names = [cls.__name__ for one in chain for cls in type(one).__mro__]
    if any(isinstance(one, TimeoutError) for one in chain) or any("Timeout" in name for name in names):
        return "timeout", True
    if any(isinstance(one, (ConnectionError, ssl.SSLError)) for one in chain):
        return "connection", True
    if any(name in _CONNECTION_NAMES for name in names):
        return "connection", True
    if any(isinstance(one, (json.JSONDecodeError, UnicodeDecodeError)) for one in chain):
        return "reply", True
    if any(name in _REPLY_NAMES for name in names):
        return "reply", True
    if any(isinstance(one, OSError) for one in chain):
        return "connection", True
    return None, False


_CONNECTION_NAMES = frozenset(
    {
        "TransportError",
        "NetworkError",
        "APIConnectionError",
        "ConnectError",
        "ClientConnectionError",
        "gaierror",
    }
)
_REPLY_NAMES = frozenset(
    {
        "ValidationError",
        "DecodingError",
        "APIResponseValidationError",
        "UnknownApiResponseError",
        "ClientPayloadError",
    }
)


def _told(chain: list[BaseException], trouble: Trouble | None) -> str:
    words = {
        "timeout": "no answer in time",
        "connection": "the connection failed",
        "reply": "the reply makes no sense",
    }.get(trouble or "", "the call failed")
    for one in reversed(chain):
        reason = _clean(str(one))
        if reason:
            return f"{words} ({type(one).__name__}: {reason})"
    return f"{words} ({type(chain[-1]).__name__})"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and those it was raised from, outermost first."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks for, at most a day; ``None`` if it asks for none that can be understood."""
    given = {name.lower(): value.strip() for name, value in headers.items()}
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        value = given.get(name, "")
        if re.fullmatch(r"\d{1,15}(\.\d{1,9})?", value, re.ASCII):
            return min(float(value) * scale, _LONGEST_WAIT_S)
    try:
        then = email.utils.parsedate_to_datetime(given.get("retry-after", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=datetime.UTC)
    left = (then - datetime.datetime.now(datetime.UTC)).total_seconds()
    return min(max(left, 0.0), _LONGEST_WAIT_S)


def _said(body: str) -> str:
    """What the server says, from the usual shapes of errors in JSON, else the beginning of a text that is no page."""
    text = redact(body)[:_LONGEST_READ].strip()
    try:
        parsed: Any = json.loads(text)
    except (ValueError, RecursionError):
        return "" if text.lower().startswith(("<!doctype", "<html", "<?xml")) else text
    return _message(parsed, 0)


def _message(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth < _DEEPEST and isinstance(value, list) and value:
        return _message(value[0], depth + 1)
    if depth < _DEEPEST and isinstance(value, dict):
        for key in _KEYS:
            if found := _message(value.get(key), depth + 1):
                return found
    return ""


def _clean(text: str) -> str:
    """``text`` as one line without keys, escapes and control characters, at most 300 characters.

    Keys go first: none may be cut in two and so be missed.
    """
    plain = redact(text)[:_LONGEST_READ]
    plain = _ANSI.sub("", plain)
    plain = "".join(c if c.isprintable() else " " for c in plain)
    plain = redact(" ".join(plain.split()))
    return plain if len(plain) <= LONGEST_MESSAGE else f"{plain[: LONGEST_MESSAGE - 1].rstrip()}…"
