"""Where in the raw text of an answer the value of a field stands: in an object, sound or damaged, or on lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from elena_wb.parsing.keys import field_of
from elena_wb.parsing.lines import LINE, WRAPPING
from elena_wb.parsing.view import Span

_DECODER = json.JSONDecoder(strict=False)
_KEY = re.compile(
    r"\"(?P<quoted>(?:[^\"\\\n]|\\.){1,80})\"\s{0,20}:\s{0,20}"
    r"|'(?P<single>[^'\\\n]{1,80})'\s{0,20}:\s{0,20}"
    r"|[{,\n][ \t]{0,20}(?P<bare>[A-Za-z][A-Za-z_]{0,40})[ \t]{0,9}:\s{0,20}(?=[\"'\[{\d])"
)
_STRING = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*+)', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]|\\.)*+)", re.DOTALL),
}
_PLAIN = re.compile(r"[^,}\]\n]{1,400}")
_FENCE = re.compile(r"\s*(?:[}\]]\s*)*```\s*\Z")
_MOST_KEYS = 500


def values_of(field: str, visible: str) -> list[Span]:
    """Each place where ``visible`` gives a value for ``field``, by whatever name, in order; without its quotes.

    Places are ``[start, end)``, and not empty. Lines count where no key of an object does.
    """
    found = [span for name, span in _in_objects(visible) if name == field]
    return found or [span for name, span in _on_lines(visible) if name == field]


def has_fields(visible: str) -> bool:
    """Whether the answer names any field that is known."""
    return any(True for _ in _in_objects(visible)) or any(True for _ in _on_lines(visible))


def trimmed(text: str, span: Span, edges: str | None = None) -> Span | None:
    """The stretch without white space, or without ``edges``, at its ends; ``None`` where nothing is left."""
    start, end = span
    end = start + len(text[start:end].rstrip(edges))
    start = end - len(text[start:end].lstrip(edges))
    return (start, end) if end > start else None


def _in_objects(visible: str) -> Iterator[tuple[str, Span]]:
    at = 0
    for _ in range(_MOST_KEYS):
        match = _KEY.search(visible, at)
        if match is None or match.end() >= len(visible):
            return
        at = match.end()
        field = field_of(match["quoted"] or match["single"] or match["bare"])
        if field is None:
            continue
        span = trimmed(visible, _value_at(visible, at))
        if span is None:
            continue
        if visible[at] in _STRING:
            at = span[1]
        yield field, span


def _value_at(visible: str, at: int) -> Span:
    opening = visible[at]
    if opening in _STRING:
        match = _STRING[opening].match(visible, at)
        assert match is not None
        start, end = match.span(1)
        if end == len(visible) and (fence := _FENCE.search(visible, max(start, end - 200))):
            end = fence.start()
        return start, end
    if opening in "[{":
        try:
            _, end = _DECODER.raw_decode(visible, at)
        except (ValueError, RecursionError):
            following = _KEY.search(visible, at + 1)
            end = len(visible) if following is None else following.start()
        return at, end
    match = _PLAIN.match(visible, at)
    return (at, at) if match is None else match.span()


def _on_lines(visible: str) -> Iterator[tuple[str, Span]]:
    start = 0
    for line in visible.splitlines(keepends=True)[:_MOST_KEYS]:
        match = LINE.match(line[:4000].rstrip("\r\n"))
        field = field_of(match["key"]) if match else None
        if match and field is not None:
            inside = start + match.start("value"), start + match.end("value")
            span = trimmed(visible, inside, WRAPPING)
            if span is not None:
                yield field, span
        start += len(line)
