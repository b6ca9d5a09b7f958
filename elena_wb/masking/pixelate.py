"""The style ``pixelate``: a mosaic of a few cells."""

from __future__ import annotations

from collections.abc import Sequence

from elena_wb.core import Box, Pixels
from elena_wb.masking.area import checked_padding, rectangles
from elena_wb.masking.blur import blurred
from elena_wb.masking.opencv import opencv

_SIGMA_IN_CELLS = 2.0


class PixelateMasker:
    """Turns every box, grown by ``padding`` of its width and height on each side, into a mosaic.

    ``strength`` is the side of a cell as a share of the longer side of what is hidden: 0.25 is four cells
    across, whatever the size of the face. The colour of a cell is a Gaussian mean around it, with a
    standard deviation of two cells, so that it also holds what lies around the face: a mosaic of plain
    means keeps a blob of skin where the head was, in which the face detectors go on seeing small
    faces even at two cells. The edge is sharp, and no pixel outside the padded box changes.

    People recognise faces that they know in 7 x 10 pixels (Sinha et al., Proc. IEEE 94(11), 2006), and a
    mosaic on a known grid can be matched to photographs of a person: at a strength below 0.15 a face must
    be taken as shown.
    """

    def __init__(self, strength: float = 0.25, padding: float = 0.35) -> None:
        if not 0.01 <= strength <= 1:
            raise ValueError(f"strength is {strength:g}; it must be from 0.01 to 1")
        self._strength = strength
        self.padding = checked_padding(padding)

    @property
    def identity(self) -> str:
        """Strength and padding."""
        return f"pixelate(strength={self._strength:g},padding={self.padding:g})"

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
        """A copy with the boxes pixelated."""
        cv2 = opencv()
        masked = pixels.copy()
        height, width = pixels.shape[:2]
        for one in rectangles(boxes, self.padding, width, height):
            cell = self._strength * one.longer
            cells = tuple(min(max(1, round(side / cell)), side) for side in (one.width, one.height))
            soft = blurred(masked, one, _SIGMA_IN_CELLS * cell)
            means = cv2.resize(soft, cells, interpolation=cv2.INTER_AREA)
            masked[one.here] = cv2.resize(means, (one.width, one.height), interpolation=cv2.INTER_NEAREST)
        return masked
