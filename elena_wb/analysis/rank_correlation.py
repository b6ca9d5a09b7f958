"""Spearman's rank correlation, with an interval that draws what belongs together at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bootstrap import draws, interval
from elena_wb.core import Estimate, Resampling

Numbers: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.int64]

FEWEST = 10
"""With fewer pairs neither the t distribution nor the bootstrap is any good."""
_CHUNK = 500_000
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Correlation:
    """``rho`` with its bootstrap interval, and the two-sided ``p`` of there being none.

    ``within`` is the correlation of the same ranks with the mean rank of each group taken out: what is left of ``rho``
    when groups are not compared with each other. NaN where a side is constant; interval and ``p`` with fewer than ten
    pairs.
    """

    rho: Estimate
    p: float
    within: float


def spearman(
    first: Numbers, second: Numbers, unit: Codes, group: Codes, resampling: Resampling
) -> Correlation:
    """Spearman's ρ of two columns (``[n]``), ties sharing their mean rank; pairs with a NaN are left out.

    Spearman 1904, American Journal of Psychology 15:72-101. ``p`` is that of t = ρ·√((n−2)/(1−ρ²)) with n−2 degrees of
    freedom (Kendall & Stuart 1973, *The Advanced Theory of Statistics* 2, §31.19), which takes pairs for independent.
    The interval does not: ``unit`` (codes, ``[n]``) says which are drawn together. ``group`` is that of
    :class:`Correlation`.
    """
    known = np.isfinite(first) & np.isfinite(second)
    x, y = first[known], second[known]
    n = len(x)
    if n < 2:
        return Correlation(Estimate(math.nan, math.nan, math.nan, n), math.nan, math.nan)
    every = np.ones((1, n))
    ranks = _ranks(x, every), _ranks(y, every)
    rho = float(_pearson(*ranks, every)[0])
    within = float(_pearson(*(_centred(rank[0], group[known]) for rank in ranks), every)[0])
    low = high = p = math.nan
    if n >= FEWEST and not math.isnan(rho):
        p = _p_value(rho, n)
        if resampling.resamples:
            low, high = interval(_samples(x, y, unit[known], resampling))
            if high - low < _ROUNDING:  # all samples were alike, which says nothing of others
                low = high = math.nan
    return Correlation(Estimate(rho, low, high, n), p, within)


def _samples(x: Numbers, y: Numbers, unit: Codes, resampling: Resampling) -> Numbers:
    units, place = np.unique(unit, return_inverse=True)
    found = []
    for drawn in draws(np.ones(len(units), dtype=np.int64), resampling):
        size = max(1, _CHUNK // len(x))
        for start in range(0, len(drawn), size):
            weights = drawn[start : start + size, place].astype(np.float64)
            found.append(_pearson(_ranks(x, weights), _ranks(y, weights), weights))
    return np.concatenate(found)


def _ranks(of: Numbers, weights: Numbers) -> Numbers:
    """Mean ranks (``[samples, n]``) where each value counts as often as ``weights`` (``[samples, n]``) say."""
    _, value = np.unique(of, return_inverse=True)
    order = np.argsort(value, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(value[order]) > 0])
    times = np.add.reduceat(weights[:, order], starts, axis=1)
    ranks = np.cumsum(times, axis=1) - (times - 1) / 2
    return np.asarray(ranks[:, value], dtype=np.float64)


def _pearson(x: Numbers, y: Numbers, weights: Numbers) -> Numbers:
    n = weights.sum(axis=1, keepdims=True)
    x = x - (weights * x).sum(axis=1, keepdims=True) / n
    y = y - (weights * y).sum(axis=1, keepdims=True) / n
    xx, yy, xy = ((weights * a * b).sum(axis=1) for a, b in ((x, x), (y, y), (x, y)))
    small = 1e-9 * n[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = xy / np.sqrt(xx * yy)
    return np.asarray(np.where((xx > small) & (yy > small), np.clip(rho, -1, 1), np.nan), dtype=np.float64)


def _centred(ranks: Numbers, group: Codes) -> Numbers:
    _, place = np.unique(group, return_inverse=True)
    return np.asarray((ranks - (np.bincount(place, weights=ranks) / np.bincount(place))[place])[None, :])


def _p_value(rho: float, n: int) -> float:
    from scipy.special import stdtr

    if abs(rho) >= 1:
        return 0.0
    return float(2 * stdtr(n - 2, -abs(rho) * math.sqrt((n - 2) / (1 - rho * rho))))
