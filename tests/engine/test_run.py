"""Runs end to end with real pictures, a real store and a scripted model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from elena_wb import builtin
from elena_wb.core import SetupError, UsageError
from elena_wb.engine import Answered, Event, Notice, RunFinished
from elena_wb.engine.pace import Patience
from elena_wb.engine.resume import request_of
from elena_wb.engine.study import Request, plan_study
from elena_wb.plugins import PluginHost, build_host
from elena_wb.store import Store, working_on
from tests import scripted

Pictures = Callable[..., Path]


@pytest.fixture
def host() -> PluginHost:
    return build_host([], [("builtin", builtin), ("scripted", scripted)])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.duckdb")


QUICK = Patience(first_wait_s=0.001, first_pause_s=0.001, longest_wait_s=0.01)


class Bench:
    """Plans and carries out a request; keeps the events."""

    def __init__(self, host: PluginHost, store: Store) -> None:
        self.host = host
        self.store = store
        self.events: list[Event] = []

    def __call__(self, request: Request, **options: object) -> list[RunFinished]:
        self.events.clear()
        study = plan_study(request, self.host, self.store)
        options = {"patience": QUICK, **options}
        return study.carry_out(self.store, listener=self.events.append, **options)  # type: ignore[arg-type]

    def sql(self, sql: str) -> Sequence[tuple[object, ...]]:
        with self.store.read() as connection:
            return connection.execute(sql).fetchall()

    def count(self, where: str = "true") -> int:
        ((found,),) = self.sql(f"SELECT count(*) FROM generations WHERE {where}")
        assert isinstance(found, int)
        return found


@pytest.fixture
def bench(host: PluginHost, store: Store) -> Bench:
    return Bench(host, store)


def asked_of(folder: Path, uri: str = "scripted:", **options: object) -> Request:
    return replace(Request(sources=[folder], model_uri=uri, prompts=["naive"]), **options)  # type: ignore[arg-type]


def test_every_picture_is_asked_once_per_prompt_and_repeat(bench: Bench, pictures: Pictures) -> None:
    results = bench(asked_of(pictures(7), prompts=["naive", "elena"], repeats=3))
    assert [(result.ok, result.status) for result in results] == [(21, "done")] * 2
    assert bench.count("status = 'ok'") == 42
    assert bench.sql(
        "SELECT count(DISTINCT generation_id), count(DISTINCT content_digest) FROM generations"
    ) == [(42, 42)]


def test_repeats_have_seeds_of_their_own(bench: Bench, pictures: Pictures, tmp_path: Path) -> None:
    log = tmp_path / "log"
    bench(asked_of(pictures(2), f"scripted:?log={log}", repeats=3, seed=10))
    seeds = {line.rsplit(":", 1)[1] for line in log.read_text().splitlines()}
    assert seeds == {"10", "11", "12"}


def test_the_same_command_again_asks_nothing_and_new_pictures_extend_it(
    bench: Bench, pictures: Pictures
) -> None:
    folder = pictures(4)
    bench(asked_of(folder))
    (again,) = bench(asked_of(folder))
    assert (again.asked, again.status) == (0, "done")
    pictures(6)
    (more,) = bench(asked_of(folder))
    assert (more.run_id, more.asked) == (1, 2)
    assert bench.sql("SELECT count(*) FROM runs") == [(1,)]


def test_nothing_missing_opens_no_model(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(2)
    bench(asked_of(folder))

    def refuse() -> scripted.ScriptedModel:
        raise AssertionError("opened")

    bench(asked_of(folder), open_model=refuse)


def test_another_model_seed_name_or_fresh_is_another_run(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(2)
    requests = [
        asked_of(folder),
        asked_of(folder, "scripted:?version=2"),
        asked_of(folder, seed=1),
        asked_of(folder, name="mine"),
        asked_of(folder, fresh=True),
        asked_of(folder, fresh=True),
    ]
    assert [bench(request)[0].run_id for request in requests] == [1, 2, 3, 4, 5, 6]
    (newest,) = bench(asked_of(folder))
    assert (newest.run_id, newest.asked) == (6, 0)


def test_failures_are_kept_and_asked_again_only_on_request(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(12)
    (first,) = bench(asked_of(folder, "scripted:?fail=3"))
    assert first.status == "partial"
    assert first.failed == bench.count("status = 'error' AND error = 'scripted failure'") > 0
    (again,) = bench(asked_of(folder))
    assert again.asked == 0
    assert bench.sql("SELECT status FROM runs") == [("partial",)]
    (retried,) = bench(asked_of(folder, retry_failed=True))
    assert (retried.ok, retried.status) == (first.failed, "done")
    assert (bench.count(), bench.count("status = 'ok'")) == (12, 12)
    assert bench.sql("SELECT status FROM runs") == [("done",)]


def test_an_unusable_picture_is_recorded_with_its_reason_and_the_rest_goes_on(
    bench: Bench, pictures: Pictures
) -> None:
    folder = pictures(3)
    (folder / "half.png").write_bytes((folder / "0000.png").read_bytes()[:300])
    (folder / "text.png").write_text("no picture at all")
    (result,) = bench(asked_of(folder))
    assert (result.ok, result.failed, result.status) == (3, 2, "partial")
    reasons = {
        event.path.name: event.error
        for event in bench.events
        if isinstance(event, Answered) and event.status == "error"
    }
    assert reasons.keys() == {"half.png", "text.png"}
    assert all(reasons.values())


def test_a_model_that_gives_up_ends_the_run_as_failed_and_keeps_what_it_said(
    bench: Bench, pictures: Pictures
) -> None:
    folder = pictures(9)
    (result,) = bench(asked_of(folder, "scripted:?gone_after=5"))
    assert (result.status, result.ok) == ("failed", 5)
    assert any(isinstance(event, Notice) and "gone" in event.message for event in bench.events)
    (rest,) = bench(asked_of(folder))
    assert (rest.ok, rest.status, bench.count()) == (4, "done", 9)


def test_stopping_stores_what_is_in_flight_and_the_rest_can_be_asked_later(
    bench: Bench, pictures: Pictures
) -> None:
    folder = pictures(12)
    stop = threading.Event()

    class Stopper(list[Event]):
        def append(self, event: Event) -> None:
            super().append(event)
            if isinstance(event, Answered):
                stop.set()

    bench.events = Stopper()
    (result,) = bench(asked_of(folder), stop=stop)
    assert result.status == "interrupted"
    assert 4 <= bench.count() < 12
    assert bench.sql("SELECT status FROM runs") == [("interrupted",)]
    bench.events = []
    (rest,) = bench(asked_of(folder))
    assert (rest.status, bench.count()) == ("done", 12)


def test_money_is_not_spent_beyond_the_limit(bench: Bench, pictures: Pictures) -> None:
    (result,) = bench(asked_of(pictures(20), "scripted:?cost=0.01&batch=4"), max_cost_usd=0.055)
    assert result.cost_usd <= 0.055
    assert (result.status, result.ok) == ("partial", 5)
    assert result.reason
    assert "--max-cost" in result.reason


def test_several_calls_at_once_lose_and_double_nothing(bench: Bench, pictures: Pictures) -> None:
    (result,) = bench(asked_of(pictures(40), "scripted:?concurrency=4&batch=3&delay=0.01&flaky=true"))
    assert (result.ok, bench.count()) == (40, 40)
    assert bench.sql("SELECT DISTINCT attempts FROM generations") == [(2,)]


def test_refusals_and_prose_are_told_apart_from_answers(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(3)
    (refused,) = bench(asked_of(folder, "scripted:?refuse=true", name="refused"))
    (prose,) = bench(asked_of(folder, "scripted:?prose=true", name="prose"))
    assert (refused.refused, prose.unparsed) == (3, 3)
    assert bench.count("status = 'unparsed' AND raw_text LIKE '%wheat%'") == 3


def test_resuming_by_number_finds_what_is_missing(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(6)
    bench(asked_of(folder, "scripted:?gone_after=4", name="study", repeats=1, seed=4))
    with pytest.raises(UsageError, match="no run"):
        request_of(bench.store, "stduy", retry_failed=False)
    request = replace(request_of(bench.store, "study", retry_failed=False), model_uri="scripted:")
    (result,) = bench(request)
    assert (result.run_id, result.ok) == (1, 2)


def test_a_run_whose_model_has_changed_cannot_be_resumed(bench: Bench, pictures: Pictures) -> None:
    bench(asked_of(pictures(3)))
    request = replace(request_of(bench.store, "1", retry_failed=False), model_uri="scripted:?version=2")
    with pytest.raises(UsageError, match="changed"):
        bench(request)


def test_planning_writes_nothing(bench: Bench, pictures: Pictures) -> None:
    study = plan_study(asked_of(pictures(3)), bench.host, bench.store)
    assert study.to_ask == 3
    assert not bench.store.exists()


def test_sources_without_a_picture_are_an_error_that_says_so(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no usable picture"):
        bench(asked_of(tmp_path))


def test_two_specs_that_ask_the_same_are_run_once(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(2)
    (folder / "regions.csv").write_text("path,part,x,y,w,h\n0000.png,face,2,2,8,8\n0001.png,face,2,2,8,8\n")
    request = asked_of(folder, conditions=["face@annotated", "face:box@annotated"])
    study = plan_study(request, bench.host, bench.store)
    assert len(study.plans) == 1
    assert any("run once" in note for note in study.notes)


def test_a_run_that_another_process_works_on_is_left_alone(bench: Bench, pictures: Pictures) -> None:
    request = asked_of(pictures(2))
    key = plan_study(request, bench.host, bench.store).plans[0].spec.run_key
    with working_on(bench.store, key), pytest.raises(SetupError, match="Another process"):
        bench(request)
    (result,) = bench(request)
    assert result.ok == 2


def test_what_another_process_had_answered_meanwhile_is_not_paid_for_again(
    bench: Bench, pictures: Pictures
) -> None:
    folder = pictures(4)
    late = plan_study(asked_of(folder), bench.host, bench.store)
    bench(asked_of(folder, limit=3))
    (finished,) = late.carry_out(bench.store, listener=bench.events.append)
    assert (finished.run_id, finished.asked, finished.status) == (1, 1, "done")
    assert bench.count() == 4


def test_two_fresh_runs_planned_at_the_same_moment_are_two_runs(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(2)
    both = [plan_study(asked_of(folder, fresh=True), bench.host, bench.store) for _ in range(2)]
    finished = [study.carry_out(bench.store, listener=bench.events.append)[0] for study in both]
    assert [(one.run_id, one.ok) for one in finished] == [(1, 2), (2, 2)]
    assert bench.count() == 4


def test_a_run_that_goes_on_under_other_conditions_says_so(bench: Bench, pictures: Pictures) -> None:
    def opened(note: str) -> scripted.ScriptedModel:
        model = scripted.ScriptedProvider().open("", scripted.ScriptedOptions())
        model.card = replace(model.card, notes=(note,))
        return model

    folder = pictures(3)
    for limit, note in ((1, "Constrained."), (2, "Constrained."), (3, "Free.")):
        bench(asked_of(folder, limit=limit), open_model=lambda note=note: opened(note))
        told = [event.message for event in bench.events if isinstance(event, Notice)]
        assert told == (
            ["Run 1 goes on under other conditions: Free. When it began: Constrained."] if limit == 3 else []
        )


def test_labels_that_are_added_later_reach_the_store(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(2)
    bench(asked_of(folder))
    (folder / "labels.csv").write_text("path,label\n0000.png,fear\n0001.png,anger\n")
    bench(asked_of(folder))
    assert bench.sql("SELECT label FROM labels ORDER BY label") == [("anger",), ("fear",)]


def test_a_run_over_two_folders_is_resumed_over_both(bench: Bench, pictures: Pictures) -> None:
    bench(asked_of(pictures(3, "a", seed=1), limit=2))
    bench(asked_of(pictures(2, "b", seed=2)))
    assert bench.sql("SELECT planned FROM runs") == [(4,)]
    (result,) = bench(request_of(bench.store, "1", retry_failed=False))
    assert (result.asked, bench.count()) == (1, 5)


def test_a_run_killed_after_its_last_answer_is_done_at_the_next_command(
    bench: Bench, pictures: Pictures
) -> None:
    folder = pictures(2)
    bench(asked_of(folder))
    with bench.store.write() as connection:
        connection.execute("UPDATE runs SET status = 'interrupted'")
    bench(asked_of(folder))
    assert bench.sql("SELECT status FROM runs") == [("done",)]


def test_runs_with_other_seeds_are_not_paired(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(2)
    (folder / "regions.csv").write_text("path,part,x,y,w,h\n0000.png,face,2,2,8,8\n0001.png,face,2,2,8,8\n")
    for seed in (0, 1):
        bench(asked_of(folder, conditions=["none", "face"], seed=seed))
    assert bench.sql("SELECT count(*) FROM pairs") == [(4,)]
