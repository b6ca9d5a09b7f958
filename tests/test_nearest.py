"""Hints for names that do not exist."""

import pytest

from elena_wb.nearest import nearest


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("elna", "Did you mean `elena`?"),
        ("NAIVE", "Did you mean `naive`?"),
        ("reasoned", "Did you mean `elena-reasoned`?"),
        ("zzz", "There is `elena`, `elena-reasoned` and `naive`."),
    ],
)
def test_the_hint_names_what_was_probably_meant_or_what_there_is(name, hint):
    assert nearest(name, ["naive", "elena", "elena-reasoned"]) == hint


def test_long_lists_are_cut():
    assert (nearest("?", [f"name-{n}" for n in range(100)]) or "").startswith("Among others there is")


def test_without_choices_there_is_no_hint():
    assert nearest("x", []) is None
