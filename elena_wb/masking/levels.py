"""One picture at several resolutions, from which pictures and crops of any size are taken cheaply."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from elena_wb.core import Pixels
from elena_wb.masking.opencv import opencv

_COARSEST = 24


def halved(pixels: Pixels) -> tuple[Pixels, ...]:
    """``pixels`` and, each half the size of the one before, what it looks like from afar.

    The last is the first whose shorter side is less than 48 pixels.
    """
    cv2 = opencv()
    levels = [pixels]
    while min(levels[-1].shape[:2]) >= 2 * _COARSEST:
        height, width = levels[-1].shape[:2]
        size = ((width + 1) // 2, (height + 1) // 2)
        levels.append(cv2.resize(levels[-1], size, interpolation=cv2.INTER_AREA))
    return tuple(levels)


def resized(levels: Sequence[Pixels], width: int, height: int) -> Pixels:
    """The picture at ``width`` x ``height`` pixels, from the coarsest level that is no smaller."""
    cv2 = opencv()
    level = levels[0]
    for coarser in levels[1:]:
        if coarser.shape[0] < height or coarser.shape[1] < width:
            break
        level = coarser
    if level.shape[:2] == (height, width):
        return level
    smaller: Pixels = cv2.resize(level, (width, height), interpolation=cv2.INTER_AREA)
    return smaller


def crops(levels: Sequence[Pixels], corners: npt.NDArray[np.floating], side: int) -> Pixels:
    """Squares cut out of the picture and resized: uint8 ``[n, side, side, 3]``, black beyond its edges.

    ``corners`` (left, top, right, bottom) ``[n, 4]`` are in pixels of the first level.
    """
    height, width = levels[0].shape[:2]
    cut = np.zeros((len(corners), side, side, 3), np.uint8)
    for index, (left, top, right, _bottom) in enumerate(corners.tolist()):
        level = levels[_coarsest_with(side, right - left, len(levels))]
        across, down = level.shape[1] / width, level.shape[0] / height
        length = max(round((right - left) * across), 1)
        _paste(level, round(left * across), round(top * down), length, cut[index])
    return cut


def _coarsest_with(side: int, length: float, levels: int) -> int:
    """The last of ``levels`` levels at which ``length`` pixels of the first are still ``side`` or more."""
    level = 0
    while level + 1 < levels and length / 2 ** (level + 1) >= side:
        level += 1
    return level


def _paste(picture: Pixels, left: int, top: int, length: int, crop: Pixels) -> None:
    """Fill ``crop`` with the square of ``length`` pixels at ``left``, ``top``, resized."""
    cv2 = opencv()
    height, width = picture.shape[:2]
    first_row, last_row = max(top, 0), min(top + length, height)
    first_column, last_column = max(left, 0), min(left + length, width)
    if first_row >= last_row or first_column >= last_column:
        return
    square = picture[first_row:last_row, first_column:last_column]
    if square.shape[:2] != (length, length):
        inside, square = square, np.zeros((length, length, 3), np.uint8)
        square[first_row - top : last_row - top, first_column - left : last_column - left] = inside
    crop[:] = cv2.resize(square, crop.shape[1::-1], interpolation=cv2.INTER_AREA)
