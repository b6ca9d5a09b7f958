"""Outlines of parts: told apart by the pattern of the line and their names, and by colour besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from PIL import Image, ImageDraw

from elena_wb.core import Box
from elena_wb.drawing.text import fitted, font, line_height, shown, width

Rectangle = tuple[int, int, int, int]

_COLOURS = ((255, 255, 255), (86, 180, 233), (0, 200, 150), (240, 228, 66), (230, 130, 190), (213, 94, 0))
"""After Okabe and Ito (2008), lightened where they would drown: told apart by colour-blind people."""
_PATTERNS = ((1,), (5, 3), (1, 2), (6, 2, 1, 2), (3, 3))
"""Lengths of strokes and gaps, in widths of the line; numbers of colours and patterns have no common divisor."""
_DARK = (16, 16, 16)


@dataclass(frozen=True, slots=True)
class Line:
    """How the outline of one part is drawn."""

    part: str
    colour: tuple[int, int, int]
    pattern: tuple[int, ...]


def styles(parts: Sequence[str]) -> dict[str, Line]:
    """A line for each part, all different up to thirty."""
    return {
        part: Line(part, _COLOURS[number % len(_COLOURS)], _PATTERNS[number % len(_PATTERNS)])
        for number, part in enumerate(dict.fromkeys(parts))
    }


def draw_outlines(
    image: Image.Image,
    outlines: Mapping[str, Sequence[Box]],
    lines: Mapping[str, Line],
    picture: tuple[int, int],
    *,
    thickness: int,
    size: int | None,
) -> None:
    """Draw boxes, in pixels of a ``picture`` (width, height), on its drawing; and names, if they have a size."""
    draw = ImageDraw.Draw(image)
    placed: list[tuple[str, Rectangle]] = []
    for part, boxes in outlines.items():
        for box in boxes:
            if (inside := box.clipped(*picture)) is not None:
                place = _scaled(inside, picture, image.size)
                placed.append((part, place))
    # Large ones first: where edges meet, that of the smaller part is seen.
    placed.sort(key=lambda one: -(one[1][2] - one[1][0]) * (one[1][3] - one[1][1]))
    for part, place in placed:
        rectangle(draw, place, lines[part], thickness)
    if size is not None:
        _name(draw, placed, lines, image.size, size)


def rectangle(draw: ImageDraw.ImageDraw, place: Rectangle, line: Line, thickness: int) -> None:
    """A rectangle with a dark edge to both sides, so that it is seen on light and on dark; on its inner border."""
    left, top, right, bottom = place
    draw.rectangle(place, outline=_DARK, width=thickness + 2)
    inner = (left + 1, top + 1, max(right - 1, left + 1), max(bottom - 1, top + 1))
    for start, end in _strokes(inner[2] - inner[0], line.pattern, thickness):
        for y in (inner[1], max(inner[3] - thickness + 1, inner[1])):
            draw.rectangle((inner[0] + start, y, inner[0] + end, y + thickness - 1), fill=line.colour)
    for start, end in _strokes(inner[3] - inner[1], line.pattern, thickness):
        for x in (inner[0], max(inner[2] - thickness + 1, inner[0])):
            draw.rectangle((x, inner[1] + start, x + thickness - 1, inner[1] + end), fill=line.colour)


def _strokes(length: int, pattern: tuple[int, ...], thickness: int) -> Iterator[tuple[int, int]]:
    """First and last pixel of each stroke."""
    if len(pattern) == 1:
        yield 0, length
        return
    at = 0
    for number, part in enumerate(cycle(pattern)):
        if at > length:
            return
        end = at + part * thickness
        if number % 2 == 0:
            yield at, min(end - 1, length)
        at = end


def _name(
    draw: ImageDraw.ImageDraw,
    placed: Sequence[tuple[str, Rectangle]],
    lines: Mapping[str, Line],
    canvas: tuple[int, int],
    size: int,
) -> None:
    """Write each part's name at its box where it covers least of other names and of boxes."""
    taken: list[Rectangle] = []
    for part, place in placed:
        text = fitted(shown(part), size, max(canvas[0] - 8, 1))
        wide, high = width(text, size) + 8, line_height(size)
        others = [other for _, other in placed if other != place]
        best = min(
            _corners(place, wide, high, canvas),
            key=lambda tag: (
                9 * sum(_shared(tag, one) for one in taken) + sum(_shared(tag, one) for one in others)
            ),
        )
        taken.append(best)
        draw.rectangle(best, fill=_DARK, outline=lines[part].colour)
        draw.text(
            (best[0] + 4, (best[1] + best[3]) / 2),
            text,
            fill=lines[part].colour,
            font=font(size),
            anchor="lm",
        )


def _corners(place: Rectangle, wide: int, high: int, canvas: tuple[int, int]) -> list[Rectangle]:
    """Where a name can stand, best first, all of it on the canvas: above, below, inside, beside."""
    left, top, right, bottom = place
    spots = [
        (left, top - high),
        (right - wide, top - high),
        (left, bottom),
        (right - wide, bottom),
        (left, top),
        (right - wide, bottom - high),
        (right, top),
        (left - wide, top),
    ]
    inside = [(x, y) for x, y in spots if 0 <= x <= canvas[0] - wide and 0 <= y <= canvas[1] - high]
    x, y = max(0, min(left, canvas[0] - wide)), max(0, min(top, canvas[1] - high))
    return [(x, y, x + wide - 1, y + high - 1) for x, y in [*inside, (x, y)]]


def _scaled(box: Box, picture: tuple[int, int], canvas: tuple[int, int]) -> Rectangle:
    """First and last pixels of a box on the canvas."""
    across, down = canvas[0] / picture[0], canvas[1] / picture[1]
    left, top = round(box.x * across), round(box.y * down)
    right, bottom = round((box.x + box.w) * across) - 1, round((box.y + box.h) * down) - 1
    left, top = min(left, canvas[0] - 1), min(top, canvas[1] - 1)
    return left, top, max(right, left), max(bottom, top)


def _shared(one: Rectangle, other: Rectangle) -> int:
    """Pixels that two rectangles have in common."""
    wide = min(one[2], other[2]) - max(one[0], other[0]) + 1
    high = min(one[3], other[3]) - max(one[1], other[1]) + 1
    return max(wide, 0) * max(high, 0)
