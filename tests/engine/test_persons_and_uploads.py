"""Labelled persons pointed out, masks audited, and pictures that must not leave the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from elena_wb import builtin
from elena_wb.core import (
    NOTHING_KNOWN,
    Box,
    Collection,
    ImageError,
    Pixels,
    Stimulus,
    Upload,
    UsageError,
    person_stimulus_id,
)
from elena_wb.data import FolderDataset, images
from elena_wb.data.policy import MARKER
from elena_wb.engine import Notice
from elena_wb.engine import prefetch as prefetching
from elena_wb.engine.pointing import INSTRUCTIONS, OUTLINE, pointed_out
from elena_wb.engine.resume import request_of
from elena_wb.engine.study import Request, plan_study
from elena_wb.plugins import PluginHost, build_host
from elena_wb.store import Store, show_run, summarise_audit
from tests import scripted

RED = (255, 0, 0)
PERSONS = (Box(10, 20, 40, 60), Box(100, 20, 40, 60))


class Persons(FolderDataset):
    """Every picture shows the same two labelled persons; ``upload`` is its policy."""

    def __init__(self, upload: Upload = "allowed", persons: bool = True) -> None:
        super().__init__()
        self.upload = upload
        self.persons = persons

    def recognises(self, root: Path) -> bool:
        return False

    def load(self, root: Path, known: object = NOTHING_KNOWN) -> Collection:
        found = super().load(root)
        return replace(
            found, stimuli=tuple(part for stimulus in found.stimuli for part in self._parts(stimulus))
        )

    def _parts(self, stimulus: Stimulus) -> Sequence[Stimulus]:
        restricted = replace(stimulus, dataset="persons", upload=self.upload)
        if not self.persons:
            return [restricted]
        return [
            replace(
                restricted,
                stimulus_id=person_stimulus_id(stimulus.stimulus_id, box),
                person_index=index,
                person_box=box,
            )
            for index, box in enumerate(PERSONS)
        ]


class Plugin:
    @staticmethod
    @builtin.hookimpl
    def register_datasets(register) -> None:  # type: ignore[no-untyped-def]
        register("persons", Persons)


class WithoutDetectors:
    """What the host provides, but for its face detectors: those of the plugin ``scripted`` are the only ones."""

    register_maskers = staticmethod(builtin.register_maskers)
    register_datasets = staticmethod(builtin.register_datasets)

    @staticmethod
    @builtin.hookimpl
    def register_locators(register) -> None:  # type: ignore[no-untyped-def]
        register("annotated", "elena_wb.masking.annotated:AnnotatedLocator")


@pytest.fixture
def host() -> PluginHost:
    return build_host([], [("builtin", WithoutDetectors), ("scripted", scripted), ("persons", Plugin)])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.duckdb")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures of two persons: one with a large and a small face, one with a large face alone."""
    folder = tmp_path / "people"
    folder.mkdir()
    for name, small in (("a", True), ("b", False)):
        pixels = np.full((100, 200, 3), 90, np.uint8)
        pixels[0, 0] = (1, 2, ord(name))
        pixels[25:41, 15:31] = RED
        if small:
            pixels[30:36, 110:116] = RED
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def asked_of(folder: Path, uri: str = "scripted:", **options: object) -> Request:
    return replace(  # type: ignore[arg-type]
        Request(sources=[folder], model_uri=uri, prompts=["naive"], dataset="persons"), **options
    )


def sql(store: Store, text: str) -> list[tuple[object, ...]]:
    with store.read() as connection:
        return connection.execute(text).fetchall()


def carry_out(request: Request, host: PluginHost, store: Store):  # type: ignore[no-untyped-def]
    return plan_study(request, host, store).carry_out(store, listener=lambda _: None)


@pytest.fixture
def picture() -> Pixels:
    return np.random.default_rng(0).integers(0, 200, (100, 200, 3), dtype=np.uint8)


def test_a_crop_is_the_box_with_a_margin(picture: Pixels) -> None:
    shown = pointed_out(picture, Box(20, 30, 40, 50), "crop")
    assert np.array_equal(shown, picture[25:85, 16:64])
    at_the_edge = pointed_out(picture, Box(-10, -10, 50, 60), "crop")
    assert np.array_equal(at_the_edge, picture[:56, :45])


def test_an_outline_covers_nothing_of_the_person(picture: Pixels) -> None:
    shown = pointed_out(picture, Box(20, 30, 40, 50), "outline")
    assert np.array_equal(shown[30:80, 20:60], picture[30:80, 20:60])
    red = (shown == OUTLINE).all(axis=2)
    assert red[28:30, 18:62].all()
    assert red.sum() == 44 * 54 - 40 * 50
    assert not (picture == OUTLINE).all(axis=2).any(), "the original is left as it was"


def test_a_person_as_large_as_the_picture_is_outlined_on_all_sides(picture: Pixels) -> None:
    red = (pointed_out(picture, Box(0, 0, 200, 100), "outline") == OUTLINE).all(axis=2)
    assert red[0].all()
    assert red[-1].all()
    assert red[:, 0].all()
    assert red[:, -1].all()


@pytest.mark.parametrize("box", [Box(500, 500, 10, 10), Box(20, 20, 5, 40)])
def test_a_box_that_shows_nobody_is_refused(picture: Pixels, box: Box) -> None:
    with pytest.raises(ImageError):
        pointed_out(picture, box, "crop")


def test_each_person_is_asked_about_and_decoded_once_per_picture(
    folder: Path, host: PluginHost, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []

    def load(path: Path) -> images.LoadedImage:
        loads.append(path.name)
        return images.load_image(path)

    monkeypatch.setattr(prefetching, "load_image", load)
    (result,) = carry_out(asked_of(folder), host, store)
    assert (result.ok, sorted(loads)) == (4, ["a.png", "b.png"])
    assert sql(store, "SELECT count(*), count(DISTINCT picture_id) FROM stimuli WHERE person_index >= 0") == [
        (4, 2)
    ]
    assert sql(store, "SELECT DISTINCT person_box.x FROM stimuli ORDER BY ALL") == [(10.0,), (100.0,)]
    same_pixels = 3  # the first person's crop is the same in both pictures, and so is the question
    assert sql(store, "SELECT count(DISTINCT content_digest) FROM generations") == [(same_pixels,)]


def test_a_picture_is_decoded_and_audited_once_for_all_its_persons_and_repeats(
    folder: Path, host: PluginHost, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []
    audits: list[str] = []
    real_load, real_audit = prefetching.load_image, prefetching.audit
    monkeypatch.setattr(prefetching, "load_image", lambda path: loads.append(path.name) or real_load(path))
    monkeypatch.setattr(
        prefetching,
        "audit",
        lambda pixels, masked, stimulus, *rest: (
            audits.append(stimulus.path.name) or real_audit(pixels, masked, stimulus, *rest)
        ),
    )
    monkeypatch.setattr(prefetching, "_AT_ONCE", 2)
    request = asked_of(folder, repeats=3, conditions=["face@squares"], audit=True)
    (result,) = carry_out(request, host, store)
    assert (result.ok, sorted(loads), sorted(audits)) == (12, ["a.png", "b.png"], ["a.png", "b.png"])
    assert sql(store, "SELECT count(DISTINCT content_digest) FROM generations") == [(9,)]


def test_how_persons_are_pointed_out_makes_another_run_and_is_stored(
    folder: Path, host: PluginHost, store: Store
) -> None:
    runs = [carry_out(asked_of(folder, person=how), host, store)[0] for how in INSTRUCTIONS]
    assert [run.run_id for run in runs] == [1, 2, 3]
    assert [show_run(store, run.run_id)["options"]["person"] for run in runs] == ["crop", "outline", "whole"]
    assert request_of(store, "2", retry_failed=False).person == "outline"


def test_labelled_persons_extend_a_run_of_whole_pictures(
    folder: Path, host: PluginHost, store: Store
) -> None:
    (whole,) = carry_out(asked_of(folder, dataset="folder"), host, store)
    (persons,) = carry_out(asked_of(folder), host, store)
    assert (persons.run_id, persons.ok) == (whole.run_id, 4)


def test_the_prompt_says_which_person_is_meant(folder: Path, host: PluginHost, store: Store) -> None:
    plan = plan_study(asked_of(folder, person="outline"), host, store).plans[0]
    (prepared, _) = prefetching.prefetch(plan.items[:2], plan.setting.recipe, ahead=2)
    assert prepared.request is not None
    assert prepared.request.user.startswith(INSTRUCTIONS["outline"])
    assert prepared.request.user.endswith(plan.setting.prompt.user)


def test_an_audit_marks_the_answers_whose_picture_shows_a_face(
    folder: Path, host: PluginHost, store: Store
) -> None:
    (result,) = carry_out(
        asked_of(folder, dataset="folder", conditions=["face@squares,smallest=10"], audit=True), host, store
    )
    summary = summarise_audit(store, result.run_id, "other-squares")
    assert (summary.audited, summary.with_residual, summary.residual_faces) == (2, 1, 1)
    assert [Path(face.path).name for face in summary.worst] == ["a.png"]
    assert sql(store, "SELECT picture, residual_faces FROM narratives ORDER BY ALL") == [
        ("a.png", 1),
        ("b.png", 0),
    ]


def test_an_audit_is_made_up_for_without_asking_again(folder: Path, host: PluginHost, store: Store) -> None:
    request = asked_of(folder, dataset="folder", conditions=["face@squares,smallest=10"])
    carry_out(request, host, store)
    assert sql(store, "SELECT count(*) FROM mask_audits") == [(0,)]
    study = plan_study(replace(request, audit=True), host, store)
    assert (study.to_ask, study.to_audit) == (0, 2)
    study.carry_out(store, listener=lambda _: None)
    assert sql(store, "SELECT sum(residual_faces), count(*) FROM mask_audits") == [(1, 2)]
    assert plan_study(replace(request, audit=True), host, store).to_audit == 0


def test_an_audit_that_cannot_be_made_is_told_and_the_run_is_no_success(
    folder: Path, host: PluginHost, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked_of(folder, dataset="folder", conditions=["face@squares"])
    carry_out(request, host, store)

    def fail(*_: object) -> None:
        raise RuntimeError("a bug in the detector")

    monkeypatch.setattr(scripted.OtherSquares, "locate", fail)
    events: list[object] = []
    (result,) = plan_study(replace(request, audit=True), host, store).carry_out(store, listener=events.append)
    assert result.unaudited == 2
    assert sum("a bug in the detector" in event.message for event in events if isinstance(event, Notice)) == 2


def test_a_fault_of_a_locator_costs_the_picture_and_not_the_run(
    folder: Path, host: PluginHost, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scripted.Squares.locate

    def fail(self: scripted.Squares, pixels: Pixels, stimulus: Stimulus) -> object:
        if stimulus.path.name == "a.png":
            raise RuntimeError("a bug")
        return real(self, pixels, stimulus)

    monkeypatch.setattr(scripted.Squares, "locate", fail)
    (result,) = carry_out(asked_of(folder, dataset="folder", conditions=["face@squares"]), host, store)
    assert (result.ok, result.failed) == (1, 1)
    assert "a bug" in str(sql(store, "SELECT error FROM generations WHERE status = 'error'"))


def test_a_local_only_picture_is_not_sent_without_leave(folder: Path, host: PluginHost, store: Store) -> None:
    request = asked_of(folder, "distant:", dataset="persons,upload=local-only")
    with pytest.raises(UsageError, match="must not leave this machine") as error:
        plan_study(request, host, store)
    assert "--allow-upload" in str(error.value.hint)
    assert not store.exists()
    assert carry_out(replace(request, model_uri="scripted:"), host, store)[0].ok == 4
    (sent,) = carry_out(replace(request, allow_upload=True), host, store)
    assert (sent.ok, show_run(store, sent.run_id)["options"]["allow_upload"]) == (4, True)


def test_a_masked_only_picture_is_sent_masked_and_only_if_no_face_is_left(
    folder: Path, host: PluginHost, store: Store
) -> None:
    request = asked_of(folder, "distant:", dataset="persons,upload=masked-only,persons=no")
    for shows in ("none", "face:control@squares", "hands@annotated"):
        with pytest.raises(UsageError):
            plan_study(replace(request, conditions=[shows]), host, store)
    (result,) = carry_out(replace(request, conditions=["face@squares,smallest=10"]), host, store)
    assert (result.ok, result.failed) == (1, 1)
    ((error,),) = sql(store, "SELECT error FROM generations WHERE status = 'error'")
    assert "Not sent" in str(error)
    (both,) = carry_out(replace(request, conditions=["face@squares"]), host, store)
    assert (both.ok, both.failed) == (2, 0)


def test_a_masked_only_picture_without_a_face_to_hide_is_not_sent(
    folder: Path, host: PluginHost, store: Store
) -> None:
    request = asked_of(folder, "distant:", dataset="persons,upload=masked-only,persons=no")
    (result,) = carry_out(replace(request, conditions=["face@squares,smallest=50"]), host, store)
    assert (result.ok, result.failed) == (0, 2)
    assert "nothing was found to hide" in str(sql(store, "SELECT DISTINCT error FROM generations"))


def test_to_resume_is_no_leave_to_send(folder: Path, host: PluginHost, store: Store) -> None:
    (run,) = carry_out(
        asked_of(folder, "distant:", dataset="folder", allow_upload=True, limit=1), host, store
    )
    assert show_run(store, run.run_id)["options"]["allow_upload"] is False, "nothing restricted was sent"
    (folder / MARKER).write_text('upload = "local-only"', "utf-8")
    with pytest.raises(UsageError, match="local-only"):
        plan_study(request_of(store, "1", retry_failed=True), host, store)
    again = request_of(store, "1", retry_failed=True, allow_upload=True)
    assert plan_study(again, host, store).plans[0].spec.options["allow_upload"] is True


def test_settings_and_what_the_store_knows_keep_pictures_here(
    folder: Path, host: PluginHost, store: Store, tmp_path: Path
) -> None:
    plain = asked_of(folder, "distant:", dataset=None)
    with pytest.raises(UsageError, match="local-only"):
        plan_study(replace(plain, uploads={str(folder): "local-only"}), host, store)
    carry_out(asked_of(folder, dataset="persons,upload=local-only"), host, store)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "renamed.png").write_bytes((folder / "a.png").read_bytes())
    for sources in ([folder], [copy], [copy / "renamed.png"]):
        with pytest.raises(UsageError, match="local-only"):
            plan_study(replace(plain, sources=sources), host, store)
    (folder / MARKER).write_text('upload = "allowed"', "utf-8")
    assert plan_study(plain, host, store).to_ask == 2, "a marker speaks louder than what was known"
