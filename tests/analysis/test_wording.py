"""Diversity of words, near-duplicates, agreement of sets and of repeats, against plain computations."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import hypergeom

from elena_wb.analysis.diversity import Texts, distinct, hdd, hdd_together
from elena_wb.analysis.near_duplicates import THRESHOLD, duplicates
from elena_wb.analysis.repeats import MISSING, flips, sameness, side_by_side
from elena_wb.analysis.set_agreement import labels_of, set_agreement
from elena_wb.core import Resampling

NO_INTERVAL = Resampling(0)


def texts_of(lists: list[list[int]]) -> Texts:
    starts = np.concatenate([[0], np.cumsum([len(words) for words in lists])]).astype(np.int64)
    return Texts(np.array([word for words in lists for word in words], dtype=np.int64), starts)


def numbered(lists: list[list[int]]) -> np.ndarray:
    known: dict[tuple[int, ...], int] = {}
    return np.array([known.setdefault(tuple(words), len(known)) for words in lists], dtype=np.int64)


def test_hdd_is_the_hypergeometric_chance_of_each_type_over_42():
    rng = np.random.default_rng(3)
    lists = [
        rng.integers(0, kinds, size).tolist() for size, kinds in ((42, 9), (43, 60), (80, 5), (200, 150))
    ]
    lists += [list(range(42)), [7] * 60, list(range(41)), []]

    def plainly(words: list[int]) -> float:
        chances = [1 - hypergeom(len(words), times, 42).pmf(0) for times in Counter(words).values()]
        return sum(chances) / 42

    expected = [plainly(words) if len(words) >= 42 else np.nan for words in lists]
    assert hdd(texts_of(lists)) == pytest.approx(expected, nan_ok=True)
    assert expected[4:6] == pytest.approx([1, 1 / 42])
    together = [word for words in lists for word in words]
    assert hdd_together(texts_of(lists)) == pytest.approx(plainly(together))
    assert np.isnan(hdd_together(texts_of([[1, 2]])))


def test_distinct_n_counts_words_and_pairs_within_texts():
    assert distinct(texts_of([[1, 2, 1, 2], [2, 1], [], [3]])) == (3 / 7, 2 / 4)
    one, two = distinct(texts_of([[], []]))
    assert np.isnan(one)
    assert np.isnan(two)


def jaccard(a: list[int], b: list[int]) -> float:
    first, second = ({tuple(words[n : n + 3]) for n in range(len(words) - 2)} for words in (a, b))
    return len(first & second) / len(first | second) if first | second else 0.0


def test_planted_near_duplicates_are_found_and_nothing_else_is():
    rng = np.random.default_rng(5)
    lists: list[list[int]] = []
    for _ in range(400):
        words = rng.integers(0, 900, 50).tolist()
        other = list(words)
        for place in rng.choice(50, int(rng.integers(0, 4)), replace=False):
            other[place] = int(rng.integers(900, 1800))
        lists += [words, other]
    picture = np.arange(len(lists))
    picture[1:100:2] -= 1  # the first fifty pairs are about one picture each
    found = duplicates(texts_of(lists), numbered(lists), picture)
    alike = np.array([jaccard(lists[2 * n], lists[2 * n + 1]) >= THRESHOLD for n in range(400)])
    same = np.array([lists[2 * n] == lists[2 * n + 1] for n in range(400)])
    assert 200 < alike.sum() < 400
    assert not found.near[:100].any()
    hits = found.near[100::2] & found.near[101::2]
    assert (hits & alike[50:]).sum() >= 0.98 * alike[50:].sum()
    assert not (hits & ~alike[50:]).any()
    assert found.same[100::2].tolist() == same[50:].tolist()
    assert not found.same[:100].any()
    together = found.family[::2] == found.family[1::2]
    assert not (together & ~alike).any()


def test_many_texts_that_are_all_alike_make_one_family_without_comparing_all_pairs():
    lists = [[*range(30), 100 + n] for n in range(5_000)]
    found = duplicates(texts_of(lists), numbered(lists), np.arange(len(lists)))
    assert found.near.all()
    assert not found.same.any()
    assert len(np.unique(found.family)) == 1


def test_short_and_empty_texts_repeat_only_word_for_word():
    lists = [[1, 2], [1, 2], [1, 3], [], [], [5, 6, 7], [5, 6, 7]]
    found = duplicates(texts_of(lists), numbered(lists), np.array([0, 1, 2, 3, 4, 5, 5]))
    assert found.same.tolist() == [True, True, False, True, True, False, False]
    assert found.near.tolist() == found.same.tolist()
    nothing = duplicates(texts_of([]), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    assert nothing.near.shape == (0,)


def test_set_scores_are_means_over_answers_and_f_is_of_the_means():
    rng = np.random.default_rng(0)
    named, true = rng.integers(0, 128, 500), rng.integers(0, 128, 500)
    named[:50], true[50:80] = 0, 0
    stimulus = np.arange(500) // 2

    def members(bits: int) -> set[int]:
        return {place for place in range(7) if bits >> place & 1}

    pairs = [(members(a), members(b)) for a, b in zip(named.tolist(), true.tolist(), strict=True) if b]
    p = float(np.mean([len(a & b) / len(a) if a else 0 for a, b in pairs]))
    r = float(np.mean([len(a & b) / len(b) for a, b in pairs]))
    found = set_agreement(named, true, stimulus, Resampling(300))
    assert (found.precision.value, found.recall.value) == pytest.approx((p, r))
    assert found.f.value == pytest.approx(2 * p * r / (p + r))
    assert found.f.low < found.f.value < found.f.high
    assert found.f.n == len(pairs)
    assert labels_of(np.array([5]), 3).tolist() == [[True, False, True]]
    of_none = set_agreement(np.zeros(3, dtype=np.int64), np.array([1, 0, 2]), np.arange(3), NO_INTERVAL)
    assert (of_none.f.value, of_none.f.n) == (0, 2)
    assert np.isnan(set_agreement(named[:0], true[:0], stimulus[:0], NO_INTERVAL).f.value)


def test_repeats_agree_as_counted_pair_by_pair():
    rng = np.random.default_rng(2)
    emotion = rng.integers(-1, 3, (60, 4))
    emotion[0] = MISSING
    found = sameness(emotion, {"valence": np.full((60, 4), np.nan)}, Resampling(50))
    rows = [[code for code in row if code != MISSING] for row in emotion.tolist()]
    rows = [row for row in rows if len(row) > 1]
    of_pairs = [np.mean([a == b for a, b in combinations(row, 2)]) for row in rows]
    assert found.pairs_agree.value == pytest.approx(np.mean(of_pairs))
    assert found.all_agree.value == pytest.approx(np.mean([len(set(row)) == 1 for row in rows]))
    assert found.all_agree.n == found.alpha["emotion"].n == len(rows)
    assert found.alpha["valence"].n == 0
    nothing = sameness(np.full((2, 2), MISSING), {}, NO_INTERVAL)
    assert nothing.all_agree.n == 0
    changed = flips(np.array([1, 2, MISSING, 0]), np.array([1, 0, 1, MISSING]))
    assert (changed.value, changed.n) == (0.5, 2)
    first, second = np.zeros(12, dtype=np.int64), np.repeat([0, 1], 6)
    alone, pairs = flips(first, second), flips(first, second, np.repeat(np.arange(4), 3))
    assert (alone.value, alone.n) == (pairs.value, pairs.n) == (0.5, 12)
    assert pairs.low < alone.low < alone.high < pairs.high
    persons = sameness(emotion, {}, Resampling(200), np.repeat(np.arange(6), 10))
    assert persons.all_agree.value == found.all_agree.value
    assert persons.alpha["emotion"].value == pytest.approx(found.alpha["emotion"].value)
    assert side_by_side(np.array([9, 4, 9]), np.array([1, 0, 0]), np.array([5, 6, 7]), -1, 2).tolist() == [
        [6, -1],
        [7, 5],
    ]
