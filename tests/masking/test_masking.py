"""From a condition to hidden pixels: defaults, names that do not exist, and what is said when nothing is hidden."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.core import (
    AbsentError,
    Box,
    Condition,
    Pixels,
    Region,
    SetupError,
    Stimulus,
    UsageError,
    WorkbenchError,
)
from elena_wb.masking import NOTHING_HIDDEN, Masking, resolve
from elena_wb.masking.annotated import AnnotatedLocator
from elena_wb.masking.box import BoxMasker
from elena_wb.masking.control import ControlMasker

FACE = Region("face", Box(10, 10, 20, 20), "annotated")
EYES = Region("eyes", Box(12, 14, 16, 4), "annotated")
LEFT_HAND = Region("left_hand", Box(60, 60, 10, 10), "annotated")


class Faces:
    """A face detector that sees what it is told to."""

    def __init__(self, *boxes: Box, ready: bool = True) -> None:
        self.boxes = boxes
        self.ready = ready
        self.calls = 0

    @property
    def parts(self) -> frozenset[str] | None:
        return frozenset({"face"})

    @property
    def identity(self) -> str:
        return "faces(v1)"

    def prepare(self) -> None:
        if not self.ready:
            raise AbsentError("no weights", hint="elena-wb models pull yunet")

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> Sequence[Region]:
        self.calls += 1
        return [Region("face", box, "faces", 0.9) for box in self.boxes]


def stimulus(*regions: Region) -> Stimulus:
    return Stimulus("0" * 64, Path("a.png"), "folder", 1, 1, regions=regions)


def masking(spec: str, detector: Faces | None = None) -> Masking:
    locators = {"annotated": lambda _: AnnotatedLocator(), "faces": lambda _: detector or Faces()}
    return resolve(Condition.parse(spec), locators=locators, maskers={"box": lambda _: BoxMasker()})


@pytest.fixture
def white() -> Pixels:
    return np.full((100, 80, 3), 255, np.uint8)


def test_unmasked_is_the_picture_itself(white: Pixels) -> None:
    masked = masking("none").apply(white, stimulus(FACE))
    assert masked.pixels is white
    assert (masked.regions, masked.notes, masked.covered_fraction) == ((), (), 0.0)
    assert masking("none").identity == "none"


def test_the_default_is_a_black_box_over_the_annotated_region_padded_by_five_percent(white: Pixels) -> None:
    detector = Faces(Box(40, 40, 10, 10))
    masked = masking("face", detector).apply(white, stimulus(FACE))
    hidden = (masked.pixels == 0).all(axis=2)
    assert np.argwhere(hidden).min(axis=0).tolist() == [9, 9]
    assert np.argwhere(hidden).max(axis=0).tolist() == [30, 30]
    assert masked.regions == (FACE,)
    assert masked.covered_fraction == pytest.approx(400 / 8000)
    assert (masked.searched, detector.calls) == ((), 0)
    assert (white == 255).all()


def test_without_annotation_the_detector_is_asked(white: Pixels) -> None:
    masked = masking("face", Faces(Box(40, 40, 10, 10))).apply(white, stimulus(LEFT_HAND))
    assert [region.locator for region in masked.regions] == ["faces"]
    assert masked.searched == ("faces",)
    assert (masked.pixels[60:70, 60:70] == 255).all()


def test_hands_are_left_and_right_hand(white: Pixels) -> None:
    masked = masking("face+hands").apply(white, stimulus(FACE, LEFT_HAND))
    assert masked.regions == (FACE, LEFT_HAND)
    assert masked.notes == ()
    assert masked.covered_fraction == pytest.approx(500 / 8000)


def test_where_nothing_is_found_the_picture_passes_with_a_note(white: Pixels) -> None:
    masked = masking("face+hands", Faces()).apply(white, stimulus())
    assert masked.pixels is white
    assert masked.covered_fraction == 0
    assert [note.split(":")[0] for note in masked.notes] == ["no face found", "no hands found"]
    assert masked.searched == ("faces",)


@pytest.mark.parametrize(
    "box",
    [
        Box(math.nan, 0, 5, 5),
        Box(0, 0, math.inf, 5),
        Box(-1e22, -1e22, 5, 5),
        Box(200, 0, 5, 5),
        Box(5, 5, -3, 4),
    ],
)
def test_boxes_that_make_no_sense_hide_nothing(white: Pixels, box: Box) -> None:
    masked = masking("face@faces", Faces(box)).apply(white, stimulus())
    assert masked.regions == ()
    assert "no face found" in masked.notes[0]


def test_regions_are_clipped_to_the_picture(white: Pixels) -> None:
    masked = masking("face@faces", Faces(Box(-50, -50, 60, 70))).apply(white, stimulus(FACE))
    assert masked.regions[0].box == Box(0, 0, 10, 20)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("face:boxx", "`box`"),
        ("face@anotated", "`annotated`"),
        ("hands@faces", "`face`"),
    ],
)
def test_names_that_do_not_exist_are_answered_with_the_nearest(spec: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        masking(spec)
    assert said in (error.value.hint or "")


def test_a_part_that_nothing_finds_is_an_error_before_the_run() -> None:
    with pytest.raises(UsageError, match="Nothing finds `hands`"):
        masking("hands").prepare([stimulus(FACE)])
    with pytest.raises(UsageError, match="Nothing finds `tail`"):
        masking("tail@annotated").prepare([stimulus(FACE)])
    masking("hands").prepare([stimulus(FACE), stimulus(LEFT_HAND)])
    masking("none").prepare([stimulus()])


@pytest.mark.parametrize(("spec", "said"), [("fcae", "`face`"), ("hnads", "`hands`"), ("eyess", "`eyes`")])
def test_a_part_that_nobody_knows_is_answered_with_the_nearest_before_the_run(spec: str, said: str) -> None:
    with pytest.raises(UsageError, match="Nothing finds") as error:
        masking(spec).prepare([stimulus(EYES)])
    assert said in (error.value.hint or "")


def test_a_part_that_only_the_data_knows_is_hidden(white: Pixels) -> None:
    eyes = masking("eyes")
    eyes.prepare([stimulus(EYES), stimulus()])
    assert eyes.apply(white, stimulus(EYES)).regions == (EYES,)
    assert masking("left-hand").apply(white, stimulus(LEFT_HAND)).regions == (LEFT_HAND,)


@pytest.mark.parametrize("spec", ["face", "face@annotated"])
def test_an_annotated_box_outside_the_picture_is_told_from_no_face(white: Pixels, spec: str) -> None:
    outside = Region("face", Box(500, 500, 20, 20), "annotated")
    masked = masking(spec).apply(white, stimulus(outside))
    assert masked.regions == ()
    assert masked.notes == (f"the annotated box of the face lies outside the picture: {NOTHING_HIDDEN}",)
    assert NOTHING_HIDDEN == "nothing of it is hidden"


def broken(_: object) -> Faces:
    raise WorkbenchError("plugin `broken` cannot be loaded")


def test_a_locator_that_cannot_be_imported_is_passed_over_unless_it_is_named() -> None:
    locators = {"annotated": lambda _: AnnotatedLocator(), "broken": broken, "faces": lambda _: Faces()}
    maskers = {"box": lambda _: BoxMasker()}
    found = resolve(Condition.parse("face"), locators=locators, maskers=maskers)
    assert list(found.sources[0].locators) == ["annotated", "faces"]
    with pytest.raises(WorkbenchError, match="broken"):
        resolve(Condition.parse("face@broken"), locators=locators, maskers=maskers)


def test_weights_are_demanded_only_where_a_picture_needs_the_detector() -> None:
    unready = Faces(ready=False)
    masking("face", unready).prepare([stimulus(FACE)])
    with pytest.raises(SetupError) as error:
        masking("face", unready).prepare([stimulus(FACE), stimulus()])
    assert error.value.hint == "elena-wb models pull yunet"
    with pytest.raises(SetupError):
        masking("face@faces", unready).prepare([stimulus(FACE)])


def test_identity_names_everything_that_changes_masked_pixels() -> None:
    specs = ["none", "face", "face@faces", "face@annotated", "hands", "face+hands"]
    assert len({masking(spec).identity for spec in specs}) == len(specs)
    assert masking("face").identity == masking("face:box").identity
    assert masking("face").identity == "face@annotated|faces(v1):box(colour=000000,padding=0.05)"
    assert BoxMasker(padding=0.1).identity != BoxMasker(colour=(1, 2, 3)).identity


@given(
    x=st.floats(-20, 99),
    y=st.floats(-20, 79),
    w=st.floats(0.01, 90),
    h=st.floats(0.01, 90),
    pad=st.floats(0, 1),
)
def test_no_pixel_that_a_box_touches_remains(x: float, y: float, w: float, h: float, pad: float) -> None:
    white = np.full((80, 100, 3), 255, np.uint8)
    masked = BoxMasker(padding=pad).mask(white, [Box(x, y, w, h)])
    ys, xs = np.mgrid[0:80, 0:100]
    touched = (xs + 1 > x) & (xs < x + w) & (ys + 1 > y) & (ys < y + h)
    assert (masked[touched] == 0).all()
    assert masked.shape == white.shape
    assert white.all()


def test_a_negative_padding_is_refused() -> None:
    with pytest.raises(ValueError, match="padding"):
        BoxMasker(padding=-0.1)


def test_a_detector_whose_weights_are_wrong_is_not_passed_over_but_said() -> None:
    class Damaged(Faces):
        def prepare(self) -> None:
            raise SetupError("these are not the weights")

    locators = {"faces": lambda _: Damaged(), "others": lambda _: Faces()}
    with pytest.raises(SetupError, match="not the weights"):
        resolve(Condition.parse("face"), locators=locators, maskers={"box": lambda _: BoxMasker()})


def test_a_detector_that_is_not_here_yet_is_named_where_another_takes_its_place() -> None:
    locators = {
        "annotated": lambda _: AnnotatedLocator(),
        "faces": lambda _: Faces(ready=False),
        "others": lambda _: Faces(),
    }
    found = resolve(Condition.parse("face"), locators=locators, maskers={"box": lambda _: BoxMasker()})
    assert list(found.sources[0].locators) == ["annotated", "others"]
    (note,) = found.notes([stimulus()])
    assert "others" in note
    assert "elena-wb models pull yunet" in note
    assert found.notes([stimulus(FACE)]) == [], "annotations say everything"


def test_a_control_leaves_the_faces_of_others_to_be_seen(white: Pixels) -> None:
    below = Box(8, 35, 24, 24)
    locators = {"annotated": lambda _: AnnotatedLocator(), "faces": lambda _: Faces(below)}
    control = resolve(
        Condition.parse("face:control"), locators=locators, maskers={"control": lambda _: ControlMasker()}
    )
    masked = control.apply(white, stimulus(FACE))
    hidden = (masked.pixels == 0).all(axis=2)
    assert hidden.sum() == 22 * 22
    assert not hidden[35:59, 8:32].any()
    assert not hidden[10:30, 10:30].any()
