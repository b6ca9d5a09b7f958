"""Pairs of yes and no: whether one side says yes more often than the other, and by how much."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.clusters import summed
from elena_wb.analysis.interval import proportion
from elena_wb.core import Estimate


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test (McNemar 1947, Psychometrika 12:153-157).

    Of the pairs with a yes on one side alone, each side's share is binomial with probability 1/2 if neither says yes
    more often; without such pairs the p-value is 1. Both tails are alike, so it is twice the smaller one. It has no
    need of the corrections for continuity (Edwards 1948, Psychometrika 13:185-187) of the version by chi-square.
    """
    # scipy.stats, which has this as `binomtest`, takes a second and 60 MB to import.
    from scipy.special import bdtr

    n = only_first + only_second
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), n, 0.5))) if n else 1.0


def oftener(gain: npt.NDArray[np.int64], stimulus: npt.NDArray[Any]) -> tuple[int, float]:
    """How many stimuli there are, and the exact two-sided p of either side saying yes for more of them than the other.

    ``gain`` (``[n]``) is 1 where the second side alone says yes, -1 where the first alone does, else 0. Answers to one
    stimulus are not independent of one another, so each stimulus counts once, for the side that says yes more often:
    a sign test (Dixon & Mood 1946, JASA 41:557-566). With one answer to each it is McNemar's exact test.
    """
    total = summed(stimulus, gain[:, None])[:, 0]
    return len(total), mcnemar(int((total < 0).sum()), int((total > 0).sum())) if len(total) else math.nan


def difference(both: int, only_first: int, only_second: int, neither: int) -> Estimate:
    """The share of yes on the second side less that on the first, with Newcombe's score interval for pairs.

    Method 10 of Newcombe 1998, Statistics in Medicine 17:2635-2650: Wilson's limits of the two shares, put together
    with their correlation; the limits stay inside -1..1. The arguments count pairs.
    """
    n = both + only_first + only_second + neither
    if not n:
        return Estimate(math.nan, math.nan, math.nan, 0)
    first, second = proportion(both + only_first, n), proportion(both + only_second, n)
    phi = _correlation(both, only_first, only_second, neither)

    def apart(of_second: float, of_first: float) -> float:
        return math.sqrt(max(0.0, of_second**2 - 2 * phi * of_second * of_first + of_first**2))

    middle = (only_second - only_first) / n
    return Estimate(
        middle,
        middle - apart(second.value - second.low, first.high - first.value),
        middle + apart(second.high - second.value, first.value - first.low),
        n,
    )


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Newcombe's: the numerator is less by n/2 where it is positive; 0 where one side always says the same."""
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if not margins:
        return 0.0
    product = both * neither - only_first * only_second
    n = both + only_first + only_second + neither
    return (max(product - n / 2, 0.0) if product > 0 else product) / math.sqrt(margins)
