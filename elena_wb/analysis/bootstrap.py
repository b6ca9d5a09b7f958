"""Percentile bootstrap intervals over stimuli, for figures that follow from sums.

Efron & Tibshirani 1993, *An Introduction to the Bootstrap*, ch. 13: draw as many stimuli as there are, with
replacement, and take the .025 and .975 quantiles of the figure over many such samples. Stimuli that count
for the same are one pattern, so a sample is one draw from a multinomial distribution over patterns: exact,
and no dearer for a million stimuli than for a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.core import Estimate, Resampling

Counts: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float64]
Statistic: TypeAlias = Callable[[Numbers], Numbers]
"""Sums ``[samples, sums]`` → figures ``[samples, figures]``, NaN where one is not defined."""

_CHUNK = 4_000_000
"""How many numbers are drawn at once: bounds the memory."""
_MANY = 20_000
_QUANTILES = (0.025, 0.975)


def estimates(
    sums: Any, stimuli: Counts, statistic: Statistic, resampling: Resampling, *, smooth: bool = False
) -> list[tuple[float, float, float]]:
    """Value, low and high of each figure that ``statistic`` computes.

    ``sums`` (float64 ``[patterns, sums]``, an array or a scipy.sparse matrix) is what one stimulus of each
    pattern adds; ``stimuli`` (int64 ``[patterns]``) how many are of it. A figure that is not defined in a
    sample is left out of its quantiles there. ``smooth`` says that every sum has many contributions and the
    figures are smooth functions of the sums: with more than 20,000 patterns the samples' sums are then drawn
    from the normal distribution that they tend to, of the same mean and covariance.
    """
    whole = np.asarray(stimuli @ sums, dtype=np.float64).reshape(1, -1)
    values = statistic(whole)[0]
    if not len(stimuli) or resampling.resamples < 1:
        return [(float(value), math.nan, math.nan) for value in values]
    if smooth and len(stimuli) > _MANY:
        samples = statistic(normal_sums(np.asarray(sums), stimuli, resampling))
    else:
        samples = np.concatenate(
            [statistic(np.asarray(drawn @ sums)) for drawn in draws(stimuli, resampling)]
        )
    return [(float(value), *interval(sample)) for value, sample in zip(values, samples.T, strict=True)]


def named(names: tuple[str, ...], found: list[tuple[float, float, float]], n: int) -> dict[str, Estimate]:
    """The figures by name, each from ``n`` answers."""
    return {name: Estimate(*figure, n) for name, figure in zip(names, found, strict=True)}


def merged(sums: Numbers, stimuli: Counts) -> tuple[Numbers, Counts]:
    """Patterns that add the same made one: fewer to draw from, and the same samples otherwise."""
    unique, where = np.unique(sums, axis=0, return_inverse=True)
    counts = np.bincount(where.ravel(), weights=stimuli, minlength=len(unique))
    return unique, counts.astype(np.int64)


def draws(stimuli: Counts, resampling: Resampling) -> Iterator[Counts]:
    """How often each pattern is drawn: int64 ``[some samples, patterns]``, until there are enough samples."""
    rng = np.random.default_rng(resampling.seed)
    n = int(stimuli.sum())
    # Frequent patterns first: drawing a sample ends as soon as it is complete.
    order = np.argsort(-stimuli, kind="stable")
    back = np.argsort(order)
    shares = stimuli[order] / n
    size = max(1, _CHUNK // len(stimuli))
    for start in range(0, resampling.resamples, size):
        drawn = rng.multinomial(n, shares, size=min(size, resampling.resamples - start))
        yield drawn[:, back]


def normal_sums(sums: Numbers, stimuli: Counts, resampling: Resampling) -> Numbers:
    """Sums of samples, float64 ``[samples, sums]``, from the normal distribution that those of many stimuli tend to.

    The arguments are as :func:`estimates` has them; means and covariances are those of drawing stimuli.
    """
    n = int(stimuli.sum())
    weights = stimuli.astype(np.float64)
    mean = weights @ sums / n
    apart = (sums - mean) * np.sqrt(weights)[:, None]
    covariance = apart.T @ apart
    rng = np.random.default_rng(resampling.seed)
    return rng.multivariate_normal(n * mean, covariance, resampling.resamples, method="eigh")


def interval(samples: Numbers) -> tuple[float, float]:
    """The quantiles of those samples in which the figure is defined; NaN where it is in none."""
    defined = samples[~np.isnan(samples)]
    if not len(defined):
        return math.nan, math.nan
    low, high = np.quantile(defined, _QUANTILES)
    return float(low), float(high)
