"""Which parts attention is measured on, and who looks for faces nobody has marked."""

from __future__ import annotations

from pathlib import Path

from elena_wb import builtin
from elena_wb.core import (
    UNMASKED,
    AbsentError,
    Box,
    Pixels,
    Prompt,
    Region,
    Sampling,
    Stimulus,
    WorkbenchError,
)
from elena_wb.engine.attending_parts import FaceFinder, LookingRecipe, knows_face, parts_of
from elena_wb.engine.prefetch import Item, Picture
from elena_wb.masking import Masking
from elena_wb.plugins import build_host
from tests import scripted
from tests.looking import Bench


def box(x: float) -> Box:
    return Box(x, 0, 10, 10)


def stimulus(*regions: Region, person: Box | None = None) -> Stimulus:
    return Stimulus("s" * 64, Path("a.png"), "folder", 1, 1, regions=regions, person_box=person)


def region(part: str, x: float, locator: str = "annotated") -> Region:
    return Region(part, box(x), locator)


def test_what_the_data_says_goes_before_what_detectors_found() -> None:
    known = {"yunet": (region("face", 5, "yunet"),), "annotated": (region("torso", 7),)}
    assert parts_of(stimulus(region("face", 1)), known) == {"face": (box(1),), "torso": (box(7),)}


def test_of_several_detectors_one_is_taken_whatever_order_they_looked_in() -> None:
    mtcnn, yunet = (region("face", 1, "mtcnn"),), (region("face", 2, "yunet"), region("face", 3, "yunet"))
    for known in ({"mtcnn": mtcnn, "yunet": yunet}, {"yunet": yunet, "mtcnn": mtcnn}):
        assert parts_of(stimulus(), known) == {"face": (box(2), box(3))}
    assert parts_of(stimulus(), {"mtcnn": mtcnn, "yunet": ()}) == {"face": (box(1),)}


def test_groups_have_the_boxes_of_their_members_and_their_own() -> None:
    shown = stimulus(region("left-hand", 1), region("right_hand", 2), region("hands", 3), person=box(4))
    assert parts_of(shown, {}) == {
        "left_hand": (box(1),),
        "right_hand": (box(2),),
        "hands": (box(3), box(1), box(2)),
        "body": (box(4),),
    }


def test_regions_with_names_that_mean_something_else_here_are_left_out() -> None:
    named = stimulus(region("background", 1), region("picture", 2), region("padding", 3), region("hat", 4))
    assert parts_of(named, {}) == {"hat": (box(4),)}


def test_a_face_is_known_from_the_data_or_from_any_locator() -> None:
    assert knows_face(stimulus(region("face", 1)), {})
    assert knows_face(stimulus(), {"other": (region("face", 1, "other"),)})
    assert not knows_face(stimulus(region("torso", 1)), {"other": ()})


class Unfetched(scripted.Squares):
    def prepare(self) -> None:
        raise AbsentError("The weights are not here.", hint="Run: fetch the weights")


class Broken(scripted.Squares):
    def locate(self, pixels: Pixels, stimulus: Stimulus) -> list[Region]:
        raise WorkbenchError("the detector fell over")


def finder_with(locator: type) -> FaceFinder:
    class Detector:
        @staticmethod
        @builtin.hookimpl
        def register_locators(register) -> None:  # type: ignore[no-untyped-def]
            register("annotated", "elena_wb.masking.annotated:AnnotatedLocator")
            register("squares", locator)

        register_maskers = staticmethod(builtin.register_maskers)

    return FaceFinder.of(build_host([], [("detector", Detector())]))


def test_without_a_detector_that_is_ready_the_note_says_what_fetches_it() -> None:
    finder = finder_with(Unfetched)
    assert finder.name is None
    assert "Run: fetch the weights" in finder.notes[0]
    assert finder_with(scripted.Squares).name == "squares"


def test_a_search_that_fails_is_noted_and_the_picture_looked_at_all_the_same(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.picture("a", 1)
    item = Item(stimulus(), 0)
    recipe = LookingRecipe(
        Prompt("naive", "default", "", "What?", None, "ekman7", 10),
        Masking(UNMASKED),
        Sampling(),
        0,
        10,
        finder=finder_with(Broken),
        faceless=frozenset({item.stimulus.stimulus_id}),
    )
    (prepared,) = recipe.prepare([item], Picture(bench.folder / "a.png"))
    assert prepared.request is not None
    assert prepared.notes == ("no face was looked for: the detector fell over",)
