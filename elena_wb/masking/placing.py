"""Where a control can hide as much as a style hides of a part.

All in whole pixels. What is looked for is a place for a rectangle that overlaps none of those taken. The
best one lies against edges (of the picture, of a rectangle that is taken, of the person) or at the wished
place itself, in either direction, so that these are all that need be tried, whatever the picture's size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from elena_wb.core import Box
from elena_wb.masking.area import Rectangle
from elena_wb.masking.ellipse import around, pixels_around, reach

_STRETCHES = (1.0, 1.25, 0.8, 1.5, 0.67, 2.0, 0.5, 3.0, 0.33, 5.0, 0.2)
"""Widths that are tried, as multiples of the part's."""
_MOST_SPLITS = 3
_NEARLY_ALL = 0.7
_ABOUT, _FEW = 4, 2
_GAP = 0.25
_NEARBY = 24
_STEPS_ON_BODY = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """Something to hide, within ``width`` x ``height`` pixels; ``boxes`` are relative to their top left."""

    width: int
    height: int
    boxes: tuple[Box, ...]


class Outline(Protocol):
    """Which pixels a style hides for a rectangle."""

    def footprint(
        self, one: Rectangle, width: int, height: int
    ) -> tuple[Rectangle, npt.NDArray[np.bool_] | np.bool_]:
        """The rectangle that holds all that is hidden, and which of its pixels are."""

    def shape(self, pixels: int, columns: int) -> Shape:
        """What hides ``pixels`` pixels, its box ``columns`` wide."""


class Rectangular:
    """A style that hides the rectangle."""

    def footprint(
        self, one: Rectangle, width: int, height: int
    ) -> tuple[Rectangle, npt.NDArray[np.bool_] | np.bool_]:
        """All of it."""
        return one, np.True_

    def shape(self, pixels: int, columns: int) -> Shape:
        """Full rows and, where they do not make up ``pixels``, part of one more."""
        columns = min(columns, pixels)
        rows, rest = divmod(pixels, columns)
        boxes = [Box(0, 0, columns, rows)]
        if rest:
            boxes.append(Box(0, rows, rest, 1))
        return Shape(columns, rows + bool(rest), tuple(boxes))


class Elliptic:
    """A style that hides the ellipse through the rectangle's corners."""

    def footprint(
        self, one: Rectangle, width: int, height: int
    ) -> tuple[Rectangle, npt.NDArray[np.bool_] | np.bool_]:
        """The ellipse, cut off at the picture's edges."""
        return around(one, width, height)

    def shape(self, pixels: int, columns: int) -> Shape:
        """The ellipse whose number of pixels is nearest to ``pixels``, its box about ``columns`` wide."""
        rows, columns = min(
            (
                (rows, wide)
                for wide in range(max(1, columns - _ABOUT), columns + _ABOUT + 1)
                for rows in _around(2 * pixels / (math.pi * wide))
            ),
            key=lambda sides: (abs(pixels_around(*sides) - pixels), abs(sides[1] - columns)),
        )
        above, beside = reach(rows), reach(columns)
        return Shape(columns + 2 * beside, rows + 2 * above, (Box(beside, above, columns, rows),))


def _around(wished: float) -> range:
    """Whole numbers of rows about as many as wished."""
    return range(max(1, round(wished) - _FEW), max(1, round(wished)) + _FEW + 1)


def placed(
    parts: Sequence[Rectangle],
    outline: Outline,
    *,
    width: int,
    height: int,
    persons: Iterable[Box],
    avoid: Sequence[Rectangle] = (),
) -> tuple[Box, ...]:
    """Boxes that hide as many pixels as ``parts`` do, apart from these, from ``avoid`` and from each other.

    Each part's share lies, in this order of importance: within the picture and off all parts; in one piece of
    the part's shape, else of its area in another shape, else in up to eight pieces; on the same person (the
    smallest of ``persons`` that holds the part's middle, else a body extrapolated below the part);
    nearest to the place a quarter of the part's height below it, which leaves the chin and neck of a face
    to be seen. Pixels that several parts cover count once. Empty where a part's share has no room.
    """
    known = list(persons)
    taken, shares = _shares(parts, outline, width, height)
    taken += avoid
    boxes: list[Box] = []
    for part, pixels in shares:
        search = _Search(width, height, part, _body(part, known))
        found = search.pieces(pixels, outline, taken)
        if found is None:
            return ()
        for spot, shape in found:
            taken.append(spot)
            boxes += [Box(spot.left + box.x, spot.top + box.y, box.w, box.h) for box in shape.boxes]
    return tuple(boxes)


def _shares(
    parts: Sequence[Rectangle], outline: Outline, width: int, height: int
) -> tuple[list[Rectangle], list[tuple[Rectangle, int]]]:
    """Rectangles that hold all that is hidden of the parts; the number of pixels that each part adds to it."""
    hidden = np.zeros((height, width), dtype=bool)
    frames, shares = [], []
    for part in parts:
        frame, inside = outline.footprint(part, width, height)
        before = int(np.count_nonzero(hidden[frame.here]))
        hidden[frame.here] |= inside
        frames.append(frame)
        added = int(np.count_nonzero(hidden[frame.here])) - before
        if added:
            shares.append((part, added))
    return frames, shares


def _body(part: Rectangle, persons: Sequence[Box]) -> Box:
    """The person whose part it is, or where a body would be: three faces wide and six high, below the face."""
    x, y = (part.left + part.right) / 2, (part.top + part.bottom) / 2
    around_it = [
        person
        for person in persons
        if person.x <= x <= person.x + person.w and person.y <= y <= person.y + person.h
    ]
    if around_it:
        return min(around_it, key=lambda person: (person.area, person.x, person.y))
    return Box(x - 1.5 * part.width, part.bottom, 3 * part.width, 6 * part.height)


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for a place for the share of one part."""

    width: int
    height: int
    part: Rectangle
    body: Box

    def pieces(
        self, pixels: int, outline: Outline, taken: Sequence[Rectangle], splits: int = 0
    ) -> list[tuple[Rectangle, Shape]] | None:
        """Places for ``pixels`` pixels in one piece or, where there is no room for it, in halves."""
        for columns in self._widths(pixels):
            shape = outline.shape(pixels, columns)
            spot = self._spot(shape, taken)
            if spot is not None:
                return [(spot, shape)]
        if splits == _MOST_SPLITS or pixels < 2:
            return None
        first = self.pieces(pixels // 2, outline, taken, splits + 1)
        if first is None:
            return None
        second = self.pieces(
            pixels - pixels // 2, outline, [*taken, *(spot for spot, _ in first)], splits + 1
        )
        return None if second is None else first + second

    def _widths(self, pixels: int) -> Iterator[int]:
        """The part's own width or, for a share of it, as much narrower; others; the flattest and highest shape."""
        share = min(1.0, pixels / (self.part.width * self.part.height))
        own = self.part.width if share > _NEARLY_ALL else round(self.part.width * math.sqrt(share))
        widths = [*(round(own * stretch) for stretch in _STRETCHES), self.width]
        widths.append(math.ceil(pixels / self.height))
        return iter(dict.fromkeys(min(max(1, columns), self.width) for columns in widths))

    def _spot(self, shape: Shape, taken: Sequence[Rectangle]) -> Rectangle | None:
        if shape.width > self.width or shape.height > self.height:
            return None
        nearby = sorted(taken, key=self._distance)[:_NEARBY]
        spot = self._best(shape, nearby, taken)
        if spot is None and len(nearby) < len(taken):
            spot = self._best(shape, taken, taken)
        return spot

    def _distance(self, other: Rectangle) -> float:
        across = (other.left + other.right - self.part.left - self.part.right) / 2
        down = (other.top + other.bottom - self.part.top - self.part.bottom) / 2
        return math.hypot(across, down)

    def _best(self, shape: Shape, edges: Sequence[Rectangle], taken: Sequence[Rectangle]) -> Rectangle | None:
        """The best place for ``shape`` that overlaps none of ``taken``, against ``edges`` or free."""
        wished_x = (self.part.left + self.part.right - shape.width) / 2
        wished_y = self.part.bottom + _GAP * self.part.height
        body, far_x, far_y = self.body, self.width - shape.width, self.height - shape.height
        x = _between(
            far_x,
            [wished_x, body.x, body.x + body.w - shape.width],
            (at for one in edges for at in (one.right, one.left - shape.width)),
        )
        y = _between(
            far_y,
            [wished_y, body.y, body.y + body.h - shape.height],
            (at for one in edges for at in (one.bottom, one.top - shape.height)),
        )
        top, bottom, left, right = np.array(taken, dtype=np.int64).reshape(-1, 4).T
        in_rows = (y[:, None] < bottom) & (y[:, None] + shape.height > top)
        in_columns = (x[:, None] < right) & (x[:, None] + shape.width > left)
        free = in_rows.astype(np.float32) @ in_columns.astype(np.float32).T == 0
        if not free.any():
            return None
        on_body = np.outer(
            _overlap(y, shape.height, body.y, body.h), _overlap(x, shape.width, body.x, body.w)
        )
        steps = np.where(free, np.floor(on_body * _STEPS_ON_BODY + 1e-6), -1)
        away = np.square(y - wished_y)[:, None] + np.square(x - wished_x)
        row, column = np.unravel_index(np.argmin(np.where(steps == steps.max(), away, np.inf)), free.shape)
        left_at, top_at = int(x[column]), int(y[row])
        return Rectangle(top_at, top_at + shape.height, left_at, left_at + shape.width)


def _between(last: int, wishes: Iterable[float], edges: Iterable[int]) -> npt.NDArray[np.int64]:
    """The positions 0 to ``last`` to try, ascending: the ends, the wishes (cut to them) and the edges."""
    tried = {0, last, *(min(max(round(wish), 0), last) for wish in wishes)}
    tried.update(at for at in edges if 0 <= at <= last)
    return np.array(sorted(tried), dtype=np.int64)


def _overlap(
    starts: npt.NDArray[np.int64], length: int, body: float, extent: float
) -> npt.NDArray[np.float64]:
    """Which share of ``length`` pixels from each of ``starts`` lies on the body."""
    ends = np.minimum(starts + length, body + extent)
    share: npt.NDArray[np.float64] = np.clip(ends - np.maximum(starts, body), 0, None) / length
    return share
