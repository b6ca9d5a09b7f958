"""Setting apart what a model thinks before it answers: blocks in ``<think>`` or ``<thinking>``."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(?P<end>/?)think(?:ing)?>", re.IGNORECASE)


def without_thinking(text: str) -> str:
    """``text`` without its thinking, where something else is left; without the tags alone otherwise.

    Before a closing tag that nothing opened everything is thinking: chat templates may bring the opening
    one. Of a block that is never closed the tag alone is taken out.
    """
    kept: list[str] = []
    position, inside = 0, False
    for tag in _TAG.finditer(text):
        if not tag["end"]:
            if not inside:
                kept.append(text[position : tag.start()])
            inside = True
        elif inside:
            inside = False
        else:
            kept.clear()
        position = tag.end()
    kept.append(text[position:])
    return "\n".join(kept).strip() or _TAG.sub(" ", text).strip()


def ends_thinking(text: str) -> bool:
    """Whether the last block of thinking in ``text`` is never closed."""
    return [tag["end"] for tag in _TAG.finditer(text)][-1:] == [""]
