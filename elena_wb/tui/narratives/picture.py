"""What the picture beside an answer shows: as the model saw it, or as it is, and what is said below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from elena_wb.core import Box
from elena_wb.tui.drawn import PictureContent

if TYPE_CHECKING:
    from elena_wb.engine.showing import Shown

View = Literal["seen", "original"]
HIDDEN = "hidden"


def content_of(shown: Shown, condition: str, view: View) -> tuple[PictureContent | None, str]:
    """The picture and the note below it. Where what the model saw cannot be shown, the original, said to be that."""
    if shown.original is None:
        return None, shown.problem or ""
    notes = list(shown.notes)
    if view == "seen" and shown.seen is not None and shown.seen_box is not None:
        told = "As the model saw it" + _hiding(shown, condition)
        inside = {part: moved(boxes, shown.seen_box) for part, boxes in shown.regions.items()}
        outlines = {part: boxes for part, boxes in inside.items() if boxes}
        return PictureContent(shown.seen, outlines), "\n".join([told, *notes])
    told = "The picture as it is" + (", not as the model saw it" if condition != "none" else "")
    outlines = dict(shown.regions)
    if shown.hidden and not {*shown.hidden} <= {box for boxes in outlines.values() for box in boxes}:
        outlines[HIDDEN] = shown.hidden
    return PictureContent(shown.original, outlines), "\n".join([told, *notes])


def moved(boxes: Sequence[Box], into: Box) -> tuple[Box, ...]:
    """``boxes`` in pixels of a cut-out, cut to it."""
    shifted = (Box(box.x - into.x, box.y - into.y, box.w, box.h) for box in boxes)
    return tuple(cut for box in shifted if (cut := box.clipped(int(into.w), int(into.h))) is not None)


def _hiding(shown: Shown, condition: str) -> str:
    if condition == "none":
        return ""
    if not shown.hidden:
        return f" ({condition}: nothing was found to hide)"
    return (
        f" ({condition})"
        if shown.attended
        else f" ({condition}: attention to it was kept away, no pixel hidden)"
    )
