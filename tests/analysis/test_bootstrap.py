"""Intervals are those of drawing stimuli, however many there are and however often each was asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from elena_wb.analysis import bootstrap
from elena_wb.analysis.affect import Affect
from elena_wb.analysis.single_label import SingleLabel
from elena_wb.core import Resampling
from tests.analysis.answers import LABELS, answers, of_vad

MANY = Resampling(20_000)


def test_answers_to_one_stimulus_are_drawn_together() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 7, 60)
    hard = rng.random(60) < 0.5
    given = [[int((t + 1) % 7) if wrong else int(t)] * 5 for t, wrong in zip(truth, hard, strict=True)]
    found = SingleLabel().score(answers([{int(t)} for t in truth], given), MANY)
    assert found is not None
    right = ~hard
    drawn = right[np.random.default_rng(1).integers(0, 60, (20_000, 60))].mean(axis=1)
    estimate = found.figures["accuracy"]
    assert [estimate.low, estimate.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)
    assert estimate.n == 300


def test_intervals_of_macro_f1_equal_those_of_drawing_rows() -> None:
    rng = np.random.default_rng(2)
    truth = rng.choice(7, 150, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05])
    given = np.where(rng.random(150) < 0.6, truth, rng.integers(0, 7, 150))
    found = SingleLabel().score(answers([{int(t)} for t in truth], [[int(g)] for g in given]), MANY)
    assert found is not None
    samples = []
    for index in np.random.default_rng(3).integers(0, 150, (4000, 150)):
        t, g = truth[index], given[index]
        counts = np.zeros((7, 7))
        np.add.at(counts, (t, g), 1)
        support = counts.sum(axis=1)
        f1 = 2 * np.diag(counts)[support > 0] / (counts.sum(axis=0) + support)[support > 0]
        samples.append(f1.mean())
    estimate = found.figures["macro_f1"]
    assert [estimate.low, estimate.high] == pytest.approx(np.quantile(samples, [0.025, 0.975]), abs=0.01)


def test_equal_stimuli_counted_once_give_the_same_intervals() -> None:
    rng = np.random.default_rng(4)
    truth, given = rng.integers(0, 3, 400), rng.integers(0, 3, 400)
    apart = answers([{int(t)} for t in truth], [[int(g)] for g in given])
    pairs, counts = np.unique(np.column_stack([truth, given]), axis=0, return_counts=True)
    counted = replace(
        answers([{int(t)} for t, _ in pairs], [[int(g)] for _, g in pairs]), stimuli=counts.astype(np.int64)
    )
    first, second = (SingleLabel().score(of, MANY) for of in (apart, counted))
    assert first is not None
    assert second is not None
    for name, one in first.figures.items():
        other = second.figures[name]
        assert (one.value, one.n) == (pytest.approx(other.value), other.n)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.005)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    made = answers([{n % 3} for n in range(50)], [[n % 2] for n in range(50)])

    def bounds(seed: int) -> list[tuple[float, float]]:
        found = SingleLabel().score(made, Resampling(200, seed))
        assert found is not None
        return [(of.low, of.high) for of in found.figures.values()]

    assert bounds(1) == bounds(1)
    assert bounds(1) != bounds(2)


def test_no_resamples_give_values_without_intervals() -> None:
    found = SingleLabel().score(answers([{0}, {1}], [[0], [0]]), Resampling(0))
    assert found is not None
    assert found.figures["accuracy"].value == 0.5
    assert np.isnan(found.figures["accuracy"].low)


def test_the_normal_limit_gives_the_intervals_of_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    truth = rng.uniform(1, 10, (3000, 3))
    made = of_vad(truth.tolist(), (truth + rng.normal(0, 2, truth.shape)).tolist())
    drawn = Affect().score(made, Resampling(4000))
    monkeypatch.setattr(bootstrap, "_MANY", 100)
    limit = Affect().score(made, Resampling(4000, 1))
    assert drawn is not None
    assert limit is not None
    for name, one in drawn.figures.items():
        other = limit.figures[name]
        assert one.value == other.value
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=(one.high - one.low) * 0.1)
        assert one.low < one.value < one.high


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, len(LABELS), 200)
        given = np.where(rng.random(200) < 0.65, truth, (truth + 1) % 7)
        found = SingleLabel().score(
            answers([{int(t)} for t in truth], [[int(g)] for g in given]), Resampling(400, seed)
        )
        assert found is not None
        covered += found.figures["accuracy"].low <= 0.65 <= found.figures["accuracy"].high
    assert 0.88 < covered / 120 <= 1
