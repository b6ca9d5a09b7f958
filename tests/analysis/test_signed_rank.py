"""Wilcoxon's signed-rank test: the same as scipy's, ties, zeros and all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import PermutationMethod, wilcoxon

from elena_wb.analysis.signed_rank import signed_rank


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(1, 400), min_size=1, max_size=50), st.integers(0, 2**31))
def test_without_ties_it_is_the_exact_test_of_scipy(sizes: set[int], seed: int) -> None:
    moved = np.array(sorted(sizes)) * np.random.default_rng(seed).choice([-1.0, 1.0], len(sizes))
    found = signed_rank(moved)
    reference = wilcoxon(moved, method="exact")
    assert found.exact
    assert found.p == pytest.approx(reference.pvalue)
    assert min(found.up, found.down) == reference.statistic


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=2, max_size=9))
def test_with_ties_and_zeros_it_is_exact_too(moved: list[int]) -> None:
    found = signed_rank(np.array(moved))
    if not any(moved):
        assert math.isnan(found.p)
        assert math.isnan(found.effect)
        return
    reference = wilcoxon(np.array(moved, float), method=PermutationMethod(n_resamples=np.inf))  # type: ignore[arg-type]
    assert found.exact
    assert found.p == pytest.approx(reference.pvalue)
    assert (found.n, found.zeros) == (len(moved), moved.count(0))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(120, 3000))
def test_many_are_the_normal_approximation_corrected_for_ties(seed: int, n: int) -> None:
    moved = np.random.default_rng(seed).integers(-3, 5, n).astype(float)
    found = signed_rank(moved)
    reference = wilcoxon(moved, method="asymptotic", correction=False)
    assert not found.exact
    assert found.p == pytest.approx(reference.pvalue, rel=1e-9)
    assert min(found.up, found.down) == reference.statistic


def test_the_effect_is_the_share_of_ranks_that_go_up_less_that_which_go_down() -> None:
    # Kerby 2014: of ranks 1 to 5 (sum 15), those of the differences below 0 come to 3.
    found = signed_rank(np.array([3.0, -1.0, 4.0, -2.0, 5.0, 0.0, math.nan]))
    assert (found.n, found.zeros, found.up, found.down) == (6, 1, 12.0, 3.0)
    assert found.effect == pytest.approx(12 / 15 - 3 / 15)
    assert signed_rank(np.array([1.0, 2.0])).effect == 1.0


def test_means_of_repeats_that_differ_in_the_last_digit_are_ties() -> None:
    tenths = np.array([0.1 + 0.2, 0.3, -0.3, 0.3 - 1e-16])
    assert signed_rank(tenths) == signed_rank(np.array([0.3, 0.3, -0.3, 0.3]))


def test_nothing_to_test_is_no_error() -> None:
    for nothing in (np.array([]), np.array([math.nan])):
        assert (signed_rank(nothing).n, math.isnan(signed_rank(nothing).p)) == (0, True)
