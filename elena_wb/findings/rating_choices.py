"""Choices between two answers: which run's are preferred, and whether the side on which they stand matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from elena_wb.analysis.interval import proportion
from elena_wb.analysis.paired import mcnemar
from elena_wb.analysis.rating import Rated, mean
from elena_wb.core import Estimate, Resampling
from elena_wb.findings.rating_corrected import corrected
from elena_wb.findings.rating_judged import PREFERRED, Judged

_FIRST, _SECOND, _EQUAL = range(len(PREFERRED))


@dataclass(frozen=True, slots=True)
class Preference:
    """First choices between the answers of two runs.

    ``share`` is that of the second among the choices that decided; its intervals are over pictures, and over raters.
    A picture counts for the run whose answers were chosen more often, by whichever rater, and as ``tied`` where there
    is none. ``p`` is the exact two-sided sign test of the pictures counting for either equally often: the binomial test
    of choices where each picture has one. ``p_holm`` is corrected for all preferences of the session.
    """

    question: str
    first: int
    second: int
    raters: int
    prefer_first: int
    prefer_second: int
    equal: int
    share: Rated
    pictures_first: int
    pictures_second: int
    tied: int
    p: float
    p_holm: float

    @property
    def choices(self) -> int:
        """All of them."""
        return self.prefer_first + self.prefer_second + self.equal


@dataclass(frozen=True, slots=True)
class Side:
    """On which side what was preferred stood, over first choices; ``left_share`` of those that decided.

    Sides were drawn by chance for each rater and item. So ``p``, exact and two-sided, tests for a leaning to one side
    whatever the answers were like.
    """

    question: str
    left: int
    right: int
    equal: int
    left_share: Estimate
    p: float


def preferences(said: Judged, questions: Sequence[str], resampling: Resampling) -> tuple[Preference, ...]:
    """By question, and by pair of runs within it."""
    found = []
    for question in questions:
        of = said.where(said.scale == question)
        for first, second in sorted(set(zip(of.run_a.tolist(), of.run_b.tolist(), strict=True))):
            rows = of.where((of.run_a == first) & (of.run_b == second))
            found.append(_preference(question, first, second, rows, resampling))
    return corrected(found)


def _preference(question: str, first: int, second: int, rows: Judged, resampling: Resampling) -> Preference:
    counts = np.bincount(rows.value, minlength=len(PREFERRED)).tolist()
    decided = rows.where(rows.value != _EQUAL)
    share = mean((decided.value == _SECOND).astype(np.float64), decided.picture, decided.rater, resampling)
    pictures, place = np.unique(rows.picture, return_inverse=True)
    leaning = (rows.value == _SECOND).astype(np.int64) - (rows.value == _FIRST)
    towards = np.rint(np.bincount(place, weights=leaning, minlength=len(pictures)))
    won, lost = int((towards > 0).sum()), int((towards < 0).sum())
    return Preference(
        question,
        first,
        second,
        len(np.unique(rows.rater)),
        counts[_FIRST],
        counts[_SECOND],
        counts[_EQUAL],
        share,
        lost,
        won,
        len(pictures) - won - lost,
        mcnemar(lost, won) if won + lost else nan,
        nan,
    )


def sides(said: Judged, questions: Sequence[str]) -> tuple[Side, ...]:
    """By question; none of what nobody answered."""
    found = []
    for question in questions:
        rows = said.where(said.scale == question)
        if len(rows):
            equal = int((rows.value == _EQUAL).sum())
            left = int(rows.left.sum())
            right = len(rows) - equal - left
            p = mcnemar(left, right) if left + right else nan
            found.append(Side(question, left, right, equal, proportion(left, left + right), p))
    return tuple(found)
