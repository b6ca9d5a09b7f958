"""Ratings of single answers: means by scale and run, and how runs differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from elena_wb.analysis.rating import Codes, Numbers, Rated, difference, difference_apart, mean
from elena_wb.core import Resampling
from elena_wb.findings.rating_corrected import corrected
from elena_wb.findings.rating_judged import Judged

FEWEST_PAIRED = 6
"""With fewer pictures of which one rater rated both answers, no test of these could come out below .05."""


@dataclass(frozen=True, slots=True)
class Mean:
    """First ratings of the ``answers`` of a run on a scale; ``sd`` is of all ratings, NaN of a single one."""

    scale: str
    run_id: int
    answers: int
    ratings: int
    raters: int
    sd: float
    mean: Rated


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher the answers of ``second`` are rated than those of ``first``.

    ``paired``: the difference is within one rater and stimulus, of which there are ``ratings`` over ``pictures``. Else
    all ratings of the two runs are compared, as of different pictures: raters then rate too few stimuli for both.
    ``p`` is two-sided, ``p_holm`` corrected for all differences of the session.
    """

    scale: str
    first: int
    second: int
    paired: bool
    ratings: int
    pictures: int
    change: Rated
    p: float
    p_holm: float


def means(said: Judged, scales: Sequence[str], resampling: Resampling) -> tuple[Mean, ...]:
    """By scale, and by run within it."""
    found = []
    for scale in scales:
        of_scale = said.where(said.scale == scale)
        for run_id in of_scale.runs():
            rows = of_scale.where(of_scale.run_a == run_id)
            values = rows.value.astype(np.float64)
            found.append(
                Mean(
                    scale,
                    run_id,
                    len(np.unique(rows.item)),
                    len(rows),
                    len(np.unique(rows.rater)),
                    float(values.std(ddof=1)) if len(values) > 1 else nan,
                    mean(values, rows.picture, rows.rater, resampling),
                )
            )
    return tuple(found)


def differences(
    said: Judged, scales: Sequence[str], pairs: Sequence[tuple[int, int]], resampling: Resampling
) -> tuple[Difference, ...]:
    """By scale, and by pair of runs within it; pairs of which one was not rated on the scale are left out."""
    found = []
    for scale in scales:
        of_scale = said.where(said.scale == scale)
        for first, second in pairs:
            sides = of_scale.where(of_scale.run_a == first), of_scale.where(of_scale.run_a == second)
            if len(sides[0]) and len(sides[1]):
                found.append(_difference(scale, (first, second), *sides, resampling))
    return corrected(found)


def _difference(
    scale: str, runs: tuple[int, int], first: Judged, second: Judged, resampling: Resampling
) -> Difference:
    before, after, picture, rater = _pairs(first, second)
    pictures = len(np.unique(picture))
    if pictures >= FEWEST_PAIRED:
        change, p = difference(before, after, picture, rater, resampling)
        return Difference(scale, *runs, True, len(before), pictures, change, p, nan)
    sides = [(side.value.astype(np.float64), side.picture, side.rater) for side in (first, second)]
    change, p = difference_apart(sides[0], sides[1], resampling)
    pictures = len(np.unique(np.concatenate([first.picture, second.picture])))
    return Difference(scale, *runs, False, len(first) + len(second), pictures, change, p, nan)


def _pairs(first: Judged, second: Judged) -> tuple[Numbers, Numbers, Codes, Codes]:
    """The mean rating of each side's answers about one stimulus by one rater who rated both; picture and rater."""
    stimuli = 1 + max(int(first.stimulus.max()), int(second.stimulus.max()))
    by = []
    for side in (first, second):
        key, place = np.unique(side.rater * stimuli + side.stimulus, return_inverse=True)
        by.append(
            (key, np.asarray(np.bincount(place, weights=side.value) / np.bincount(place), dtype=np.float64))
        )
    both, here, there = np.intersect1d(by[0][0], by[1][0], return_indices=True)
    picture = dict(zip(first.stimulus.tolist(), first.picture.tolist(), strict=True))
    of = np.array([picture[stimulus] for stimulus in (both % stimuli).tolist()], dtype=np.int64)
    return by[0][1][here], by[1][1][there], of, both // stimuli
