"""Keeping keys out of whatever is shown, logged or stored.

Every key that the process learns is registered once with :func:`hide`; :func:`redact` then takes it out of any
message, and :func:`redact_answer` out of what a model says, also where it was quoted for a URL, encoded in base64 or
escaped for JSON on its way there.
"""

from __future__ import annotations

import io
import re
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

MARK = "[key]"
_SHORTEST = 8
"""Shorter keys are words such as `ollama` or `none`, which servers without keys ask for: taking them out wherever they
stand would garble messages and tell what the key is. They are hidden where a key stands by its place alone."""

_SHORTEST_PHRASE = 20
_WORDS = re.compile(r"[\W_]*(?:(?:[A-Z]?[a-z]+|[A-Z]+|\d{1,4})(?:[\W_]+|$))+", re.ASCII)
"""A key like `lm-studio`: shorter than a passphrase and made of words and small numbers alone."""

_BEFORE_A_KEY = r"(?i:bearer|basic|token|key|authorization|password|secret)[\"']?\s{0,3}[:= ]\s{0,3}[\"']?"

_lock = threading.Lock()
_secrets: set[str] = set()
_long: re.Pattern[str] | None = None
_short: re.Pattern[str] | None = None
_no_words: re.Pattern[str] | None = None


def hide(secret: str) -> None:
    """Take ``secret`` out of every text that passes :func:`redact` from now on, in this process."""
    global _long, _short, _no_words
    with _lock:
        if not secret.strip() or secret in _secrets:
            return
        _secrets.add(secret)
        long = {one for one in _secrets if len(one) >= _SHORTEST}
        short = _secrets - long
        _long = _forms_of(long)
        _no_words = _forms_of({one for one in long if not _is_words(one)})
        _short = re.compile(f"({_BEFORE_A_KEY})(?:{_any_of(short)})(?!\\w)") if short else None


def redact(text: str) -> str:
    """``text`` with :data:`MARK` in place of every key that was hidden, the longest first."""
    long, short = _long, _short
    if long is not None:
        text = long.sub(MARK, text)
    if short is not None:
        text = short.sub(rf"\1{MARK}", text)
    return text


def redact_answer(text: str) -> str:
    """``text``, which a model wrote, with :data:`MARK` in place of keys that no answer holds by chance.

    A key made of ordinary words, which a server without keys may have been given, stays: for its sake no answer is
    changed.
    """
    return text if _no_words is None else _no_words.sub(MARK, text)


def redact_stderr() -> None:
    """Let all that Python code writes to stderr from now on pass :func:`redact`.

    This covers tracebacks of every thread, warnings, and the logs of libraries.
    """
    if isinstance(sys.stderr, io.TextIOWrapper) and not isinstance(sys.stderr, _Redacting):
        sys.stderr = _Redacting(sys.stderr)


class _Redacting(io.TextIOWrapper):
    """The same stream with keys taken out. Whoever writes a key writes it in one piece."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        stream.flush()
        super().__init__(
            stream.buffer, encoding=stream.encoding, errors=stream.errors, line_buffering=True, newline=""
        )
        self._stream: TextIO = stream  # would close the file if it were collected

    def write(self, text: str, /) -> int:
        super().write(redact(text))
        return len(text)


def _is_words(secret: str) -> bool:
    return len(secret) < _SHORTEST_PHRASE and _WORDS.fullmatch(secret) is not None


def _forms_of(keys: set[str]) -> re.Pattern[str] | None:
    forms = {form for one in keys for form in _forms(one)}
    return re.compile(_any_of(forms)) if forms else None


def _any_of(forms: set[str]) -> str:
    return "|".join(re.escape(form) for form in sorted(forms, key=lambda form: (-len(form), form)))


def _forms(secret: str) -> Iterator[str]:
    """The spellings of ``secret`` in URLs, JSON, HTML, Python literals and base64."""
    import base64
    import html
    import json
    from urllib.parse import quote, quote_plus

    yield secret
    for quoted in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield quoted
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)
    escaped = json.dumps(secret)[1:-1]
    yield from (escaped, json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(escaped)[1:-1])
    yield from (html.escape(secret), repr(secret)[1:-1])
    raw = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode()
        # the characters that hold no bit of what stands before and after the key
        inner = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))
