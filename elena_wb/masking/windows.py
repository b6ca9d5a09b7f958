"""At which scales, and in which windows, a picture is searched for faces of any size at a bounded cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

SMALLEST = 12
"""Pixels of the smallest face that is looked for: YuNet misses half of those of 10, and none of 12 at score 0.2."""

WINDOW = 1024
OVERLAP = 128
"""The longest sides of a window, and of a face that is looked for in windows: each lies whole in one."""

_MOST_ENLARGED = 3.0
_SURELY = 20
_STEP = OVERLAP / _SURELY
"""Windows leave faces to the next coarser scale that have so many pixels there; and how far, therefore, two
neighbouring scales may be apart."""
_FINER = 0.9
_LEAST_SIDE = 32
_GRAIN = 32
"""YuNet pads what it is given to a multiple of this."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The picture resized to ``width`` x ``height`` pixels, and the windows (left, top, right, bottom) of it.

    ``largest`` is the longer side, in these pixels, of the largest find that counts: a larger face may be cut
    by the edge of a window. It is found at a coarser scale. ``None``: the window is the whole picture.
    """

    width: int
    height: int
    windows: tuple[tuple[int, int, int, int], ...]
    largest: int | None = None


def scales(width: int, height: int, *, side: int, windows: int) -> tuple[Scale, ...]:
    """The scales at which a picture of ``width`` x ``height`` pixels is searched, the coarsest last.

    Every picture is searched whole with its longer side at ``side``; smaller ones are enlarged for it, at most
    threefold. Larger pictures are searched window by window besides, where a face of 2 x ``SMALLEST`` pixels would be
    too small in the whole: at their own size, or at the largest scale at which at most ``windows`` windows of
    ``WINDOW`` x ``WINDOW`` pixels do. With 24 of them a picture of 24 megapixels is searched at 0.7 of its size.
    """
    longer = max(width, height)
    narrow = min(
        1.0, _LEAST_SIDE / min(width, height)
    )  # a strip is not shrunk until nothing of it can be searched
    whole = min(max(side / longer, narrow), _MOST_ENLARGED)
    found = _whole(width, height, whole)
    finest = 1.0
    while finest > 2 * whole:
        levels = _levels(width, height, finest, whole)
        if sum(len(level.windows) for level in levels) <= windows:
            return (*levels, found)
        finest *= _FINER
    return (found,)


def _levels(width: int, height: int, finest: float, whole: float) -> list[Scale]:
    """Scales from ``finest`` down to where the search of the whole takes over."""
    factors = [finest]
    while factors[-1] / whole > _STEP:
        factors.append(factors[-1] / _STEP)
    coarser = [*factors[1:], whole]
    return [_in_windows(width, height, *pair) for pair in zip(factors, coarser, strict=True)]


def _whole(width: int, height: int, factor: float) -> Scale:
    columns, rows = _resized(width, factor), _resized(height, factor)
    return Scale(columns, rows, ((0, 0, columns, rows),))


def _in_windows(width: int, height: int, factor: float, coarser: float) -> Scale:
    overlap = min(OVERLAP, math.ceil(_SURELY * factor / coarser))
    columns, rows = _resized(width, factor), _resized(height, factor)
    cut = tuple(
        (left, top, right, bottom)
        for top, bottom in _stretches(rows, overlap)
        for left, right in _stretches(columns, overlap)
    )
    return Scale(columns, rows, cut, overlap)


def _stretches(length: int, overlap: int) -> list[tuple[int, int]]:
    """Start and end of equal stretches that cover ``length`` pixels and overlap by at least ``overlap``."""
    if length <= WINDOW:
        return [(0, length)]
    count = math.ceil((length - overlap) / (WINDOW - overlap))
    each = math.ceil((length + (count - 1) * overlap) / count / _GRAIN) * _GRAIN
    starts = [round(index * (length - each) / (count - 1)) for index in range(count)]
    return [(start, start + each) for start in starts]


def _resized(length: int, factor: float) -> int:
    return max(1, round(length * factor))
