"""Measures of facial bias against plain computations."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, f1_score

from elena_wb.analysis.bias import (
    Questions,
    dependence,
    follows,
    follows_face,
    parts,
    words,
)
from elena_wb.analysis.comparing import FAILED, MISSING
from elena_wb.analysis.paired import mcnemar
from elena_wb.analysis.swapping import swapped
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED, Resampling

MANY = Resampling(4000, 7)


def questions(answers: Any, *, asked: Any = (True, True, True), labels: int = 4, **columns: Any) -> Questions:
    """Each question about a stimulus of its own, with nothing the matter, but for what ``columns`` say."""
    answers = np.asarray(answers, dtype=np.int64).reshape(-1, 3)
    n = len(answers)
    given: dict[str, Any] = {
        "stimulus": np.arange(n),
        **{name: np.full(n, -1) for name in ("truth", "of_face", "of_body")},
        **{name: np.zeros(n, dtype=bool) for name in ("unfound", "no_room", "face_left", "unaudited")},
        "facial": np.zeros((n, 2)),
        "known": np.zeros((n, 2)),
        "speaks": np.full((n, 2), -1),
    }
    given |= columns
    kinds = {"unfound": bool, "no_room": bool, "face_left": bool, "unaudited": bool}
    arrays = {name: np.asarray(of).astype(kinds.get(name, np.int64)) for name, of in given.items()}
    return Questions(labels=labels, asked=asked, answers=answers, **arrays)


def random_questions(n: int, repeats: int = 1) -> Questions:
    rng = np.random.default_rng(3)
    truth = np.repeat(rng.integers(0, 4, n), repeats)
    answers = np.stack(
        [
            np.where(rng.random(n * repeats) < right, truth, rng.integers(UNPARSED, 4, n * repeats))
            for right in (0.8, 0.4, 0.7)
        ],
        axis=1,
    )
    return questions(answers, truth=truth, stimulus=np.repeat(np.arange(n), repeats))


def macro_f1(truth: Any, answers: Any) -> float:
    return float(f1_score(truth, answers, labels=np.unique(truth), average="macro", zero_division=0))


def test_scores_are_those_of_scikit_learn_on_every_side():
    of = random_questions(150)
    found = dependence(of)
    for place, side in enumerate(("unmasked", "hidden", "control")):
        assert getattr(found.macro_f1, side).value == pytest.approx(macro_f1(of.truth, of.answers[:, place]))
        assert getattr(found.accuracy, side).value == pytest.approx(
            accuracy_score(of.truth, of.answers[:, place])
        )
    f1 = found.macro_f1
    assert f1.change.value == pytest.approx(f1.hidden.value - f1.unmasked.value)
    assert f1.beyond.value == pytest.approx(f1.change.value - f1.control_change.value)


@pytest.mark.parametrize("repeats", [1, 3])
def test_the_difference_of_the_changes_has_the_interval_of_a_bootstrap_of_all_three_answers(repeats):
    n = 60
    of = random_questions(n, repeats)
    rng = np.random.default_rng(11)
    naive = []
    for _ in range(1500):
        drawn = rng.integers(0, n, n)
        rows = (drawn[:, None] * repeats + np.arange(repeats)).ravel()
        truth, answers = of.truth[rows], of.answers[rows]
        unmasked, hidden, control = (_f1(truth, answers[:, place]) for place in range(3))
        naive.append((hidden - unmasked) - (control - unmasked))
    low, high = np.quantile(naive, [0.025, 0.975])
    found = dependence(of, MANY).macro_f1.beyond
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.02)
    assert found.n == n * repeats


def _f1(truth: Any, answers: Any) -> float:
    """As :func:`macro_f1`, without what scikit-learn checks a thousand times."""
    found = []
    for label in np.unique(truth):
        hits = ((truth == label) & (answers == label)).sum()
        found.append(2 * hits / ((truth == label).sum() + (answers == label).sum()))
    return float(np.mean(found))


def test_an_exchange_of_sides_is_as_rare_as_among_all_exchanges():
    rng = np.random.default_rng(5)
    first, second = rng.integers(0, 3, (2, 9, 1)).astype(float)
    apart = (second - first).ravel()
    every = [abs(np.dot(signs, apart)) for signs in itertools.product((-1, 1), repeat=9)]
    exact = np.mean(np.array(every) >= abs(apart.sum()) - 1e-9)
    ones = np.ones(9, dtype=np.int64)
    p = swapped(first, second, ones, lambda a, b: (b - a)[:, 0], Resampling(20_000, 1))
    assert p == pytest.approx(exact, abs=0.012)
    assert np.isnan(swapped(first, second, ones, lambda a, b: (b - a)[:, 0], Resampling(0)))
    # Of very many, by the normal distribution: half of them go either way, so that nothing is unusual.
    many = np.array([30_000, 30_000])
    sides = np.array([[0.0], [1.0]]), np.array([[1.0], [0.0]])
    assert swapped(*sides, many, lambda a, b: (b - a)[:, 0], Resampling(500)) == 1.0
    more = np.array([31_000, 29_000])
    assert swapped(*sides, more, lambda a, b: (b - a)[:, 0], Resampling(500)) == pytest.approx(1 / 501)


def test_flips_are_tested_exactly_and_with_repeats_by_exchanging_stimuli():
    answers = [(0, 1, 0)] * 9 + [(0, 0, 1)] * 2 + [(0, 0, 0)] * 9
    found = dependence(questions(answers)).flips
    assert (found.hidden.value, found.control.value, found.beyond.value) == (9 / 20, 2 / 20, 7 / 20)
    assert found.p == mcnemar(2, 9)
    assert found.beyond.low > 0
    repeated = dependence(questions(answers * 2, stimulus=[*range(20), *range(20)]), MANY).flips
    assert repeated.stimuli == 20
    assert repeated.p == pytest.approx(mcnemar(2, 9), abs=0.02)  # not smaller for asking twice
    assert repeated.hidden.high == pytest.approx(found.hidden.high, abs=0.05)


def test_what_does_not_count_is_left_out_for_its_first_reason():
    answers = np.zeros((8, 3), dtype=np.int64)
    answers[0, 2] = MISSING
    answers[1, 1] = FAILED
    answers[6, 2] = REFUSED
    flags = {
        name: np.arange(8) == place
        for name, place in (("unfound", 2), ("face_left", 3), ("unaudited", 4), ("no_room", 5))
    }
    of = questions(answers, truth=np.zeros(8), **flags)
    found = dependence(of)
    left = found.left
    assert (left.missing, left.failed, left.unfound, left.face_left, left.unaudited, left.no_room) == (1,) * 6
    assert found.unread == 1
    assert found.accuracy.hidden.n == 2
    assert found.accuracy.control.value == 0.5  # the refusal is wrong
    assert found.flips.hidden.n == 1
    # The control's own reasons do not take pictures from what is measured without it.
    assert of.hidden_well().tolist() == [True, False, False, False, False, True, True, True]


def test_facial_parts_are_counted_together_and_paired():
    rng = np.random.default_rng(2)
    known = rng.integers(0, 6, (40, 2))
    facial = np.minimum(rng.integers(0, 4, (40, 2)), known)
    found = parts(questions(np.zeros((40, 3)), facial=facial, known=known), MANY)
    both = (known > 0).all(axis=1)
    shares = facial[both].sum(axis=0) / known[both].sum(axis=0)
    assert (found.unmasked.value, found.hidden.value) == pytest.approx(tuple(shares))
    assert found.change.value == pytest.approx(shares[1] - shares[0])
    assert found.unmasked.n == both.sum()
    samples = []
    for _ in range(2000):
        drawn = rng.choice(np.flatnonzero(both), both.sum())
        sums = facial[drawn].sum(axis=0) / known[drawn].sum(axis=0)
        samples.append(sums[1] - sums[0])
    assert (found.change.low, found.change.high) == pytest.approx(
        tuple(np.quantile(samples, [0.025, 0.975])), abs=0.03
    )


def test_words_are_shares_of_the_answers_that_have_words_on_both_sides():
    speaks = [(1, 1)] * 3 + [(1, 0)] * 10 + [(0, 1)] + [(-1, 1)] * 4
    found = words(questions(np.zeros((18, 3)), speaks=speaks))
    assert (found.unmasked.value, found.hidden.value) == (13 / 14, 4 / 14)
    assert found.p == mcnemar(10, 1)
    alone = words(questions(np.zeros((18, 3)), asked=(False, True, False), speaks=speaks))
    assert (alone.hidden.value, alone.hidden.n, alone.change.n) == (8 / 18, 18, 0)


def test_answers_follow_face_or_body_and_the_test_is_the_binomial_one_over_stimuli():
    face, body = np.zeros(20), np.ones(20)
    answers = np.array([(0, 1, 2)] * 11 + [(1, 1, 2)] * 3 + [(ABSTAINED, 2, 2)] * 4 + [(0, UNPARSED, 2)] * 2)
    of = questions(answers, of_face=face, of_body=body)
    first, second = follows(of)
    assert first is not None
    assert second is not None
    assert first.n == 18
    assert (first.face.value, first.body.value, first.neither.value) == (11 / 18, 3 / 18, 4 / 18)
    assert first.face_of_either.value == 11 / 14
    assert first.p == pytest.approx(binomtest(11, 14).pvalue)
    assert (second.face.value, second.body.value, second.p) == (
        0,
        14 / 18,
        pytest.approx(binomtest(0, 14).pvalue),
    )
    assert follows_face(of).change.value == pytest.approx(-11 / 18)
    twice = questions(
        np.concatenate([answers, answers]),
        stimulus=[*range(20), *range(20)],
        of_face=[0] * 40,
        of_body=[1] * 40,
    )
    again, _ = follows(twice)
    assert again is not None
    assert (again.n, again.stimuli, again.p) == (36, 14, first.p)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_of_nothing_or_next_to_nothing_figures_are_missing_and_nothing_fails(n):
    for asked in itertools.product((True, False), repeat=3):
        of = questions(
            np.zeros((n, 3)),
            asked=asked,
            truth=np.zeros(n),
            of_face=np.zeros(n),
            of_body=np.ones(n),
            facial=np.zeros((n, 2)),
            known=np.ones((n, 2)),
            speaks=np.ones((n, 2)),
        )
        if asked[0] and asked[1]:
            found = dependence(of)
            assert found.macro_f1.change.n == n
            assert np.isnan(found.macro_f1.change.low)
        if asked[0] or asked[1]:
            assert parts(of).stimuli == words(of).stimuli == follows_face(of).stimuli == n
