"""Scores of two sides and their differences: scikit-learn, and stimuli drawn one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, recall_score

from elena_wb.analysis.clusters import mean_over_stimuli, patterns
from elena_wb.analysis.paired_scores import score_change
from elena_wb.core import ABSTAINED, Resampling

NO = Resampling(0)


def planted(seed: int, stimuli: int, repeats: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    stimulus = np.repeat(rng.permutation(stimuli), repeats)
    truth = rng.integers(0, 4, stimuli)[stimulus]
    wrong = rng.integers(ABSTAINED - 1, 6, (2, len(stimulus)))
    right = rng.random((2, len(stimulus))) < np.array([[0.7], [0.5]])
    first, second = np.where(right, truth, wrong)
    return first, second, truth, stimulus


def by_scikit_learn(answers: Any, truth: Any) -> list[float]:
    labels = np.unique(truth).tolist()
    return [
        accuracy_score(truth, answers),
        recall_score(truth, answers, labels=labels, average="macro", zero_division=0),
        f1_score(truth, answers, labels=labels, average="macro", zero_division=0),
        f1_score(truth, answers, labels=labels, average="weighted", zero_division=0),
    ]


def by_hand(answers: Any, truth: Any) -> list[float]:
    """The same by counting: scikit-learn takes its time for each of hundreds of samples."""
    labels = np.unique(truth)
    support = np.array([(truth == one).sum() for one in labels])
    hits = np.array([((truth == one) & (answers == one)).sum() for one in labels])
    f1 = 2 * hits / (support + np.array([(answers == one).sum() for one in labels]))
    return [
        hits.sum() / len(truth),
        (hits / support).mean(),
        f1.mean(),
        (f1 * support).sum() / support.sum(),
    ]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 30), st.integers(1, 3))
def test_each_side_scores_what_scikit_learn_says(seed: int, stimuli: int, repeats: int) -> None:
    first, second, truth, stimulus = planted(seed, stimuli, repeats)
    found = score_change(first, second, truth, stimulus, NO)
    assert found is not None
    before, after = by_scikit_learn(first, truth), by_scikit_learn(second, truth)
    assert by_hand(first, truth) == pytest.approx(before)
    assert [one.first.value for one in found.figures.values()] == pytest.approx(before)
    assert [one.second.value for one in found.figures.values()] == pytest.approx(after)
    apart = [b - a for a, b in zip(before, after, strict=True)]
    assert [one.change.value for one in found.figures.values()] == pytest.approx(apart)
    assert (found.n, found.stimuli) == (stimuli * repeats, stimuli)
    labels = np.unique(truth).tolist()
    of_classes = f1_score(truth, second, labels=labels, average=None, zero_division=0)
    assert {code: one.second.value for code, one in found.classes.items()} == pytest.approx(
        dict(zip(labels, of_classes, strict=True))
    )


def test_intervals_are_those_of_stimuli_drawn_with_all_their_answers_on_both_sides() -> None:
    first, second, truth, stimulus = planted(3, 80, 2)
    rng = np.random.default_rng(5)
    drawn = []
    for _ in range(400):
        rows = np.concatenate([np.flatnonzero(stimulus == one) for one in rng.integers(0, 80, 80)])
        sides = [by_hand(side[rows], truth[rows]) for side in (first, second)]
        drawn.append(np.subtract(sides[1], sides[0]))
    found = score_change(first, second, truth, stimulus, Resampling(4000))
    assert found is not None
    for one, low, high in zip(
        found.figures.values(), *np.quantile(drawn, [0.025, 0.975], axis=0), strict=True
    ):
        assert (one.change.low, one.change.high) == pytest.approx((low, high), abs=0.2 * (high - low))


def test_abstentions_are_wrong_and_no_class_and_labels_that_are_never_true_are_none() -> None:
    found = score_change(np.array([0, 1, 0]), np.array([ABSTAINED, 1, 7]), np.array([0, 1, 1]), resampling=NO)
    assert found is not None
    assert set(found.classes) == {0, 1}
    assert found.figures["macro_f1"].second.value == pytest.approx((0 + 2 / 3) / 2)


def test_an_interval_that_cannot_be_had_is_none() -> None:
    truth = np.array([0, 1, 0, 1])
    same = score_change(truth, truth, truth)
    assert same is not None
    assert same.figures["macro_f1"].change.value == 0
    assert math.isnan(same.figures["macro_f1"].change.low)
    alone = score_change(np.array([0, 0]), np.array([1, 0]), np.array([0, 0]), np.array([5, 5]))
    assert alone is not None
    assert math.isnan(alone.figures["accuracy"].change.low)
    assert (alone.stimuli, alone.figures["accuracy"].change.value) == (1, -0.5)
    assert score_change(truth, truth, np.full(4, -1)) is None
    assert score_change(truth[:0], truth[:0], truth[:0]) is None


def test_stimuli_without_a_known_truth_count_for_nothing() -> None:
    first, second, truth, stimulus = planted(1, 20, 2)
    more = [np.concatenate([one, [0, 1, 2]]) for one in (first, second)]
    unknown = np.concatenate([truth, [-1, -1, -1]])
    assert score_change(*more, unknown, np.concatenate([stimulus, [90, 91, 91]])) == score_change(
        first, second, truth, stimulus
    )


def test_a_pattern_is_stimuli_with_the_same_answers_in_any_order() -> None:
    found = patterns(np.array([9, 9, 4, 4, 2, 7, 7]), np.array([5, 6, 6, 5, 5, 5, 5]))
    assert sorted(found.stimuli.tolist()) == [1, 1, 2]
    codes = np.array([5, 6, 6, 5, 5, 5, 5])[found.rows]
    seen = {
        tuple(sorted(codes[found.pattern == place].tolist())): count
        for place, count in enumerate(found.stimuli.tolist())
    }
    assert seen == {(5, 6): 2, (5,): 1, (5, 5): 1}


def test_a_mean_over_stimuli_draws_repeats_together() -> None:
    values = np.tile([1.0, -1.0], 30)
    apart = mean_over_stimuli(np.arange(60), values, Resampling(1000))
    together = mean_over_stimuli(np.arange(60) % 2, values, Resampling(1000))
    assert apart.value == together.value == 0
    assert together.high - together.low > 3 * (apart.high - apart.low)
    assert math.isnan(mean_over_stimuli(np.arange(3), np.ones(3), Resampling(100)).low)
    assert mean_over_stimuli(np.array([], int), np.array([]), NO).n == 0


def test_intervals_of_many_stimuli_are_those_of_drawing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, truth, stimulus = planted(2, 21_000, 1)
    quick = score_change(first, second, truth, stimulus, Resampling(2000))
    monkeypatch.setattr("elena_wb.analysis.clusters._MANY", 10**9)
    drawn = score_change(first, second, truth, stimulus, Resampling(2000))
    assert quick is not None
    assert drawn is not None
    for name, one in drawn.figures.items():
        other, width = quick.figures[name].change, one.change.high - one.change.low
        assert other.value == pytest.approx(one.change.value)
        assert (other.low, other.high) == pytest.approx((one.change.low, one.change.high), abs=0.1 * width)
    same = score_change(first, first, truth, stimulus)
    assert same is not None
    assert math.isnan(same.figures["uar"].change.low)
