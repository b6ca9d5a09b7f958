"""Two lists of answers side by side: figures worked out by hand, and what holds whatever they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elena_wb.analysis.comparing import DIMENSIONS, FAILED, MISSING, UNKNOWN, SideBySide, compare, outcome
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED

LABELS = ("anger", "fear", "joy")
ANGER, FEAR, JOY = range(3)
NOTHING = (math.nan, math.nan, math.nan)


def beside(
    first, second, *, truth=None, words=None, named=None, parts=None, first_vad=None, second_vad=None
) -> SideBySide:
    n = len(first)

    def flags(given):
        return np.array(given if given is not None else [False] * n, dtype=np.bool_)

    def numbers(given):
        return np.array(given if given is not None else [NOTHING] * n, dtype=np.float64).reshape(n, 3)

    return SideBySide(
        LABELS,
        np.array(first, dtype=np.int32),
        np.array(second, dtype=np.int32),
        np.array(truth if truth is not None else [UNKNOWN] * n, dtype=np.int32),
        flags(words),
        flags(named),
        flags(parts),
        numbers(first_vad),
        numbers(second_vad),
    )


def swapped(of: SideBySide) -> SideBySide:
    return SideBySide(
        of.labels,
        of.second,
        of.first,
        of.truth,
        of.text_changed,
        of.parts_named,
        of.parts_changed,
        of.second_vad,
        of.first_vad,
    )


def test_a_small_comparison_comes_to_what_a_pencil_makes_it():
    # Nine questions: four read on both sides (two flips, one of them an abstention), one refused on both sides,
    # one read only before, and three that are no pair.
    changes = compare(
        beside(
            [ANGER, FEAR, JOY, ANGER, REFUSED, FEAR, JOY, FAILED, MISSING],
            [ANGER, JOY, JOY, ABSTAINED, REFUSED, UNPARSED, FAILED, ANGER, FEAR],
            words=[False, True, True, True, False, True, True, True, True],
            named=[True, True, True, False, False, True, True, True, True],
            parts=[False, True, False, False, False, True, True, True, True],
        )
    )
    assert changes.pairs == 6
    assert (changes.flips.value, changes.flips.n) == (2 / 4, 4)
    assert changes.flipped.tolist() == [1, 3]
    assert changes.one_read == 1
    assert (changes.words.value, changes.words.n) == (4 / 6, 6)
    assert (changes.parts.value, changes.parts.n) == (1 / 3, 3)
    assert changes.lost.total == 3
    assert (changes.lost.failed_second, changes.lost.failed_first, changes.lost.missing_first) == (1, 1, 1)
    assert changes.matrix.rows == ("anger", "fear", "joy", "(no emotion)", "(refused)", "(not read)")
    assert changes.matrix.counts.tolist() == [
        [1, 0, 0, 1, 0, 0],
        [0, 0, 1, 0, 0, 1],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ]


def test_the_interval_of_the_flip_rate_is_wilsons():
    # p = 7/105, z² = 3.8415: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n) = .08196 ± .04930
    changes = compare(beside([ANGER] * 105, [FEAR] * 7 + [ANGER] * 98))
    assert changes.flips.low == pytest.approx(0.03267, abs=5e-5)
    assert changes.flips.high == pytest.approx(0.13126, abs=5e-5)


def test_shifts_are_second_less_first_over_pairs_that_state_both():
    first = [(5, 5, math.nan), (2, 4, 1), (9, 1, 1), NOTHING, (1, 1, 1)]
    second = [(7, 5, 2), (1, math.nan, 2), NOTHING, (3, 3, 3), (9, 9, 9)]
    shifts = compare(
        beside([JOY] * 5, [JOY, JOY, JOY, JOY, FAILED], first_vad=first, second_vad=second)
    ).shifts
    assert tuple(shifts) == DIMENSIONS
    assert (shifts["valence"].n, shifts["valence"].mean, shifts["valence"].mean_size) == (2, 0.5, 1.5)
    assert (shifts["arousal"].n, shifts["arousal"].mean) == (1, 0.0)
    assert (shifts["dominance"].n, shifts["dominance"].mean) == (1, 1.0)


def test_where_nothing_can_be_paired_nothing_is_claimed():
    changes = compare(beside([FAILED, MISSING, FAILED], [FAILED, ANGER, MISSING]))
    assert changes.pairs == 0
    assert changes.flips.n == 0
    assert math.isnan(changes.flips.value)
    assert changes.matrix.rows == ()
    assert (changes.lost.failed_both, changes.lost.missing_first, changes.lost.missing_second) == (1, 1, 1)
    assert math.isnan(changes.shifts["valence"].mean)


def test_right_answers_are_told_apart_by_which_side_gives_them():
    # Ten questions with a true label: three right on both sides, four on the first alone (one of them refused on the
    # second), one on the second alone, two on neither (both name nothing); two that are no pair, one without truth.
    first = [JOY, FEAR, ANGER, JOY, JOY, FEAR, ANGER, JOY, ABSTAINED, ANGER, JOY, FAILED, JOY]
    second = [JOY, FEAR, ANGER, FEAR, ANGER, JOY, REFUSED, FEAR, ABSTAINED, JOY, MISSING, JOY, JOY]
    truth = [JOY, FEAR, ANGER, JOY, JOY, FEAR, ANGER, FEAR, JOY, FEAR, JOY, JOY, UNKNOWN]
    correct = compare(beside(first, second, truth=truth)).correct
    assert (correct.both, correct.only_first, correct.only_second, correct.neither, correct.n) == (
        3,
        4,
        1,
        2,
        10,
    )
    assert (correct.first.value, correct.second.value) == (0.7, 0.4)
    assert correct.gain.value == pytest.approx(-0.3)
    assert correct.gain.low < -0.3 < correct.gain.high
    assert correct.p == pytest.approx(2 * (1 + 5) / 2**5)


def test_where_nothing_is_known_to_be_true_the_test_is_not_made():
    correct = compare(beside([JOY, FEAR], [JOY, ANGER])).correct
    assert correct.n == 0
    assert math.isnan(correct.p)
    assert math.isnan(correct.gain.value)
    known = compare(beside([JOY, FEAR], [JOY, ANGER], truth=[JOY, JOY])).correct
    assert (known.p, known.neither) == (1.0, 1)


def test_each_emotion_is_counted_on_both_sides_among_pairs_that_could_be_read():
    first = [JOY] * 6 + [FEAR] * 3 + [ABSTAINED, REFUSED, JOY]
    second = [JOY] * 2 + [FEAR] * 4 + [FEAR] * 3 + [JOY, JOY, FAILED]
    named = compare(beside(first, second)).named
    assert [(one.emotion, one.first, one.second) for one in named] == [
        ("fear", 3, 7),
        ("joy", 6, 3),
        ("(no emotion)", 1, 0),
    ]
    assert [one.change.value for one in named] == pytest.approx([0.4, -0.3, -0.1])
    assert all(one.change.n == 10 and one.change.low < one.change.value < one.change.high for one in named)


def test_outcomes_without_a_label_have_a_name():
    names = [outcome(LABELS, code) for code in (JOY, ABSTAINED, REFUSED, UNPARSED)]
    assert names == ["joy", "(no emotion)", "(refused)", "(not read)"]


CODES = st.integers(MISSING, len(LABELS) - 1)
RATINGS = st.tuples(*[st.one_of(st.just(math.nan), st.integers(1, 10).map(float))] * 3)
ROWS = st.lists(
    st.tuples(CODES, CODES, st.booleans(), st.booleans(), st.booleans(), RATINGS, RATINGS), max_size=40
).map(lambda rows: [row for row in rows if row[:2] != (MISSING, MISSING)])


def made(rows) -> SideBySide:
    columns = list(zip(*rows, strict=True)) or [()] * 7
    first, second, words, named, parts, first_vad, second_vad = map(list, columns)
    return beside(
        first, second, words=words, named=named, parts=parts, first_vad=first_vad, second_vad=second_vad
    )


@settings(max_examples=200, deadline=None)
@given(ROWS)
def test_every_question_is_counted_once_and_the_matrix_holds_the_pairs(rows):
    changes = compare(made(rows))
    assert changes.pairs + changes.lost.total == len(rows)
    counts = changes.matrix.counts
    assert counts.sum() == changes.pairs
    assert not len(counts) or (counts.sum(axis=0) + counts.sum(axis=1) > 0).all()
    read = [
        place for place, name in enumerate(changes.matrix.rows) if name not in ("(refused)", "(not read)")
    ]
    among = counts[np.ix_(read, read)]
    assert among.sum() == changes.flips.n
    assert among.sum() - np.trace(among) == len(changes.flipped)


@settings(max_examples=200, deadline=None)
@given(ROWS)
def test_the_other_way_round_the_same_answers_changed(rows):
    there, back = compare(made(rows)), compare(swapped(made(rows)))
    np.testing.assert_equal(
        [there.pairs, there.one_read, there.flips, there.words, there.parts, there.flipped.tolist()],
        [back.pairs, back.one_read, back.flips, back.words, back.parts, back.flipped.tolist()],
    )
    assert there.matrix.rows == back.matrix.rows
    assert (there.matrix.counts == back.matrix.counts.T).all()
    assert there.lost.failed_first == back.lost.failed_second
    assert there.lost.missing_first == back.lost.missing_second
    for name in DIMENSIONS:
        np.testing.assert_allclose(there.shifts[name].mean, -back.shifts[name].mean)
        np.testing.assert_allclose(there.shifts[name].mean_size, back.shifts[name].mean_size)


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_answers_compared_with_themselves_do_not_change(rows):
    same = [(row[0], row[0], False, row[3], False, row[5], row[5]) for row in rows if row[0] != MISSING]
    changes = compare(made(same))
    assert not len(changes.flipped)
    assert changes.one_read == 0
    assert all(shift.n == 0 or shift.mean_size == 0 for shift in changes.shifts.values())
    counts = changes.matrix.counts
    assert counts.sum() == np.trace(counts)
