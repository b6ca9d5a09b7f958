"""The control hides exactly as much as the part's own condition, elsewhere, on the person where it can."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from elena_wb.core import Box, Condition, Masker, Pixels, Region, Relocates, Stimulus
from elena_wb.data import load_image
from elena_wb.masking import NOTHING_HIDDEN, resolve
from elena_wb.masking.annotated import AnnotatedLocator
from elena_wb.masking.blur import BlurMasker
from elena_wb.masking.box import BoxMasker
from elena_wb.masking.control import ControlMasker
from elena_wb.masking.ellipse import EllipseMasker
from elena_wb.masking.resolving import Make
from elena_wb.masking.yunet import YunetLocator
from tests.real_data import real

WHITE = np.full((480, 640, 3), 255, np.uint8)
FACE = Box(300, 60, 50, 60)


def black(style: Masker, boxes: Sequence[Box], white: Pixels = WHITE) -> npt.NDArray[np.bool_]:
    """Which pixels of a white picture a style fills with black."""
    hidden: npt.NDArray[np.bool_] = (style.mask(white, boxes) == 0).all(axis=2)
    return hidden


def elsewhere(
    control: ControlMasker, boxes: Sequence[Box], white: Pixels = WHITE, persons: Sequence[Box] = ()
) -> Sequence[Box]:
    height, width = white.shape[:2]
    return control.elsewhere(boxes, width=width, height=height, persons=persons)


def test_it_relocates() -> None:
    assert isinstance(ControlMasker(), Relocates)
    assert not isinstance(BoxMasker(), Relocates)


@settings(max_examples=300, deadline=None)
@given(
    height=st.integers(1, 200),
    width=st.integers(1, 200),
    boxes=st.lists(
        st.builds(
            Box, x=st.floats(-20, 190), y=st.floats(-20, 190), w=st.floats(0.01, 80), h=st.floats(0.01, 80)
        ),
        max_size=5,
    ),
    persons=st.lists(
        st.builds(Box, x=st.floats(-20, 99), y=st.floats(-20, 99), w=st.floats(1, 200), h=st.floats(1, 200)),
        max_size=3,
    ),
    padding=st.sampled_from([0.0, 0.05, 0.3]),
)
def test_as_many_pixels_are_hidden_and_none_of_the_part(
    height: int, width: int, boxes: list[Box], persons: list[Box], padding: float
) -> None:
    white = np.full((height, width, 3), 255, np.uint8)
    control = ControlMasker(padding=padding)
    part = black(BoxMasker(padding=padding), boxes, white)
    places = elsewhere(control, boxes, white, persons)
    assert places == elsewhere(control, boxes[::-1], white, persons)
    hidden = black(control, places, white)
    assert not (hidden & part).any()
    for box in places:
        assert box.clipped(width, height) == box
    if places:
        assert hidden.sum() == part.sum() == sum(box.w * box.h for box in places)
    elif part.any():
        assert part.sum() > 0.15 * part.size or min(height, width) < 30


@settings(max_examples=100, deadline=None)
@example([Box(0, 6, 8, 29)])
@example([Box(0, 6, 14, 29), Box(3, 20, 8, 90)])
@given(
    boxes=st.lists(
        st.builds(Box, x=st.floats(-7, 500), y=st.floats(-7, 400), w=st.floats(8, 90), h=st.floats(8, 90)),
        min_size=1,
        max_size=4,
    ),
)
def test_ellipses_hide_nearly_as_much_and_none_of_the_part(boxes: list[Box]) -> None:
    """The nearest of all ellipses of about that shape is, for any number of pixels, less than a row or column off."""
    control = ControlMasker(style="ellipse")
    part, places = black(EllipseMasker(), boxes), elsewhere(control, boxes)
    hidden = black(control, places)
    assert places
    assert not (hidden & part).any()
    longest = sum(max(place.w, place.h) for place in places)
    assert hidden.sum() == pytest.approx(part.sum(), rel=0, abs=1.1 * longest)


def test_an_ellipse_that_is_cut_off_is_matched_closely() -> None:
    for box in (Box(0, 6, 8, 29), Box(0, 90, 40, 60), Box(200, 0, 90, 70), Box(-20, -30, 70, 80)):
        places = elsewhere(ControlMasker(style="ellipse"), [box])
        part, hidden = black(EllipseMasker(), [box]), black(ControlMasker(style="ellipse"), places)
        assert hidden.sum() == pytest.approx(part.sum(), rel=0.02)


def test_an_ellipse_that_is_whole_keeps_its_shape_and_count() -> None:
    control = ControlMasker(style="ellipse")
    (place,) = elsewhere(control, [FACE])
    assert (place.w, place.h) == (FACE.w, FACE.h)
    assert black(control, [place]).sum() == black(EllipseMasker(), [FACE]).sum()


@pytest.mark.parametrize("style", ["blur", "pixelate", "inpaint"])
def test_other_styles_change_the_very_boxes_that_were_counted(style: str) -> None:
    control = ControlMasker(style=style)  # type: ignore[arg-type]
    noise = np.random.default_rng(0).integers(0, 256, WHITE.shape, dtype=np.uint8)
    places = elsewhere(control, [FACE, Box(500, 200, 60, 70)])
    changed = (control.mask(noise, places) != noise).any(axis=2)
    allowed = black(BoxMasker(padding=0), places)
    assert not (changed & ~allowed).any()
    assert changed.sum() > 0.97 * allowed.sum()


def test_the_shape_is_kept_and_the_place_is_below_the_face_with_the_chin_free() -> None:
    (place,) = elsewhere(ControlMasker(padding=0), [FACE])
    assert place == Box(300, 135, 50, 60)


def test_the_person_of_the_face_is_taken_and_not_another() -> None:
    lying, other = Box(280, 50, 340, 90), Box(100, 50, 120, 400)
    (place,) = elsewhere(ControlMasker(), [FACE], persons=[other, lying])
    assert lying.x <= place.x
    assert place.x + place.w <= lying.x + lying.w
    assert lying.y <= place.y
    assert place.y + place.h <= lying.y + lying.h


def test_of_two_persons_around_a_face_the_smaller_is_taken() -> None:
    child, parent = Box(290, 50, 70, 180), Box(200, 40, 300, 430)
    (place,) = elsewhere(ControlMasker(), [FACE], persons=[parent, child])
    assert place.y + place.h <= child.y + child.h


def test_at_the_bottom_of_the_picture_the_nearest_place_in_the_scene_is_taken() -> None:
    low = Box(300, 400, 60, 75)
    (place,) = elsewhere(ControlMasker(padding=0), [low])
    assert (place.w, place.h) == (low.w, low.h)
    assert place.y + place.h <= 480
    assert place.x + place.w == 300 or place.x == 360


def test_where_the_shape_has_no_room_another_of_the_same_area_is_taken() -> None:
    white = np.full((100, 300, 3), 255, np.uint8)
    wide = Box(95, 0, 100, 80)
    (place,) = elsewhere(ControlMasker(padding=0), [wide], white[:, :290])
    assert place.w < 100
    assert place.w * place.h == 8000


def test_where_no_single_piece_has_room_it_is_shared_out() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    middle = Box(18, 18, 64, 64)
    places = elsewhere(ControlMasker(padding=0), [middle], white)
    hidden = black(ControlMasker(), places, white)
    assert hidden.sum() == 64 * 64
    assert not hidden[18:82, 18:82].any()


@pytest.mark.parametrize("boxes", [[Box(0, 0, 640, 480)], [Box(0, 0, 640, 300)], [Box(900, 10, 5, 5)], []])
def test_where_there_is_no_room_or_nothing_to_hide_there_is_no_box(boxes: list[Box]) -> None:
    assert elsewhere(ControlMasker(), boxes) == ()


def test_a_strip_that_covers_the_picture_but_for_its_own_area_has_a_control() -> None:
    places = elsewhere(ControlMasker(padding=0), [Box(0, 0, 640, 240)])
    assert places == (Box(0, 240, 640, 240),)


def test_faces_in_a_crowd_are_told_apart_in_a_moment() -> None:
    boxes = [Box(7 * column, 11 * row, 5, 7) for column in range(40) for row in range(10)]
    places = elsewhere(ControlMasker(), boxes)
    part, hidden = black(BoxMasker(), boxes), black(ControlMasker(), places)
    assert hidden.sum() == part.sum()
    assert not (hidden & part).any()


def stimulus(*regions: Region) -> Stimulus:
    return Stimulus("0" * 64, Path("a.png"), "folder", 1, 1, regions=regions)


def test_a_condition_hides_as_much_as_the_face_and_shows_it() -> None:
    face, body = Region("face", FACE, "annotated"), Region("body", Box(260, 40, 140, 400), "annotated")
    styles: dict[str, Make[Masker]] = {"box": lambda _: BoxMasker(), "control": lambda _: ControlMasker()}
    pictures = {}
    for spec in ("face", "face:control"):
        masking = resolve(
            Condition.parse(spec), locators={"annotated": lambda _: AnnotatedLocator()}, maskers=styles
        )
        pictures[spec] = masking.apply(WHITE, stimulus(face, body))
    hidden = {spec: (masked.pixels == 0).all(axis=2) for spec, masked in pictures.items()}
    assert hidden["face"].sum() == hidden["face:control"].sum()
    assert not (hidden["face"] & hidden["face:control"]).any()
    assert pictures["face:control"].regions == (face,)
    assert hidden["face:control"][:, 260:400].sum() == hidden["face"].sum()


def test_a_condition_without_room_says_that_nothing_is_hidden() -> None:
    masking = resolve(
        Condition.parse("face:control"),
        locators={"annotated": lambda _: AnnotatedLocator()},
        maskers={"control": lambda _: ControlMasker()},
    )
    masked = masking.apply(WHITE, stimulus(Region("face", Box(0, 0, 640, 400), "annotated")))
    assert masked.pixels is WHITE
    assert NOTHING_HIDDEN in masked.notes[0]
    assert masked.hidden == ()


def test_identities_name_the_style_that_is_controlled() -> None:
    controls = [
        ControlMasker(),
        ControlMasker(padding=0.1),
        ControlMasker(colour="white"),
        ControlMasker(style="blur"),
        ControlMasker(style="blur", strength=1),
    ]
    assert len({control.identity for control in controls}) == len(controls)
    assert controls[3].identity == f"control({BlurMasker().identity})"


def test_every_photograph_has_a_control_of_as_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELENA_WB_YUNET", str(real("models/face_detection_yunet_2023mar.onnx")))
    detector, control = YunetLocator(), ControlMasker()
    with_faces = 0
    for path in sorted(real("photos").glob("*.jpg")):
        pixels = load_image(path).pixels
        regions = detector.locate(pixels, stimulus())
        boxes = [region.box for region in regions if region.part == "face"]
        if not boxes:
            continue
        with_faces += 1
        white = np.full_like(pixels, 255)
        part, places = black(BoxMasker(), boxes, white), elsewhere(control, boxes, white)
        hidden = black(control, places, white)
        assert hidden.sum() == part.sum()
        assert not (hidden & part).any()
    assert with_faces >= 20
