"""Places that are attended to whatever is said: attention sinks.

Transformers park attention that they have no use for on few tokens. In language models it is the first (Xiao et al.
2024, "Efficient Streaming Language Models with Attention Sinks"), in vision transformers patches of the background
(Darcet et al. 2024, "Vision Transformers Need Registers"), and models of both attend to such patches from every word
(Kang et al. 2025, "See What You Are Told: Visual Attention Sink in Large Multimodal Models"). These papers tell them
by the size of hidden states, which a record has not. What it has is how much the words of the question attend to every
place; by that, a sink is extreme, alone and steady over the layers, and a thing that is looked at is not all three.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.gaze_coverage import BACKGROUND, Coverage
from elena_wb.core import AttentionRecord, Block

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

EXTREME = 10.0
"""Times the median place. Nearly all places are no sinks, so the median is what an ordinary one gets."""
NOTABLE = 3.0
"""Times what even attention would give: where almost all places get nothing, ten times that is nothing, too."""
ALONE = 4.0
"""Times the second most of its neighbours: what is looked at covers several places, or they share its border."""
STEADY = 0.5
"""In what share of the layers it is extreme: sinks hold from the first few layers to the last."""
COARSE = 64
"""In grids of fewer places a part can lie in a single one and look alone."""
CLEAR = 0.95
"""Of a place of such a grid, the share that must be background for it to be a sink."""


def find_sinks(record: AttentionRecord, coverage: Coverage) -> Flags:
    """Which places are sinks: bool ``[places]``, all false where the record has no baseline.

    A sink lies in the picture, at least in part; gets at least ``EXTREME`` times the median of these places and
    ``NOTABLE`` times their mean, over the layers and heads, and ``EXTREME`` times their median in ``STEADY`` of the
    layers; and ``ALONE`` times as much as the second of its neighbours. In grids of fewer than ``COARSE`` places it
    must also be ``CLEAR`` of the named parts. Doubtful places are none: a part wrongly called a sink would hide what
    is to be measured, a missed sink only leaves the share without sinks nearer to the plain one.
    """
    none = np.zeros(len(coverage.in_picture), dtype=np.bool_)
    if record.baseline is None:
        return none
    layers = np.asarray(record.baseline, dtype=np.float64).mean(axis=1)
    layers = layers[np.isfinite(layers).all(axis=1)]
    inside = coverage.in_picture > 0
    if not len(layers) or inside.sum() < 2:
        return none
    mean = layers.mean(axis=0)
    extreme = (
        (mean > 0) & (mean >= EXTREME * np.median(mean[inside])) & (mean >= NOTABLE * mean[inside].mean())
    )
    per_layer = (layers > 0) & (layers >= EXTREME * np.median(layers[:, inside], axis=1)[:, None])
    steady = per_layer.mean(axis=0) >= STEADY
    sinks: Flags = inside & extreme & steady & _alone(record.blocks, mean) & _clear(record.blocks, coverage)
    return sinks


def _alone(blocks: tuple[Block, ...], mean: Numbers) -> Flags:
    """Whether a place has much more than all of its neighbours in the grid but one."""
    found = np.empty(len(mean), dtype=np.bool_)
    start = 0
    for block in blocks:
        grid = mean[start : start + block.places].reshape(block.rows, block.columns)
        around = np.full((block.rows + 2, block.columns + 2), -np.inf)
        around[1:-1, 1:-1] = grid
        neighbours = np.stack(
            [
                around[1 + dy : 1 + dy + block.rows, 1 + dx : 1 + dx + block.columns]
                for dy in (-1, 0, 1)
                for dx in (-1, 0, 1)
                if dy or dx
            ]
        )
        second = np.partition(neighbours, -2, axis=0)[-2]
        found[start : start + block.places] = (grid >= ALONE * second).ravel()
        start += block.places
    return found


def _clear(blocks: tuple[Block, ...], coverage: Coverage) -> Flags:
    """Whether a place of a coarse grid lies in the background; places of other grids always do."""
    clear = np.ones(len(coverage.in_picture), dtype=np.bool_)
    if BACKGROUND not in coverage.parts:
        return clear
    background = coverage.of_part[:, coverage.parts.index(BACKGROUND)] >= CLEAR * coverage.in_picture
    start = 0
    for block in blocks:
        if block.places < COARSE:
            clear[start : start + block.places] = background[start : start + block.places]
        start += block.places
    return clear
