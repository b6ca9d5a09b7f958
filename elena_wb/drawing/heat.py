"""Weights of places as colours over a picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from elena_wb.core import Block

Numbers = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

_OPACITY = 0.88
"""At the upper end of the scale; it grows as the square root of the weight, so that faint places can be seen."""
_DARKEST, _LIGHTEST = 20.0, 120.0
"""Between which the picture is drawn, in grey: no hue of its own can be taken for weight, and no light either."""
_PIXELS_SHOW = 2
_HATCH = 14
_MIDDLE = (_DARKEST + _LIGHTEST) / 2


def times_even(
    blocks: Sequence[Block], weights: Numbers, picture: tuple[int, int], x: Numbers, y: Numbers
) -> Numbers:
    """Attention at points of a picture, in times of what attention spread evenly over the places gives them.

    Float64 ``[len(y), len(x)]`` for a picture of that width and height, in its pixels; NaN where the model sees nothing
    of it, and everywhere if no weight fell on it. A point has the weights of the places over it, each for its area,
    which add up where grids overlap, over the same for even attention.
    """
    dense, even = np.zeros((len(y), len(x))), np.zeros((len(y), len(x)))
    total = places = 0.0
    start = 0
    for block in blocks:
        grid = weights[start : start + block.places].reshape(block.rows, block.columns)
        start += block.places
        w, h = block.box.w / block.columns, block.box.h / block.rows
        inside = _in_picture(block, picture)
        total += float((grid * inside).sum())
        places += float(inside.sum())
        row, column = _index(y, block.box.y, h, block.rows), _index(x, block.box.x, w, block.columns)
        rows, columns = np.flatnonzero(row >= 0), np.flatnonzero(column >= 0)
        here = np.ix_(rows, columns)
        dense[here] += grid[np.ix_(row[rows], column[columns])] / (w * h)
        even[here] += 1 / (w * h)
    if not total > 0:
        return np.full(dense.shape, np.nan)
    times = np.full(dense.shape, np.nan)
    np.divide(dense * (places / total), even, out=times, where=even > 0)
    return times


def on_picture(blocks: Sequence[Block], weights: Numbers, picture: tuple[int, int]) -> float:
    """The weight on the picture: places that reach beyond it count for the area inside."""
    inside = np.concatenate([_in_picture(block, picture).ravel() for block in blocks])
    return float((weights * inside).sum())


def centres(pixels: int, end: int) -> Numbers:
    """Where in a picture of ``end`` pixels the centres of those of its drawing lie."""
    middles: Numbers = (np.arange(pixels, dtype=np.float64) + 0.5) * (end / pixels)
    return middles


def largest(
    blocks: Sequence[Block], weights: Numbers, picture: tuple[int, int], without: npt.NDArray[np.bool_] | None
) -> float:
    """The largest value of :func:`times_even` anywhere on the picture, outside the places ``without``; 0 for none."""
    x = _between([(block.box.x, block.box.w, block.columns) for block in blocks], picture[0])
    y = _between([(block.box.y, block.box.h, block.rows) for block in blocks], picture[1])
    times = times_even(blocks, weights, picture, x, y)
    if without is not None and without.any():
        covered = times_even(blocks, without.astype(np.float64), picture, x, y)
        times = np.where(covered > 0, np.nan, times)
    known = times[np.isfinite(times)]
    return float(known.max()) if len(known) else 0.0


def place_box(blocks: Sequence[Block], k: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of place ``k``, counted over all blocks."""
    for block in blocks:
        if k < block.places:
            box = block.place(k)
            return box.x, box.y, box.x + box.w, box.y + box.h
        k -= block.places
    raise IndexError(k)


def drawn(pixels: Pixels, times: Numbers, most: float) -> Image.Image:
    """The picture in grey under the colours of ``times``, from 0 to ``most``; without them where it is NaN."""
    size = (times.shape[1], times.shape[0])
    # Pixels that are drawn large keep their edges, which a finer filter would surround with waves.
    enlarged = size[0] >= _PIXELS_SHOW * pixels.shape[1]
    how = Image.Resampling.BOX if enlarged else Image.Resampling.LANCZOS
    grey = np.asarray(Image.fromarray(pixels).convert("L").resize(size, how, reducing_gap=3.0))
    base = _DARKEST + grey.astype(np.float32) * np.float32((_LIGHTEST - _DARKEST) / 255)
    return Image.fromarray(_over(base, times / most))


def hatch(image: Image.Image, where: npt.NDArray[np.bool_]) -> None:
    """Draw slanted lines on an image, where it says so."""
    y, x = np.indices(where.shape, dtype=np.int32)
    lines = Image.fromarray((where & ((x + y) % _HATCH < 2)).astype(np.uint8) * 255)
    image.paste((150, 150, 150), (0, 0), lines)


def bar(width: int, height: int) -> Image.Image:
    """The scale from left to right, as it looks over the middle grey of the picture."""
    strip = _over(np.full((1, width), _MIDDLE, dtype=np.float32), np.linspace(0, 1, width)[None])
    return Image.fromarray(np.repeat(strip, height, axis=0))


def _over(base: npt.NDArray[np.float32], level: Numbers) -> Pixels:
    """Colours of levels from 0 to 1 over grey, ``[h, w]`` both; where a level is NaN, the grey."""
    step = np.rint(np.nan_to_num(level, nan=0.0).clip(0, 1) * 255).astype(np.uint8)
    opacity = _OPACITY * np.sqrt(np.linspace(0, 1, 256, dtype=np.float32))
    colours = (_table() * opacity[:, None]).astype(np.float32)
    mixed = colours[step]
    mixed += (base * (1 - opacity)[step])[..., None]
    rounded: Pixels = np.rint(mixed).astype(np.uint8)
    return rounded


def _table() -> Numbers:
    """Inferno from a fifth of its range on, 256 colours in RGB: perceptually uniform, told apart without hue.

    Each is lighter than the one before, and what is left out is darker than the picture.
    """
    steps = np.linspace(51, 255, 256).round().astype(np.uint8).reshape(1, 256)
    table = np.asarray(cv2.applyColorMap(steps, cv2.COLORMAP_INFERNO)).reshape(256, 3)
    return table[:, ::-1].astype(np.float64)


def _in_picture(block: Block, picture: tuple[int, int]) -> Numbers:
    """The share of each place's area inside, ``[rows, columns]``."""
    w, h = block.box.w / block.columns, block.box.h / block.rows
    rows = _inside(block.box.y, h, block.rows, picture[1])
    inside: Numbers = np.outer(rows, _inside(block.box.x, w, block.columns, picture[0]))
    return inside


def _inside(start: float, step: float, n: int, end: int) -> Numbers:
    left = start + step * np.arange(n)
    share: Numbers = np.maximum(np.minimum(left + step, end) - np.maximum(left, 0.0), 0.0) / step
    return share


def _index(at: Numbers, start: float, step: float, n: int) -> npt.NDArray[np.intp]:
    """In which of ``n`` intervals each coordinate lies, -1 for none."""
    index = np.floor((at - start) / step).astype(np.intp)
    return np.where((index >= 0) & (index < n), index, -1)


def _between(grids: Sequence[tuple[float, float, int]], end: int) -> Numbers:
    """A coordinate between each two neighbouring lines of grids (start, length, number of places) within a picture."""
    edges = [np.array([0.0, end])]
    edges += [start + length / n * np.arange(n + 1) for start, length, n in grids]
    inside = np.unique(np.clip(np.concatenate(edges), 0.0, end))
    middles: Numbers = (inside[1:] + inside[:-1]) / 2
    return middles
