"""The style ``box``: a filled rectangle."""

from __future__ import annotations

import math
from collections.abc import Sequence

from elena_wb.core import Box, Pixels


class BoxMasker:
    """Fills every box, grown by ``padding`` of its width and height on each side, with ``colour`` (RGB).

    Edges are rounded outwards, so that no pixel a box touches remains. The defaults, black and 5 %, are
    those of ELENA (arXiv 2509.19595).
    """

    def __init__(self, colour: tuple[int, int, int] = (0, 0, 0), padding: float = 0.05) -> None:
        if padding < 0 or not math.isfinite(padding):
            raise ValueError(f"padding is {padding}; it must be 0 or more")
        self._colour = colour
        self._padding = padding

    @property
    def identity(self) -> str:
        """Colour as RGB hex, and padding."""
        return f"box(colour={bytes(self._colour).hex()},padding={self._padding:g})"

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
        """A copy with the boxes filled."""
        masked = pixels.copy()
        height, width = pixels.shape[:2]
        for box in boxes:
            rows, columns = covering(box.padded(self._padding), width, height)
            masked[rows, columns] = self._colour
        return masked


def covering(box: Box, width: int, height: int) -> tuple[slice, slice]:
    """Rows and columns of all pixels that ``box`` touches in a picture of ``width`` x ``height``."""
    inside = box.clipped(width, height)
    if inside is None:
        return slice(0), slice(0)
    return (
        slice(math.floor(inside.y), math.ceil(inside.y + inside.h)),
        slice(math.floor(inside.x), math.ceil(inside.x + inside.w)),
    )
