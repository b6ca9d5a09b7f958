"""A knock-out leaves every pixel, and says what the model may not attend to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elena_wb import builtin
from elena_wb.core import (
    Box,
    Choice,
    Condition,
    KnockOut,
    LeavesPixels,
    Pixels,
    Region,
    Relocates,
    Stimulus,
    UsageError,
)
from elena_wb.masking import NOTHING_HIDDEN, Masked, audits, resolve
from elena_wb.masking.box import BoxMasker
from elena_wb.masking.control import ControlMasker
from elena_wb.masking.knock_out import KnockOutControlMasker, KnockOutMasker, layers_of, spelt_layers
from elena_wb.plugins import build_host

FACE = Region("face", Box(40, 20, 20, 24), "annotated")
BODY = Region("body", Box(20, 10, 60, 100), "annotated")


def applied(spec: str, *regions: Region, size: tuple[int, int] = (120, 160)) -> tuple[Pixels, Masked]:
    host = build_host([], [("builtin", builtin)])
    masking = resolve(Condition.parse(spec), locators=host.makers("locators"), maskers=host.makers("maskers"))
    pixels = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    stimulus = Stimulus("0" * 64, Path("a.png"), "folder", 1, 1, regions=regions)
    return pixels, masking.apply(pixels, stimulus)


def touched(boxes: Sequence[Box], size: tuple[int, int] = (120, 160)) -> npt.NDArray[np.int64]:
    """How many of ``boxes`` lie over each pixel."""
    over = np.zeros(size, dtype=np.int64)
    for box in boxes:
        assert (box.x, box.y, box.w, box.h) == tuple(map(int, (box.x, box.y, box.w, box.h)))
        over[int(box.y) : int(box.y + box.h), int(box.x) : int(box.x + box.w)] += 1
    return over


def test_every_pixel_stays_and_what_box_would_hide_is_knocked_out() -> None:
    pixels, masked = applied("face:knock-out,layers=2-5@annotated", FACE)
    assert np.array_equal(masked.pixels, pixels)
    assert masked.knock_out is not None
    assert masked.knock_out.layers == (2, 5)
    white = np.full((120, 160, 3), 255, np.uint8)
    hidden = (BoxMasker().mask(white, [FACE.box]) == 0).all(axis=2)
    assert np.array_equal(touched(masked.knock_out.boxes) == 1, hidden)
    assert (masked.regions, masked.hidden) == ((FACE,), (FACE.box,))


def test_the_control_knocks_out_as_much_where_the_control_hides_it() -> None:
    pixels, masked = applied("face:knock-out-control@annotated", FACE, BODY)
    part = applied("face:knock-out@annotated", FACE, BODY)[1]
    assert np.array_equal(masked.pixels, pixels)
    assert masked.knock_out is not None
    assert part.knock_out is not None
    taken, of_part = touched(masked.knock_out.boxes), touched(part.knock_out.boxes)
    assert taken.sum() == of_part.sum() > 0
    assert not (taken.astype(bool) & of_part.astype(bool)).any()
    assert masked.knock_out.boxes == applied("face:control@annotated", FACE, BODY)[1].hidden


def test_the_background_is_everything_outside_the_bodies() -> None:
    pixels, masked = applied("background:knock-out@annotated", FACE, BODY)
    assert np.array_equal(masked.pixels, pixels)
    assert masked.knock_out is not None
    outside = np.ones((120, 160), dtype=np.int64)
    outside[10:110, 20:80] = 0
    assert np.array_equal(touched(masked.knock_out.boxes), outside)
    assert np.array_equal(masked.hidden_area, outside.astype(bool))
    both = applied("background+face:knock-out,padding=0@annotated", FACE, BODY)[1]
    assert both.knock_out is not None
    outside[20:44, 40:60] = 1
    assert np.array_equal(touched(both.knock_out.boxes), outside)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(Box, st.floats(-9, 49), st.floats(-9, 39), st.floats(0.1, 50), st.floats(0.1, 50)),
        min_size=1,
        max_size=4,
    )
)
def test_the_background_of_any_bodies_is_covered_once(boxes: list[Box]) -> None:
    regions = [Region("body", box, "annotated") for box in boxes]
    masked = applied("background:knock-out@annotated", *regions, size=(40, 50))[1]
    bodies = np.zeros((40, 50), dtype=bool)
    for box in masked.shown:
        bodies[int(box.y) : int(np.ceil(box.y + box.h)), int(box.x) : int(np.ceil(box.x + box.w))] = True
    if masked.knock_out is None:
        assert bodies.all() or not masked.shown
    else:
        assert np.array_equal(touched(masked.knock_out.boxes, (40, 50)), (~bodies).astype(np.int64))


@pytest.mark.parametrize("spec", ["face:knock-out@annotated", "face:knock-out-control@annotated"])
def test_where_nothing_is_found_nothing_is_knocked_out_and_a_note_says_so(spec: str) -> None:
    masked = applied(spec, BODY)[1]
    assert masked.knock_out is None
    assert NOTHING_HIDDEN in masked.notes[0]


def test_a_control_without_room_says_so() -> None:
    whole = Region("face", Box(2, 2, 156, 116), "annotated")
    masked = applied("face:knock-out-control@annotated", whole)[1]
    assert masked.knock_out is None
    assert "no room" in masked.notes[0]


def test_a_style_that_hides_pixels_knocks_nothing_out() -> None:
    assert applied("face:blur@annotated", FACE)[1].knock_out is None
    assert not isinstance(BoxMasker(), LeavesPixels)
    assert not isinstance(ControlMasker(), LeavesPixels)
    assert isinstance(KnockOutMasker(), LeavesPixels)
    assert not isinstance(KnockOutMasker(), Relocates)
    assert isinstance(KnockOutControlMasker(), LeavesPixels)
    assert isinstance(KnockOutControlMasker(), Relocates)


def test_the_styles_called_as_any_other_leave_the_picture_as_it_is() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    for style in (KnockOutMasker(), KnockOutControlMasker()):
        copy = style.mask(pixels, [Box(2, 2, 9, 9)])
        assert np.array_equal(copy, pixels)
        assert copy is not pixels


@pytest.mark.parametrize(
    ("text", "layers"), [("all", None), ("7", (7, 7)), ("0-11", (0, 11)), (" ALL ", None)]
)
def test_layers_are_all_or_one_or_a_range(text: str, layers: tuple[int, int] | None) -> None:
    assert layers_of(text) == layers
    assert layers_of(spelt_layers(layers)) == layers


@pytest.mark.parametrize("text", ["", "x", "-1", "5-2", "1-2-3", "1.5", "0-99999", "٣"])
def test_other_layers_are_refused(text: str) -> None:
    host = build_host([], [("builtin", builtin)])
    with pytest.raises(UsageError, match="layers"):
        host.make("maskers", Choice("knock-out", (("layers", text),)))


def test_layers_and_padding_make_another_style() -> None:
    made = [KnockOutMasker(), KnockOutMasker("3"), KnockOutMasker(padding=0), KnockOutControlMasker()]
    assert len({style.identity for style in made}) == len(made)
    assert made[1].identity == "knock-out(layers=3-3,padding=0.05)"


def test_no_face_is_hidden_so_that_nothing_is_audited() -> None:
    for spec in ("face:knock-out", "head:knock-out-control,layers=0-3"):
        assert not Condition.parse(spec).hides_face
        assert not audits(Condition.parse(spec))


def test_what_is_knocked_out_is_equal_where_it_is_equal() -> None:
    assert applied("face:knock-out@annotated", FACE)[1].knock_out == KnockOut((Box(39, 18, 22, 28),))
