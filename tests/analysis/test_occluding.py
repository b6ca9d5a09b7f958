"""What answers hang on: counts, tests and intervals against references."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elena_wb.analysis.comparing import FAILED, MISSING
from elena_wb.analysis.occluding import UNKNOWN, Asked, Effect, Left, effects
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED, Resampling


def asked(answers: list[tuple[int, int, int]], **given: Any) -> Asked:
    n = len(answers)
    fields: dict[str, Any] = {
        "stimulus": np.arange(n, dtype=np.int32),
        "truth": np.full(n, UNKNOWN, np.int32),
        "unfound": np.zeros(n, bool),
        "no_room": np.zeros(n, bool),
        "logprobs": np.full((n, 3), np.nan),
    }
    fields |= {name: np.asarray(value, dtype=fields[name].dtype) for name, value in given.items()}
    return Asked(answers=np.asarray(answers, np.int32).reshape(n, 3), **fields)


def effect(answers: list[tuple[int, int, int]], **given: Any) -> Effect:
    (found,) = effects([("face", asked(answers, **given))])
    return found


def test_changes_are_counted_against_the_unmasked_answer() -> None:
    found = effect([(0, 0, 0), (0, 1, 0), (0, 1, 1), (0, 1, 2), (0, 0, 1), (ABSTAINED, 0, ABSTAINED)])
    assert (found.n, found.hidden.value, found.control.value) == (6, 4 / 6, 3 / 6)
    assert (found.only_hidden, found.only_control) == (2, 1)
    assert found.difference.value == pytest.approx(1 / 6)
    assert found.difference.low <= 1 / 6 <= found.difference.high
    assert found.verdict == "cannot be told"


def test_each_question_that_does_not_count_is_counted_once_for_its_first_reason() -> None:
    answers = [
        (0, 1, 0),
        (MISSING, FAILED, 0),
        (0, FAILED, UNPARSED),
        (0, 0, 0),
        (0, 0, 0),
        (0, REFUSED, 0),
        (UNPARSED, 1, 1),
    ]
    unfound = [False, True, True, True, False, False, False]
    no_room = [False, False, False, True, True, False, False]
    found = effect(answers, unfound=unfound, no_room=no_room)
    assert found.left == Left(missing=1, failed=1, unfound=1, no_room=1, unread=2)
    assert found.n + found.left.total == len(answers)


def test_nothing_that_counts_says_nothing() -> None:
    found = effect([(0, FAILED, 0)])
    assert found.n == 0
    assert math.isnan(found.p)
    assert math.isnan(found.p_holm)
    assert math.isnan(found.difference.value)
    assert (found.confidence, found.accuracy, found.verdict) == (None, None, "cannot be told")
    assert effects([]) == ()


def test_parts_are_corrected_for_each_other_but_not_for_those_that_could_not_be_tested() -> None:
    clear = [(0, 1, 0)] * 8 + [(0, 0, 0)] * 4
    both = effects([("face", asked(clear)), ("hands", asked(clear)), ("legs", asked([(0, FAILED, 0)]))])
    assert [round(found.p_holm / found.p, 6) for found in both[:2]] == [2, 2]
    assert [found.verdict for found in both] == ["part", "part", "cannot be told"]


def test_the_control_can_be_what_changes_more() -> None:
    assert effect([(0, 0, 1)] * 12).verdict == "control"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_the_interval_of_the_difference_is_that_of_the_mean_of_paired_differences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    answers = rng.integers(0, 2, (400, 3)).astype(np.int32)
    found = effect([tuple(row) for row in answers.tolist()])
    apart = (answers[:, 1] != answers[:, 0]).astype(float) - (answers[:, 2] != answers[:, 0])
    half = 1.96 * apart.std() / math.sqrt(len(apart))
    assert found.difference.value == pytest.approx(apart.mean())
    assert found.difference.low == pytest.approx(apart.mean() - half, abs=0.25 * half)
    assert found.difference.high == pytest.approx(apart.mean() + half, abs=0.25 * half)


def test_log_probabilities_are_compared_where_all_three_are_told() -> None:
    logprobs = [(-0.1, -2.1, -0.3), (-0.2, -1.2, np.nan), (-0.5, -1.0, -0.5)]
    found = effect([(0, 1, 0), (0, 0, 0), (0, 0, 0)], logprobs=logprobs).confidence
    assert found is not None
    assert found.hidden.value == pytest.approx(-1.25)
    assert found.control.value == pytest.approx(-0.1)
    assert found.difference.value == pytest.approx(-1.15)
    assert found.difference.n == 2
    assert found.difference.low == pytest.approx(-1.8)
    assert found.difference.high == pytest.approx(-0.5)


def test_accuracy_is_of_the_same_questions_each_time() -> None:
    found = effect([(0, 1, 0), (1, 1, 1), (2, 0, 0), (0, ABSTAINED, 0)], truth=[0, 1, UNKNOWN, 0]).accuracy
    assert found is not None
    assert [one.value for one in (found.unmasked, found.hidden, found.control)] == [1.0, 1 / 3, 1.0]
    assert found.hidden.n == 3


def test_repeats_of_a_stimulus_are_drawn_together() -> None:
    apart = effect([(0, 1, 0), (0, 0, 0)] * 30)
    together = effect([(0, 1, 0), (0, 0, 0)] * 30, stimulus=[index % 2 for index in range(60)])
    assert not apart.repeats
    assert together.repeats
    assert together.difference.value == apart.difference.value
    width = apart.difference.high - apart.difference.low
    assert together.difference.high - together.difference.low > 3 * width


def test_equal_seeds_give_equal_intervals() -> None:
    rows = [("face", asked([(0, 1, 0), (0, 0, 1), (0, 0, 0)] * 5))]
    assert effects(rows, Resampling(200, 1)) == effects(rows, Resampling(200, 1))


def test_equal_differences_have_no_interval_for_resampling_knows_no_other() -> None:
    found = effect([(0, 0, 0)] * 5)
    assert found.difference.value == 0.0
    assert math.isnan(found.difference.low)
    assert math.isnan(found.difference.high)
    assert found.p == 1.0
