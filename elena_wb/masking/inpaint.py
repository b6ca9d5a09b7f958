"""The style ``inpaint``: the surroundings grow over the box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from elena_wb.core import Box, Pixels
from elena_wb.masking.area import Rectangle, checked_padding, frame_of, rectangles
from elena_wb.masking.opencv import opencv

_WORKING_SIDE = 64
"""Pixels that the longer side of what is filled has after scaling down: bounds the time per box."""
_RADIUS = 3
_GREY = 128
_LEAST_MARGIN = 4
_LEAST_SIDE = 2
"""Of a picture one pixel wide or high, OpenCV's filling also reads memory that is not the picture's."""
_HALF = 128
"""Of 255: a pixel of the smaller copy counts as shown where half of what it stands for is shown."""


class InpaintMasker:
    """Fills every box, grown by ``padding`` of its width and height on each side, from what lies around it.

    The filling (after the flow of fluids: Bertalmio, Bertozzi and Sapiro, CVPR 2001, as OpenCV has it) is
    computed on a smaller copy that holds nothing of what is hidden: it depends on the pixels outside the
    padded boxes alone. It is smooth; it is no picture of what might be behind. Boxes that overlap are
    filled as one. Where nothing of the picture is left, the filling is middle grey.

    The padding is wide, so that hair, ears and chin do not grow over the middle and make up a head again:
    at 0.35 neither YuNet nor CenterFace found any of the faces hidden in the photographs of the tests,
    which they did at less.
    """

    def __init__(self, padding: float = 0.35) -> None:
        self.padding = checked_padding(padding)

    @property
    def identity(self) -> str:
        """Padding."""
        return f"inpaint(padding={self.padding:g})"

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
        """A copy with the boxes filled."""
        masked = pixels.copy()
        height, width = pixels.shape[:2]
        hidden = rectangles(boxes, self.padding, width, height)
        for group in _touching(hidden):
            frame = frame_of(group)
            filled = _filled(pixels, hidden, frame)
            for one in group:
                masked[one.here] = filled[one.within(frame)]
        return masked


def _touching(hidden: Sequence[Rectangle]) -> list[list[Rectangle]]:
    """The rectangles, those that overlap or share an edge together."""
    groups: list[list[Rectangle]] = []
    for one in hidden:
        joined = [group for group in groups if any(one.touches(other) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([one, *(other for group in joined for other in group)])
    return groups


def _filled(pixels: Pixels, hidden: Sequence[Rectangle], frame: Rectangle) -> Pixels:
    """The pixels of ``frame``; wherever ``hidden`` covers them, made of those that it does not cover."""
    cv2 = opencv()
    height, width = pixels.shape[:2]
    margin = max(_LEAST_MARGIN, frame.longer // 2)
    around = frame.grown(margin, margin, width=width, height=height)
    seen, shown = _without(pixels, hidden, around)
    if not shown.any():
        around = Rectangle(0, height, 0, width)
        seen, shown = _without(pixels, hidden, around)
    if not shown.any():
        return np.full((frame.height, frame.width, 3), _GREY, np.uint8)
    scale = min(1.0, _WORKING_SIDE / frame.longer)
    small_size = tuple(max(_LEAST_SIDE, round(side * scale)) for side in (around.width, around.height))
    seen = cv2.resize(seen, small_size, interpolation=cv2.INTER_AREA)
    shown = cv2.resize(shown, small_size, interpolation=cv2.INTER_AREA)
    known = shown >= np.clip(shown.max(), 1, _HALF)
    share = np.maximum(shown, 1)[..., None] / 255.0
    colours = np.where(known[..., None], np.minimum(seen / share, 255.0), 0.0).round().astype(np.uint8)
    whole = cv2.inpaint(colours, (~known).astype(np.uint8), _RADIUS, cv2.INPAINT_NS)
    large = cv2.resize(whole, (around.width, around.height), interpolation=cv2.INTER_LINEAR)
    filled: Pixels = large[frame.within(around)]
    return filled


def _without(pixels: Pixels, hidden: Sequence[Rectangle], around: Rectangle) -> tuple[Pixels, Pixels]:
    """``around`` with zeros where it is hidden, and uint8 ``[height, width]``: 255 where it is not."""
    seen = pixels[around.here].copy()
    shown = np.full(seen.shape[:2], 255, np.uint8)
    for one in hidden:
        seen[one.within(around)] = 0
        shown[one.within(around)] = 0
    return seen, shown
