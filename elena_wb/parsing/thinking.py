"""Setting apart what a model thinks before it answers: blocks in ``<think>`` or ``<thinking>``."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(?P<end>/?)think(?:ing)?>", re.IGNORECASE)


def without_thinking(text: str) -> str:
    """``text`` without its thinking, where something else is left; without the tags alone otherwise.

    Before a closing tag that nothing opened everything is thinking: chat templates may bring the opening
    one. Of a block that is never closed the tag alone is taken out.
    """
    return "\n".join(text[start:end] for start, end in _outside(text)).strip() or _TAG.sub(" ", text).strip()


def answer_spans(text: str) -> list[tuple[int, int]]:
    """``[start, end)`` of each stretch of ``text`` that :func:`without_thinking` leaves, in order."""
    outside = _outside(text)
    if any(text[start:end].strip() for start, end in outside):
        return outside
    tags = [match.span() for match in _TAG.finditer(text)]
    return list(zip([0, *(end for _, end in tags)], [*(start for start, _ in tags), len(text)], strict=True))


def _outside(text: str) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    position, inside = 0, False
    for tag in _TAG.finditer(text):
        if not tag["end"]:
            if not inside:
                kept.append((position, tag.start()))
            inside = True
        elif inside:
            inside = False
        else:
            kept.clear()
        position = tag.end()
    kept.append((position, len(text)))
    return kept


def ends_thinking(text: str) -> bool:
    """Whether the last block of thinking in ``text`` is never closed."""
    return [tag["end"] for tag in _TAG.finditer(text)][-1:] == [""]
