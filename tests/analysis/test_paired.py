"""Pairs of yes and no: a test and an interval, against published figures and a pencil."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from elena_wb.analysis.paired import difference, mcnemar

COUNTS = st.integers(0, 200)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_test_is_the_exact_binomial_one(first: int, second: int) -> None:
    n, fewer = first + second, min(first, second)
    tail = sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n
    assert mcnemar(first, second) == pytest.approx(min(1.0, 2 * tail), rel=1e-9)
    assert mcnemar(first, second) == mcnemar(second, first)


def test_a_published_example_of_the_test() -> None:
    """Counts of Agresti 1990, Categorical Data Analysis, p. 350: 150 and 86; the normal approximation is near."""
    z_squared = (150 - 86) ** 2 / (150 + 86)
    assert mcnemar(150, 86) == pytest.approx(stats.chi2.sf(z_squared, 1), rel=0.2)
    assert mcnemar(150, 86) == pytest.approx(3.7e-5, rel=0.05)


@given(COUNTS, COUNTS)
def test_it_agrees_with_the_exact_test_of_scipy(first: int, second: int) -> None:
    expected = stats.binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 2 / 32), (1, 9, 22 / 1024), (6, 6, 1.0)],
)
def test_small_counts_come_to_what_a_pencil_makes_them(only_first: int, only_second: int, p: float) -> None:
    assert mcnemar(only_first, only_second) == pytest.approx(p, rel=1e-12)


def test_the_interval_of_a_difference_is_the_published_one() -> None:
    """The counts 36, 12, 2, 0 and their limits by method 10 are an example of Newcombe 1998."""
    found = difference(36, 2, 12, 0)
    assert (found.value, found.n) == (pytest.approx(0.2), 50)
    assert (found.low, found.high) == (pytest.approx(0.0569, abs=5e-5), pytest.approx(0.3404, abs=5e-5))


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_interval_holds_the_difference_and_turns_with_the_sides(a: int, b: int, c: int, d: int) -> None:
    there, back = difference(a, b, c, d), difference(a, c, b, d)
    if not a + b + c + d:
        assert math.isnan(there.value)
        return
    assert -1 <= there.low <= there.value <= there.high <= 1
    assert there.value == pytest.approx((c - b) / (a + b + c + d))
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))


def test_the_interval_covers_the_true_difference_about_as_often_as_it_says() -> None:
    """The true shares are .3, .1, .2 and .4 of 40 pairs: every outcome weighed by how probable it is."""
    shares, n, covered = (0.3, 0.1, 0.2, 0.4), 40, 0.0
    for both in range(n + 1):
        for first in range(n - both + 1):
            for second in range(n - both - first + 1):
                counts = (both, first, second, n - both - first - second)
                found = difference(*counts)
                if found.low <= shares[2] - shares[1] <= found.high:
                    ways = math.factorial(n) / math.prod(map(math.factorial, counts))
                    covered += ways * math.prod(
                        share**count for share, count in zip(shares, counts, strict=True)
                    )
    assert covered == pytest.approx(0.95, abs=0.015)
