"""Maps of attention over their pictures, one or several on a sheet with one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from elena_wb.core import Block, Box
from elena_wb.drawing.heat import Numbers, Pixels, on_picture
from elena_wb.drawing.outlines import Line, rectangle, styles
from elena_wb.drawing.panel import LEAST, Panel, drawn_map, largest_of, weights_of
from elena_wb.drawing.scale import number, scale
from elena_wb.drawing.text import fitted, font, line_height, lines, shown, width

__all__ = ["LARGEST", "LEAST", "Panel", "grid", "overlay", "sheet", "side_by_side"]

LARGEST = 1600
"""Longest side of a sheet, in pixels."""
_SMALLEST, _SMALLEST_OF_MANY, _MARGIN, _GAP = 640, 260, 12, 10
_NARROWEST = 300
"""A sheet is at least as wide as its scale can be read."""
_TITLE_LINES = 3
_BLACK, _GREY = (0, 0, 0), (90, 90, 90)
_RESERVED, _CAPTION = 260, 66
"""Height that is kept for title and scale, and for the captions of each map."""
_NAMELESS = 400
"""Pictures that are drawn smaller than this have the names of parts below the sheet, not at the boxes."""


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
    weights = [weights_of(panel) for panel in panels]
    tops = [largest_of(panel) for panel in panels]
    end = max(*tops, LEAST) if most is None else most
    columns, sizes = _arranged([panel.size for panel in panels])
    letters = round(min(max(max(sizes[0]) / 40, 13), 26))
    named = styles([part for panel in panels for part in panel.outlines])
    at_boxes = max(sizes[0]) >= _NAMELESS
    tiles = [
        drawn_map(panel, size, end, named, letters if at_boxes else None)
        for panel, size in zip(panels, sizes, strict=True)
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
