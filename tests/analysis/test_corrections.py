"""Corrected p-values: worked out by hand, by the definition, and by statsmodels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from elena_wb.analysis.corrections import benjamini_hochberg, holm


def test_the_smallest_of_four_is_multiplied_by_four_and_order_is_kept() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([math.nan, 0.02])[1] == 0.02
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_corrected_values_reject_what_the_step_down_procedure_rejects(p_values: list[float]) -> None:
    corrected = holm(p_values)
    for alpha in (0.01, 0.05, 0.2):
        rejected = set()
        for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
            if p_values[index] * (len(p_values) - rank) > alpha:
                break
            rejected.add(index)
        assert {index for index, p in enumerate(corrected) if p <= alpha} == rejected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_both_procedures_give_what_statsmodels_gives(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert benjamini_hochberg(p_values) == pytest.approx(multipletests(p_values, method="fdr_bh")[1])


def test_a_test_that_could_not_be_made_counts_for_none() -> None:
    corrected = benjamini_hochberg([math.nan, 0.01, 0.04])
    assert math.isnan(corrected[0])
    assert corrected[1:] == pytest.approx([0.02, 0.04])
    assert benjamini_hochberg([]) == []
