"""Scores agree with scikit-learn, and intervals behave."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from elena_wb.analysis import confusion, proportion
from elena_wb.core.metric import brief

LABELS = ["happiness", "sadness", "fear", "anger", "surprise", "disgust", "neutral"]


def random_answers(n: int, abstained: float) -> tuple[list[str], list[str | None]]:
    rng = np.random.default_rng(n)
    truth = [str(label) for label in rng.choice(LABELS, n)]
    answers = [
        None if rng.random() < abstained else label if rng.random() < 0.6 else str(rng.choice(LABELS))
        for label in truth
    ]
    return truth, answers


@pytest.mark.parametrize("abstained", [0.0, 0.2, 1.0])
def test_scores_equal_scikit_learn_and_abstentions_are_no_eighth_class(abstained: float) -> None:
    truth, answers = random_answers(400, abstained)
    plain = [answer or "none" for answer in answers]
    table = confusion(truth, answers)
    assert table.accuracy().value == pytest.approx(accuracy_score(truth, plain))
    expected = f1_score(truth, plain, labels=sorted(set(truth)), average="macro", zero_division=0)
    assert table.macro_f1().value == pytest.approx(expected)


def test_a_bootstrap_interval_holds_its_estimate_and_narrows_with_n() -> None:
    few, many = (confusion(*random_answers(n, 0.1)).accuracy() for n in (50, 5000))
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 5


def test_bootstrapping_cells_equals_bootstrapping_stimuli() -> None:
    truth, answers = random_answers(120, 0.1)
    hits = np.array([t == a for t, a in zip(truth, answers, strict=True)], dtype=float)
    drawn = hits[np.random.default_rng(1).integers(0, 120, (20_000, 120))].mean(axis=1)
    estimate = confusion(truth, answers).accuracy(resamples=20_000)
    assert [estimate.low, estimate.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.01)


def test_nothing_to_score_is_not_a_number_and_prints_as_a_dash() -> None:
    assert str(confusion([], []).accuracy()) == "–"
    assert str(proportion(0, 0)) == "–"


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 true labels but 1 answers"):
        confusion(["fear", "anger"], ["fear"])


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (15, 50, 0.1910, 0.4375)],
)
def test_wilson_intervals_equal_published_values(successes: int, n: int, low: float, high: float) -> None:
    estimate = proportion(successes, n)
    assert (estimate.low, estimate.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5769, ".5769"),
        (-0.25, "-.2500"),
        (1.0, "1.0000"),
        (0.99999, "1.0000"),
        (-0.00001, ".0000"),
        (10.5, "10.5000"),
        (float("nan"), "–"),
    ],
)
def test_numbers_are_printed_as_journals_print_them(value: float, shown: str) -> None:
    assert brief(value, 4) == shown
