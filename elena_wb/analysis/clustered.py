"""Shares whose answers are not independent: several answers to one stimulus, several stimuli in one picture.

No resampling: the variance between clusters says how many independent answers the share is worth, and Wilson's interval
is that of as many. A million answers cost no more than a thousand once they are summed up.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from elena_wb.analysis.clusters import numbered
from elena_wb.analysis.interval import Z_95
from elena_wb.core import Estimate

Numbers = npt.NDArray[np.float64]


def share(hits: float, of: float, clusters: float, squares: float, *, n: int | None = None) -> Estimate:
    """The share ``hits / of`` with its 95 % interval, where both are sums over so many ``clusters``.

    ``squares`` is the sum over clusters of (hits − share · of)²; its root over ``of`` is the standard error of a ratio
    (Cochran 1977, *Sampling Techniques*, 3rd ed., eq. 6.13, for many clusters drawn with replacement). The interval is
    Wilson's (1927) at the effective sample size, corrected for the number of clusters as in Korn & Graubard 1998
    (Survey Methodology 24:193-201). A share that is the same in all clusters, such as 0, is worth one answer a
    cluster, and none is worth more than its answers. One cluster gives no interval. Where each cluster is one answer,
    this is Wilson's interval as it stands. ``n`` is how many answers the sums are over, where ``of`` does not count
    answers.
    """
    counted = int(of) if n is None else n
    if of <= 0:
        return Estimate(math.nan, math.nan, math.nan, counted)
    value = hits / of
    if clusters < 2 and of > 1:
        return Estimate(value, math.nan, math.nan, counted)
    size = float(of) if clusters == of == counted else effective(value, of, clusters, squares)
    return Estimate(value, *wilson(value, size), counted)


def share_of(stimulus: npt.NDArray[Any], yes: npt.NDArray[np.bool_]) -> Estimate:
    """The share of ``yes`` (``[n]``) with the interval of :func:`share`, answers to one ``stimulus`` being clusters."""
    n = len(yes)
    if not n:
        return Estimate(math.nan, math.nan, math.nan, 0)
    value = float(yes.mean())
    if n == 1 or (stimulus[1:] > stimulus[:-1]).all():  # one answer each
        return Estimate(value, *wilson(value, n), n)
    place = numbered(stimulus)
    of = np.bincount(place)
    apart = np.bincount(place, weights=yes) - value * of
    return share(float(yes.sum()), float(n), float(len(of)), float(apart @ apart), n=n)


def effective(value: float, of: float, clusters: float, squares: float) -> float:
    """How many independent answers a share of ``of`` clustered ones is worth: at most ``of``; see :func:`share`."""
    spread = value * (1 - value)
    if spread <= 0:
        worth = float(clusters)
    else:
        worth = spread * of**2 / squares if squares > 0 else float(of)
    return min(float(of), worth * (Z_95 / float(stdtrit(clusters - 1, 0.975))) ** 2)


def wilson(value: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % score interval (Wilson 1927, JASA 22:209-212) of a share of ``n``, which need not be whole."""
    scale = 1 + Z_95**2 / n
    centre = (value + Z_95**2 / (2 * n)) / scale
    half = Z_95 / scale * math.sqrt(max(0.0, value * (1 - value)) / n + Z_95**2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def shares(hits: Numbers, of: Numbers, clusters: Numbers, squares: Numbers) -> list[Estimate]:
    """:func:`share` of each place of four arrays ``[n]``."""
    return [share(*map(float, place)) for place in zip(hits, of, clusters, squares, strict=True)]


def squared(hits: Numbers, of: Numbers, hh: Numbers, ho: Numbers, oo: Numbers) -> Numbers:
    """The sum over clusters of (hits − share · of)², from the sums of their squares and products; 0 for nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(of > 0, hits / of, 0.0)
    found: Numbers = np.maximum(0.0, hh - 2 * value * ho + value**2 * oo)
    return found
