"""The head around a face: upright, on its side, turned away, without landmarks, and at the edge."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.core import Box, Region
from elena_wb.masking.head import head_of

SIZE = 1000


def face(angle: float = 0.0, turn: float = 0.0, side: float = 100.0) -> Region:
    """A face around the middle of the picture, tilted by ``angle`` degrees, its nose ``turn`` heights to the right."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))

    def at(x: float, y: float) -> tuple[float, float]:
        return (SIZE / 2 + side * (x * cos - y * sin), SIZE / 2 + side * (x * sin + y * cos))

    points = {
        "right_eye": at(-0.18, -0.1),
        "left_eye": at(0.18, -0.1),
        "nose": at(turn, 0.08),
        "mouth_right": at(-0.14, 0.27),
        "mouth_left": at(0.14, 0.27),
    }
    box = Box(SIZE / 2 - 0.4 * side, SIZE / 2 - side / 2, 0.8 * side, side)
    return Region("face", box, "yunet", 0.8, points)


def test_hair_ears_and_chin_of_an_upright_face_are_in_its_head() -> None:
    head = head_of(face(), SIZE, SIZE)
    assert (head.part, head.locator, head.score, head.landmarks) == ("head", "yunet", 0.8, face().landmarks)
    assert head.box.x == pytest.approx(SIZE / 2 - 75)
    assert head.box.x + head.box.w == pytest.approx(SIZE / 2 + 75)
    assert head.box.y == pytest.approx(SIZE / 2 - 95)
    assert head.box.y + head.box.h == pytest.approx(SIZE / 2 + 60)


@pytest.mark.parametrize(("angle", "longer"), [(90, "right"), (-90, "left"), (180, "below")])
def test_the_hair_is_on_the_side_that_the_eyes_are_on(angle: float, longer: str) -> None:
    box = head_of(face(angle), SIZE, SIZE).box
    reach = {
        "left": SIZE / 2 - box.x,
        "right": box.x + box.w - SIZE / 2,
        "above": SIZE / 2 - box.y,
        "below": box.y + box.h - SIZE / 2,
    }
    assert max(reach, key=lambda side: reach[side]) == longer
    assert reach[longer] == pytest.approx(95)


def test_a_turned_head_reaches_further_behind_the_face() -> None:
    ahead, to_the_right = head_of(face(), SIZE, SIZE).box, head_of(face(turn=0.12), SIZE, SIZE).box
    assert to_the_right.x < ahead.x - 20
    assert to_the_right.x + to_the_right.w == pytest.approx(ahead.x + ahead.w)


def test_without_landmarks_or_with_nonsense_the_face_is_upright() -> None:
    upright = head_of(face(), SIZE, SIZE).box
    bare = Region("face", face().box, "other")
    points = dict.fromkeys(face().landmarks, (0.0, 0.0)) | {"mouth_left": (1e9, math.nan)}
    assert head_of(bare, SIZE, SIZE).box == upright
    assert head_of(Region("face", face().box, "other", 1.0, points), SIZE, SIZE).box == upright


@given(
    st.floats(-180, 180), st.floats(-1, 1), st.floats(1, 3000), st.integers(20, 1500), st.integers(20, 1500)
)
def test_the_head_holds_the_face_and_stays_in_the_picture(
    angle: float, turn: float, side: float, width: int, height: int
) -> None:
    whole = face(angle, turn, side)
    inside = whole.box.clipped(width, height)
    head = head_of(whole, width, height).box
    if inside is not None:
        assert head.clipped(width, height) == head
        assert head.x <= inside.x
        assert head.y <= inside.y
        assert head.x + head.w >= inside.x + inside.w - 1e-6
        assert head.y + head.h >= inside.y + inside.h - 1e-6
