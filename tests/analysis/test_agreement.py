"""Agreement beyond chance: a published example, scikit-learn, the definition written out, and its interval."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa, to_table

from elena_wb.analysis.agreement import Level, cohen_kappa, krippendorff_alpha
from elena_wb.core import Resampling

NO = Resampling(0)
GAP = math.nan
# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example C: four observers, twelve units.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
        [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
    ]
).T


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_the_published_example_comes_out_as_published(level: Level, alpha: float) -> None:
    found = krippendorff_alpha(PUBLISHED, level)
    assert found.value == pytest.approx(alpha, abs=0.0005)
    assert found.n == 11
    assert found.low < found.value < found.high <= 1


def by_definition(values: Any, level: Level) -> float:
    """Coincidences of ordered pairs, and the differences of pairs of values, one by one."""
    units = [[value for value in unit if not math.isnan(value)] for unit in values.tolist()]
    units = [unit for unit in units if len(unit) > 1]
    said = [value for unit in units for value in unit]
    count = {value: said.count(value) for value in said}

    def apart(a: float, b: float) -> float:
        if level == "nominal":
            return float(a != b)
        if level == "interval":
            return (a - b) ** 2
        low, high = sorted((a, b))
        between = sum(times for value, times in count.items() if low <= value <= high)
        return (between - (count[a] + count[b]) / 2) ** 2 if a != b else 0.0

    observed = sum(apart(a, b) / (len(unit) - 1) for unit in units for a, b in permutations(unit, 2)) / len(
        said
    )
    expected = sum(apart(a, b) for a, b in permutations(said, 2)) / (len(said) * (len(said) - 1))
    return 1 - observed / expected


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["nominal", "ordinal", "interval"]))
def test_alpha_is_what_its_definition_says(seed: int, level: Level) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 6, (9, 4)).astype(float) * 0.7 + 100
    values[rng.random(values.shape) < 0.3] = math.nan
    found = krippendorff_alpha(values, level, NO)
    if found.n and len(np.unique(values[np.isfinite(values).sum(axis=1) > 1])) > 2:
        assert found.value == pytest.approx(by_definition(values, level))


def test_negative_codes_are_missing_and_one_value_everywhere_says_nothing() -> None:
    floats = np.where(np.isnan(PUBLISHED), -1, PUBLISHED).astype(int)
    assert (
        krippendorff_alpha(floats, "nominal", NO).value == krippendorff_alpha(PUBLISHED, "nominal", NO).value
    )
    levels: tuple[Level, ...] = ("nominal", "ordinal", "interval")
    for level in levels:
        same = krippendorff_alpha(np.full((5, 3), 0.1), level)
        assert (math.isnan(same.value), math.isnan(same.low), same.n) == (True, True, 5)
        alone = krippendorff_alpha(np.array([[1, -1], [-1, 2]]), level)
        assert (math.isnan(alone.value), alone.n) == (True, 0)
        assert krippendorff_alpha(np.array([[1.0, 1.0], [2.0, 2.0]]), level).value == pytest.approx(1)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), min_size=2, max_size=60))
def test_kappa_is_what_scikit_learn_and_statsmodels_give(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    found = cohen_kappa(first, second, resampling=NO)
    assert found.n == len(pairs)
    if len(np.unique(pairs)) == 1:
        assert math.isnan(found.value)
        return
    assert found.value == pytest.approx(cohen_kappa_score(first, second))
    table, _ = to_table(np.column_stack([first, second]) + 1, bins=np.arange(-0.5, 6))
    assert found.value == pytest.approx(float(cohens_kappa(table, return_results=False)))


def test_intervals_are_those_of_drawing_stimuli_with_all_their_units() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 4, 60)
    stimulus = np.repeat(np.arange(60), 3)
    said = np.where(rng.random((180, 3)) < 0.6, truth[stimulus][:, None], rng.integers(0, 4, (180, 3)))
    drawn = []
    for _ in range(250):
        rows = np.concatenate([np.flatnonzero(stimulus == one) for one in rng.integers(0, 60, 60)])
        drawn.append(
            [
                krippendorff_alpha(said[rows], "nominal", NO).value,
                krippendorff_alpha(said[rows].astype(float), "interval", NO).value,
                krippendorff_alpha(said[rows], "ordinal", NO).value,
                cohen_kappa_score(said[rows, 0], said[rows, 1]),
            ]
        )
    ours = [
        krippendorff_alpha(said, "nominal", Resampling(4000), stimulus=stimulus),
        krippendorff_alpha(said.astype(float), "interval", Resampling(4000), stimulus=stimulus),
        krippendorff_alpha(said, "ordinal", Resampling(4000), stimulus=stimulus),
        cohen_kappa(said[:, 0], said[:, 1], stimulus, Resampling(4000)),
    ]
    for found, low, high in zip(ours, *np.quantile(drawn, [0.025, 0.975], axis=0), strict=True):
        assert (found.low, found.high) == pytest.approx((low, high), abs=0.3 * (high - low))


def test_an_interval_does_not_depend_on_the_order_of_the_rows() -> None:
    rng = np.random.default_rng(1)
    values, order = rng.integers(0, 3, (40, 3)), rng.permutation(40)
    assert krippendorff_alpha(values, "nominal") == krippendorff_alpha(values[order], "nominal")
    assert cohen_kappa(values[:, 0], values[:, 1]) == cohen_kappa(values[order, 0], values[order, 1])


def test_many_units_take_no_long_time_and_give_the_interval_of_few_patterns() -> None:
    rng = np.random.default_rng(2)
    many = rng.normal(size=(100_000, 1)) + rng.normal(size=(100_000, 2))
    found = krippendorff_alpha(many, "interval")
    assert found.value == pytest.approx(0.5, abs=0.01)
    assert found.high - found.low < 0.02
