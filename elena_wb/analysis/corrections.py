"""p-values of several tests, corrected for there being several."""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected by Holm's step-down procedure (Holm 1979, Scandinavian Journal of Statistics 6:65-70).

    Keeps the chance of any false rejection below the level, whatever hangs together. NaN stands for a test that could
    not be made, and counts for none.
    """
    order = _defined(p_values)
    corrected = [math.nan] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        corrected[index] = largest
    return corrected


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """p-values corrected by the step-up procedure of Benjamini & Hochberg 1995, JRSS B 57:289-300.

    Keeps the expected share of false ones among the rejections below the level, for independent or positively
    dependent tests. NaN stands for a test that could not be made, and counts for none.
    """
    order = _defined(p_values)
    corrected = [math.nan] * len(p_values)
    smallest = 1.0
    for rank, (p, index) in reversed(list(enumerate(order, 1))):
        smallest = min(smallest, p * len(order) / rank)
        corrected[index] = smallest
    return corrected


def _defined(p_values: Sequence[float]) -> list[tuple[float, int]]:
    return sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
