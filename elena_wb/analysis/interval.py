"""Estimates with 95 % intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z_95 = 1.959963984540054
"""The .975 quantile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, from ``n`` observations; ``nan`` throughout where ``n`` is 0."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if self.n == 0:
            return "–"
        return f"{_short(self.value)} [{_short(self.low)}, {_short(self.high)}]"


def proportion(successes: int, n: int) -> Estimate:
    """A share with Wilson's score interval (Wilson 1927, JASA 22:209-212), which stays inside 0..1."""
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    share = successes / n
    centre = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    half = Z_95 / (1 + Z_95**2 / n) * math.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n * n))
    return Estimate(share, max(0.0, centre - half), min(1.0, centre + half), n)


def _short(value: float) -> str:
    """Two decimals without the leading zero, as journals print shares: ``.57``, ``1.00``."""
    return f"{value:.2f}".removeprefix("0") if value < 0.995 else f"{value:.2f}"
