"""Masking conditions: what people may type and what it means."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.core import Choice, Condition, UsageError

NAMES = st.sampled_from(["face", "hands", "torso", "left_hand"])
STYLES = st.sampled_from([None, Choice("box"), Choice("blur", (("padding", "0.2"), ("strength", "3")))])
LOCATORS = st.sampled_from([None, Choice("yunet", (("score", "0.5"),)), Choice("annotated")])


@pytest.mark.parametrize(
    ("spec", "parts", "style", "locator"),
    [
        ("none", (), None, None),
        ("face", ("face",), None, None),
        ("face:blur", ("face",), "blur", None),
        ("face@yunet", ("face",), None, "yunet"),
        ("face+hands:box@annotated", ("face", "hands"), "box", "annotated"),
        (" Hands+Face ", ("face", "hands"), None, None),
        (
            "face:box,padding=0.1,colour=white@yunet,score=0.5",
            ("face",),
            "box,colour=white,padding=0.1",
            "yunet,score=0.5",
        ),
    ],
)
def test_a_spec_reads_as_designed(
    spec: str, parts: tuple[str, ...], style: str | None, locator: str | None
) -> None:
    condition = Condition.parse(spec)
    chosen = [None if choice is None else str(choice) for choice in (condition.style, condition.locator)]
    assert (condition.parts, *chosen) == (parts, style, locator)


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "face:",
        "face@",
        "@yunet",
        "face++hands",
        "none+face",
        "face hands",
        "f/a",
        "face,padding=1",
        "face:box,padding",
        "face:box,padding=",
        "face:box,=1",
        "face:box,a=1,a=2",
        "face:,a=1",
    ],
)
def test_what_is_no_spec_is_refused_with_an_example(spec: str) -> None:
    with pytest.raises(UsageError) as caught:
        Condition.parse(spec)
    assert caught.value.hint
    assert "face" in caught.value.hint


@given(st.lists(NAMES, min_size=1, max_size=4), STYLES, LOCATORS)
def test_a_condition_prints_as_the_spec_it_is_read_from(
    parts: list[str], style: Choice | None, locator: Choice | None
) -> None:
    condition = Condition(tuple(sorted(set(parts))), style, locator)
    assert Condition.parse(str(condition)) == condition


def test_equal_conditions_are_equal_in_any_order_of_parts() -> None:
    assert Condition.parse("hands+face") == Condition.parse("face+hands+face")


@pytest.mark.parametrize(
    ("spec", "hides"),
    [
        ("face", True),
        ("head:blur", True),
        ("body", True),
        ("face:control", False),
        ("hands", False),
        ("none", False),
    ],
)
def test_a_control_does_not_hide_the_face(spec: str, hides: bool) -> None:
    assert Condition.parse(spec).hides_face is hides


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        Condition.parse(text)
