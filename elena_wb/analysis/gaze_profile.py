"""How attention is spread over the parts of the body, layer by layer: the profile of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from elena_wb.analysis.gaze_rows import (
    AREA,
    ENTROPY,
    POINTING,
    SHARE,
    WITHOUT_SINKS,
    Numbers,
    cells,
    read_rows,
)
from elena_wb.core import Estimate, Resampling

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Gaze:
    """Attention of a run's answers to one part in one layer, or with ``layer is None`` over all.

    ``share`` is the mean share of the attention on the picture, ``bias`` that mean over the mean share of the area:
    1 where the part is neither preferred nor avoided. ``pointing`` is the share of answers whose peak lies in the
    part, ``entropy`` in bits (of the part ``picture`` only). Intervals are for 95 %, by bootstrap over the ``share.n``
    stimuli in which the part was found; repeats, heads and layers are first averaged within a stimulus.
    """

    run_id: str
    target: str
    part: str
    layer: int | None
    share: Estimate
    share_without_sinks: Estimate
    bias: Estimate
    pointing: Estimate
    entropy: Estimate

    @property
    def n(self) -> int:
        """How many stimuli."""
        return self.share.n


def profile(table: pa.Table, resampling: Resampling = Resampling()) -> tuple[Gaze, ...]:  # noqa: B008
    """The gaze of each run, target and part in ``table``: over all layers first, then in each.

    ``table`` has the columns ``run_id``, ``stimulus_id``, ``repeat``, ``layer``, ``target``, ``part``, ``share``,
    ``share_without_sinks``, ``area_fraction``, ``peak_inside`` and ``entropy``, those from ``share`` on NULL or NaN
    where they are not defined; others are not read.
    """
    found = []
    for (run, target, part), rows in read_rows(table).groups("run_id", "target", "part"):
        means = cells(rows.of["stimulus_id"], rows.layer, rows.figures)
        for layer, figures in zip(means.layers, means.estimated(_figures, resampling), strict=True):
            found.append(Gaze(run, target, part, layer, *figures))
    return tuple(found)


def _figures(means: Numbers) -> Numbers:
    share, area = means[..., SHARE], means[..., AREA]
    bias = np.where(area > 0, share / area, np.nan)
    return np.stack(
        [share, means[..., WITHOUT_SINKS], bias, means[..., POINTING], means[..., ENTROPY]], axis=-1
    )
