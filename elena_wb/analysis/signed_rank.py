"""Whether paired numbers move up or down: Wilcoxon's signed-rank test, and how strongly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]

_EXACT = 50
"""Up to so many differences the distribution of the ranks' sum is worked out."""
_DECIMALS = 9
"""Means of repeats that differ by less than this are ties."""


@dataclass(frozen=True, slots=True)
class SignedRank:
    """Wilcoxon's test of ``n`` paired differences, ``zeros`` of them none at all.

    ``up`` and ``down`` are the sums of ranks of differences above and below 0. ``p`` is two-sided, NaN where nothing
    moved; ``exact`` says that it is no approximation. ``effect`` is the matched-pairs rank-biserial correlation
    (``up`` less ``down`` over their sum, Kerby 2014), -1 to 1, among the differences that are not 0.
    """

    n: int
    zeros: int
    up: float
    down: float
    p: float
    exact: bool

    @property
    def effect(self) -> float:
        """The rank-biserial correlation; NaN where nothing moved."""
        return (self.up - self.down) / (self.up + self.down) if self.up + self.down else math.nan


def signed_rank(differences: npt.NDArray[Any]) -> SignedRank:
    """Wilcoxon's signed-rank test (Wilcoxon 1945, Biometrics Bulletin 1:80-83), two-sided.

    ``differences`` (``[n]``) are of independent units, NaN where not known. Zeros are dropped, as Wilcoxon did; equal
    sizes share their mean rank. Up to 50 others, p is exact, given the ties: the distribution of the sum of ranks over
    all signs. Beyond, it is the normal approximation with its variance corrected for ties (Lehmann 1975,
    *Nonparametrics*, ch. 3), without correction for continuity.
    """
    known = np.round(np.asarray(differences, dtype=np.float64), _DECIMALS)
    known = known[np.isfinite(known)]
    moved = known[known != 0]
    n = len(moved)
    if not n:
        return SignedRank(len(known), len(known), 0.0, 0.0, math.nan, exact=True)
    sizes, of, ties = np.unique(np.abs(moved), return_inverse=True, return_counts=True)
    ranks = np.cumsum(ties) - (ties - 1) / 2
    up = float(np.bincount(of, weights=moved > 0, minlength=len(sizes)) @ ranks)
    total = n * (n + 1) / 2
    exact = n <= _EXACT
    p = _exact(np.repeat(ranks, ties), up) if exact else _normal(n, ties, up)
    return SignedRank(len(known), len(known) - n, up, total - up, p, exact)


def _exact(ranks: Numbers, up: float) -> float:
    """Both tails of the sum of ranks that get a plus, every sign being as likely; twice the ranks are whole numbers."""
    doubled = np.rint(2 * ranks).astype(np.int64)
    chances = np.zeros(int(doubled.sum()) + 1)
    chances[0] = 1.0
    for rank in doubled:
        shifted = np.zeros_like(chances)
        shifted[rank:] = chances[: len(chances) - rank]
        chances = (chances + shifted) / 2
    at = round(2 * up)
    smaller = min(at, len(chances) - 1 - at)
    return min(1.0, 2 * float(chances[: smaller + 1].sum()))


def _normal(n: int, ties: npt.NDArray[np.int64], up: float) -> float:
    tied = ties.astype(np.float64)
    variance = n * (n + 1) * (2 * n + 1) / 24 - float((tied**3 - tied).sum()) / 48
    z = (up - n * (n + 1) / 4) / math.sqrt(variance)
    return math.erfc(abs(z) / math.sqrt(2))
