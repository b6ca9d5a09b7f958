"""Answers that belong to one stimulus, drawn together: equal stimuli made one pattern.

What :mod:`elena_wb.analysis.bootstrap` draws are patterns with their numbers of stimuli; this module finds them, in an
order that does not depend on that of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bootstrap import Statistic, estimates
from elena_wb.core import Estimate, Resampling

Places: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float64]


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
    names, of = np.unique(stimulus, return_inverse=True)
    _, codes = np.unique(code, return_inverse=True)
    kinds = int(codes.max()) + 1 if len(codes) else 1
    order = np.lexsort((codes, of))
    sorted_of, sorted_codes = of[order], codes[order]
    sizes = np.bincount(of, minlength=len(names))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    key = np.zeros(len(names), dtype=np.int64)
    used = 1
    for step in range(int(sizes.max()) if len(sizes) else 0):
        longer = np.flatnonzero(sizes > step)
        _, renumbered = np.unique(
            key[longer] * kinds + sorted_codes[starts[longer] + step], return_inverse=True
        )
        # Stimuli with fewer rows keep their number, which no other gets.
        key[longer] = used + renumbered
        used += len(longer)
    _, first, pattern = np.unique(key, return_index=True, return_inverse=True)
    representative = np.zeros(len(names), dtype=bool)
    representative[first] = True
    kept = representative[sorted_of]
    return Patterns(order[kept], pattern[sorted_of[kept]], np.bincount(pattern, minlength=len(first)))


def equal_rows(values: npt.NDArray[Any]) -> tuple[Places, Places]:
    """The first place of each different row of ``values`` (``[n, columns]``), and how many are equal to it.

    As ``numpy.unique`` by rows, column by column, which is faster where there are few different values.
    """
    key = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        _, code = np.unique(column, return_inverse=True)
        _, key = np.unique(key * (int(code.max(initial=0)) + 1) + code, return_inverse=True)
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    return first, counts


def summed(stimulus: npt.NDArray[Any], columns: npt.NDArray[Any]) -> Numbers:
    """The sums of ``columns`` (``[n, columns]``) over the rows of each stimulus: float64 ``[stimuli, columns]``."""
    names, of = np.unique(stimulus, return_inverse=True)
    sums = [np.bincount(of, weights=column, minlength=len(names)) for column in columns.T]
    return np.column_stack(sums) if sums else np.zeros((len(names), 0))


def over_stimuli(
    sums: Numbers, statistic: Statistic, resampling: Resampling, counts: Places | None = None
) -> list[tuple[float, float, float]]:
    """Value, low and high of each figure of ``statistic``, stimuli drawn with replacement.

    ``sums`` (float64 ``[stimuli, sums]``) is what each adds, or what one of each of ``counts`` equal ones adds. An
    interval without width is none: where all samples come to the same, drawing again teaches nothing.
    """
    if counts is None:
        first, counts = equal_rows(sums)
        sums = sums[first]
    found = estimates(sums, counts, statistic, resampling, smooth=True)
    return [
        (value, low, high) if low < high else (value, float("nan"), float("nan"))
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
