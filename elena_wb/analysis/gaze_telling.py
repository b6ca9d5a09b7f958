"""How attention is told of, wherever that is: which parts, in what order, and what must be said with it."""

from __future__ import annotations

from collections.abc import Collection

from elena_wb.analysis.gaze import BACKGROUND, PICTURE

NO_CAUSE = (
    "Attention is no cause: that a model looked at a part does not say that it answered because of it. "
    "`elena-wb occlude` tests that."
)
_ORDER = ("face", "head", "hands", "body", BACKGROUND)
"""Parts that come first, in this order; background comes last."""


def told_parts(parts: Collection[str]) -> Collection[str]:
    """The parts that are told of: not the picture, which is all there is, nor left and right where they are one."""
    return {
        part
        for part in parts
        if part != PICTURE
        and not (part.startswith(("left_", "right_")) and f"{part.partition('_')[2]}s" in parts)
    }


def rank(part: str) -> tuple[bool, int, str]:
    """By this parts are sorted."""
    return part == BACKGROUND, _ORDER.index(part) if part in _ORDER else len(_ORDER), part
