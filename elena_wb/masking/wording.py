"""What the notes of a picture say in which something stays to be seen."""

from __future__ import annotations

from elena_wb.masking.parts import BACKGROUND, spoken

NOTHING_HIDDEN = "nothing of it is hidden"
"""Stands in the note of every picture that shows something its condition should hide."""
NO_ROOM = "no room for the control"
"""Stands in the note of a picture in which a control hides nothing for that reason."""


def unhidden(part: str, *, outside: bool) -> str:
    """That nothing of ``part`` was hidden; ``outside``: it is annotated, but not within the picture."""
    if part == BACKGROUND:
        return f"no person found: {NOTHING_HIDDEN}"
    if outside:
        return f"the annotated box of the {spoken(part)} lies outside the picture: {NOTHING_HIDDEN}"
    return f"no {spoken(part)} found: {NOTHING_HIDDEN}"
