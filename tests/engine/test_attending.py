"""Looking at stored answers: what is stored of them, and what is not done twice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from elena_wb.core import Box
from elena_wb.engine.attending import AttentionResult, Wanted
from elena_wb.store.attention import read_gaze, read_maps
from tests import attentive
from tests.attentive import AttentiveProvider, block_over, light_on
from tests.looking import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    AttentiveProvider.opened.clear()
    return Bench(tmp_path)


@pytest.fixture
def asked(bench: Bench) -> Bench:
    """Three pictures, two of them with a face, that were asked about in run 1."""
    for seed, name in enumerate("abc"):
        bench.picture(name, seed, face=name != "c")
    bench.ask()
    return bench


def test_what_fell_on_each_part_is_stored_as_the_model_saw_it(asked: Bench) -> None:
    assert asked.look() == AttentionResult(3, 0, 0, False)
    seen = asked.seen[0]
    assert [target.name for target in seen.targets] == ["emotion", "part:hands", "narrative"]
    assert seen.parts == {"face": (Box(20, 10, 10, 10),)}
    rows = read_gaze(asked.store, [1], target="emotion").to_pylist()
    of_face = {
        row["layer"]: row
        for row in rows
        if row["part"] == "face" and row["stimulus_id"] == seen.stimulus.stimulus_id
    }
    light = light_on(seen.pixels, seen.record.blocks[0])
    assert of_face[0]["share"] == pytest.approx(light[8], rel=1e-5)
    assert of_face[0]["mass"] == pytest.approx(light[8] / 2, rel=1e-5)
    assert of_face[1]["share"] == pytest.approx(of_face[1]["area_fraction"]) == pytest.approx(1 / 24)
    (elsewhere,) = {row["mass"] for row in rows if row["part"] == "question"}
    assert elsewhere == 0.5
    assert {row["part"] for row in rows} == {"picture", "face", "background", "question", "padding"}
    ((token, count),) = asked.sql(
        "SELECT DISTINCT token, token_count FROM attention WHERE target = 'emotion'"
    )
    assert (token, count) == ("Fear", 4)
    assert asked.sql("SELECT DISTINCT round(ratio, 6) FROM gaze WHERE part = 'face' AND layer = 1") == [
        (1.0,)
    ]


def test_maps_are_read_back_as_precisely_as_half_precision_is(asked: Bench) -> None:
    asked.look()
    for seen in asked.seen:
        maps = read_maps(asked.store, seen.generation_id)
        assert maps is not None
        assert maps.targets == tuple(target.name for target in seen.targets)
        assert (maps.layers, maps.heads) == (seen.record.layers, seen.record.heads)
        assert maps.blocks == seen.record.blocks
        np.testing.assert_allclose(maps.weights, seen.record.weights, rtol=2**-11)
    assert read_maps(asked.store, "nobody's") is None
    assert read_maps(asked.store, seen.generation_id, method="rollout") is None


def test_a_face_that_was_found_is_the_same_for_every_run_of_the_picture(asked: Bench) -> None:
    asked.look()
    found = asked.sql("SELECT locator, part, x, y FROM regions ORDER BY stimulus_id")
    assert found == [("squares", "face", 20.0, 10.0)] * 2
    assert asked.sql("SELECT count(*) FROM searches WHERE locator = 'squares'") == [(3,)]
    asked.ask("attentive:", "face")
    assert asked.look("2").extracted == 3
    hidden = [seen for seen in asked.seen if "face" in seen.parts]
    assert [seen.parts["face"] for seen in hidden] == [(Box(20, 10, 10, 10),)] * 2
    shares = asked.sql(
        """SELECT condition, avg(share), avg(area_fraction) FROM gaze
           WHERE part = 'face' AND layer = 0 AND target = 'emotion' GROUP BY ALL ORDER BY condition DESC"""
    )
    (_, open_share, area), (_, hidden_share, hidden_area) = shares
    assert area == hidden_area
    assert hidden_share < open_share  # type: ignore[operator]


def test_what_was_looked_at_is_not_looked_at_again_unless_asked_for(asked: Bench) -> None:
    asked.look()
    opened, rows = len(AttentiveProvider.opened), asked.sql("SELECT count(*) FROM attention")
    plan = asked.plan()
    assert (len(plan.to_do), plan.done) == (0, 3)
    assert asked.look() == AttentionResult(0, 0, 0, False)
    assert len(AttentiveProvider.opened) == opened
    first = asked.files
    assert asked.look(fresh=True).extracted == 3
    assert asked.sql("SELECT count(*) FROM attention") == rows
    assert asked.sql("SELECT count(*) FROM extractions") == [(3,)]
    assert len(asked.files) == 1
    assert asked.files != first


def test_another_way_of_looking_is_kept_beside_the_first(asked: Bench) -> None:
    asked.look()
    assert asked.look(wanted=Wanted(layers=(0, 2), method="value-norm")).extracted == 3
    assert asked.look(wanted=Wanted(tokens=("answer",))).extracted == 3
    kinds = asked.sql("SELECT DISTINCT method, layers, tokens FROM extractions ORDER BY ALL")
    assert kinds == [
        ("raw", "all", "answer"),
        ("raw", "all", "emotion,parts,narrative"),
        ("value-norm", "0,2", "emotion,parts,narrative"),
    ]
    assert len(set(asked.files)) == 3


def test_without_maps_only_what_fell_on_each_part_is_kept_until_maps_are_wanted(asked: Bench) -> None:
    assert asked.look(wanted=Wanted(keep_maps=False)).extracted == 3
    assert asked.files == []
    assert read_maps(asked.store, asked.seen[0].generation_id) is None
    assert asked.look().extracted == 3
    assert len(asked.files) == 1
    assert asked.look(wanted=Wanted(keep_maps=False)).extracted == 0
    assert asked.sql("SELECT count(*) FROM extractions") == [(3,)]


def test_an_answer_seen_twice_counts_once_in_what_is_read(asked: Bench) -> None:
    asked.look()
    once = read_gaze(asked.store, [1], target="emotion")
    asked.look(wanted=Wanted(tokens=("emotion",)))
    assert read_gaze(asked.store, [1], target="emotion").equals(once)


def test_the_very_answer_and_question_are_given_to_the_model(asked: Bench) -> None:
    asked.look(wanted=Wanted(tokens=("emotion", "/raised/"), layers=(1,), heads="max", method="value-norm"))
    request, text, question = AttentiveProvider.opened[-1].looks[0]
    assert text == attentive.ANSWER
    assert (question.layers, question.heads, question.method) == ((1,), "max", "value-norm")
    assert [(one.name, text[slice(*one.spans[0])]) for one in question.targets] == [
        ("emotion", "Fear"),
        ("/raised/", "raised"),
    ]
    assert block_over(request).box == Box(0, 0, 60, 40)


def test_persons_are_looked_at_in_their_crop_and_stored_in_pixels_of_the_picture(bench: Bench) -> None:
    bench.picture("a", 5, width=200, height=120)
    bench.ask("attentive:", dataset="persons")
    assert bench.look().extracted == 1
    (seen,) = bench.seen
    assert seen.pixels.shape == (72, 48, 3)
    assert seen.record.blocks[0].box == Box(0, 0, 48, 72)
    assert seen.parts["body"] == (Box(4, 6, 40, 60),)
    assert seen.parts["face"] == (Box(14, 0, 10, 6),)
    ((width, height, left, top, blocks),) = bench.sql(
        "SELECT width, height, left_edge, top_edge, blocks FROM extractions"
    )
    assert (width, height, left, top) == (48, 72, 6, 14)
    (block,) = json.loads(str(blocks))
    assert [block[side] for side in "xywh"] == [6, 14, 48, 72]
    maps = read_maps(bench.store, seen.generation_id)
    assert maps is not None
    assert maps.blocks[0].box == Box(6, 14, 48, 72)
