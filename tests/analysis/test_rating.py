"""Means, differences and rank correlations of ratings, beside scipy and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from elena_wb.analysis.rank_correlation import Correlation
from elena_wb.analysis.rank_correlation import spearman as of_columns
from elena_wb.analysis.rating import difference, difference_apart, mean, sign_flips
from elena_wb.core import Resampling

QUICK = Resampling(400, 1)


def spearman(x, y, unit, group, resampling) -> Correlation:
    ((found,),) = of_columns(x[:, None], y[:, None], unit, group, resampling)
    return found


def crossed(pictures: int, raters: int, seed: int = 0, picture_sd: float = 1.0, rater_sd: float = 1.0):
    """Ratings of every picture by every rater: values, picture, rater."""
    rng = np.random.default_rng(seed)
    values = (
        4
        + rng.normal(0, picture_sd, (pictures, 1))
        + rng.normal(0, rater_sd, (1, raters))
        + rng.normal(0, 0.5, (pictures, raters))
    )
    picture, rater = np.divmod(np.arange(pictures * raters), raters)
    return values.ravel(), picture, rater


def test_the_interval_over_pictures_is_that_of_drawing_each_with_all_its_ratings():
    values, picture, rater = crossed(40, 3)
    kept = np.random.default_rng(2).random(len(values)) < 0.8
    values, picture, rater = values[kept], picture[kept], rater[kept]
    found = mean(values, picture, rater, Resampling(4000, 3))
    rng = np.random.default_rng(9)
    samples = []
    for _ in range(3000):
        drawn = rng.integers(0, 40, 40)
        rows = np.concatenate([np.flatnonzero(picture == one) for one in drawn])
        samples.append(values[rows].mean())
    assert found.value == pytest.approx(values.mean())
    assert (found.pictures.low, found.pictures.high) == pytest.approx(
        tuple(np.quantile(samples, [0.025, 0.975])), abs=0.03
    )
    assert found.pictures.n == len(values)


def test_drawing_raters_too_holds_for_other_raters_as_the_first_interval_does_not():
    """Whose interval covers the mean over all pictures and raters that there could be, in 200 studies?"""
    covered = np.zeros(2)
    for seed in range(200):
        values, picture, rater = crossed(25, 12, seed, picture_sd=0.6, rater_sd=1.0)
        found = mean(values, picture, rater, Resampling(200, seed))
        covered += [of.low <= 4 <= of.high for of in (found.pictures, found.raters)]
    assert covered[0] / 200 < 0.75
    assert covered[1] / 200 > 0.87


def test_with_two_raters_one_picture_or_equal_ratings_there_is_no_interval_to_mislead():
    two = mean(*crossed(20, 2), QUICK)
    assert not np.isnan(two.pictures.low)
    assert np.isnan(two.raters.low)
    one = mean(np.array([3.0, 5.0, 6.0]), np.zeros(3, int), np.arange(3), QUICK)
    assert (one.value, np.isnan(one.pictures.low)) == (pytest.approx(14 / 3), True)
    same = mean(np.full(12, 7.0), np.arange(12) // 3, np.arange(12) % 3, QUICK)
    assert (same.value, np.isnan(same.pictures.low), np.isnan(same.raters.low)) == (7, True, True)
    nothing = mean(np.array([]), np.array([], int), np.array([], int), QUICK)
    assert (np.isnan(nothing.value), nothing.pictures.n) == (True, 0)
    assert np.isnan(mean(*crossed(20, 4), Resampling(0, 0)).raters.high)


@pytest.mark.parametrize("pictures", [7, 60])
def test_signs_are_flipped_as_scipy_flips_them(pictures):
    rng = np.random.default_rng(pictures)
    apart = rng.integers(-2, 4, pictures).astype(float)
    told = stats.permutation_test(
        (apart,), lambda of, axis: of.sum(axis=axis), permutation_type="samples", n_resamples=49_999, rng=1
    )
    assert sign_flips(apart, 5) == pytest.approx(told.pvalue, abs=0 if pictures == 7 else 0.01)


def test_the_differences_of_a_picture_are_flipped_together():
    """Nine raters who say the same of one picture are one picture that says so."""
    first, second = np.full(9, 2.0), np.full(9, 6.0)
    found, p = difference(first, second, np.zeros(9, int), np.arange(9), QUICK)
    assert (found.value, p) == (4, 1)
    _, apart = difference(first[:6], second[:6], np.arange(6), np.zeros(6, int), QUICK)
    assert apart == 2 / 2**6
    assert sign_flips(np.zeros(5), 0) == 1
    assert np.isnan(sign_flips(np.array([]), 0))


def test_runs_rated_on_different_pictures_are_told_apart_as_scipy_does():
    rng = np.random.default_rng(4)
    a, b = rng.normal(4, 1, 30), rng.normal(4.6, 1, 24)
    found, p = difference_apart(
        (a, np.arange(30), np.zeros(30, int)), (b, np.arange(24), np.zeros(24, int)), QUICK
    )
    told = stats.permutation_test(
        (a, b), lambda x, y, axis: y.mean(axis=axis) - x.mean(axis=axis), n_resamples=9999, rng=2
    )
    assert found.value == pytest.approx(b.mean() - a.mean())
    assert p == pytest.approx(told.pvalue, abs=0.015)
    assert found.pictures.low < found.value < found.pictures.high


@pytest.mark.parametrize("levels", [3, 1000])
def test_rank_correlation_agrees_with_scipy_and_leaves_unknown_pairs_out(levels):
    rng = np.random.default_rng(levels)
    x = rng.integers(0, levels, 50).astype(float)
    y = np.round(x / levels * 4 + rng.normal(0, 2, 50))
    y[:3] = np.nan
    found = spearman(x, y, np.arange(50), np.zeros(50, int), QUICK)
    told = stats.spearmanr(x[3:], y[3:])
    assert (found.rho.value, found.p) == (pytest.approx(told.statistic), pytest.approx(told.pvalue))
    assert found.rho.n == 47
    assert found.within == pytest.approx(found.rho.value)


def test_its_interval_is_that_of_ranking_each_sample_anew_with_pictures_drawn_whole():
    rng = np.random.default_rng(3)
    unit = np.arange(60) // 3
    x = rng.normal(size=20)[unit] + rng.normal(size=60)
    y = np.round(x + rng.normal(size=60))
    found = spearman(x, y, unit, unit, Resampling(3000, 0))
    samples = []
    for _ in range(1000):
        rows = np.concatenate([np.flatnonzero(unit == one) for one in rng.integers(0, 20, 20)])
        samples.append(stats.spearmanr(x[rows], y[rows]).statistic)
    assert (found.rho.low, found.rho.high) == pytest.approx(
        tuple(np.quantile(samples, [0.025, 0.975])), abs=0.03
    )


def test_what_lies_between_runs_is_taken_out_of_the_correlation_within():
    """Two runs that differ in both, and within which nothing goes together."""
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], 200)
    x, y = group * 10 + rng.normal(size=400), group * 10 + rng.normal(size=400)
    found = spearman(x, y, np.arange(400), group, Resampling(0, 0))
    assert found.rho.value > 0.7
    assert abs(found.within) < 0.15


def test_a_constant_has_no_correlation_and_few_pairs_no_test():
    some = np.arange(9.0)
    few = spearman(some, some, np.arange(9), np.zeros(9, int), QUICK)
    assert (few.rho.value, np.isnan(few.rho.low), np.isnan(few.p)) == (1, True, True)
    many = np.arange(30.0)
    flat = spearman(many, np.ones(30), np.arange(30), np.zeros(30, int), QUICK)
    assert np.isnan([flat.rho.value, flat.rho.low, flat.p, flat.within]).all()
    assert spearman(many, many, np.arange(30), np.zeros(30, int), QUICK).p == 0
    assert spearman(many[:1], many[:1], np.arange(1), np.zeros(1, int), QUICK).rho.n == 1


def test_many_columns_are_what_each_is_alone_whichever_values_are_unknown():
    rng = np.random.default_rng(6)
    x, y = rng.integers(0, 5, (40, 2)).astype(float), rng.normal(size=(40, 4))
    y[:, 1] = np.round(y[:, 1])
    y[:9, 2] = y[5:20, 3] = np.nan
    unit, group = np.arange(40) // 2, np.arange(40) % 3
    together = of_columns(x, y, unit, group, QUICK)
    for a in range(2):
        for b in range(4):
            alone, found = spearman(x[:, a], y[:, b], unit, group, QUICK), together[a][b]
            for of in (
                lambda one: one.rho.value,
                lambda one: one.rho.low,
                lambda one: one.p,
                lambda one: one.within,
            ):
                assert of(found) == pytest.approx(of(alone))
            assert found.rho.n == alone.rho.n
