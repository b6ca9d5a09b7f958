"""Runs against models that fail for a while, are limited, cost money, or take their time."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from elena_wb import builtin
from elena_wb.core import UsageError
from elena_wb.engine import Answered, Event, Notice, Patience, RunFinished, Waiting
from elena_wb.engine.study import Request, Study, plan_study
from elena_wb.offline import NetworkForbiddenError
from elena_wb.plugins import PluginHost, build_host
from elena_wb.remote.redaction import hide
from elena_wb.store import Store
from tests import scripted

Pictures = Callable[..., Path]
QUICK = Patience(first_wait_s=0.002, first_pause_s=0.001, longest_wait_s=0.02)
TROUBLES = "server,rate-limited,connection,reply,timeout"


@pytest.fixture
def host() -> PluginHost:
    return build_host([], [("builtin", builtin), ("scripted", scripted)])


class Bench:
    """Plans and carries out studies; keeps the events and the model."""

    def __init__(self, host: PluginHost, store: Store) -> None:
        self.host = host
        self.store = store
        self.events: list[Event] = []
        self.model: scripted.ScriptedModel | None = None

    def plan(self, folder: Path, uri: str, **options: object) -> Study:
        request = Request(sources=[folder], model_uri=uri, prompts=["naive"])
        return plan_study(replace(request, **options), self.host, self.store)  # type: ignore[arg-type]

    def __call__(self, folder: Path, uri: str, **options: object) -> list[RunFinished]:
        """Carry out ``uri`` (options as in the URI's query) with the given options of ``carry_out``."""
        self.events = []
        study = self.plan(folder, uri)

        def opened() -> scripted.ScriptedModel:
            model = study.address.open()
            assert isinstance(model, scripted.ScriptedModel)
            self.model = model
            return model

        options = {"patience": QUICK, "open_model": opened, "listener": self.events.append, **options}
        return study.carry_out(self.store, **options)  # type: ignore[arg-type]

    @property
    def calls(self) -> int:
        assert self.model is not None
        return len(self.model.batches)

    def sql(self, sql: str) -> Sequence[tuple[object, ...]]:
        with self.store.read() as connection:
            return connection.execute(sql).fetchall()

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def bench(host: PluginHost, tmp_path: Path) -> Bench:
    return Bench(host, Store(tmp_path / "store.duckdb"))


def test_a_model_that_often_fails_is_asked_once_more_for_each_failure_and_all_is_stored_once(
    bench: Bench, pictures: Pictures
) -> None:
    uri = f"scripted:?concurrency=8&batch=1&trouble_share=0.3&troubles={TROUBLES}"
    (result,) = bench(pictures(80), uri)
    assert (result.status, result.ok) == ("done", 80)
    assert sum(result.retries.values()) == bench.calls - 80 > 10
    assert bench.sql("SELECT count(*), count(DISTINCT stimulus_id) FROM generations") == [(80, 80)]
    assert bench.sql("SELECT sum(attempts), sum(len(retried_for)) FROM generations") == [
        (bench.calls, bench.calls - 80)
    ]
    stored = bench.sql(
        "SELECT trouble, count(*) FROM generations, unnest(retried_for) AS r(trouble) GROUP BY ALL"
    )
    assert dict(stored) == result.retries


def test_a_question_is_given_up_after_its_retries_and_the_others_are_answered(
    bench: Bench, pictures: Pictures
) -> None:
    (result,) = bench(
        pictures(30), "scripted:?concurrency=4&batch=1&trouble_on=5", patience=replace(QUICK, retries=2)
    )
    assert result.ok + result.failed == 30
    assert 0 < result.failed < 30
    rows = bench.sql("SELECT DISTINCT attempts, retried_for, error FROM generations WHERE status = 'error'")
    assert rows == [(3, ["server", "server"], "scripted server")]


def test_never_are_more_calls_made_at_once_than_the_model_allows(bench: Bench, pictures: Pictures) -> None:
    bench(pictures(60), "scripted:?concurrency=6&batch=1&delay=0.01")
    assert bench.model is not None
    assert 4 < bench.model.most_at_once <= 6


def test_everybody_waits_as_long_as_the_server_asks_for_and_is_told(bench: Bench, pictures: Pictures) -> None:
    uri = "scripted:?concurrency=4&batch=1&trouble_first=1&troubles=rate-limited&retry_after=2.1"
    began = time.monotonic()
    (result,) = bench(pictures(12), uri)
    assert (result.ok, result.retries) == (12, {"rate-limited": 1})
    assert 2.1 <= time.monotonic() - began < 8
    (waiting,) = bench.of(Waiting)
    assert isinstance(waiting, Waiting)
    assert 1.9 <= waiting.seconds <= 2.6
    assert "asked to wait" in waiting.reason


def test_a_server_that_asks_for_hours_ends_the_run_and_says_when_to_come_back(
    bench: Bench, pictures: Pictures
) -> None:
    folder = pictures(9)
    uri = "scripted:?concurrency=4&batch=1&troubles=rate-limited&retry_after=7200"
    (result,) = bench(folder, f"{uri}&trouble_first=1")
    assert result.status == "partial"
    assert result.failed == 0
    assert result.reason is not None
    assert "same command" in result.reason
    assert result.ok == bench.sql("SELECT count(*) FROM generations")[0][0] == 3
    (rest,) = bench(folder, uri)
    assert (rest.ok, rest.status) == (6, "done")


def test_a_server_that_is_away_ends_the_run_with_nothing_recorded_as_failed(
    bench: Bench, pictures: Pictures
) -> None:
    folder = pictures(20)
    uri = "scripted:?concurrency=4&batch=1&troubles=connection"
    (result,) = bench(folder, f"{uri}&trouble_share=1", patience=replace(QUICK, retries=6))
    assert (result.status, result.asked) == ("failed", 0)
    assert result.reason is not None
    assert "scripted connection" in result.reason
    assert bench.calls < 20
    (rest,) = bench(folder, uri)
    assert (rest.ok, rest.status) == (20, "done")


@pytest.mark.parametrize("seconds", [60.0, 200.0])
def test_stopping_while_everybody_waits_ends_at_once_and_loses_nothing(
    bench: Bench, pictures: Pictures, tmp_path: Path, seconds: float
) -> None:
    folder, log, stop = pictures(12), tmp_path / "log", threading.Event()
    uri = f"scripted:?concurrency=4&batch=1&troubles=server&retry_after={seconds}&log={log}"

    def listen(event: Event) -> None:
        if isinstance(event, Waiting):
            stop.set()

    began = time.monotonic()
    (result,) = bench(folder, f"{uri}&trouble_first=1", stop=stop, listener=listen)
    assert time.monotonic() - began < 10
    assert (result.status, result.ok, result.failed) == ("interrupted", 3, 0)
    (rest,) = bench(folder, uri)
    assert (rest.ok, rest.status) == (9, "done")
    asked = Counter(line for line in log.read_text().splitlines() if line.startswith("asked"))
    assert sorted(asked.values()) == [1] * 11 + [2]
    assert bench.sql("SELECT count(*), count(DISTINCT stimulus_id) FROM generations") == [(12, 12)]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that send signals")
def test_a_signal_whose_handler_takes_long_ends_a_wait(bench: Bench, pictures: Pictures) -> None:
    stop, hung = threading.Event(), []

    def interrupted(_signal: int, _frame: object) -> None:
        if stop.is_set():
            hung.append(True)
            raise TimeoutError("the run goes on waiting")
        stop.set()
        signal.setitimer(signal.ITIMER_REAL, 20)
        time.sleep(0.5)

    def listen(event: Event) -> None:
        if isinstance(event, Waiting):
            signal.setitimer(signal.ITIMER_REAL, 0.3)

    before = signal.signal(signal.SIGALRM, interrupted)
    try:
        uri = "scripted:?concurrency=4&batch=1&trouble_first=1&troubles=rate-limited&retry_after=60"
        (result,) = bench(pictures(6), uri, stop=stop, listener=listen)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not hung
    assert result.status == "interrupted"


def test_a_limit_by_the_day_ends_the_run_and_holds_for_the_next_one(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(8)
    (first,) = bench(folder, "scripted:?concurrency=4&batch=1&rpd=5")
    assert (first.status, first.ok, first.failed) == ("partial", 5, 0)
    assert first.reason is not None
    assert "requests per day of scripted/account" in first.reason
    assert "same command goes on from here after" in first.reason
    (second,) = bench(folder, "scripted:?concurrency=4&batch=1&rpd=5")
    assert (second.status, second.ok, bench.calls) == ("partial", 0, 0)
    (other,) = bench(folder, "scripted:?batch=8&rpd=5&account=another")
    assert other.ok == 3


def test_a_limit_by_the_minute_is_waited_for_and_told(bench: Bench, pictures: Pictures) -> None:
    stop = threading.Event()
    told: list[Waiting] = []

    def listen(event: Event) -> None:
        if isinstance(event, Waiting):
            told.append(event)
            stop.set()

    (result,) = bench(
        pictures(6), "scripted:?concurrency=2&batch=1&tpm=100&most_tokens=40", stop=stop, listener=listen
    )
    assert result.ok == 3
    assert [wait.reason for wait in told] == ["tokens per minute of scripted/account"]
    assert 50 < told[0].seconds <= 60


@pytest.mark.parametrize("batch", [1, 8])
def test_no_call_is_made_that_could_exceed_the_limit(bench: Bench, pictures: Pictures, batch: int) -> None:
    uri = f"priced:?concurrency=4&batch={batch}&most_cost=0.01&cost=0.004&delay=0.01"
    (result,) = bench(pictures(30), uri, max_cost_usd=0.05)
    assert result.status == "partial"
    assert result.reason is not None
    assert "--max-cost" in result.reason
    assert result.cost_usd == pytest.approx(0.004 * result.ok)
    assert 0.05 - 0.01 < result.cost_usd <= 0.05
    told = sum(event.cost_usd or 0.0 for event in bench.of(Answered) if isinstance(event, Answered))
    assert told == pytest.approx(result.cost_usd)


def test_calls_that_broke_may_be_billed_and_count_for_the_limit_but_not_as_cost(
    bench: Bench, pictures: Pictures
) -> None:
    uri = "priced:?batch=1&most_cost=0.01&cost=0.01&trouble_first=3&troubles=timeout"
    (result,) = bench(pictures(30), uri, max_cost_usd=0.1)
    assert result.ok == 7
    assert result.cost_usd == pytest.approx(0.07)
    assert result.reason is not None
    assert "$0.0300 for calls that broke" in result.reason


@pytest.mark.parametrize("uri", ["distant:?cost=0.01", "priced:?rpm=5"])
def test_without_a_price_no_limit_can_be_kept_and_nothing_is_asked(
    bench: Bench, pictures: Pictures, uri: str
) -> None:
    with pytest.raises(UsageError, match="not known") as refused:
        bench(pictures(3), uri, max_cost_usd=1.0)
    assert "prices.toml" in (refused.value.hint or "")
    assert bench.calls == 0
    assert not bench.store.exists()
    (result,) = bench(pictures(3), uri)
    assert result.ok == 3


def test_answers_made_elsewhere_leave_the_run_to_be_gone_on_with(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(8)
    (result,) = bench(folder, "scripted:?batch=8&postpone=3")
    assert (result.status, result.ok, result.failed) == ("partial", 3, 0)
    assert result.reason == "Answers are still being made."
    assert isinstance(bench.model, scripted.WaitingModel)
    assert bench.model.stop is not None
    (notice,) = bench.of(Notice)
    assert "tomorrow" in str(notice)
    (rest,) = bench(folder, "scripted:?batch=8")
    assert (rest.ok, rest.status) == (5, "done")


def test_answers_made_elsewhere_do_not_keep_the_other_runs_from_being_asked(
    bench: Bench, pictures: Pictures
) -> None:
    study = bench.plan(
        pictures(4), "scripted:?batch=8&postpone=2", conditions=["none"], prompts=["naive", "elena"]
    )
    results = study.carry_out(bench.store, listener=lambda _event: None)
    assert [(result.status, result.ok) for result in results] == [("partial", 2), ("partial", 0)]


def test_probabilities_of_labels_and_the_version_are_stored(bench: Bench, pictures: Pictures) -> None:
    bench(pictures(5), "scripted:?logprobs=true&answered_by=scripted-0611")
    assert bench.sql("SELECT DISTINCT answered_by FROM generations") == [("scripted-0611",)]
    rows = bench.sql(
        """SELECT g.emotion = s.label, count(*), min(s.logprob) FROM label_scores s
           JOIN generations g USING (generation_id) GROUP BY ALL ORDER BY ALL"""
    )
    assert rows == [(False, 30, pytest.approx(math.log(0.1))), (True, 5, pytest.approx(math.log(0.4)))]
    assert bench.sql("SELECT count(DISTINCT label) FROM label_scores WHERE label = lower(label)") == [(7,)]


def test_what_a_server_repeats_of_a_key_reaches_neither_store_nor_events(
    bench: Bench, pictures: Pictures, tmp_path: Path
) -> None:
    secret = "sk-planted-in-a-test-0123456789"
    hide(secret)
    folder = pictures(6)
    bench(folder, f"scripted:?secret={secret}&answered_by={secret}")
    bench(folder, f"scripted:?version=2&secret={secret}&trouble_on=2", patience=replace(QUICK, retries=1))
    bench(folder, f"scripted:?version=3&secret={secret}&trouble_share=1", patience=replace(QUICK, retries=9))
    assert secret not in repr(bench.events)
    held = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".png"]
    assert any("store" in path.name for path in held)
    assert not [path for path in held if secret.encode() in path.read_bytes()]
    assert bench.sql("SELECT count(*) FROM generations WHERE raw_text LIKE '%[key]%'") != [(0,)]


def test_a_key_that_is_a_word_changes_no_answer(bench: Bench, pictures: Pictures) -> None:
    hide("not-needed")
    bench(pictures(2), "scripted:?secret=not-needed")
    assert bench.sql("SELECT DISTINCT narrative FROM generations") == [("not-needed",)]


def test_a_model_over_the_network_is_not_opened_offline(
    bench: Bench, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    with pytest.raises(NetworkForbiddenError, match=r"distant.*models\.example"):
        bench(pictures(2), "distant:")
    assert bench(pictures(2), "scripted:")[0].ok == 2


def test_what_a_study_may_cost_is_told_without_asking(bench: Bench, pictures: Pictures) -> None:
    folder = pictures(7)
    found = bench.plan(folder, "priced:?most_tokens=50&most_cost=0.02", repeats=2).estimate()
    assert found is not None
    assert (found.tokens, found.cost_usd) == (700, pytest.approx(0.28))
    unknown = bench.plan(folder, "priced:?most_tokens=50").estimate()
    assert unknown is not None
    assert (unknown.tokens, unknown.cost_usd) == (350, None)
    assert bench.plan(folder, "scripted:").estimate() is None
    assert not bench.store.exists()
