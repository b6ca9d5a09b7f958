"""Which person is meant, where a picture shows several labelled ones: cut out, outlined, or left to the model."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np

from elena_wb.core import Box, ImageError, Pixels

Pointing = Literal["crop", "outline", "whole"]
POINTINGS: tuple[Pointing, ...] = get_args(Pointing)
DEFAULT: Pointing = "crop"

MARGIN = 0.1
"""Share of the person's box that a crop shows beyond it on each side, so that no hand is cut off."""
OUTLINE = (255, 0, 0)
"""RGB of the outline."""
_SMALLEST_SIDE = 16

INSTRUCTIONS: dict[Pointing, str] = {
    "crop": "The picture was cut out around one person. Answer about the person in the middle of it.",
    "outline": "Answer about one person only: the one inside the red rectangle.",
    "whole": "",
}
"""What the prompt says of a picture in which one person is meant; nothing where the model is left to choose."""


def pointed_out(pixels: Pixels, person: Box, how: Pointing) -> Pixels:
    """``pixels`` so that ``person`` (in pixels of it) is the one meant.

    ``crop`` keeps the box with a margin around it, ``outline`` draws a rectangle just outside the box, so that it
    covers nothing of the person, and ``whole`` is the picture as it is.

    Raises:
        ImageError: the box lies outside the picture or is too small to be read.
    """
    height, width = pixels.shape[:2]
    if how == "outline":
        return _outlined(pixels, _inside(person, width, height))
    shown = shown_of(width, height, person, how)
    left, top = int(shown.x), int(shown.y)
    if (shown.w, shown.h) == (width, height):
        return pixels
    return np.ascontiguousarray(pixels[top : top + int(shown.h), left : left + int(shown.w)])


def shown_of(width: int, height: int, person: Box | None, how: Pointing) -> Box:
    """What the model is shown of a picture of ``width`` x ``height``: all of it, or the crop around ``person``.

    The sides are whole pixels of the picture.

    Raises:
        ImageError: the box of the person lies outside the picture or is too small to be read.
    """
    if person is None or how != "crop":
        return Box(0, 0, width, height)
    inside = _inside(person, width, height)
    shown = person.padded(MARGIN).clipped(width, height) or inside
    left, top = math.floor(shown.x), math.floor(shown.y)
    right, bottom = math.ceil(shown.x + shown.w), math.ceil(shown.y + shown.h)
    if min(right - left, bottom - top) < _SMALLEST_SIDE:
        raise ImageError(
            f"The box of the labelled person is {right - left} x {bottom - top} pixels, too small to be read.",
            hint="`--person outline` shows the whole picture with the person marked.",
        )
    return Box(left, top, right - left, bottom - top)


def moved_into(boxes: Iterable[Box], shown: Box) -> tuple[Box, ...]:
    """``boxes`` of a picture in pixels of what is ``shown`` of it (:func:`shown_of`), cut to that."""
    moved = (Box(box.x - shown.x, box.y - shown.y, box.w, box.h) for box in boxes)
    return tuple(inside for box in moved if (inside := box.clipped(int(shown.w), int(shown.h))))


def _inside(person: Box, width: int, height: int) -> Box:
    inside = person.clipped(width, height)
    if inside is None:
        raise ImageError("The box of the labelled person lies outside the picture.")
    return inside


def _outlined(pixels: Pixels, box: Box) -> Pixels:
    height, width = pixels.shape[:2]
    thick = max(2, round(max(height, width) / 200))
    left, top = math.floor(box.x), math.floor(box.y)
    right, bottom = math.ceil(box.x + box.w), math.ceil(box.y + box.h)
    # At the picture's edge the line moves inside: a person outlined on three sides only may be overlooked.
    outer_left, outer_top = max(left - thick, 0), max(top - thick, 0)
    outer_right, outer_bottom = min(right + thick, width), min(bottom + thick, height)
    outlined = pixels.copy()
    outlined[outer_top : outer_top + thick, outer_left:outer_right] = OUTLINE
    outlined[outer_bottom - thick : outer_bottom, outer_left:outer_right] = OUTLINE
    outlined[outer_top:outer_bottom, outer_left : outer_left + thick] = OUTLINE
    outlined[outer_top:outer_bottom, outer_right - thick : outer_right] = OUTLINE
    return outlined
