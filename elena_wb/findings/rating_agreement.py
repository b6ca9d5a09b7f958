"""How far raters agree about the same items, and each with himself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.agreement import krippendorff_alpha
from elena_wb.core import Estimate, Resampling
from elena_wb.findings.rating_judged import Codes, Judged


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two or more judgements of each of ``items``, by different raters, or by one rater whom an item was shown twice.

    ``alpha`` is Krippendorff's, ordinal for scales and nominal for choices, its interval over pictures. Of all
    ``compared`` pairs of judgements of one item the share ``same`` is equal; on scales they are ``apart`` on average
    (NaN of choices).
    """

    question: str
    items: int
    compared: int
    alpha: Estimate
    same: float
    apart: float


def agreement(
    said: Judged, questions: Sequence[str], resampling: Resampling, *, single: bool, same_rater: bool
) -> tuple[Agreement, ...]:
    """By question; none where nothing was judged twice."""
    found = []
    for question in questions:
        values, picture = _table(said.where(said.scale == question), same_rater=same_rater)
        twice = np.isfinite(values).sum(axis=1) > 1
        if twice.any():
            found.append(_agreement(question, values[twice], picture[twice], resampling, single=single))
    return tuple(found)


def _table(rows: Judged, *, same_rater: bool) -> tuple[npt.NDArray[np.float64], Codes]:
    """Judgements by item and rater, or by item of a rater and showing, NaN where there is none; the items' pictures."""
    if same_rater:
        key = rows.item * (1 + int(rows.rater.max(initial=0))) + rows.rater
        column, width = rows.again.astype(np.int64), 2
    else:
        rows = rows.where(~rows.again)
        key, column, width = rows.item, rows.rater, 1 + int(rows.rater.max(initial=0))
    units, first, place = np.unique(key, return_index=True, return_inverse=True)
    values = np.full((len(units), width), nan)
    values[place, column] = rows.value
    return values, rows.picture[first]


def _agreement(
    question: str, values: npt.NDArray[np.float64], picture: Codes, resampling: Resampling, *, single: bool
) -> Agreement:
    levels = np.unique(values[np.isfinite(values)])
    times = (values[:, :, None] == levels).sum(axis=1).astype(np.float64)
    judged = times.sum(axis=1)
    compared = float((judged * (judged - 1)).sum()) / 2
    same = float((times * (times - 1)).sum()) / 2
    between = np.abs(levels[:, None] - levels[None, :])
    apart = float(((times @ between) * times).sum()) / 2 / compared
    alpha = krippendorff_alpha(values, "ordinal" if single else "nominal", resampling, stimulus=picture)
    return Agreement(question, len(values), round(compared), alpha, same / compared, apart if single else nan)
