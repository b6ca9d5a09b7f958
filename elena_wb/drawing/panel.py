"""One map over one picture, as it is drawn on sheets and on screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from elena_wb.core import Block, Box
from elena_wb.drawing.heat import Numbers, Pixels, centres, drawn, hatch, largest, place_box, times_even
from elena_wb.drawing.outlines import Line, draw_outlines, styles

LEAST = 2.0
"""Where a scale ends at the least, if not told: so that even attention never has the colour of a peak."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One map over one picture.

    ``pixels`` is uint8 ``[height, width, 3]`` in RGB; ``weights`` is ``[places]``, those of all ``blocks``,
    unnormalised; ``outlines`` maps parts to boxes in the same pixels. Places that are ``sinks`` (bool ``[places]``) are
    crossed out, and do not say where the scale ends.
    """

    pixels: Pixels
    blocks: Sequence[Block]
    weights: npt.NDArray[np.floating]
    caption: str = ""
    outlines: Mapping[str, Sequence[Box]] = field(default_factory=dict)
    sinks: npt.NDArray[np.bool_] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.pixels.shape[1], self.pixels.shape[0]


def scale_end(panels: Sequence[Panel]) -> float:
    """Where a scale that holds for all of ``panels`` ends: their largest value, sinks apart, and at least ``LEAST``."""
    return max(LEAST, *(largest_of(panel) for panel in panels))


def largest_of(panel: Panel) -> float:
    """The largest multiple of even attention on the picture, sinks apart."""
    return largest(panel.blocks, weights_of(panel), panel.size, panel.sinks)


def bare(panel: Panel, size: tuple[int, int], *, most: float) -> Image.Image:
    """The map alone at a size of (width, height), with outlines and sinks crossed out; no title, name or scale.

    Colours go from 0 to ``most`` times even attention, as :func:`elena_wb.drawing.sheet` has them; its picture is for
    where words stand beside it.

    Raises:
        ValueError: the picture has no pixels, or ``most`` is not above 0.
    """
    if min(*panel.size, *size) < 1 or not most > 0:
        raise ValueError("there is nothing to draw on")
    image, _ = drawn_map(panel, size, most, styles(list(panel.outlines)), None)
    return image


def weights_of(panel: Panel) -> Numbers:
    """Those of the panel in double precision.

    Raises:
        ValueError: there is not one for each place.
    """
    weights = np.asarray(panel.weights, dtype=np.float64)
    places = sum(block.places for block in panel.blocks)
    if weights.shape != (places,):
        raise ValueError(f"weights of shape {weights.shape} for {places} places")
    return weights


def drawn_map(
    panel: Panel,
    size: tuple[int, int],
    end: float,
    named: Mapping[str, Line],
    letters: int | None,
) -> tuple[Image.Image, bool]:
    """The map, and whether some of it is hatched; names of parts stand at their boxes where ``letters`` have a size."""
    x, y = centres(size[0], panel.size[0]), centres(size[1], panel.size[1])
    times = times_even(panel.blocks, weights_of(panel), panel.size, x, y)
    image = drawn(panel.pixels, times, end)
    unseen = np.isnan(times)
    hatched = bool(unseen.any() and not unseen.all())
    if hatched:
        hatch(image, unseen)
    thickness = max(1, round(max(size) / 400))
    if panel.sinks is not None:
        _cross_out(image, panel, np.flatnonzero(panel.sinks), thickness)
    draw_outlines(image, panel.outlines, named, panel.size, thickness=thickness, size=letters)
    return image, hatched


def _cross_out(image: Image.Image, panel: Panel, sinks: npt.NDArray[np.intp], thickness: int) -> None:
    draw = ImageDraw.Draw(image)
    across, down = image.width / panel.size[0], image.height / panel.size[1]
    for k in sinks:
        left, top, right, bottom = place_box(panel.blocks, int(k))
        x0, y0, x1, y1 = left * across, top * down, right * across - 1, bottom * down - 1
        for colour, line in (((16, 16, 16), thickness + 2), ((255, 255, 255), thickness)):
            draw.line((x0, y0, x1, y1), fill=colour, width=line)
            draw.line((x0, y1, x1, y0), fill=colour, width=line)
