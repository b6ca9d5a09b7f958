"""Spearman's rank correlation of many columns with many, with intervals that draw what belongs together at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bootstrap import interval
from elena_wb.analysis.rating import drawn
from elena_wb.core import Estimate, Resampling

Numbers: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.int64]

FEWEST = 10
"""With fewer pairs neither the t distribution nor the bootstrap is any good."""
_CHUNK = 400_000
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Correlation:
    """``rho`` with its bootstrap interval, and the two-sided ``p`` of there being none.

    ``within`` is the correlation of the same ranks with the mean rank of each group taken out: what is left of ``rho``
    when groups are not compared with each other. NaN where a side is constant; interval and ``p`` with fewer than ten
    pairs, the interval also where all samples are alike.
    """

    rho: Estimate
    p: float
    within: float


def spearman(
    first: Numbers, second: Numbers, unit: Codes, group: Codes, resampling: Resampling
) -> list[list[Correlation]]:
    """Spearman's ρ of each column of ``first`` (``[n, a]``) with each of ``second`` (``[n, b]``): *a* lists of *b*.

    Spearman 1904, American Journal of Psychology 15:72-101; ties share their mean rank. Rows in which ``first`` has a
    NaN, or the column of ``second`` does, are left out. ``p`` is that of t = ρ·√((n−2)/(1−ρ²)) with n−2 degrees of
    freedom (Kendall & Stuart 1973, *The Advanced Theory of Statistics* 2, §31.19), which takes rows for independent.
    The interval does not: ``unit`` (codes, ``[n]``) says which are drawn together. ``group`` (codes, ``[n]``) is that
    of :class:`Correlation`.
    """
    known = np.isfinite(second) & np.isfinite(first).all(axis=1, keepdims=True)
    found: list[list[Correlation | None]] = [[None] * second.shape[1] for _ in range(first.shape[1])]
    for mask in np.unique(known, axis=1).T:
        columns = np.flatnonzero((known == mask[:, None]).all(axis=0))
        told = _alike(first[mask], second[mask][:, columns], unit[mask], group[mask], resampling)
        for a, row in enumerate(told):
            for b, one in zip(columns.tolist(), row, strict=True):
                found[a][b] = one
    return [[one for one in row if one is not None] for row in found]


def _alike(
    first: Numbers, second: Numbers, unit: Codes, group: Codes, resampling: Resampling
) -> list[list[Correlation]]:
    """The same for columns without a NaN."""
    n = len(first)
    if n < 2:
        nothing = Correlation(Estimate(math.nan, math.nan, math.nan, n), math.nan, math.nan)
        return [[nothing] * second.shape[1] for _ in range(first.shape[1])]
    x, y = ([_Ranked.of(column) for column in of.T] for of in (first, second))
    every = np.ones((1, n))
    rho = _correlations(_stacked(x, every), _stacked(y, every), every)[0]
    ranks = [_centred(_stacked(of, every)[0], group)[None] for of in (x, y)]
    within = _correlations(ranks[0], ranks[1], every)[0]
    samples = np.full((0, *rho.shape), math.nan)
    if n >= FEWEST and resampling.resamples:
        samples = np.concatenate(list(_samples(x, y, unit, resampling)))
    return [
        [_told(float(rho[a, b]), float(within[a, b]), samples[:, a, b], n) for b in range(second.shape[1])]
        for a in range(first.shape[1])
    ]


def _told(rho: float, within: float, samples: Numbers, n: int) -> Correlation:
    low = high = p = math.nan
    if n >= FEWEST and not math.isnan(rho):
        p = _p_value(rho, n)
        low, high = interval(samples)
        if high - low < _ROUNDING:  # all samples were alike, which says nothing of others
            low = high = math.nan
    return Correlation(Estimate(rho, low, high, n), p, within)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A column's values as codes in their order, the rows in that order, and where each value begins among these."""

    codes: Codes
    order: Codes
    starts: Codes

    @classmethod
    def of(cls, column: Numbers) -> _Ranked:
        _, codes = np.unique(column, return_inverse=True)
        order = np.argsort(codes, kind="stable")
        return cls(codes, order, np.flatnonzero(np.r_[True, np.diff(codes[order]) > 0]))

    def ranks(self, weights: Numbers) -> Numbers:
        """Mean ranks (``[samples, n]``) where each row counts as often as ``weights`` (``[samples, n]``) say."""
        times = np.add.reduceat(weights[:, self.order], self.starts, axis=1)
        ranks = np.cumsum(times, axis=1) - (times - 1) / 2
        return np.asarray(ranks[:, self.codes], dtype=np.float64)


def _stacked(columns: Sequence[_Ranked], weights: Numbers) -> Numbers:
    """Ranks of every column: ``[samples, columns, n]``."""
    return np.stack([one.ranks(weights) for one in columns], axis=1)


def _samples(
    x: Sequence[_Ranked], y: Sequence[_Ranked], unit: Codes, resampling: Resampling
) -> list[Numbers]:
    units, place = np.unique(unit, return_inverse=True)
    found = []
    for times in drawn(len(units), resampling, most=max(1, _CHUNK // len(unit))):
        weights = times[:, place]
        found.append(_correlations(_stacked(x, weights), _stacked(y, weights), weights))
    return found


def _correlations(x: Numbers, y: Numbers, weights: Numbers) -> Numbers:
    """Pearson's r of each row of ``x`` (``[samples, a, n]``) with each of ``y``: ``[samples, a, b]``."""
    share = (weights / weights.sum(axis=1, keepdims=True))[:, None, :]
    x = x - (x * share).sum(axis=2, keepdims=True)
    y = y - (y * share).sum(axis=2, keepdims=True)
    weighted = x * share
    xy = weighted @ y.transpose(0, 2, 1)
    xx = (weighted * x).sum(axis=2)[:, :, None]
    yy = (y * y * share).sum(axis=2)[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.clip(xy / np.sqrt(xx * yy), -1, 1)
    return np.asarray(np.where((xx > _ROUNDING) & (yy > _ROUNDING), r, np.nan), dtype=np.float64)


def _centred(ranks: Numbers, group: Codes) -> Numbers:
    """``ranks`` (``[columns, n]``) less their mean in the group."""
    _, place = np.unique(group, return_inverse=True)
    means = np.stack([np.bincount(place, weights=row) for row in ranks]) / np.bincount(place)
    return np.asarray(ranks - means[:, place], dtype=np.float64)


def _p_value(rho: float, n: int) -> float:
    from scipy.special import stdtr

    if abs(rho) >= 1:
        return 0.0
    return float(2 * stdtr(n - 2, -abs(rho) * math.sqrt((n - 2) / (1 - rho * rho))))
