"""Scores of valence, arousal and dominance."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from elena_wb.analysis.bootstrap import Numbers, estimates, named
from elena_wb.core import Answers, Column, Estimate, Resampling, Scores

DIMENSIONS = ("valence", "arousal", "dominance")
FIGURES = ("mae", "ccc", "pearson_r")
_SUMS = 7
_ROUNDING = 1e-12
"""A variance that is this share of the mean square, or less, is nothing but rounding."""


class Affect:
    """Mean absolute error, concordance correlation and Pearson's r of each dimension, and their means.

    Over the answers that state the dimension, to stimuli of which it is known. Truth and answers must be on
    one scale, which is 1 to 10 in the data sets that we read.
    """

    reads: ClassVar[frozenset[Column]] = frozenset({"vad"})

    def score(self, answers: Answers, resampling: Resampling) -> Scores | None:
        """The scores; ``None`` where no answer states what is known."""
        known = np.isfinite(answers.truth_vad)
        if not known.any():
            return None
        sums, offsets = _sums(answers)
        some = sums[:, 0::_SUMS].any(axis=1)
        if not some.any():
            return None

        def figures(sums: Numbers) -> Numbers:
            of = _figures(sums.reshape(-1, len(DIMENSIONS), _SUMS), offsets)
            defined = ~np.isnan(of)
            with np.errstate(invalid="ignore"):
                means = np.where(defined, of, 0.0).sum(axis=1) / defined.sum(axis=1)
            return np.column_stack([means, of.reshape(len(of), -1)])

        found = estimates(sums[some], answers.stimuli[some], figures, resampling, smooth=True)
        counts = np.rint((answers.stimuli[:, None] * sums[:, 0::_SUMS]).sum(axis=0)).astype(int)
        asked = ((answers.weights[:, None]) * known[answers.pattern]).sum(axis=0)
        rows = np.array(found).reshape(1 + len(DIMENSIONS), len(FIGURES), 3)
        n = int(counts.max())

        def by_name(row: Numbers, n: int) -> dict[str, Estimate]:
            return named(FIGURES, [(one[0], one[1], one[2]) for one in row.tolist()], n)

        missing = [
            f"Answers that state no {dimension}: {int(of_all - has):,} of {int(of_all):,}."
            for dimension, has, of_all in zip(DIMENSIONS, counts, asked, strict=True)
            if has < of_all
        ]
        return Scores(
            title="Valence, arousal, dominance",
            n=n,
            figures=by_name(rows[0], n),
            classes={
                dimension: by_name(row, int(count))
                for dimension, row, count, of_all in zip(DIMENSIONS, rows[1:], counts, asked, strict=True)
                if of_all
            },
            notes=tuple(missing),
        )


def _sums(answers: Answers) -> tuple[Numbers, Numbers]:
    """What each pattern adds to n, Σx, Σy, Σx², Σy², Σxy and Σ|x−y| of each dimension: ``[patterns, 3·7]``.

    x is the truth, y the answer, both less the mean of the truth, which keeps squares free of rounding;
    the offsets are returned too.
    """
    truth, answered = answers.truth_vad.T[:, answers.pattern], np.ascontiguousarray(answers.vad.T)
    both = np.isfinite(truth) & np.isfinite(answered)
    k, weights = len(answers.stimuli), answers.weights
    sums, offsets = np.zeros((k, len(DIMENSIONS) * _SUMS)), np.zeros(len(DIMENSIONS))
    for dimension, usable in enumerate(both):
        pattern = answers.pattern[usable]
        x, y = truth[dimension][usable], answered[dimension][usable]
        if len(x):
            offsets[dimension] = np.average(x, weights=weights[usable])
        x, y = x - offsets[dimension], y - offsets[dimension]
        for place, part in enumerate((np.ones_like(x), x, y, x * x, y * y, x * y, np.abs(x - y))):
            sums[:, dimension * _SUMS + place] = np.bincount(pattern, weights=part, minlength=k)
    return sums, offsets


def _figures(sums: Numbers, offsets: Numbers) -> Numbers:
    """Figures ``[samples, dimensions, 3]`` from sums ``[samples, dimensions, 7]``.

    The concordance correlation is 2·s_xy / (s_x² + s_y² + (x̄ − ȳ)²) with moments over n (Lin 1989,
    Biometrics 45:255-268), Pearson's r is s_xy / (s_x·s_y). Where truth and answers are one and the same
    constant the former is not defined; where either is constant the latter is not.
    """
    n, *of = np.moveaxis(sums, 2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y, xx, yy, xy, apart = (one / n for one in of)
        variance_x, variance_y = _variance(xx, x, offsets), _variance(yy, y, offsets)
        covariance = np.where((variance_x > 0) & (variance_y > 0), xy - x * y, 0.0 * xy)
        distance = (x - y) ** 2
        ccc = 2 * covariance / (variance_x + variance_y + distance)
        r = np.clip(covariance / np.sqrt(variance_x * variance_y), -1.0, 1.0)
    return np.stack([apart, ccc, r], axis=2)


def _variance(squares: Numbers, mean: Numbers, offset: Numbers) -> Numbers:
    variance = squares - mean * mean
    return np.where(
        variance > _ROUNDING * (squares + offset * offset),
        variance,
        np.where(np.isnan(variance), np.nan, 0.0),
    )
