"""Maps of attention over their pictures, one or several on a sheet with one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from elena_wb.core import Block, Box
from elena_wb.drawing.heat import (
    Numbers,
    Pixels,
    centres,
    drawn,
    hatch,
    largest,
    on_picture,
    place_box,
    times_even,
)
from elena_wb.drawing.outlines import Line, draw_outlines, rectangle, styles
from elena_wb.drawing.scale import number, scale
from elena_wb.drawing.text import fitted, font, line_height, lines, shown, width

LARGEST = 1600
"""Longest side of a sheet, in pixels."""
LEAST = 2.0
"""Where a scale ends at the least, if not told: so that even attention never has the colour of a peak."""
_SMALLEST, _SMALLEST_OF_MANY, _MARGIN, _GAP = 640, 260, 12, 10
_NARROWEST = 300
"""A sheet is at least as wide as its scale can be read."""
_TITLE_LINES = 3
_BLACK, _GREY = (0, 0, 0), (90, 90, 90)
_RESERVED, _CAPTION = 260, 66
"""Height that is kept for title and scale, and for the captions of each map."""
_NAMELESS = 400
"""Pictures that are drawn smaller than this have the names of parts below the sheet, not at the boxes."""


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


def overlay(
    pixels: Pixels,
    blocks: Sequence[Block],
    weights: npt.NDArray[np.floating],
    *,
    outlines: Mapping[str, Sequence[Box]],
    title: str,
    most: float | None = None,
    sinks: npt.NDArray[np.bool_] | None = None,
) -> Image.Image:
    """One map; see :func:`sheet`."""
    return sheet([Panel(pixels, blocks, weights, "", outlines, sinks)], title=title, most=most)


def grid(
    pixels: Pixels,
    blocks: Sequence[Block],
    weights: npt.NDArray[np.floating],
    layers: Sequence[int],
    *,
    outlines: Mapping[str, Sequence[Box]],
    title: str,
    most: float | None = None,
    sinks: npt.NDArray[np.bool_] | None = None,
) -> Image.Image:
    """The maps of ``layers`` (``weights`` is ``[layers, places]``) with one scale; see :func:`sheet`."""
    return sheet(
        [
            Panel(pixels, blocks, of, f"layer {layer}", outlines, sinks)
            for layer, of in zip(layers, weights, strict=True)
        ],
        title=title,
        most=most,
    )


def side_by_side(first: Panel, second: Panel, *, title: str, most: float | None = None) -> Image.Image:
    """Two maps with one scale, such as those of the unmasked and the masked picture; see :func:`sheet`."""
    return sheet([first, second], title=title, most=most)


def sheet(panels: Sequence[Panel], *, title: str, most: float | None = None) -> Image.Image:
    """Draw maps with one scale, an RGB picture of at most ``LARGEST`` pixels a side.

    Colours say how many times the attention on a place is what it would be were the map's attention on the picture
    spread evenly over its places. They go from 0 to ``most``, or to the largest value of all the maps and at least to
    ``LEAST``, and are never stretched to a map's own range. Below each map stands the weight that it has on the
    picture. Places are drawn as they are, without smoothing; what the model does not see of a picture is hatched, and
    what it sees beside the picture is not drawn.

    Raises:
        ValueError: there is no panel, a picture has no pixels, or ``most`` is not above 0.
    """
    if not panels or any(min(panel.size) < 1 for panel in panels):
        raise ValueError("there is nothing to draw on")
    if most is not None and not (most > 0 and math.isfinite(most)):
        raise ValueError(f"a scale cannot end at {most}")
    weights = [_weights(panel) for panel in panels]
    tops = [
        largest(panel.blocks, of, panel.size, panel.sinks) for panel, of in zip(panels, weights, strict=True)
    ]
    end = max(*tops, LEAST) if most is None else most
    columns, sizes = _arranged([panel.size for panel in panels])
    letters = round(min(max(max(sizes[0]) / 40, 13), 26))
    named = styles([part for panel in panels for part in panel.outlines])
    at_boxes = max(sizes[0]) >= _NAMELESS
    tiles = [
        _map(panel, of, size, end, named, letters if at_boxes else None)
        for panel, of, size in zip(panels, weights, sizes, strict=True)
    ]
    captions = _captions(panels, weights, letters, max(wide for wide, _ in sizes))
    maps = _rows(
        [_captioned(tile, words, letters) for (tile, _), words in zip(tiles, captions, strict=True)], columns
    )
    room = max(maps.width, _NARROWEST)
    below = [scale(room, letters, end, max(tops) > end * (1 + 1e-9))]
    if named and not at_boxes:
        below.append(_legend(named, letters, room))
    if any(panel.sinks is not None and panel.sinks.any() for panel in panels):
        below.append(_line("crossed out: attended to whatever is said", letters, room, _GREY))
    if any(hatched for _, hatched in tiles):
        below.append(_line("hatched: not shown to the model", letters, room, _GREY))
    heading = [
        _line(line, letters, room, _BLACK) for line in lines(shown(title), letters, room, _TITLE_LINES)
    ]
    above = [_stacked(heading, margin=0, gap=0)] if heading else []
    return _stacked([*above, maps, *below])


def _arranged(pictures: Sequence[tuple[int, int]]) -> tuple[int, list[tuple[int, int]]]:
    """Columns, and the size at which each picture is drawn: as large as the sheet allows."""
    n = len(pictures)
    wide, high = max(w for w, _ in pictures), max(h for _, h in pictures)
    fits = []
    for columns in range(1, n + 1):
        rows = math.ceil(n / columns)
        across = (LARGEST - 2 * _MARGIN - (columns - 1) * _GAP) / columns
        down = (LARGEST - _RESERVED - rows * _CAPTION) / rows
        fits.append((min(across / wide, down / high), -columns))
    zoom, columns = max(fits)
    # Small pictures are enlarged, but a sheet of several no further than one of a single one.
    zoom = min(zoom, max(1.0, max(_SMALLEST / math.sqrt(n), _SMALLEST_OF_MANY) / max(wide, high)))
    return -columns, [(max(round(w * zoom), 1), max(round(h * zoom), 1)) for w, h in pictures]


def _weights(panel: Panel) -> Numbers:
    weights = np.asarray(panel.weights, dtype=np.float64)
    places = sum(block.places for block in panel.blocks)
    if weights.shape != (places,):
        raise ValueError(f"weights of shape {weights.shape} for {places} places")
    return weights


def _map(
    panel: Panel,
    weights: Numbers,
    size: tuple[int, int],
    end: float,
    named: Mapping[str, Line],
    letters: int | None,
) -> tuple[Image.Image, bool]:
    """The map, and whether some of it is hatched."""
    x, y = centres(size[0], panel.size[0]), centres(size[1], panel.size[1])
    times = times_even(panel.blocks, weights, panel.size, x, y)
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


def _captions(
    panels: Sequence[Panel], weights: Sequence[Numbers], letters: int, room: int
) -> list[tuple[str, ...]]:
    """Lines below each map, of all on one line if they fit."""
    captions = []
    for panel, of in zip(panels, weights, strict=True):
        weight = on_picture(panel.blocks, of, panel.size)
        words = "no such word" if math.isnan(weight) else f"weight on the picture {number(weight, 2)}"
        captions.append(tuple(text for text in (shown(panel.caption), words) if text))
    joined = [" · ".join(texts) for texts in captions]
    return [(text,) for text in joined] if all(width(text, letters) <= room for text in joined) else captions


def _captioned(image: Image.Image, words: Sequence[str], letters: int) -> Image.Image:
    room = max(image.width, width("layer 00", letters))
    return _stacked([image, *(_line(text, letters, room, _BLACK) for text in words)], margin=0, gap=2)


def _cross_out(image: Image.Image, panel: Panel, sinks: npt.NDArray[np.intp], thickness: int) -> None:
    draw = ImageDraw.Draw(image)
    across, down = image.width / panel.size[0], image.height / panel.size[1]
    for k in sinks:
        left, top, right, bottom = place_box(panel.blocks, int(k))
        x0, y0, x1, y1 = left * across, top * down, right * across - 1, bottom * down - 1
        for colour, line in (((16, 16, 16), thickness + 2), ((255, 255, 255), thickness)):
            draw.line((x0, y0, x1, y1), fill=colour, width=line)
            draw.line((x0, y1, x1, y0), fill=colour, width=line)


def _legend(named: Mapping[str, Line], letters: int, room: int) -> Image.Image:
    """The lines of parts with their names, in as many rows as it takes."""
    high, sample = line_height(letters), 3 * letters
    entries = [
        (line, fitted(shown(part), letters, max(room - sample - 8, 1))) for part, line in named.items()
    ]
    places, x, y = [], 0, 0
    for line, text in entries:
        wide = sample + 8 + width(text, letters) + 2 * letters
        if x and x + wide - 2 * letters > room:
            x, y = 0, y + high + 4
        places.append((x, y, line, text))
        x += wide
    image = Image.new("RGB", (room, y + high), "white")
    draw = ImageDraw.Draw(image)
    for x, y, line, text in places:
        draw.rectangle((x, y, x + sample, y + high - 1), fill=(92, 92, 92))
        rectangle(draw, (x + 3, y + 3, x + sample - 3, y + high - 4), line, 2)
        draw.text((x + sample + 8, y + high / 2), text, fill=_BLACK, font=font(letters), anchor="lm")
    return image


def _line(text: str, letters: int, room: int, colour: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (room, line_height(letters)), "white")
    ImageDraw.Draw(image).text((0, 0), fitted(text, letters, room), fill=colour, font=font(letters))
    return image


def _rows(tiles: Sequence[Image.Image], columns: int) -> Image.Image:
    """Tiles in rows, all cells as large as the largest."""
    wide, high = max(tile.width for tile in tiles), max(tile.height for tile in tiles)
    rows = math.ceil(len(tiles) / columns)
    image = Image.new(
        "RGB", (columns * wide + (columns - 1) * _GAP, rows * high + (rows - 1) * _GAP), "white"
    )
    for k, tile in enumerate(tiles):
        image.paste(tile, (k % columns * (wide + _GAP), k // columns * (high + _GAP)))
    return image


def _stacked(images: Sequence[Image.Image], margin: int = _MARGIN, gap: int = _GAP) -> Image.Image:
    """One below the other, on white."""
    wide = max(image.width for image in images)
    high = sum(image.height for image in images) + gap * (len(images) - 1)
    stack = Image.new("RGB", (wide + 2 * margin, high + 2 * margin), "white")
    y = margin
    for image in images:
        stack.paste(image, (margin, y))
        y += image.height + gap
    return stack
