"""Looking at stored answers that are gone, changed or too large; stopping, and what goes with a run."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from elena_wb.core import ModelError, UsageError
from elena_wb.data import pixel_digest
from elena_wb.engine import Attended, AttendFinished, AttendStarted
from elena_wb.engine.attending import AttentionResult, Seen, Wanted
from elena_wb.engine.imports.importing import IMPORTED
from elena_wb.engine.resume import request_of
from elena_wb.engine.study import plan_study
from elena_wb.store import delete_run
from tests.attentive import AttentiveProvider
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


def test_stopped_it_keeps_what_it_saw_and_goes_on_from_there(asked: Bench) -> None:
    stop = threading.Event()
    result = asked.plan().carry_out(
        asked.store, listener=asked.events.append, stop=stop, watch=lambda seen: stop.set()
    )
    assert result == AttentionResult(1, 0, 0, True)
    assert isinstance(asked.events[-1], AttendFinished)
    assert asked.events[-1].interrupted
    assert asked.sql("SELECT count(*) FROM extractions") == [(1,)]
    assert AttentiveProvider.opened[-1].closed == 1
    assert asked.look() == AttentionResult(2, 0, 0, False)


def test_a_keyboard_interrupt_loses_nothing_that_was_seen(asked: Bench) -> None:
    def interrupt(seen: Seen) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asked.plan().carry_out(asked.store, listener=asked.events.append, watch=interrupt)
    assert asked.sql("SELECT count(*) FROM extractions") == [(1,)]
    assert len(asked.files) == 1


def test_only_the_answers_named_are_looked_at(asked: Bench) -> None:
    ((chosen,),) = asked.sql("SELECT generation_id FROM generations ORDER BY generation_id LIMIT 1")
    assert asked.look(only={str(chosen)}).extracted == 1
    started, attended = asked.events[0], asked.events[1]
    assert isinstance(started, AttendStarted)
    assert started.to_do == 1
    assert isinstance(attended, Attended)
    assert (attended.generation_id, attended.error) == (chosen, None)


def test_a_picture_that_has_changed_is_not_looked_at(asked: Bench) -> None:
    asked.picture("a", 99)
    result = asked.look()
    assert (result.extracted, result.skipped) == (2, 1)
    ((path, reason),) = result.failures
    assert path.endswith("a.png")
    assert "not there any more" in reason


def test_a_picture_that_is_masked_otherwise_now_is_not_looked_at(bench: Bench) -> None:
    bench.picture("a", 1)
    bench.picture("b", 2)
    table = bench.folder / "regions.csv"
    table.write_text("path,part,x,y,w,h\na.png,face,0,0,9,9\nb.png,face,20,10,10,10\n", "utf-8")
    bench.ask("attentive:", "face@annotated")
    table.write_text("path,part,x,y,w,h\na.png,face,0,0,19,9\nb.png,face,20,10,10,10\n", "utf-8")
    result = bench.look()
    assert (result.extracted, result.failed, result.skipped) == (1, 0, 1)
    assert "not what the model was shown" in result.failures[0][1]
    model = AttentiveProvider.opened[-1]
    assert [looked.image_digest for looked, _, _ in model.looks] == [pixel_digest(bench.seen[0].pixels)]


def test_answers_without_the_words_are_skipped_with_the_reason(bench: Bench) -> None:
    bench.picture("a", 1)
    bench.ask("attentive:?wordless=true")
    result = bench.look()
    assert (result.extracted, result.skipped) == (0, 1)
    assert "none of the words" in result.failures[0][1]
    assert bench.look(wanted=Wanted(tokens=("answer",))).extracted == 1


def test_calls_that_failed_are_no_answers_and_refusals_can_be_looked_at(bench: Bench) -> None:
    bench.picture("a", 1)
    bench.ask("attentive:?unanswered=true")
    assert bench.look() == AttentionResult(0, 0, 0, False)
    bench.ask("attentive:other?refuse=true")
    assert bench.look("2", wanted=Wanted(tokens=("emotion", "answer"))).extracted == 1


def test_one_answer_that_does_not_fit_is_told_and_the_rest_go_on(bench: Bench) -> None:
    for seed, name in enumerate("abc"):
        bench.picture(name, seed)
    bench.ask("attentive:?too_large=2")
    result = bench.look()
    assert (result.extracted, result.failed) == (2, 1)
    assert "Out of memory: 300 words do not fit" in result.failures[0][1]
    assert [event.error is None for event in bench.events if isinstance(event, Attended)] == [
        True,
        False,
        True,
    ]


def test_a_model_that_can_do_no_more_ends_it_and_what_was_seen_is_stored(bench: Bench) -> None:
    for seed, name in enumerate("abc"):
        bench.picture(name, seed)
    bench.ask("attentive:?gone_at=2")
    with pytest.raises(ModelError, match="gone"):
        bench.look()
    assert bench.sql("SELECT count(*) FROM extractions") == [(1,)]
    assert AttentiveProvider.opened[-1].closed == 1


@pytest.mark.parametrize(
    ("uri", "wanted", "error", "says"),
    [
        ("attentive:?blind=true", Wanted(), UsageError, "elena-wb occlude"),
        ("attentive:?unknown=true", Wanted(), ModelError, "`odd`"),
        ("attentive:", Wanted(method="rollout"), UsageError, "raw, value-norm"),
        ("attentive:", Wanted(layers=(7,)), UsageError, "3 layers"),
        ("attentive:far", Wanted(), UsageError, "over the network"),
        ("attentive:?version=2", Wanted(), UsageError, "has changed since run 1"),
    ],
)
def test_what_cannot_be_looked_at_is_said_plainly(
    bench: Bench, uri: str, wanted: Wanted, error: type[Exception], says: str
) -> None:
    bench.picture("a", 1)
    bench.ask(uri)
    with pytest.raises(error) as refused:
        bench.look(wanted=wanted)
    assert says in f"{refused.value.message} {refused.value.hint}"  # type: ignore[attr-defined]
    assert bench.files == []
    assert bench.sql("SELECT count(*) FROM extractions") == [(0,)]


def test_the_answers_of_an_imported_run_cannot_be_looked_at(asked: Bench) -> None:
    asked.change(f"UPDATE runs SET options = '{json.dumps({'provenance': IMPORTED, 'file': 'answers.csv'})}'")
    with pytest.raises(UsageError, match=r"imported from answers\.csv"):
        asked.look()


def test_an_answer_that_is_replaced_takes_what_was_seen_with_it(bench: Bench) -> None:
    bench.picture("a", 1)
    bench.ask()
    bench.look()
    bench.change("UPDATE generations SET status = 'error'")
    request = request_of(bench.store, "1", retry_failed=True)
    plan_study(request, bench.host, bench.store).carry_out(bench.store, listener=lambda event: None)
    assert bench.sql("SELECT count(*) FROM attention") == [(0,)]
    assert bench.sql("SELECT count(*) FROM extractions") == [(0,)]
    assert bench.files == []
    assert bench.look().extracted == 1


def test_a_run_that_is_deleted_takes_its_rows_and_maps_with_it_and_no_others(asked: Bench) -> None:
    asked.look()
    asked.ask("attentive:", "face")
    asked.look("2")
    assert len(asked.files) == 2
    delete_run(asked.store, 1)
    assert asked.sql("SELECT DISTINCT run_id FROM gaze") == [(2,)]
    assert asked.sql("SELECT count(*) FROM extractions") == [(3,)]
    assert [(file.name,) for file in asked.files] == asked.sql("SELECT DISTINCT maps FROM extractions")
