"""What a model was shown is shown again: the very pixels of then, or none and a word about why."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from elena_wb.core import Box, UsageError
from elena_wb.engine import showing
from elena_wb.engine.imports.importing import IMPORTED
from elena_wb.engine.showing import Shown, shown
from elena_wb.plugins import build_host
from elena_wb.store import rename_run
from elena_wb.store.browsing import Filter, matching
from elena_wb.store.counterparts import counterparts, flipped
from elena_wb.store.finding import next_among, place_of, row_of, wrong
from tests import attentive, scripted
from tests.looking import PERSON, RED, Bench, Plugin

FACE = Box(20, 10, 10, 10)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    attentive.AttentiveProvider.opened.clear()
    bench = Bench(tmp_path)
    bench.picture("a", 1)
    return bench


def answers(bench: Bench, run: int = 1) -> list[str]:
    return [
        str(one)
        for (one,) in bench.sql(f"SELECT generation_id FROM generations WHERE run_id = {run} ORDER BY rowid")
    ]


def show(bench: Bench, run: int = 1, number: int = 0) -> Shown:
    return shown(bench.store, bench.host, answers(bench, run)[number])


def test_the_pixels_are_those_that_the_model_was_given(bench: Bench) -> None:
    (bench.folder / "regions.csv").write_text("path,part,x,y,w,h\na.png,body,5,5,40,30\n")
    conditions = ("none", "face", "face:control", "background")
    bench.ask("attentive:", *conditions)
    for run, condition in enumerate(conditions, 1):
        bench.look(str(run))
        found = show(bench, run)
        assert found.seen is not None
        np.testing.assert_array_equal(found.seen, bench.seen[0].pixels)
        assert (found.seen_box, found.notes, found.attended) == (Box(0, 0, 60, 40), (), True)
        assert found.original is not None
        assert (found.original[12, 22] == RED).all()
        assert bool(found.hidden) == (condition != "none")
        if condition == "face":
            assert found.hidden == found.regions["face"] == (FACE,)
            assert (found.seen[12, 22] != RED).any()
        if condition == "background":
            assert found.spared == found.regions["body"] == (Box(5, 5, 40, 30),)


@pytest.mark.parametrize(("person", "box"), [("crop", Box(6, 14, 48, 72)), ("outline", Box(0, 0, 240, 120))])
def test_a_person_is_cut_out_or_outlined_as_then(bench: Bench, person: str, box: Box) -> None:
    bench.picture("a", 1, width=240, height=120)
    bench.ask("attentive:", "face", dataset="persons", person=person)
    bench.look()
    found = show(bench)
    assert found.seen is not None
    np.testing.assert_array_equal(found.seen, bench.seen[0].pixels)
    assert (found.seen_box, found.regions["body"], found.person) == (box, (PERSON,), PERSON)


def test_a_knock_out_leaves_every_pixel(bench: Bench) -> None:
    bench.host = build_host([], [("builtin", Plugin()), ("scripted", scripted)])
    bench.ask("scripted:?knocks_out=yes", "face:knock-out@squares")
    found = show(bench)
    assert found.seen is not None
    assert found.original is not None
    np.testing.assert_array_equal(found.seen, found.original)
    assert (found.hidden, found.attended, found.notes) == ((FACE,), False, ())


def test_a_file_that_changed_or_is_gone_is_not_shown_and_one_that_moved_is_found(bench: Bench) -> None:
    bench.ask("attentive:", "face")
    file = bench.folder / "a.png"
    kept = bench.folder.parent / "kept.png"
    shutil.copy(file, kept)
    os.utime(file)
    assert show(bench).seen is not None
    Image.new("RGB", (60, 40), "white").save(file)
    found = show(bench)
    assert (found.original, found.seen) == (None, None)
    assert found.problem == "a.png: the file has changed; it is not the picture that was asked about."
    file.unlink()
    assert (show(bench).problem or "").startswith("a.png: the file is no longer there")
    with bench.store.write() as connection:
        connection.execute("INSERT INTO files SELECT ?, stimulus_id, 1, 1 FROM files", [str(kept)])
    found = show(bench)
    assert found.path == kept
    assert found.seen is not None


def test_a_face_is_not_shown_where_the_model_saw_none(bench: Bench) -> None:
    bench.ask("attentive:", "face")
    without = build_host([], [("attentive", attentive)])
    found = shown(bench.store, without, answers(bench)[0])
    assert found.seen is None
    assert found.original is not None
    assert found.hidden == ()
    assert "no masking style `box`" in found.notes[-1]
    bench.change("UPDATE generations SET content_digest = 'another'")
    bench.change("UPDATE runs SET condition = 'hands'")
    showing._makings.clear()
    found = show(bench)
    assert found.seen is None
    assert "hides in another way here" in found.notes[-1]


def test_pixels_that_are_not_quite_those_of_then_are_told(bench: Bench) -> None:
    bench.ask("attentive:", "face")
    bench.change("UPDATE generations SET content_digest = 'another'")
    found = show(bench)
    assert found.seen is not None
    assert found.notes[-1].startswith("These are not quite the pixels of then")
    showing._makings.clear()
    bench.change("UPDATE runs SET prompt_digest = 'another'")
    found = show(bench)
    assert found.seen is not None
    assert "the prompt pack `naive` has changed or is gone" in found.notes[-1]


def test_a_face_is_not_shown_where_nothing_is_found_to_hide_any_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.ask("attentive:", "face")
    assert show(bench).seen is not None
    bench.change("UPDATE generations SET content_digest = 'another'")
    bench.change("DELETE FROM regions")
    monkeypatch.setattr(scripted.Squares, "locate", lambda *_: [])
    found = show(bench)
    assert found.seen is None
    assert "nothing is found to hide" in found.notes[-1]


def test_imported_answers_and_calls_without_a_picture_have_only_the_original(bench: Bench) -> None:
    bench.ask()
    bench.change("UPDATE generations SET content_digest = NULL, status = 'error'")
    found = show(bench)
    assert found.seen is None
    assert found.original is not None
    assert "no picture was sent" in found.notes[-1]
    showing._makings.clear()
    bench.change(f"UPDATE runs SET options = '{json.dumps({'provenance': IMPORTED, 'file': 'answers.csv'})}'")
    assert "was imported" in show(bench).notes[-1]
    bench.change("UPDATE generations SET stimulus_id = 'name:0'")
    bench.change("UPDATE stimuli SET stimulus_id = 'name:0', path = 'a.png'")
    assert "only its name is known" in (show(bench).problem or "")


def test_an_answer_that_is_gone_is_refused_and_an_odd_name_is_found(bench: Bench) -> None:
    odd = Path(os.fsdecode(os.fsencode(bench.folder) + b"/\xe9t\xe9.png"))
    (bench.folder / "a.png").rename(odd)
    bench.ask()
    assert show(bench).path == odd
    assert show(bench).seen is not None
    with pytest.raises(UsageError, match="not in the store any more"):
        shown(bench.store, bench.host, "nobody's")


def test_the_runs_of_a_session_share_what_was_settled(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, name in enumerate("bcd", 2):
        bench.picture(name, seed)
    bench.ask("attentive:", "face")
    counted: list[int] = []
    original = showing.resolve
    monkeypatch.setattr(showing, "resolve", lambda *of, **by: counted.append(1) or original(*of, **by))
    for answer in answers(bench):
        assert shown(bench.store, bench.host, answer).seen is not None
    assert len(counted) == 1


def test_counterparts_flips_and_errors_are_found_among_rows(bench: Bench) -> None:
    for seed, name in enumerate("bc", 2):
        bench.picture(name, seed)
    (bench.folder / "labels.csv").write_text("path,label\na.png,fear\nb.png,anger\nc.png,fear\n")
    bench.ask("attentive:", "none", "face", "face:blur", name="one")
    rows = matching(bench.store, Filter())
    assert len(rows) == 9
    first = answers(bench, 1)
    assert [(one.run_id, one.condition) for one in counterparts(bench.store, first[0])] == [
        (2, "face"),
        (3, "face:blur"),
    ]
    masked = answers(bench, 2)[0]
    assert [one.run_id for one in counterparts(bench.store, masked)] == [1]
    assert not len(flipped(bench.store, rows))
    bench.change(f"UPDATE generations SET emotion = 'anger' WHERE generation_id = '{masked}'")
    own, other = (
        row_of(bench.store, masked),
        row_of(bench.store, counterparts(bench.store, masked)[0].generation_id),
    )
    rows = matching(bench.store, Filter())
    assert {*flipped(bench.store, rows)} == {own, other}
    assert place_of(rows, row_of(bench.store, "nobody's")) is None
    at = place_of(rows, own)
    assert at is not None
    assert next_among(rows, at - 1, lambda part: flipped(bench.store, part)) == at
    assert next_among(rows, at, lambda part: flipped(bench.store, part)) is None
    assert {*wrong(bench.store, rows)} == {*matching(bench.store, Filter(correct="wrong"))}
    rename_run(bench.store, 3, "another")
    assert len(counterparts(bench.store, first[0])) == 2, "a name given later changes nothing"
