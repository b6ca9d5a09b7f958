"""Answers that belong to one stimulus, drawn together: equal stimuli made one pattern.

What :mod:`elena_wb.analysis.bootstrap` draws are patterns with their numbers of stimuli; this module finds them, in an
order that does not depend on that of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bootstrap import Statistic, estimates, interval, normal_sums
from elena_wb.core import Estimate, Resampling

Places: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float64]

_MANY, _FREQUENT = 20_000, 100
"""Of more stimuli than this, when so many add to each sum, the sums of samples are taken to be normal."""
_WIDTH = 1e-9
"""An interval that is narrower has no width but for rounding."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Stimuli with the same answers as one pattern, and the rows of one stimulus of each.

    ``rows`` (int64 ``[r]``) are rows of representatives, ``pattern`` (int64 ``[r]``) which pattern each is of,
    ``stimuli`` (int64 ``[patterns]``) how many stimuli are of it.
    """

    rows: Places
    pattern: Places
    stimuli: Places


def patterns(stimulus: npt.NDArray[Any], code: npt.NDArray[Any]) -> Patterns:
    """Stimuli whose rows have the same codes, in any order, as one pattern each.

    ``stimulus`` and ``code`` (integers ``[n]``) say of each row what it is about and what it holds.
    """
    of = numbered(stimulus)
    codes = numbered(code)
    sizes = np.bincount(of)
    if len(sizes) == len(of):  # one row each
        first, pattern = _firsts(codes)
        return Patterns(first, np.arange(len(first)), np.bincount(pattern, minlength=len(first)))
    kinds = int(codes.max()) + 1
    order = np.lexsort((codes, of))
    sorted_of, sorted_codes = of[order], codes[order]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    key = np.zeros(len(sizes), dtype=np.int64)
    used = 1
    for step in range(int(sizes.max())):
        longer = np.flatnonzero(sizes > step)
        _, renumbered = np.unique(
            key[longer] * kinds + sorted_codes[starts[longer] + step], return_inverse=True
        )
        # Stimuli with fewer rows keep their number, which no other gets.
        key[longer] = used + renumbered
        used += len(longer)
    _, first, pattern = np.unique(key, return_index=True, return_inverse=True)
    representative = np.zeros(len(sizes), dtype=bool)
    representative[first] = True
    kept = representative[sorted_of]
    return Patterns(order[kept], pattern[sorted_of[kept]], np.bincount(pattern, minlength=len(first)))


def numbered(values: npt.NDArray[Any]) -> Places:
    """The rank of each value among the different ones; by counting where they are integers that lie close together."""
    values = np.asarray(values)
    if len(values) and values.dtype.kind in "iu":
        low = int(values.min())
        span = int(values.max()) - low + 1
        if span <= 4 * len(values) + 1000:
            place = values.astype(np.int64) - low
            rank: Places = np.cumsum(np.bincount(place, minlength=span) > 0) - 1
            return rank[place]
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _firsts(codes: Places) -> tuple[Places, Places]:
    """The first place of each of the numbers 0, 1, …, all of which occur; and the numbers themselves."""
    first = np.empty(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return first, codes


def equal_rows(values: npt.NDArray[Any]) -> tuple[Places, Places]:
    """The first place of each different row of ``values`` (``[n, columns]``), and how many are equal to it.

    As ``numpy.unique`` by rows, column by column, which is faster where there are few different values.
    """
    key = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        code = numbered(column)
        key = numbered(key * (int(code.max(initial=0)) + 1) + code)
    first, key = _firsts(key)
    return first, np.bincount(key, minlength=len(first))


def summed(stimulus: npt.NDArray[Any], columns: npt.NDArray[Any]) -> Numbers:
    """The sums of ``columns`` (``[n, columns]``) over the rows of each stimulus: float64 ``[stimuli, columns]``."""
    of = numbered(stimulus)
    size = int(of.max(initial=-1)) + 1
    return np.column_stack([np.bincount(of, weights=column, minlength=size) for column in columns.T])


def over_stimuli(
    sums: Numbers, statistic: Statistic, resampling: Resampling, counts: Places | None = None
) -> list[tuple[float, float, float]]:
    """Value, low and high of each figure of ``statistic``, stimuli drawn with replacement.

    ``sums`` (float64 ``[stimuli, sums]``) is what each adds, or what one of each of ``counts`` equal ones adds. Of more
    than 20,000 stimuli, at least 100 of which add to every sum, the sums of samples are drawn from the normal
    distribution that they tend to. An interval without width is none: where all samples come to the same, drawing
    again teaches nothing.
    """
    if counts is None:
        first, counts = equal_rows(sums)
        sums = sums[first]
    n = int(counts.sum())
    contributions = counts @ (sums != 0)
    if (
        resampling.resamples > 0
        and n > _MANY
        and contributions[contributions > 0].min(initial=n) >= _FREQUENT
    ):
        values = statistic((counts @ sums).reshape(1, -1))[0]
        samples = statistic(normal_sums(sums, counts, resampling))
        found = [(float(value), *interval(sample)) for value, sample in zip(values, samples.T, strict=True)]
    else:
        found = estimates(sums, counts, statistic, resampling, smooth=True)
    return [
        (value, low, high) if high - low > _WIDTH else (value, float("nan"), float("nan"))
        for value, low, high in found
    ]


def mean_over_stimuli(
    stimulus: npt.NDArray[Any], values: npt.NDArray[Any], resampling: Resampling
) -> Estimate:
    """The mean of ``values`` (``[n]``), with stimuli drawn with all their rows."""
    n = len(values)
    if not n:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    sums = summed(stimulus, np.column_stack([values, np.ones(n)]))
    (found,) = over_stimuli(sums, lambda drawn: drawn[:, :1] / drawn[:, 1:], resampling)
    return Estimate(*found, n)
