"""What people's ratings come to: means and differences where both the items and the people vary.

Ratings are no independent draws: those of one picture belong together, and so do those of one rater. Two intervals say
what each leaves to chance. Both draw pictures, with replacement and with all that was said of them; the wider one draws
the raters too, independently of the pictures, a rating counting as often as its picture times its rater was drawn: the
pigeonhole bootstrap of Owen 2007 (Annals of Applied Statistics 1:386-411), whose variance is at least about right where
both are random. The first holds for these raters and other pictures, the second for other people as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bootstrap import interval
from elena_wb.core import Estimate, Resampling

Codes: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float64]
Statistic: TypeAlias = Callable[[Numbers], Numbers]

FEWEST_RATERS = 3
"""Of fewer, drawing them again says nothing of others."""
PERMUTATIONS = 9_999
_EXACT_UP_TO = 14
_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class Rated:
    """A mean, or a difference of means: ``pictures`` has the interval over pictures, ``raters`` that over both.

    The latter's limits are NaN with fewer than three raters; either's where there is but one picture, or all say the
    same.
    """

    pictures: Estimate
    raters: Estimate

    @property
    def value(self) -> float:
        """The mean, or the difference."""
        return self.pictures.value


def mean(values: Numbers, picture: Codes, rater: Codes, resampling: Resampling) -> Rated:
    """The mean of ``values`` (``[n]``), each of a ``picture`` and a ``rater`` (codes, ``[n]``)."""
    sums = _sums(picture, rater, np.column_stack([values, np.ones(len(values))]))
    return _crossed(sums, lambda s: _ratio(s[:, 0], s[:, 1]), len(values), resampling)


def difference(
    first: Numbers, second: Numbers, picture: Codes, rater: Codes, resampling: Resampling
) -> tuple[Rated, float]:
    """The mean of ``second`` less ``first`` (``[n]``), both about one picture by one rater; and the p-value.

    The test takes the differences of each picture to be as likely with the other sign (Fisher 1935, *The Design of
    Experiments*, §21), a picture's all together: exact for up to 14 pictures whose differences are not 0, else from
    9,999 random signs, the observed ones counted among them (Phipson & Smyth 2010, Statistical Applications in Genetics
    and Molecular Biology 9:39). Raters are taken as they are.
    """
    apart = second - first
    found = mean(apart, picture, rater, resampling)
    _, place = np.unique(picture, return_inverse=True)
    totals = np.asarray(np.bincount(place, weights=apart), dtype=np.float64)
    return found, sign_flips(totals, resampling.seed)


def difference_apart(
    first: tuple[Numbers, Codes, Codes], second: tuple[Numbers, Codes, Codes], resampling: Resampling
) -> tuple[Rated, float]:
    """The mean of the second less that of the first, of different pictures; each is values, picture, rater (``[n]``).

    The test shares the pictures out anew between the two, each with all its ratings, 9,999 times at random, the
    observed way counted among them. A picture that both have counts as two.
    """
    sizes = len(first[0]), len(second[0])
    pictures = 1 + max((int(of[1].max()) for of in (first, second) if len(of[1])), default=0)
    values = np.concatenate([first[0], second[0]])
    of_second = np.repeat([0.0, 1.0], sizes)
    columns = np.column_stack([values * (1 - of_second), 1 - of_second, values * of_second, of_second])
    picture = np.concatenate([first[1], second[1]])
    rater = np.concatenate([first[2], second[2]])

    def statistic(s: Numbers) -> Numbers:
        return _ratio(s[:, 2], s[:, 3]) - _ratio(s[:, 0], s[:, 1])

    found = _crossed(_sums(picture, rater, columns), statistic, sum(sizes), resampling)
    _, unit = np.unique(picture + pictures * of_second.astype(np.int64), return_inverse=True)
    totals = np.column_stack([np.bincount(unit, weights=values), np.bincount(unit)]).astype(np.float64)
    here = np.zeros(len(totals), dtype=bool)
    here[unit[of_second > 0]] = True
    return found, _exchanged(totals, here, resampling.seed)


def sign_flips(sums: Numbers, seed: int) -> float:
    """The two-sided p-value of ``sums`` (``[pictures]``) having no direction; 1 where all are 0, NaN without any."""
    if not len(sums):
        return math.nan
    moved = sums[np.abs(sums) > 1e-9]
    observed = abs(float(moved.sum())) - 1e-9
    n = len(moved)
    if n <= _EXACT_UP_TO:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return float((np.abs(signs @ moved) >= observed).mean())
    rng = np.random.default_rng(seed)
    as_far = 0
    size = max(1, _CHUNK // n)
    for start in range(0, PERMUTATIONS, size):
        some = min(size, PERMUTATIONS - start)
        signs = 2.0 * rng.integers(0, 2, (some, n), dtype=np.int8) - 1.0
        as_far += int((np.abs(signs @ moved) >= observed).sum())
    return (as_far + 1) / (PERMUTATIONS + 1)


def _exchanged(totals: Numbers, second: npt.NDArray[np.bool_], seed: int) -> float:
    """``totals`` (``[units, 2]``: sum and count) with ``second`` saying which are of the second side."""
    if second.all() or not second.any():
        return math.nan
    whole = totals.sum(axis=0)

    def apart(of: Numbers) -> Numbers:
        rest = whole - of
        return np.asarray(np.abs(of[:, 0] / of[:, 1] - rest[:, 0] / rest[:, 1]))

    observed = float(apart(totals[second].sum(axis=0, keepdims=True))[0]) - 1e-9
    rng = np.random.default_rng(seed)
    as_far = 0
    size = max(1, _CHUNK // len(totals))
    for start in range(0, PERMUTATIONS, size):
        some = min(size, PERMUTATIONS - start)
        chosen = rng.permuted(np.tile(second, (some, 1)), axis=1)
        as_far += int((apart(chosen @ totals) >= observed).sum())
    return (as_far + 1) / (PERMUTATIONS + 1)


def _sums(picture: Codes, rater: Codes, columns: Numbers) -> Numbers:
    """What each picture and rater adds to each column: ``[pictures, raters, columns]``."""
    pictures, u = np.unique(picture, return_inverse=True)
    raters, r = np.unique(rater, return_inverse=True)
    place = u * len(raters) + r
    flat = [np.bincount(place, weights=column, minlength=len(pictures) * len(raters)) for column in columns.T]
    shape = (len(pictures), len(raters), columns.shape[1])
    return np.asarray(np.stack(flat, axis=1), dtype=np.float64).reshape(shape)


def _crossed(sums: Numbers, statistic: Statistic, n: int, resampling: Resampling) -> Rated:
    if not n:
        nothing = Estimate(math.nan, math.nan, math.nan, 0)
        return Rated(nothing, nothing)
    pictures, raters, columns = sums.shape
    value = float(statistic(sums.sum(axis=(0, 1))[None])[0])
    flat = sums.reshape(pictures, raters * columns)
    chance = np.random.default_rng([resampling.seed, raters])
    narrow, wide = [np.array([])], [np.array([])]
    for times in drawn(pictures, resampling):
        by_rater = (times @ flat).reshape(len(times), raters, columns)
        narrow.append(statistic(by_rater.sum(axis=1)))
        if raters >= FEWEST_RATERS:
            of_raters = chance.multinomial(raters, np.full(raters, 1 / raters), size=len(times))
            wide.append(statistic((by_rater * of_raters[:, :, None]).sum(axis=1)))
    return Rated(*(_told(value, *interval(np.concatenate(of)), n) for of in (narrow, wide)))


def drawn(units: int, resampling: Resampling, *, most: int = 1_000_000) -> Iterator[Numbers]:
    """How often each of so many is drawn with replacement: float64 ``[some samples, units]``, until there are enough.

    ``most`` is how many samples come at once at most; memory bounds them too.
    """
    rng = np.random.default_rng(resampling.seed)
    size = max(1, min(most, _CHUNK // max(units, 1)))
    for start in range(0, resampling.resamples, size):
        some = min(size, resampling.resamples - start)
        places = rng.integers(0, units, (some, units)) + units * np.arange(some)[:, None]
        yield np.bincount(places.ravel(), minlength=some * units).reshape(some, units).astype(np.float64)


def _ratio(of: Numbers, by: Numbers) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(by > 0, of / by, np.nan), dtype=np.float64)


def _told(value: float, low: float, high: float, n: int) -> Estimate:
    """Limits that do not differ are none: all samples were the same."""
    return Estimate(value, low, high, n) if high - low > 1e-12 else Estimate(value, math.nan, math.nan, n)
