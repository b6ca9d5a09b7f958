"""Lists in cells, as Python and numpy write them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.data.cells import BadRowError, literal, several
from elena_wb.vocabulary import load_scheme


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[6. 5. nan]", [6, 5, None]),
        ("[ 6.   nan\n  7.5]", [6, None, 7.5]),
        ("[nan nan nan]", [None] * 3),
        ("[[1, 5, 4]]", [1, 5, 4]),
        ("[[1. 5. nan]]", [1, 5, None]),
        ("[6, NaN, -1e1]", [6, None, -10]),
        ("(6, 5)", [6, 5]),
    ],
)
def test_lists_of_numbers(text: str, values: list[float | None]) -> None:
    assert literal("x", text) == values


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("['Peace' 'Anger']", ("Peace", "Anger")),
        ("['Peace'\n \"Doubt/Confusion\"]", ("Peace", "Doubt/Confusion")),
        ("[['Peace' 'Anger']]", ("Peace", "Anger")),
        ("[['Peace'], ['Fear', 'Anger']]", ("Peace", "Fear", "Anger")),
        ("['Peace', 'Anger']", ("Peace", "Anger")),
        ("['Peace']", ("Peace",)),
        ("['Peace and quiet']", ("Peace and quiet",)),
        ("[]", ()),
    ],
)
def test_lists_of_words(text: str, words: tuple[str, ...]) -> None:
    assert several("x", text) == words


@pytest.mark.parametrize(
    "text", ["[6. 5. nan", "['Peace' Anger]", "[6. five]", "[f('a' 'b')]", "[" * 400, "3"]
)
def test_what_is_no_list_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadRowError, match="which is no list"):
        literal("x", text)


@given(st.lists(st.floats(1, 10) | st.just(float("nan")), min_size=1, max_size=40))
def test_whatever_numpy_prints_of_numbers_is_read_back(values: list[float]) -> None:
    for printed in (np.array(values), np.array([values])):
        read = literal("x", np.array2string(printed, threshold=100))
        assert [np.nan if value is None else value for value in read] == pytest.approx(
            values, rel=1e-4, nan_ok=True
        )


@given(st.lists(st.sampled_from(load_scheme("emotic26").displayed), min_size=1))
def test_whatever_numpy_prints_of_labels_is_read_back(labels: list[str]) -> None:
    for printed in (np.array(labels), np.array(labels, object)):
        assert several("x", str(printed)) == tuple(labels)
