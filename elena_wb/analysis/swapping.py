"""Whether two sides of the same stimuli differ: their answers exchanged at random."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.core import Resampling

Codes: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float64]

_CHUNK = 4_000_000
"""How many numbers are drawn at once: bounds the memory."""
_MANY = 20_000


def swapped(
    first: Numbers,
    second: Numbers,
    counts: Codes,
    statistic: Callable[[Numbers, Numbers], Numbers],
    resampling: Resampling,
) -> float:
    """The two-sided p-value of a randomisation test, NaN without resamples or stimuli.

    If it does not matter which side an answer is of, the sides of any stimulus might as well be exchanged: p is the
    share of random exchanges, the one at hand among them, whose statistic is at least as far from 0 (Noreen 1989,
    *Computer-Intensive Methods for Testing Hypotheses*, ch. 2; for F1 Yeh 2000, COLING, 947-953). The answers to one
    stimulus are exchanged together. ``first`` and ``second`` (float64 ``[patterns, k]``) are what a stimulus of each
    pattern adds on either side, ``counts`` how many are of it; ``statistic`` makes numbers ``[samples]`` of sums
    ``[samples, k]`` of both. With ``r`` resamples p is at least 1 / (r + 1). Of more than 20,000 stimuli whose sides
    differ, the sums that are exchanged are drawn from the normal distribution that they tend to.
    """
    if not counts.sum() or resampling.resamples < 1:
        return math.nan
    whole = (counts @ first)[None], (counts @ second)[None]
    seen = abs(float(statistic(*whole)[0]))
    if math.isnan(seen):
        return math.nan
    differing = np.flatnonzero((first != second).any(axis=1))
    apart = (second - first)[differing]
    rng = np.random.default_rng(resampling.seed)
    size = max(1, _CHUNK // max(1, len(differing)))
    as_far = 0
    for start in range(0, resampling.resamples, size):
        samples = min(size, resampling.resamples - start)
        moved = _moved(apart, counts[differing], samples, rng)
        values = np.abs(statistic(whole[0] + moved, whole[1] - moved))
        as_far += int((values >= seen - 1e-12).sum())
    return (as_far + 1) / (resampling.resamples + 1)


def _moved(apart: Numbers, counts: Codes, samples: int, rng: np.random.Generator) -> Numbers:
    """What the exchanged stimuli bring along, float64 ``[samples, k]``: each is exchanged with probability one half."""
    if counts.sum() <= _MANY:
        return np.asarray(rng.binomial(counts, 0.5, size=(samples, len(counts))) @ apart, dtype=np.float64)
    covariance = apart.T @ (apart * (counts / 4)[:, None])
    return rng.multivariate_normal(counts @ apart / 2, covariance, samples, method="eigh")
