"""Scores of two lists of answers to the same questions, and by how much they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.classification import accuracy, from_sums, macro_f1, uar, weighted_f1
from elena_wb.analysis.clusters import over_stimuli, patterns, summed
from elena_wb.analysis.paired import oftener
from elena_wb.analysis.single_label import FIGURES
from elena_wb.core import Estimate, Resampling

Numbers: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BothSides:
    """A figure of the first answers and of the second, and the second less the first."""

    first: Estimate
    second: Estimate
    change: Estimate


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """Scores of ``n`` pairs of answers about ``stimuli`` stimuli.

    ``figures`` are accuracy, UAR, macro-F1 and weighted-F1 by name (``macro_f1``), ``classes`` the F1 of each label
    that is true of some, by its code.
    """

    n: int
    stimuli: int
    figures: Mapping[str, BothSides]
    classes: Mapping[int, BothSides]


def score_change(
    first: npt.NDArray[Any],
    second: npt.NDArray[Any],
    truth: npt.NDArray[Any],
    stimulus: npt.NDArray[Any] | None = None,
    resampling: Resampling = Resampling(),  # noqa: B008
) -> ScoreChange | None:
    """Score both sides of the pairs of which one label is known to be true; ``None`` where there is no such pair.

    ``first``, ``second`` and ``truth`` (integers ``[n]``) are codes of labels. A negative answer names no label and is
    wrong: leave out failed calls before. A negative truth is not known. The classes are the labels that occur in the
    truth, as in :class:`elena_wb.analysis.single_label.SingleLabel`. Intervals are of the paired percentile bootstrap
    (Efron & Tibshirani 1993, ch. 13): stimuli, which ``stimulus`` (integers ``[n]``) tells apart, are drawn with all
    their answers on both sides. An interval that resampling cannot give is NaN.
    """
    known = np.asarray(truth) >= 0
    n = int(known.sum())
    if not n:
        return None
    first, second, truth = np.asarray(first)[known], np.asarray(second)[known], np.asarray(truth)[known]
    about = np.flatnonzero(known) if stimulus is None else np.asarray(stimulus)[known]
    true, truth = np.unique(truth, return_inverse=True)
    size = len(true)
    a, b = _places(first, true), _places(second, true)
    found = patterns(about, (truth * (size + 1) + a) * (size + 1) + b)
    truth, a, b = truth[found.rows], a[found.rows], b[found.rows]
    classes = np.arange(size)
    is_true, says_a, says_b = (codes[:, None] == classes for codes in (truth, a, b))
    columns = np.column_stack([is_true, is_true & says_a, says_a, is_true & says_b, says_b])
    sums = summed(found.pattern, columns)
    figures = over_stimuli(sums, _figures(size), resampling, found.stimuli)
    support = (found.stimuli @ sums)[:size]
    width = len(FIGURES) + size
    of_first, of_second, apart = (figures[place * width : (place + 1) * width] for place in range(3))
    counts = [n] * len(FIGURES) + [int(count) for count in support]
    both = [
        BothSides(*(Estimate(value, low, high, count) for value, low, high in three))
        for *three, count in zip(of_first, of_second, apart, counts, strict=True)
    ]
    return ScoreChange(
        n=n,
        stimuli=int(found.stimuli.sum()),
        figures=dict(zip(FIGURES, both, strict=False)),
        classes=dict(zip(true.tolist(), both[len(FIGURES) :], strict=True)),
    )


def _places(answers: npt.NDArray[Any], true: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The position of each answer among the true labels; one beyond the last for any other."""
    place = np.searchsorted(true, answers).clip(max=len(true) - 1)
    return np.where(true[place] == answers, place, len(true)).astype(np.int64)


def _figures(size: int) -> Any:
    """Sums ``[samples, 5·labels]`` → figures of the first side, of the second, and their differences."""

    def figures(sums: Numbers) -> Numbers:
        support, *sides = (sums[:, place * size : (place + 1) * size] for place in range(5))
        of = [from_sums(sides[place], sides[place + 1], support) for place in (0, 2)]
        first, second = (
            np.column_stack([accuracy(one), uar(one), macro_f1(one), weighted_f1(one), one.f1]) for one in of
        )
        return np.column_stack([first, second, second - first])

    return figures


def more_often_right(
    first: npt.NDArray[Any], second: npt.NDArray[Any], truth: npt.NDArray[Any], stimulus: npt.NDArray[Any]
) -> tuple[int, float]:
    """How many stimuli there are, and the exact two-sided p of either side being right more often of as many of them.

    The arguments are as :func:`score_change` has them, all truths known. Each stimulus counts once: see
    :func:`elena_wb.analysis.paired.oftener`.
    """
    return oftener((second == truth).astype(np.int64) - (first == truth), stimulus)
