"""How the places that a model attends to overlap the parts of the body in its picture: exact, and without pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elena_wb.core import Block, Box

PICTURE, BACKGROUND = "picture", "background"

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Where places lie in a picture, whose parts are named in ``parts``.

    The first part is ``picture``, all of it; the last is ``background``, what lies in none of the boxes, where there
    are any. ``of_part`` (float64 ``[places, parts]``) is the share of a place's own area that lies in the part,
    ``in_picture`` (float64 ``[places]``) the share that lies in the picture: less than 1 where the processor padded.
    ``area_fraction`` (float64 ``[parts]``) is the share that attention spread evenly over the places in the picture
    would give the part: where one grid covers the picture, the part's share of its area. ``centre_in`` (bool
    ``[places, parts]``) says in which parts the centre of a place lies.
    """

    parts: tuple[str, ...]
    of_part: Numbers
    in_picture: Numbers
    area_fraction: Numbers
    centre_in: Flags

    @property
    def named(self) -> tuple[str, ...]:
        """The parts that were given: neither the whole picture nor the background."""
        return tuple(part for part in self.parts if part not in (PICTURE, BACKGROUND))


def coverage(
    blocks: Sequence[Block], width: int, height: int, parts: Mapping[str, Sequence[Box]]
) -> Coverage:
    """Overlap of every place of ``blocks`` with ``parts``, whose boxes are in the same pixels.

    Boxes are clipped to the picture; where those of one part overlap, what they share counts once. A part without a
    box in the picture is left out: how much attention it got is not 0 but unknown.

    Raises:
        ValueError: a block without places or area, or a part with a name that has its own meaning here.
    """
    if reserved := {PICTURE, BACKGROUND} & set(parts):
        raise ValueError(f"a part must not be called {min(reserved)!r}")
    if bad := [block for block in blocks if min(block.rows, block.columns) < 1 or not block.box.area > 0]:
        raise ValueError(f"the block {bad[0].name!r} has no places or no area")
    whole = Box(0.0, 0.0, float(width), float(height))
    shapes: dict[str, list[Box]] = {PICTURE: [whole]}
    for name, boxes in parts.items():
        if inside := [box for box in (box.clipped(width, height) for box in boxes) if box is not None]:
            shapes[name] = inside
    covered = [_Union(boxes) for boxes in shapes.values()]
    names = list(shapes)
    if len(names) > 1:
        names.append(BACKGROUND)
        covered.append(_Union([box for name, boxes in shapes.items() if name != PICTURE for box in boxes]))
    places = sum(block.places for block in blocks)
    of_part = np.empty((places, len(names)))
    centre_in = np.empty((places, len(names)), dtype=np.bool_)
    start = 0
    for block in blocks:
        here = slice(start, start + block.places)
        for column, union in enumerate(covered):
            of_part[here, column], centre_in[here, column] = union.over(block)
        start += block.places
    if len(names) > 1:
        of_part[:, -1] = np.maximum(of_part[:, 0] - of_part[:, -1], 0.0)
        centre_in[:, -1] = centre_in[:, 0] & ~centre_in[:, -1]
    in_picture = of_part[:, 0].copy()
    seen = in_picture.sum()
    area_fraction = of_part.sum(axis=0) / seen if seen > 0 else np.full(len(names), np.nan)
    return Coverage(tuple(names), of_part, in_picture, area_fraction, centre_in)


class _Union:
    """The union of boxes, as a raster of as many unequal cells as their edges make."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        edges = np.array([(box.x, box.y, box.x + box.w, box.y + box.h) for box in boxes])
        self.x, self.y = np.unique(edges[:, [0, 2]]), np.unique(edges[:, [1, 3]])
        self.inside = np.zeros((len(self.y) - 1, len(self.x) - 1), dtype=np.bool_)
        left, right = np.searchsorted(self.x, edges[:, 0]), np.searchsorted(self.x, edges[:, 2])
        top, bottom = np.searchsorted(self.y, edges[:, 1]), np.searchsorted(self.y, edges[:, 3])
        for x0, x1, y0, y1 in zip(left, right, top, bottom, strict=True):
            self.inside[y0:y1, x0:x1] = True

    def over(self, block: Block) -> tuple[Numbers, Flags]:
        """The share of each place's area in the union, and whether the place's centre is."""
        x = (self.x - block.box.x) * (block.columns / block.box.w)
        y = (self.y - block.box.y) * (block.rows / block.box.h)
        share = _overlaps(block.rows, y) @ self.inside.astype(np.float64) @ _overlaps(block.columns, x).T
        row, column = _intervals(block.rows, y), _intervals(block.columns, x)
        outside = np.zeros((len(self.y) + 1, len(self.x) + 1), dtype=np.bool_)
        outside[1:-1, 1:-1] = self.inside
        return np.clip(share, 0.0, 1.0).ravel(), outside[np.ix_(row, column)].ravel()


def _overlaps(n: int, edges: Numbers) -> Numbers:
    """Lengths ``[n, intervals]`` that the unit intervals from 0 to ``n`` share with those between ``edges``."""
    start = np.arange(n, dtype=np.float64)[:, None]
    lengths: Numbers = np.maximum(np.minimum(edges[1:], start + 1) - np.maximum(edges[:-1], start), 0.0)
    return lengths


def _intervals(n: int, edges: Numbers) -> npt.NDArray[np.intp]:
    """Between which edges the centres of the unit intervals lie: 0 before the first, the left edge included."""
    return np.searchsorted(edges, np.arange(n) + 0.5, side="right")
