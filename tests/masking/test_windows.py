"""Scales and windows: all of a picture is searched, for faces of every size, with bounded work."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from elena_wb.masking.windows import SMALLEST, WINDOW, Scale, scales

sides = st.integers(16, 12_000)


def in_windows(width: int, height: int, windows: int = 24) -> list[Scale]:
    return [one for one in scales(width, height, side=640, windows=windows) if one.largest is not None]


def test_a_photograph_of_ordinary_size_is_searched_whole_and_once() -> None:
    for width, height in ((640, 480), (426, 640), (1024, 1024), (1280, 960)):
        found = scales(width, height, side=640, windows=24)
        assert [max(one.width, one.height) for one in found] == [640]
        assert all(one.windows == ((0, 0, one.width, one.height),) for one in found)


def test_a_small_picture_is_enlarged_threefold_at_most() -> None:
    assert [one.width for one in scales(64, 64, side=640, windows=24)] == [192]


def test_a_picture_4000_pixels_wide_is_searched_at_its_own_size() -> None:
    (own,) = in_windows(4000, 3000)
    assert (own.width, own.height, len(own.windows)) == (4000, 3000, 20)


def test_without_windows_every_picture_is_searched_whole() -> None:
    assert in_windows(6000, 4000, windows=0) == []


@given(sides, sides, st.integers(0, 60))
def test_the_windows_are_no_more_than_allowed(width: int, height: int, windows: int) -> None:
    cut = [window for one in in_windows(width, height, windows) for window in one.windows]
    assert len(cut) <= windows
    assert all(right - left <= WINDOW and bottom - top <= WINDOW for left, top, right, bottom in cut)


@given(sides, sides, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_every_small_face_lies_whole_in_some_window(
    width: int, height: int, across: float, down: float, share: float
) -> None:
    for one in in_windows(width, height):
        assert one.largest is not None
        face = 1 + share * (one.largest - 5)
        w, h = min(face, one.width), min(face, one.height)
        x, y = across * (one.width - w), down * (one.height - h)
        assert any(
            (left == 0 or x > left + 2 or x == left)
            and (top == 0 or y > top + 2 or y == top)
            and left <= x
            and top <= y
            and x + w <= right
            and y + h <= bottom
            for left, top, right, bottom in one.windows
        )


@given(sides, sides)
def test_no_size_of_face_falls_between_the_scales(width: int, height: int) -> None:
    found = scales(width, height, side=640, windows=24)
    cut = [one for one in found if one.largest is not None]
    whole = next(one for one in found if one.largest is None)
    for finer, coarser in itertools.pairwise([*cut, whole] if cut else []):
        assert finer.largest is not None
        assert finer.largest * coarser.width / finer.width >= SMALLEST


def test_a_strip_is_not_shrunk_until_nothing_of_it_can_be_searched() -> None:
    for width, height in ((1280, 30), (3000, 40), (40, 3000)):
        assert all(min(one.width, one.height) >= 16 for one in scales(width, height, side=640, windows=24))
