"""The metrics agree with scikit-learn and scipy wherever those have them, also where there is little to measure."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    recall_score,
)

from elena_wb.analysis.affect import DIMENSIONS, Affect
from elena_wb.analysis.multi_label import MultiLabel
from elena_wb.analysis.rates import rates
from elena_wb.analysis.single_label import SingleLabel
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED, Answers, Resampling
from tests.analysis.answers import LABELS, answers, of_vad

QUICK = Resampling(50)
CODES = st.integers(0, len(LABELS) - 1)
GIVEN = st.one_of(CODES, st.sampled_from([ABSTAINED, REFUSED, UNPARSED]))
FEELING = st.one_of(st.integers(1, 10).map(float), st.just(math.nan), st.floats(1, 10, width=32))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(CODES, st.lists(GIVEN, min_size=1, max_size=3)), min_size=1, max_size=40))
def test_single_label_scores_equal_scikit_learn(rows: list[tuple[int, list[int]]]) -> None:
    found = SingleLabel().score(answers([{t} for t, _ in rows], [given for _, given in rows]), QUICK)
    assert found is not None
    truth = [t for t, given in rows for _ in given]
    plain = [max(code, -1) for _, given in rows for code in given]
    present = sorted(set(truth))
    scores = {
        "accuracy": accuracy_score(truth, plain),
        "uar": recall_score(truth, plain, labels=present, average="macro", zero_division=0),
        "macro_f1": f1_score(truth, plain, labels=present, average="macro", zero_division=0),
        "weighted_f1": f1_score(truth, plain, labels=present, average="weighted", zero_division=0),
    }
    assert {name: of.value for name, of in found.figures.items()} == pytest.approx(scores)
    by_class = precision_recall_fscore_support(truth, plain, labels=present, zero_division=0)
    for position, code in enumerate(present):
        of = found.classes[LABELS[code]]
        assert [of[name].value for name in ("precision", "recall", "f1")] == pytest.approx(
            [float(column[position]) for column in by_class[:3]]
        )
        assert of["f1"].n == by_class[3][position]
    assert found.confusion is not None
    assert found.confusion.rows == tuple(LABELS[code] for code in present)
    assert found.confusion.counts.sum() == found.n == len(truth)
    whole = confusion_matrix(truth, plain, labels=[*range(len(LABELS)), -1])
    assert found.confusion.counts[:, : len(present)].tolist() == whole[np.ix_(present, present)].tolist()
    assert all(of.low <= of.high for of in found.figures.values())


def test_what_is_no_label_has_its_own_column_and_no_class() -> None:
    found = SingleLabel().score(answers([{0}] * 4, [[0], [ABSTAINED], [REFUSED], [3]]), QUICK)
    assert found is not None
    assert found.figures["macro_f1"].value == pytest.approx(0.4)
    assert list(found.classes) == ["happiness"]
    assert found.confusion is not None
    assert found.confusion.columns == ("happiness", "anger", "abstained", "refused")


def test_stimuli_without_one_truth_are_left_out_and_counted() -> None:
    found = SingleLabel().score(answers([{0}, {0, 1}, set()], [[0], [0], [0]]), QUICK)
    assert found is not None
    assert (found.n, found.figures["accuracy"].value) == (1, 1.0)
    assert found.notes == ("Stimuli with several true labels, left out: 1.",)
    assert SingleLabel().score(answers([{0, 1}, set()], [[0], [0]]), QUICK) is None
    assert SingleLabel().score(answers([], []), QUICK) is None


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sets(CODES, min_size=1), st.lists(GIVEN, min_size=1, max_size=2)), min_size=1))
def test_set_scores_equal_scikit_learn(rows: list[tuple[set[int], list[int]]]) -> None:
    rows = [*rows, ({0, 1}, [0])]
    found = MultiLabel().score(answers([t for t, _ in rows], [given for _, given in rows]), QUICK)
    assert found is not None
    each = [(t, code) for t, given in rows for code in given]
    truth = np.array([[label in t for label in range(len(LABELS))] for t, _ in each], dtype=int)
    given_ = np.array([[label == code for label in range(len(LABELS))] for _, code in each], dtype=int)
    present = np.flatnonzero(truth.any(axis=0))
    assert found.figures["hit_rate"].value == pytest.approx(np.mean([code in t for t, code in each]))
    assert found.figures["set_f1"].value == pytest.approx(
        f1_score(truth, given_, average="samples", zero_division=0)
    )
    assert found.figures["macro_f1"].value == pytest.approx(
        f1_score(truth[:, present], given_[:, present], average="macro", zero_division=0)
    )
    by_class = precision_recall_fscore_support(truth, given_, average=None, zero_division=0)
    for code in present:
        of = found.classes[LABELS[code]]
        assert [of[name].value for name in ("precision", "recall", "f1")] == pytest.approx(
            [float(column[code]) for column in by_class[:3]]
        )


@pytest.mark.parametrize("ties", [False, True])
def test_average_precision_equals_scikit_learn_with_equal_scores_too(ties: bool) -> None:
    rng = np.random.default_rng(ties)
    truth = [set(map(int, np.flatnonzero(rng.random(7) < 0.3))) or {0} for _ in range(80)]
    scores = rng.integers(-4, 0, (80, 7)).astype(float) if ties else rng.normal(size=(80, 7))
    scores[rng.random((80, 7)) < 0.05] = -np.inf
    found = MultiLabel().score(answers(truth, [[0]] * 80, scores=scores.tolist()), QUICK)
    assert found is not None
    table = np.array([[label in t for label in range(7)] for t in truth], dtype=int)
    finite = np.maximum(scores, -1e9)
    expected = [average_precision_score(table[:, code], finite[:, code]) for code in range(7)]
    assert [found.classes[label]["average_precision"].value for label in LABELS] == pytest.approx(expected)
    assert found.figures["map"].value == pytest.approx(np.mean(expected))
    assert found.figures["map"].low < found.figures["map"].value < found.figures["map"].high


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.tuples(
            st.sets(st.integers(0, 2), min_size=1), st.lists(st.integers(-3, 0), min_size=3, max_size=6)
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 4),
)
def test_average_precision_of_stimuli_asked_several_times_equals_scikit_learn(
    rows: list[tuple[set[int], list[int]]], times: int
) -> None:
    """One to two answers to each stimulus, every stimulus ``times`` times."""
    rows = [*rows, ({0, 1}, [0, -1, -2])]
    each = [(t, [float(one) for one in s[n : n + 3]]) for t, s in rows for n in range(0, len(s) - 2, 3)]
    counted = [[0] * (len(s) // 3) for _, s in rows]
    made = answers([t for t, _ in rows], counted, scores=[s for _, s in each], labels=LABELS[:3])
    found = MultiLabel().score(replace(made, stimuli=made.stimuli * times), QUICK)
    assert found is not None
    for code in range(3):
        true = [code in t for t, _ in each]
        if any(true):
            expected = average_precision_score(true, [s[code] for _, s in each])
            assert found.classes[LABELS[code]]["average_precision"].value == pytest.approx(expected)


def test_average_precision_takes_seconds_at_the_size_of_emotic() -> None:
    rng = np.random.default_rng(0)
    n, labels = 34_000, tuple(f"label {number}" for number in range(26))
    truth = rng.random((n, 26)) < 0.15
    truth[:, 0] |= ~truth.any(axis=1)
    nothing = np.full((n, 3), np.nan)
    scores = rng.normal(size=(n, 26)) + truth
    of = Answers(
        labels,
        np.ones(n, dtype=np.int64),
        truth,
        nothing,
        np.arange(n, dtype=np.int32),
        scores.argmax(axis=1).astype(np.int32),
        nothing,
        scores,
    )
    begun = time.process_time()
    expected = average_precision_score(truth, scores, average="macro")
    once = time.process_time() - begun
    found = MultiLabel().score(of, Resampling(200))
    taken = time.process_time() - begun - once
    assert found is not None
    assert found.figures["map"].low < found.figures["map"].value < found.figures["map"].high
    assert found.figures["map"].value == pytest.approx(expected)
    assert taken < 20 * once, "200 samples take less than 20 times as long as scikit-learn takes for one"


def test_labels_and_answers_without_scores_are_left_out_of_average_precision() -> None:
    nothing = [math.nan] * 7
    scored = [-1.0, -2.0, *[math.nan] * 5]
    found = MultiLabel().score(
        answers([{0, 1}, {1, 2}, {0}], [[0]] * 3, scores=[scored, scored, nothing]), QUICK
    )
    assert found is not None
    assert found.figures["map"].n == 2
    assert found.classes["sadness"]["average_precision"].value == 1.0
    assert "average_precision" not in found.classes["fear"]
    assert found.notes == ("Average precision is over the 2 answers that score every label.",)
    none = MultiLabel().score(answers([{0, 1}], [[0]], scores=[nothing]), QUICK)
    assert none is not None
    assert "map" not in none.figures


def test_one_label_for_each_stimulus_is_no_set() -> None:
    assert MultiLabel().score(answers([{0}, {1}, set()], [[0]] * 3), QUICK) is None


def concordance(x: np.ndarray, y: np.ndarray) -> float:
    """Lin's coefficient by way of Pearson's: r · C_b, as his paper takes it apart."""
    shift = (x.mean() - y.mean()) / math.sqrt(x.std() * y.std())
    scale = x.std() / y.std()
    return pearsonr(x, y).statistic * 2 / (scale + 1 / scale + shift**2)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(*[FEELING] * 6), min_size=1, max_size=30))
def test_feelings_are_scored_as_scipy_scores_them(rows: list[tuple[float, ...]]) -> None:
    table = np.array(rows)
    found = Affect().score(of_vad(table[:, :3].tolist(), table[:, 3:].tolist()), QUICK)
    if not (np.isfinite(table[:, :3]) & np.isfinite(table[:, 3:])).any():
        assert found is None
        return
    assert found is not None
    for position, dimension in enumerate(DIMENSIONS):
        x, y = table[:, position], table[:, 3 + position]
        both = np.isfinite(x) & np.isfinite(y)
        if not np.isfinite(x).any():
            assert dimension not in found.classes
            continue
        of = found.classes[dimension]
        x, y = x[both], y[both]
        assert of["mae"].n == len(x)
        if not len(x):
            assert all(math.isnan(one.value) for one in of.values())
            continue
        assert of["mae"].value == pytest.approx(np.abs(x - y).mean())
        if min(np.ptp(x), np.ptp(y)) > 1e-3:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = (concordance(x, y), pearsonr(x, y).statistic)
            assert (of["ccc"].value, of["pearson_r"].value) == pytest.approx(expected, abs=1e-6)
        elif max(np.ptp(x), np.ptp(y)) == 0:
            assert math.isnan(of["pearson_r"].value)
            assert of["ccc"].value == pytest.approx(0.0) or np.array_equal(x, y)


def test_constant_answers_agree_with_nothing() -> None:
    truth = [[float(n), 5.0, 3.0] for n in range(1, 11)]
    found = Affect().score(of_vad(truth, [[5.0, 5.0, 8.0]] * 10), QUICK)
    assert found is not None
    assert found.classes["valence"]["ccc"].value == 0
    assert math.isnan(found.classes["valence"]["pearson_r"].value)
    assert math.isnan(found.classes["arousal"]["ccc"].value)
    assert found.classes["dominance"]["ccc"].value == 0
    assert found.figures["mae"].value == pytest.approx((2.5 + 0 + 5) / 3)


def test_what_an_answer_does_not_state_is_left_out_and_said() -> None:
    found = Affect().score(of_vad([[1, 2, 3], [4, 5, math.nan]], [[1, math.nan, 3], [5, 5, 5]]), QUICK)
    assert found is not None
    assert [found.classes[name]["mae"].n for name in DIMENSIONS] == [2, 1, 1]
    assert found.notes == ("Answers that state no arousal: 1 of 2.",)


@given(st.lists(st.lists(GIVEN, min_size=1, max_size=3), min_size=1, max_size=30))
@settings(deadline=None)
def test_rates_are_shares_of_all_answers(given_: list[list[int]]) -> None:
    flat = [code for row in given_ for code in row]
    found = rates(answers([set()] * len(given_), given_), QUICK).figures
    assert {name: of.value for name, of in found.items()} == pytest.approx(
        {
            "parse_rate": np.mean([code >= ABSTAINED for code in flat]),
            "refusal_rate": np.mean([code == REFUSED for code in flat]),
            "abstention_rate": np.mean([code == ABSTAINED for code in flat]),
        }
    )
