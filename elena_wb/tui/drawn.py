"""A picture drawn for a given number of cells: scaled, outlined, and made into lines of a screen. Runs in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from elena_wb.core import Box, Pixels
from elena_wb.tui.graphics import Graphics

if TYPE_CHECKING:
    from PIL import Image

_MOST_BOXES = 60
"""Boxes that are drawn; more would hide the picture."""
_LARGEST_SCALE = 4.0
_DIMMED = 0.4
_NAMED_FROM = 160
"""Pixels of height from which names of parts are written in."""
_FAINT = 0.45


@dataclass(frozen=True, slots=True, eq=False)
class PictureContent:
    """A picture to draw: uint8 ``[height, width, 3]`` RGB, and parts of it by name, boxes in pixels of it."""

    pixels: Pixels
    outlines: Mapping[str, Sequence[Box]]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Lines of a screen, ``width`` x ``height`` cells. ``sixels`` are painted over them where that is the method.

    ``discard`` is called when the drawing is not shown any more: a terminal may keep pictures of its own.
    """

    lines: tuple[Strip, ...]
    width: int
    height: int
    sixels: str | None = None
    discard: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """``content`` in the pixels that it has on the screen, to be outlined and lit again and again."""

    content: PictureContent
    space: tuple[int, int]
    image: Image.Image
    cells: tuple[int, int]


def scaled(content: PictureContent, space: tuple[int, int], graphics: Graphics) -> Scaled:
    """``content`` as large as it fits into ``space`` (columns, lines), its aspect kept."""
    from PIL import Image

    height, width = content.pixels.shape[:2]
    across, down = graphics.cell
    scale = min(space[0] * across / width, space[1] * down / height, _LARGEST_SCALE * max(1, down / 20))
    if graphics.method == "blocks":
        scale = min(space[0] * across / width, space[1] * down / height)
    columns = min(max(1, round(width * scale / across)), space[0])
    lines = min(max(1, round(height * scale / down)), space[1])
    size = (columns, 2 * lines) if graphics.method == "blocks" else (columns * across, lines * down)
    image = Image.fromarray(content.pixels).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return Scaled(content, space, image, (columns, lines))


def draw(base: Scaled, lit: str | None, graphics: Graphics) -> Drawn:
    """``base`` with the outlines of its parts; the part ``lit`` (``hands`` is both) stands out, all else is dimmed."""
    found = _named(base.content.outlines, lit)
    outlines = _few(base.content.outlines, found)
    height, width = base.content.pixels.shape[:2]
    image = base.image.copy()
    if found:
        image = _dimmed(image, [box for part in found for box in outlines[part]], (width, height))
    if graphics.method == "blocks":
        _outline_thinly(image, outlines, found, (width, height))
        return Drawn(tuple(_half_blocks(np.asarray(image))), *base.cells)
    _outline(image, outlines, found, (width, height))
    return _by_protocol(image, base.cells, graphics)


def _named(outlines: Mapping[str, Sequence[Box]], lit: str | None) -> frozenset[str]:
    """The outlined parts that ``lit`` means."""
    if lit is None:
        return frozenset()
    from elena_wb.masking.parts import members

    wanted = members(lit)
    return frozenset(
        part for part, boxes in outlines.items() if boxes and {part, part.replace("-", "_")} & wanted
    )


def _few(outlines: Mapping[str, Sequence[Box]], lit: frozenset[str]) -> dict[str, Sequence[Box]]:
    kept: dict[str, Sequence[Box]] = {part: outlines[part][:_MOST_BOXES] for part in lit}
    left = _MOST_BOXES
    for part in [one for one in outlines if one not in lit]:
        boxes = outlines[part][:left]
        if boxes:
            kept[part] = boxes
            left -= len(boxes)
    return kept


def _dimmed(image: Image.Image, boxes: Sequence[Box], picture: tuple[int, int]) -> Image.Image:
    from PIL import Image

    dark = image.point(lambda value: int(value * _DIMMED))
    for box in boxes:
        if (place := _placed(box, picture, image.size)) is not None:
            left, top, right, bottom = place
            dark.paste(image.crop((left, top, right + 1, bottom + 1)), (left, top))
    assert isinstance(dark, Image.Image)
    return dark


def _outline(
    image: Image.Image, outlines: Mapping[str, Sequence[Box]], lit: frozenset[str], picture: tuple[int, int]
) -> None:
    from elena_wb.drawing.outlines import draw_outlines, styles

    lines = styles(sorted(outlines))
    size = 13 if image.height >= _NAMED_FROM else None
    others = {part: boxes for part, boxes in outlines.items() if part not in lit}
    if lit:
        draw_outlines(image, others, lines, picture, thickness=1, size=None)
        shown = {part: outlines[part] for part in sorted(lit)}
        draw_outlines(image, shown, lines, picture, thickness=4, size=size)
    else:
        draw_outlines(image, others, lines, picture, thickness=2, size=size)


def _outline_thinly(
    image: Image.Image, outlines: Mapping[str, Sequence[Box]], lit: frozenset[str], picture: tuple[int, int]
) -> None:
    """Outlines one pixel wide: a half-block is a large pixel. They are blended in, or only those lit are drawn."""
    from PIL import Image, ImageDraw

    from elena_wb.drawing.outlines import styles

    lines = styles(sorted(outlines))
    layer = image.copy()
    pen = ImageDraw.Draw(layer)
    grown = 1 if lit else 0
    for part in sorted(lit or outlines):
        for box in outlines[part]:
            if (place := _placed(box, picture, image.size)) is not None:
                left, top, right, bottom = place
                around = (left - grown, top - grown, right + grown, bottom + grown)
                pen.rectangle(around, outline=lines[part].colour)
    image.paste(Image.blend(image, layer, 1.0 if lit else _FAINT))


def _placed(box: Box, picture: tuple[int, int], canvas: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """First and last pixels of ``box`` on the canvas; ``None`` where it lies outside the picture."""
    inside = box.clipped(*picture)
    if inside is None:
        return None
    across, down = canvas[0] / picture[0], canvas[1] / picture[1]
    left = min(round(inside.x * across), canvas[0] - 1)
    top = min(round(inside.y * down), canvas[1] - 1)
    right = max(left, round((inside.x + inside.w) * across) - 1)
    bottom = max(top, round((inside.y + inside.h) * down) - 1)
    return left, top, right, bottom


def _half_blocks(pixels: npt.NDArray[np.uint8]) -> Iterator[Strip]:
    """Two pixels a cell, one above the other."""
    for upper, lower in zip(pixels[::2].tolist(), pixels[1::2].tolist(), strict=True):
        cells = []
        for above, below in zip(upper, lower, strict=True):
            style = Style.from_color(Color.from_rgb(*above), Color.from_rgb(*below))
            cells.append(Segment("▀", style))
        yield Strip(cells, len(cells)).simplify()


def _by_protocol(image: Image.Image, cells: tuple[int, int], graphics: Graphics) -> Drawn:
    """Let textual-image encode the picture, here and not in the interface's thread: it takes half a second."""
    from rich.console import Console
    from textual_image.renderable import SixelImage, TGPImage

    columns, lines = cells
    console = Console(width=columns, height=lines, force_terminal=True)
    options = console.options.update(width=columns, height=lines)
    renderable = (SixelImage if graphics.method == "sixel" else TGPImage)(image, columns, lines)
    segments = [one for one in renderable.__rich_console__(console, options) if isinstance(one, Segment)]
    if graphics.method == "sixel":
        sixels = next(one.text for one in segments if one.text.startswith("\x1bP"))
        return Drawn((Strip.blank(columns),) * lines, columns, lines, sixels)
    found = tuple(Strip(line, columns) for line in Segment.split_lines(segments))
    return Drawn(found[:lines], columns, lines, discard=renderable.cleanup)
