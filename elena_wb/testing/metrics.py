"""The contract of a metric: ``check_metric`` tries everything that the host relies on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from elena_wb.analysis.checking import checked_columns, checked_scores
from elena_wb.core import Answers, Estimate, Metric, Resampling, Scores
from elena_wb.testing.answers import (
    every_case,
    everyday,
    in_another_order,
    many,
    repeated,
    split,
    with_labels_turned,
)
from elena_wb.testing.inspection import Inspection, Report, must
from elena_wb.testing.instances import silent

SOON_S = 20.0
"""How long a few thousand patterns of answers may take."""

_RESAMPLING = Resampling(200, seed=1)
_NEAR = 1e-9
_NARROWER = 0.8
"""Below this share of its width an interval over answers, and not over stimuli, gives itself away (1/√3 = 0.58)."""


def check_metric(metric: Metric | Callable[[], Metric]) -> Report:
    """Hold a metric against the contract.

    Answers of all kinds are made up for it in the labels of ekman7: with one or several true labels, with valence,
    arousal and dominance, with scores; also where every answer is a refusal, could not be read, or nothing is true.

    Raises:
        AssertionError: something the contract asks for does not hold; says what, and what was seen.
    """
    name = metric.__name__ if isinstance(metric, type) else type(metric).__name__
    inspection = Inspection(name)
    with silent(inspection):
        with inspection.asking("it is made without arguments"):
            made: Callable[[], Metric] = metric if callable(metric) else lambda: metric
            first = made()
        with inspection.asking("`reads` is a set of the columns emotion, vad and scores"):
            columns = checked_columns(first.reads)
            must(isinstance(first.reads, frozenset) and columns, f"{first.reads!r}")
        _Trial(inspection, first, made, columns).run()
    return inspection.report()


class _Trial:
    """One metric on trial."""

    def __init__(
        self, inspection: Inspection, metric: Metric, make: Callable[[], Metric], columns: frozenset[Any]
    ) -> None:
        self._inspection = inspection
        self._metric = metric
        self._make = make
        self._columns = columns

    def run(self) -> None:
        asking, cases = self._inspection.asking, every_case(self._columns)
        for what, answers in cases.items():
            with asking(
                f"{what}: the answer is None, or Scores whose figures are Estimates of no more answers"
            ):
                self._scores(answers)
        plain = everyday(self._columns)
        scores = self._scores(plain)
        if scores is None:
            self._inspection.leave_out("its figures, since it has none for answers in the labels of ekman7")
            return
        with asking("the same answers have the same scores, by another instance too: it holds no state"):
            for metric in (self._metric, self._make()):
                again = self._scored(plain, _RESAMPLING, metric)
                must(_told(again) == _told(scores), f"{_first_difference(again, scores)}")
        with asking("without bootstrap samples there are figures all the same"):
            bare = self._scored(plain, Resampling(0))
            must(bare is not None, "None")
            _must_agree(bare, scores, "with 0 samples and with 200")
        with asking("it does not matter in which order patterns come"):
            _must_agree(self._scores(in_another_order(plain)), scores, "in another order")
        with asking("it does not matter in which order the scheme has its labels"):
            _must_agree(self._scores(with_labels_turned(plain)), scores, "with the labels turned round")
        with asking("a pattern of several stimuli counts as so many patterns of one"):
            _must_agree(self._scores(split(plain)), scores, "with each stimulus apart")
        with asking("intervals are over stimuli: to be answered alike three times makes none narrower"):
            _must_be_as_wide(self._scores(repeated(plain, 3)), scores)
        with asking(f"2,000 patterns of 200,000 answers take less than {SOON_S:g} s"):
            started = time.perf_counter()
            self._scored(many(self._columns), Resampling(100))
            took = time.perf_counter() - started
            must(took < SOON_S, f"{took:.0f} s")

    def _scores(self, answers: Answers) -> Scores | None:
        return self._scored(answers, _RESAMPLING)

    def _scored(
        self, answers: Answers, resampling: Resampling, metric: Metric | None = None
    ) -> Scores | None:
        # The arrays cannot be written to, so that a metric that tries is told of a ValueError.
        scores = checked_scores((metric or self._metric).score(answers, resampling))
        if scores is not None:
            must(scores.title.strip(), "Scores without a title")
            must(0 <= scores.n <= answers.n, f"scores of {scores.n} answers, of {answers.n}")
            for where, figure in _figures(scores):
                _check_estimate(where, figure, answers.n)
        return scores


def _check_estimate(where: str, figure: Estimate, most: int) -> None:
    numbers = (figure.value, figure.low, figure.high)
    must(not any(math.isinf(one) for one in numbers), f"{where} is {numbers!r}")
    must(0 <= figure.n <= most, f"{where} is of {figure.n} answers, and there are {most}")
    must(not figure.low > figure.high, f"{where} has an interval from {figure.low:g} to {figure.high:g}")
    must(math.isnan(figure.low) == math.isnan(figure.high), f"{where} has half an interval: {numbers!r}")


def _figures(scores: Scores) -> list[tuple[str, Estimate]]:
    found = [(name, figure) for name, figure in scores.figures.items()]
    for label, of in scores.classes.items():
        found += [(f"{name} of {label}", figure) for name, figure in of.items()]
    return found


def _must_agree(scores: Scores | None, expected: Scores, how: str) -> None:
    """Make sure that the figures themselves, intervals apart, are the same."""
    must(scores is not None, f"None {how}")
    assert scores is not None
    must(scores.n == expected.n, f"{scores.n} answers {how}, and else {expected.n}")
    figures = dict(_figures(scores))
    for where, figure in _figures(expected):
        must(where in figures, f"no {where} {how}")
        value = figures[where].value
        same = _same(value, figure.value)
        must(same, f"{where} is {value:.6g} {how}, and else {figure.value:.6g}")
        must(
            figures[where].n == figure.n,
            f"{where} is of {figures[where].n} answers {how}, and else {figure.n}",
        )


def _must_be_as_wide(scores: Scores | None, expected: Scores) -> None:
    figures = dict(_figures(scores)) if scores is not None else {}
    for where, figure in _figures(expected):
        width = figure.high - figure.low
        other = figures.get(where)
        if other is None or math.isnan(width) or not _same(other.value, figure.value) or width < _NEAR:
            continue
        wide = other.high - other.low
        must(
            wide >= _NARROWER * width,
            f"the interval of {where} is {wide:.3g} wide, and {width:.3g} with one answer",
        )


def _same(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=_NEAR, abs_tol=_NEAR)


def _told(scores: Scores | None) -> Mapping[str, Any]:
    """Everything that scores say, in a form that is equal where it is the same (NaN included)."""
    if scores is None:
        return {}
    figures = {where: repr(figure) for where, figure in _figures(scores)}
    confusion = None if scores.confusion is None else np.asarray(scores.confusion.counts).tolist()
    return {**figures, "n": scores.n, "title": scores.title, "notes": scores.notes, "confusion": confusion}


def _first_difference(scores: Scores | None, expected: Scores) -> str:
    one, other = _told(scores), _told(expected)
    differing = (name for name in other if one.get(name) != other[name])
    return next((f"{name}: {one.get(name)} and {other[name]} before" for name in differing), "more")
