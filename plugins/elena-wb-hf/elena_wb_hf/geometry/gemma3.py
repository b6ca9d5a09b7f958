"""Gemma 3: every picture becomes a square of pooled tokens; wide and tall ones may be shown in crops besides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from elena_wb.core import Block
from elena_wb_hf.geometry.case import Case, Family, setting, unknown_setting
from elena_wb_hf.geometry.layout import NOTHING, Layout, Placed


def _require(config: Any, processor: Any) -> None:
    size = setting(processor, "size")
    if not (size["height"] and size["width"]):
        raise unknown_setting(processor, f"with size={dict(size)}")
    side = config.vision_config.image_size // config.vision_config.patch_size
    count = math.isqrt(config.mm_tokens_per_image)
    pool = side // count if count else 0
    if count**2 != config.mm_tokens_per_image or not pool or (side - pool) // pool + 1 != count:
        tokens = config.mm_tokens_per_image
        raise unknown_setting(processor, f"where {side}×{side} patches are pooled to {tokens} tokens")


def _layout(case: Case) -> Layout:
    """The whole picture squeezed into a square and, where the processor pans and scans, crops row by row.

    Sliding-window layers see the same keys as the others, as far back as their window reaches.
    """
    columns = case.columns()
    crops = int(np.count_nonzero(np.diff(columns) > 1))  # each picture's tokens stand in a run of their own
    if crops and not setting(case.processor, "do_pan_and_scan"):
        raise unknown_setting(case.processor, "where a question shows more than one picture")
    covered = _covered(case.config)
    count = math.isqrt(case.config.mm_tokens_per_image)
    width, height = case.shown
    pictures = [("picture", (0.0, 0.0, float(width), float(height)))]
    pictures += [(f"crop {number}", crop) for number, crop in enumerate(_crops(width, height, crops), 1)]
    blocks = [
        Block(name, count, count, Placed(case.shrunk).back(x, y, w * covered, h * covered))
        for name, (x, y, w, h) in pictures
    ]
    return Layout(tuple(blocks), columns, NOTHING, False, case.layers(), int(columns[-1]) + 1)


def _covered(config: Any) -> float:
    """The share of each side that the pooled patches cover: all of it, unless the sizes leave a remainder."""
    vision = config.vision_config
    count = math.isqrt(config.mm_tokens_per_image)
    covered = count * (vision.image_size // vision.patch_size // count) * vision.patch_size
    return float(covered / vision.image_size)


def _crops(width: int, height: int, count: int) -> list[tuple[float, float, float, float]]:
    """``x, y, w, h`` of what pan-and-scan cuts: along the longer side, all of one size but the last."""
    if not count:
        return []
    along = max(width, height)
    step = math.ceil(along / count)
    cuts = [(float(start), float(min(step, along - start))) for start in range(0, step * count, step)]
    if width >= height:
        return [(start, 0.0, size, float(height)) for start, size in cuts]
    return [(0.0, start, float(width), size) for start, size in cuts]


FAMILY = Family(("siglip_vision_model",), ("Gemma3ImageProcessor",), _require, _layout)
