"""Intervals that follow from counts alone."""

from __future__ import annotations

import math

from elena_wb.core import Estimate

Z_95 = 1.959963984540054
"""The .975 quantile of the standard normal distribution."""


def proportion(successes: int, n: int) -> Estimate:
    """A share with Wilson's score interval (Wilson 1927, JASA 22:209-212), which stays inside 0..1."""
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    share = successes / n
    centre = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    half = Z_95 / (1 + Z_95**2 / n) * math.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n * n))
    return Estimate(share, max(0.0, centre - half), min(1.0, centre + half), n)
