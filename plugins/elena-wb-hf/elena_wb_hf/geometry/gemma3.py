"""Gemma 3: every picture becomes a square of pooled tokens; wide and tall ones may be shown in crops besides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from elena_wb.core import Block
from elena_wb_hf.geometry.case import Case, refuse, require_processor
from elena_wb_hf.geometry.layout import NOTHING, Layout, Placed


def require(config: Any, processor: Any) -> None:
    """Raises:
    ModelError: pictures are not prepared or pooled as this module takes for granted.
    """
    require_processor(processor, ("Gemma3ImageProcessor",), {"do_resize": True})
    size = processor.image_processor.size
    if not (size.height and size.width):
        raise refuse(processor, f"with size={dict(size)}")
    side = config.vision_config.image_size // config.vision_config.patch_size
    count = math.isqrt(config.mm_tokens_per_image)
    if count**2 != config.mm_tokens_per_image or (side - side // count) // (side // count) + 1 != count:
        raise refuse(
            processor, f"where {side}×{side} patches are pooled to {config.mm_tokens_per_image} tokens"
        )


def layout(case: Case) -> Layout:
    """The whole picture squeezed into a square and, where the processor pans and scans, crops row by row.

    Sliding-window layers see the same keys as the others, as far back as their window reaches.
    """
    columns = case.columns()
    shown = len(
        np.flatnonzero(np.diff(columns) > 1)
    )  # the crops: each picture's tokens stand in a run of their own
    count = math.isqrt(case.network.config.mm_tokens_per_image)
    covered = _covered(case.network.config)
    pictures = [("picture", (0.0, 0.0, float(case.shown[0]), float(case.shown[1])))]
    pictures += [(f"crop {number}", crop) for number, crop in enumerate(_crops(*case.shown, shown), 1)]
    blocks = []
    for name, (x, y, w, h) in pictures:
        box = Placed(case.shrunk).back(x, y, w * covered, h * covered)
        blocks.append(Block(name, count, count, box))
    return Layout(tuple(blocks), columns, NOTHING, False, case.layers(), int(columns[-1]) + 1)


def _covered(config: Any) -> float:
    """The share of each side that the pooled patches cover: all of it, unless the sizes leave a remainder."""
    vision = config.vision_config
    side = vision.image_size // vision.patch_size
    count = math.isqrt(config.mm_tokens_per_image)
    covered = count * (side // count) * vision.patch_size
    return float(covered / vision.image_size)


def _crops(width: int, height: int, count: int) -> list[tuple[float, float, float, float]]:
    """``x, y, w, h`` of what pan-and-scan cuts: along the longer side, all of one size but the last."""
    if not count:
        return []
    along = width if width >= height else height
    step = math.ceil(along / count)
    cuts = [(start, min(step, along - start)) for start in range(0, step * count, step)]
    if width >= height:
        return [(float(start), 0.0, float(size), float(height)) for start, size in cuts]
    return [(0.0, float(start), float(width), float(size)) for start, size in cuts]
