"""The style ``ellipse``: a filled ellipse around the box."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from elena_wb.core import Box, Pixels
from elena_wb.masking.area import Rectangle, checked_padding, rectangles
from elena_wb.masking.box import RGB, colour_of, mean_of, spelt


class EllipseMasker:
    """Fills the ellipse through the corners of every box, grown by ``padding``, with ``colour``.

    The ellipse goes around the box and not into it: a tilted face reaches into the corners of its box, and
    jaw and temples are squarer than an ellipse, so that an inscribed one shows some of them. Of all
    ellipses that hold the whole box this has the least area, pi / 2 times the box's; it leaves no pixel that
    the box touches. It reaches 0.21 of the box's sides beyond the box, so that no padding is needed by
    default. ``colour`` is that of the style ``box``.
    """

    def __init__(self, colour: str | RGB = (0, 0, 0), padding: float = 0.0) -> None:
        self._colour = colour_of(colour)
        self.padding = checked_padding(padding)

    @property
    def identity(self) -> str:
        """Colour as RGB hex or ``mean``, and padding."""
        return f"ellipse(colour={spelt(self._colour)},padding={self.padding:g})"

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
        """A copy with the ellipses filled."""
        height, width = pixels.shape[:2]
        hidden = [around(one, width, height) for one in rectangles(boxes, self.padding, width, height)]
        colour = self._colour
        if colour is None:
            shown = np.ones((height, width), dtype=bool)
            for frame, inside in hidden:
                shown[frame.here] &= ~inside
            colour = mean_of(pixels, shown)
        masked = pixels.copy()
        for frame, inside in hidden:
            masked[frame.here][inside] = colour
        return masked


def around(one: Rectangle, width: int, height: int) -> tuple[Rectangle, npt.NDArray[np.bool_]]:
    """The rectangle that holds the ellipse through the corners of ``one``, and which of its pixels are inside.

    A pixel is inside where its centre is. Both are cut off at the edges of the picture.
    """
    frame = one.grown(reach(one.height), reach(one.width), width=width, height=height)
    down = _squared(frame.top, frame.bottom, one.top, one.height)
    across = _squared(frame.left, frame.right, one.left, one.width)
    return frame, across[None, :] <= 1.0 - down[:, None]


def pixels_around(rows: int, columns: int) -> int:
    """How many pixels the whole ellipse around a rectangle of ``rows`` x ``columns`` has."""
    above, beside = reach(rows), reach(columns)
    down = _squared(-above, rows + above, 0, rows)
    across = np.sort(_squared(-beside, columns + beside, 0, columns))
    return int(np.searchsorted(across, 1.0 - down, side="right").sum())


def reach(side: int) -> int:
    """How many pixels the ellipse goes beyond a box of ``side`` pixels, at each end."""
    return math.ceil(side * (math.sqrt(2) - 1) / 2)


def _squared(first: int, last: int, start: int, side: int) -> npt.NDArray[np.float64]:
    """Squared distance, in semi-axes, of pixels ``first`` to ``last - 1`` from the middle of a box's side."""
    offset = np.arange(first, last, dtype=np.float64) + 0.5 - (start + side / 2)
    squared: npt.NDArray[np.float64] = 2.0 * (offset / side) ** 2
    return squared
