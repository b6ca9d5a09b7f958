"""Layouts and records of attention for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elena_wb.core import AttentionRecord, Block, Box


def whole(side: int, width: float = 160, height: float = 160) -> list[Block]:
    """One grid over the whole picture."""
    return [Block("picture", side, side, Box(0, 0, width, height))]


def tiles() -> list[Block]:
    """Four tiles of 40 × 40 on a canvas of 800 × 800 pixels, larger than its picture of 640 × 480."""
    return [Block(f"tile {k}", 40, 40, Box(k % 2 * 400.0, k // 2 * 400.0, 400.0, 400.0)) for k in range(4)]


def record(blocks: Sequence[Block], weights: Any, **more: Any) -> AttentionRecord:
    """A record of ``weights``: [places], [layers, places] … or all four axes."""
    weights = np.asarray(weights, dtype=np.float32)
    if weights.ndim == 2:
        weights = weights[:, None]
    while weights.ndim < 4:
        weights = weights[None]
    targets, layers, heads, _ = weights.shape
    return AttentionRecord(
        tuple(blocks),
        tuple(range(layers)),
        (None,) if heads == 1 else tuple(range(heads)),
        (1,) * targets,
        (0,) * targets,
        weights,
        **more,
    )
