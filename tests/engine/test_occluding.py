"""Occlusion as ordinary runs: which are planned, what is asked of whom, and what the answers show."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from elena_wb import builtin
from elena_wb.core import UNMASKED, Choice, Condition, UsageError
from elena_wb.engine.events import RunFinished
from elena_wb.engine.occluding import Occlusion, plan_occlusion, unmasked_request
from elena_wb.engine.resume import request_of
from elena_wb.engine.study import Request, plan_study
from elena_wb.plugins import PluginHost, build_host
from elena_wb.store import Store
from tests import scripted

FACE, HAND = "40,10,16,20", "10,50,8,8"
LOOKS_AT_FACE = "looks_at=40,10,56,30&logprobs=yes"


class WithoutDetectors:
    """What the host provides, but for its face detectors, which take their time."""

    register_maskers = staticmethod(builtin.register_maskers)
    register_datasets = staticmethod(builtin.register_datasets)

    @staticmethod
    @builtin.hookimpl
    def register_locators(register: Any) -> None:
        register("annotated", "elena_wb.masking.annotated:AnnotatedLocator")


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return build_host([], [("builtin", WithoutDetectors), ("scripted", scripted)])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.duckdb")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures: a face in the first eleven, a left hand in the first eight, a face without room in the last."""
    folder = tmp_path_factory.mktemp("people")
    rng = np.random.default_rng(1)
    lines = ["path,part,x,y,w,h"]
    labels = ["path,label"]
    for index in range(12):
        name = f"{index:02}.png"
        Image.fromarray(rng.integers(1, 255, (80, 100, 3), dtype=np.uint8)).save(folder / name)
        lines.append(f"{name},face,{FACE if index < 11 else '2,2,96,76'}")
        labels.append(f"{name},Joy")
        if index < 8:
            lines.append(f"{name},left_hand,{HAND}")
    (folder / "regions.csv").write_text("\n".join(lines), "utf-8")
    (folder / "labels.csv").write_text("\n".join(labels), "utf-8")
    return folder


def request(folder: Path, uri: str = f"scripted:?{LOOKS_AT_FACE}", **options: object) -> Request:
    return Request(sources=[folder], model_uri=uri, **{"prompts": ["elena"], **options})  # type: ignore[arg-type]


def planned(folder: Path, host: PluginHost, store: Store, **options: object) -> Occlusion:
    own = {name: options.pop(name) for name in ("parts", "style") if name in options}
    return plan_occlusion(request(folder, **options), host, store, **own)  # type: ignore[arg-type]


def carried_out(occlusion: Occlusion, store: Store) -> Sequence[RunFinished]:
    return occlusion.study.carry_out(store, listener=lambda _: None)


def told(occlusion: Occlusion) -> list[tuple[str, int]]:
    return [(plan.spec.condition, len(plan.items)) for plan in occlusion.study.plans]


@pytest.fixture(scope="module")
def done(
    folder: Path, host: PluginHost, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Occlusion, Store, Sequence[RunFinished]]:
    """An occlusion of the face and the hands that was carried out, in a store to read from."""
    store = Store(tmp_path_factory.mktemp("done") / "store.duckdb")
    occlusion = planned(folder, host, store)
    return occlusion, store, carried_out(occlusion, store)


def test_each_part_that_the_data_has_is_hidden_where_it_is(
    folder: Path, host: PluginHost, store: Store
) -> None:
    assert told(planned(folder, host, store)) == [
        ("none", 12),
        ("face", 12),
        ("face:control", 12),
        ("hands", 8),
        ("hands:control", 8),
    ]


def test_all_are_asked_with_the_same_words(folder: Path, host: PluginHost, store: Store) -> None:
    plans = planned(folder, host, store).study.plans
    assert {(plan.setting.prompt.variant, plan.setting.prompt.digest) for plan in plans} == {
        ("default", plans[0].setting.prompt.digest)
    }


@pytest.mark.parametrize(
    ("style", "conditions"),
    [
        ("box,colour=white", ("face:box,colour=white", "face:control,colour=white")),
        ("blur,strength=1", ("face:blur,strength=1", "face:control,strength=1,style=blur")),
        ("knock-out", ("face:knock-out", "face:knock-out-control")),
        ("knock-out,layers=0-3", ("face:knock-out,layers=0-3", "face:knock-out-control,layers=0-3")),
    ],
)
def test_the_control_is_that_of_the_style(
    folder: Path, host: PluginHost, store: Store, style: str, conditions: tuple[str, str]
) -> None:
    found = planned(folder, host, store, parts=["face"], style=Choice.parse(style))
    assert [condition for condition, _ in told(found)] == ["none", *conditions]


def test_a_locator_and_joined_parts_can_be_named(folder: Path, host: PluginHost, store: Store) -> None:
    found = planned(folder, host, store, parts=["left_hand+face@annotated", "face+left_hand@annotated"])
    assert told(found) == [
        ("none", 12),
        ("face+left_hand@annotated", 12),
        ("face+left_hand:control@annotated", 12),
    ]


def test_where_the_data_has_no_part_a_detector_looks_for_faces(
    folder: Path, host: PluginHost, store: Store, tmp_path: Path
) -> None:
    bare = Path(shutil.copytree(folder, tmp_path / "bare", ignore=shutil.ignore_patterns("regions.csv")))
    assert told(planned(bare, host, store)) == [("none", 12), ("face", 12), ("face:control", 12)]


@pytest.mark.parametrize("parts", [["body"], ["background"], ["nose"], ["none"]])
def test_parts_that_cannot_be_hidden_beside_a_control_are_refused(
    folder: Path, host: PluginHost, store: Store, parts: list[str]
) -> None:
    with pytest.raises(UsageError):
        planned(folder, host, store, parts=parts)


def test_hiding_what_the_model_looks_at_flips_and_the_control_does_not(
    done: tuple[Occlusion, Store, Sequence[RunFinished]],
) -> None:
    occlusion, store, runs = done
    assert [run.status for run in runs] == ["done"] * 5
    face, hands = occlusion.effects(store)
    assert (face.part, face.n, face.left.no_room, face.left.total) == ("face", 11, 1, 1)
    assert face.hidden.value > 0.5
    assert face.control.value == 0.0
    assert face.verdict == "part"
    assert face.confidence is not None
    assert face.confidence.control.value == 0.0
    assert face.confidence.hidden.value == pytest.approx(face.hidden.value * np.log(0.1 / 0.4))
    assert (hands.n, hands.hidden.value, hands.control.value) == (8, 0.0, 0.0)
    assert hands.p_holm == 1.0
    assert face.accuracy is not None
    assert face.accuracy.unmasked.n == 11


def test_knock_out_shows_the_same_of_a_model_that_attends_to_the_face(
    folder: Path, host: PluginHost, store: Store
) -> None:
    uri = f"scripted:?{LOOKS_AT_FACE}&knocks_out=yes"
    occlusion = plan_occlusion(request(folder, uri), host, store, style=Choice("knock-out"))
    assert occlusion.knocks_out
    carried_out(occlusion, store)
    face, hands = occlusion.effects(store)
    assert face.verdict == "part"
    assert (face.n, face.control.value, hands.hidden.value) == (11, 0.0, 0.0)


def test_a_model_that_cannot_is_refused_before_it_is_asked(
    folder: Path, host: PluginHost, store: Store, tmp_path: Path
) -> None:
    uri = f"scripted:?log={tmp_path / 'log'}"
    occlusion = plan_occlusion(request(folder, uri), host, store, style=Choice("knock-out"))
    with pytest.raises(UsageError, match="knock-out"):
        carried_out(occlusion, store)
    assert not (tmp_path / "log").exists()


def test_the_same_again_asks_nothing_and_says_the_same(
    folder: Path, host: PluginHost, done: tuple[Occlusion, Store, Sequence[RunFinished]]
) -> None:
    first, store, _ = done
    again = planned(folder, host, store)
    assert again.study.to_ask == 0
    assert again.effects(store) == first.effects(store)
    assert again.run_ids(store) == first.run_ids(store)


def test_what_is_not_there_yet_counts_for_nothing(folder: Path, host: PluginHost, store: Store) -> None:
    occlusion = planned(folder, host, store, parts=["face"])
    assert occlusion.effects(store) == ()
    plan_study(request(folder, conditions=["none"], limit=4), host, store).carry_out(
        store, listener=lambda _: None
    )
    (face,) = occlusion.effects(store)
    assert (face.n, face.left.total) == (0, 0)
    plan_study(request(folder, conditions=["face"], prompt_variant="default"), host, store).carry_out(
        store, listener=lambda _: None
    )
    (face,) = occlusion.effects(store)
    assert (face.n, face.left.missing) == (0, 12)


def test_calls_that_fail_are_counted_and_left_out(folder: Path, host: PluginHost, store: Store) -> None:
    occlusion = planned(folder, host, store, uri="scripted:?fail=4", parts=["face"])
    carried_out(occlusion, store)
    (face,) = occlusion.effects(store)
    assert 0 < face.left.failed < 12
    assert face.n + face.left.total == 12


def test_repeats_are_drawn_with_their_stimulus(folder: Path, host: PluginHost, store: Store) -> None:
    occlusion = planned(folder, host, store, parts=["face"], repeats=2)
    carried_out(occlusion, store)
    (face,) = occlusion.effects(store)
    assert (face.n, face.repeats) == (22, True)
    once = planned(folder, host, store, parts=["face"])
    assert once.effects(store)[0].n == 11, "only what this command asks for counts"


def test_the_answers_of_a_run_are_the_unmasked_side(folder: Path, host: PluginHost, store: Store) -> None:
    plan_study(request(folder, conditions=["none", "face"], name="study", seed=3), host, store).carry_out(
        store, listener=lambda _: None
    )
    for run in ("1", "study"):
        of = unmasked_request(store, run, retry_failed=False)
        assert (of.seed, of.name, of.resumes is None) == (3, "study", False)
        occlusion = plan_occlusion(of, host, store, parts=["face"])
        assert told(occlusion) == [("none", 0), ("face", 12), ("face:control", 12)], (
            "`masked` was other words"
        )
    carried_out(occlusion, store)
    assert occlusion.run_ids(store)[UNMASKED] == 1
    assert occlusion.effects(store)[0].n == 11
    later = plan_occlusion(unmasked_request(store, "study", retry_failed=False), host, store, parts=["face"])
    assert later.study.to_ask == 0


def test_a_masked_run_is_no_unmasked_side(folder: Path, host: PluginHost, store: Store) -> None:
    plan_study(request(folder, conditions=["face"]), host, store).carry_out(store, listener=lambda _: None)
    with pytest.raises(UsageError, match="asked under `face`"):
        unmasked_request(store, "1", retry_failed=False)


def test_a_run_that_a_newer_one_repeats_is_not_mixed_with_it(
    folder: Path, host: PluginHost, store: Store
) -> None:
    for _ in range(2):
        plan_study(request(folder, fresh=True, limit=2), host, store).carry_out(
            store, listener=lambda _: None
        )
    with pytest.raises(UsageError, match="newer run"):
        plan_occlusion(unmasked_request(store, "1", retry_failed=False), host, store)
    assert plan_occlusion(unmasked_request(store, "2", retry_failed=False), host, store).parts


def test_its_runs_can_be_gone_on_with_by_themselves(
    host: PluginHost, done: tuple[Occlusion, Store, Sequence[RunFinished]]
) -> None:
    occlusion, store, _ = done
    again = request_of(store, str(occlusion.run_ids(store)[Condition.parse("hands")]), retry_failed=False)
    assert again.present_only
    assert plan_study(again, host, store).to_ask == 0
    everywhere = replace(again, present_only=False, resumes=None)
    assert plan_study(everywhere, host, store).to_ask == 4


@pytest.mark.parametrize("upload", ["local-only", "masked-only"])
def test_pictures_that_must_stay_are_not_sent_unmasked(
    folder: Path, host: PluginHost, store: Store, upload: str
) -> None:
    with pytest.raises(UsageError):
        planned(folder, host, store, uri="distant:", uploads={str(folder): upload})
    assert planned(
        folder, host, store, uri="distant:", uploads={str(folder): upload}, allow_upload=True
    ).parts
