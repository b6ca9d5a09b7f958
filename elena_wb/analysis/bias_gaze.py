"""How attention to one part stands to the area of that part on two sides: the change of their ratio, and tests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from elena_wb.analysis.bias import NOTHING
from elena_wb.analysis.gaze_rows import AREA, SHARE, Cells, Numbers, cells, read_rows
from elena_wb.analysis.swapping import swapped
from elena_wb.core import Estimate, Resampling

if TYPE_CHECKING:
    import pyarrow as pa


def ratio_change(first: pa.Table, second: pa.Table, resampling: Resampling) -> tuple[Estimate, float]:
    """The ratio of attention to area on the second side less that on the first, and the p-value of a test of the
    shares.

    The tables have the columns that :func:`elena_wb.analysis.gaze_profile.profile` reads, of one part and target. Over
    the stimuli that both have; repeats, heads and layers are first averaged within a stimulus. The interval is a paired
    bootstrap, the test one of randomisation (see :func:`elena_wb.analysis.swapping.swapped`).
    """
    before, after = (_by_stimulus(table) for table in (first, second))
    both = sorted(before.keys() & after.keys())
    if not both:
        return NOTHING, math.nan
    values = np.array([[*before[name], *after[name]] for name in both])  # share and area, then the same again

    def apart(means: Numbers) -> Numbers:
        return (means[..., 2] / means[..., 3] - means[..., 0] / means[..., 1])[..., None]

    ((change,),) = Cells((None,), values[:, None, :]).estimated(apart, resampling)
    return change, _p(values[:, 0], values[:, 2], resampling)


def preference(table: pa.Table, resampling: Resampling) -> float:
    """The p-value of a test of the part being neither preferred nor avoided: shares against areas, by stimulus."""
    values = np.array([*_by_stimulus(table).values()]).reshape(-1, 2)
    return _p(values[:, 1], values[:, 0], resampling)


def _p(first: Numbers, second: Numbers, resampling: Resampling) -> float:
    ones = np.ones(len(first), dtype=np.int64)
    return swapped(first[:, None], second[:, None], ones, lambda a, b: (b - a)[:, 0], resampling)


def _by_stimulus(table: pa.Table) -> dict[str, tuple[float, float]]:
    """Share and area of each stimulus, over all layers."""
    rows = read_rows(table)
    if not len(rows.layer):
        return {}
    stimulus = rows.of["stimulus_id"]
    means = cells(stimulus, rows.layer, rows.figures).values[:, 0]
    names = rows.names["stimulus_id"]
    return {
        names[code]: (float(of[SHARE]), float(of[AREA]))
        for code, of in zip(np.unique(stimulus), means, strict=True)
        if np.isfinite(of[SHARE]) and np.isfinite(of[AREA])
    }
