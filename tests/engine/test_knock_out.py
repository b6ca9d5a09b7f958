"""Runs in which the model may not attend to a part: what it is told, what is stored, and who is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from elena_wb import builtin
from elena_wb.core import Box, Condition, KnockOut, ModelError, Prompt, Sampling, UsageError
from elena_wb.core import Request as Question
from elena_wb.data import pixel_digest
from elena_wb.engine.copies.plan import CopyOrder, plan_copies
from elena_wb.engine.pointing import moved_into, shown_of
from elena_wb.engine.prefetch import Prepared, Recipe, prefetch
from elena_wb.engine.resume import request_of
from elena_wb.engine.study import Request, plan_study
from elena_wb.findings.comparing import compare_runs
from elena_wb.findings.comparing_told import headline
from elena_wb.masking import NOTHING_HIDDEN, Masking
from elena_wb.plugins import PluginHost, build_host
from elena_wb.store import Store
from tests import scripted

KNOWN = "scripted:?knocks_out=yes"
CONDITIONS = ("none", "face:knock-out@annotated", "face:knock-out-control@annotated")


@pytest.fixture
def host() -> PluginHost:
    return build_host([], [("builtin", builtin), ("scripted", scripted)])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.duckdb")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve pictures with a face in each but the last, and two persons in a table of its own."""
    folder = tmp_path / "people"
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = ["path,part,x,y,w,h"]
    for index in range(12):
        Image.fromarray(rng.integers(0, 255, (80, 100, 3), dtype=np.uint8)).save(folder / f"{index:02}.png")
        if index < 11:
            lines.append(f"{index:02}.png,face,40,10,16,20")
    (folder / "regions.csv").write_text("\n".join(lines), "utf-8")
    return folder


def request(folder: Path, uri: str = KNOWN, **options: object) -> Request:
    fields = {"prompts": ["elena"], "conditions": ("face:knock-out@annotated",), **options}
    return Request(sources=[folder], model_uri=uri, **fields)  # type: ignore[arg-type]


def prepared(of: Request, host: PluginHost, store: Store) -> list[Prepared]:
    (plan,) = plan_study(of, host, store).plans
    return list(prefetch(plan.items, plan.setting.recipe, ahead=4))


def sql(store: Store, text: str) -> list[tuple[object, ...]]:
    with store.read() as connection:
        return connection.execute(text).fetchall()


def test_the_model_is_told_and_shown_the_whole_picture(folder: Path, host: PluginHost, store: Store) -> None:
    *with_face, without = prepared(
        request(folder, conditions=["face:knock-out,layers=1-3@annotated"]), host, store
    )
    plain = prepared(request(folder, conditions=["none"]), host, store)
    for one, other in zip(with_face, plain, strict=False):
        assert one.request is not None
        assert other.request is not None
        assert one.request.image_digest == other.request.image_digest
        assert one.request.knock_out == KnockOut((Box(39, 9, 18, 22),), (1, 3))
        assert other.request.knock_out is None
    assert without.request is not None
    assert without.request.knock_out is None
    assert NOTHING_HIDDEN in without.notes[0]


def test_the_prompt_is_that_of_the_whole_picture(folder: Path, host: PluginHost, store: Store) -> None:
    study = plan_study(request(folder, conditions=CONDITIONS), host, store)
    assert {plan.setting.prompt.variant for plan in study.plans} == {"default"}
    masked = plan_study(request(folder, conditions=["face@annotated"]), host, store)
    assert masked.plans[0].setting.prompt.variant == "masked"


@pytest.fixture
def persons(tmp_path: Path) -> Path:
    """A table of two persons in one picture: a red face lies in the first, and partly beyond the crop of it."""
    pixels = np.random.default_rng(0).integers(0, 200, (80, 120, 3), dtype=np.uint8)
    pixels[10:30, 40:60] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "both.png")
    table = tmp_path / "persons.csv"
    table.write_text("path,x,y,w,h,label\nboth.png,50,0,30,70,Joy\nboth.png,90,0,30,70,Fear\n", "utf-8")
    return table


def test_boxes_are_moved_into_the_crop_of_a_person(persons: Path, host: PluginHost, store: Store) -> None:
    of = request(persons, dataset="table", conditions=["face:knock-out,padding=0@squares"])
    first, second = prepared(of, host, store)
    assert first.request is not None
    assert shown_of(120, 80, Box(50, 0, 30, 70), "crop") == Box(47, 0, 36, 77)
    assert first.request.image.shape == (77, 36, 3)
    (box,) = first.request.knock_out.boxes if first.request.knock_out else ()
    assert box == Box(0, 10, 13, 20)
    assert (first.request.image[10:30, :13] == (255, 0, 0)).all()
    assert second.request is not None
    assert second.request.knock_out is None
    assert second.notes == (f"it lies outside what the model is shown: {NOTHING_HIDDEN}",)


@pytest.mark.parametrize("how", ["outline", "whole"])
def test_where_the_whole_picture_is_shown_boxes_stay(
    persons: Path, host: PluginHost, store: Store, how: str
) -> None:
    of = request(persons, dataset="table", person=how, conditions=["face:knock-out,padding=0@squares"])
    for one in prepared(of, host, store):
        assert one.request is not None
        assert one.request.knock_out == KnockOut((Box(40, 10, 20, 20),))


def test_boxes_outside_what_is_shown_are_left_out() -> None:
    assert moved_into([Box(20, 70, 10, 20), Box(90, 0, 5, 5)], Box(26, 0, 48, 77)) == (Box(0, 70, 4, 7),)


def test_it_enters_the_digest_of_the_question_and_changes_no_other(
    folder: Path, host: PluginHost, store: Store
) -> None:
    for condition in (*CONDITIONS, "face:knock-out,layers=1@annotated"):
        plan_study(request(folder, conditions=[condition]), host, store).carry_out(
            store, listener=lambda _: None
        )
    ((pictures, questions),) = sql(
        store,
        "SELECT count(DISTINCT stimulus_id), count(DISTINCT content_digest) FROM generations",
    )
    assert (pictures, questions) == (12, 12 + 3 * 11), "the picture without a face is one question throughout"


def test_questions_without_it_keep_the_digest_that_stores_hold() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    asked = Question(
        pixels, pixel_digest(pixels), "system", "user", sampling=Sampling(), seed=3, max_tokens=9
    )
    prompt = Prompt("pack", "default", "system", "user", None, "ekman7", 9)
    recipe = Recipe(prompt, Masking(Condition()), Sampling(), 3, 9)
    digest = "e50850e228120cdfea40a79d8654994ee4e917647098e5e274d5f1ea79e3bbfe"
    assert recipe.content_digest(asked, "model") == digest
    out_of_sight = [
        replace(asked, knock_out=KnockOut((Box(0, 0, 1, 1),), layers)) for layers in (None, (0, 1), (0, 2))
    ]
    assert len({digest, *(recipe.content_digest(one, "model") for one in out_of_sight)}) == 4


def test_answers_change_and_are_compared_as_under_any_condition(
    folder: Path, host: PluginHost, store: Store
) -> None:
    uri = f"{KNOWN}&looks_at=40,10,56,30"
    study = plan_study(request(folder, uri, conditions=CONDITIONS), host, store)
    finished = study.carry_out(store, listener=lambda _: None)
    assert [(one.ok, one.status) for one in finished] == [(12, "done")] * 3
    compared = compare_runs(store, "1", "2")
    assert [one.aspect for one in compared.causes] == ["condition"]
    assert len(compared.flips) == 11, "all but the picture without a face"
    assert "condition alone" in headline(compared)
    assert len(compare_runs(store, "1", "3").flips) == 0, "the control leaves what the model looks at"
    ((flips,),) = sql(store, "SELECT count(*) FROM flips WHERE run_a = 1 AND run_b = 2")
    assert flips == 11
    assert plan_study(request(folder, uri, conditions=CONDITIONS), host, store).to_ask == 0
    again = plan_study(request_of(store, "2", retry_failed=False), host, store)
    assert (again.to_ask, again.plans[0].spec.condition) == (0, CONDITIONS[1])


@pytest.mark.parametrize("uri", ["scripted:", "scripted:?rpm=5"])
def test_a_model_that_cannot_is_refused_before_anything_is_asked(
    folder: Path, host: PluginHost, store: Store, tmp_path: Path, uri: str
) -> None:
    log = tmp_path / "log"
    asked = f"{uri}{'&' if '?' in uri else '?'}log={log}"
    study = plan_study(request(folder, asked, conditions=CONDITIONS), host, store)
    with pytest.raises(UsageError, match="cannot be done to scripted:") as error:
        study.carry_out(store, listener=lambda _: None)
    assert "`--mask face:control`" in str(error.value.hint)
    assert not log.exists()
    assert not store.exists() or sql(store, "FROM runs") == []


def test_a_model_that_could_but_for_its_weights_says_so(folder: Path, host: PluginHost, store: Store) -> None:
    study = plan_study(request(folder, f"{KNOWN}&cannot_knock_out=yes"), host, store)
    with pytest.raises(ModelError, match="hide where"):
        study.carry_out(store, listener=lambda _: None)
    plain = plan_study(request(folder, f"{KNOWN}&cannot_knock_out=yes", conditions=["none"]), host, store)
    assert plain.carry_out(store, listener=lambda _: None)[0].ok == 12


def test_what_was_asked_before_needs_no_model_that_can(folder: Path, host: PluginHost, store: Store) -> None:
    of = request(folder)
    plan_study(of, host, store).carry_out(store, listener=lambda _: None)
    study = plan_study(request(folder, conditions=("none", "face:knock-out@annotated")), host, store)
    unable = scripted.ScriptedProvider().open("", scripted.ScriptedOptions())
    finished = study.carry_out(store, listener=lambda _: None, open_model=lambda: unable)
    assert [one.ok for one in finished] == [12, 0]


@pytest.mark.parametrize("spec", ["face:knock-out", "face:knock-out-control"])
def test_a_masked_only_picture_is_not_sent_for_its_face_is_there(
    folder: Path, host: PluginHost, store: Store, spec: str
) -> None:
    uploads = {str(folder): "masked-only"}
    with pytest.raises(UsageError, match="only with the face hidden"):
        plan_study(request(folder, "distant:", conditions=[spec], uploads=uploads), host, store)


@pytest.mark.parametrize("spec", ["face:knock-out@annotated", "face:knock-out-control,layers=1@annotated"])
def test_there_are_no_copies_to_draw(
    folder: Path, host: PluginHost, store: Store, tmp_path: Path, spec: str
) -> None:
    order = CopyOrder([folder], tmp_path / "out", (str(Condition.parse(spec)),))
    with pytest.raises(UsageError, match="changes no pixel"):
        plan_copies(order, host, store)
    assert not (tmp_path / "out").exists()
