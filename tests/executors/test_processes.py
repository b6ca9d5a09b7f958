"""Runs whose model answers from several processes: same answers, whoever dies, and nobody left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from elena_wb import builtin
from elena_wb.cli.executors import chosen_executor, opened_by
from elena_wb.core import ModelError, Needs, SetupError, UsageError
from elena_wb.engine import Answered, Event, Notice, RunFinished
from elena_wb.engine.study import Request, Study, plan_study
from elena_wb.executors import machine, open_with
from elena_wb.executors.process import way_of_death
from elena_wb.executors.processes import ProcessesExecutor, card_shares, most_workers
from elena_wb.plugins import PluginHost, build_host
from elena_wb.store import Store
from tests.conftest import Program
from tests.executors import mortal as plugin

TWO = ("--executor", "processes,workers=2")


@dataclass
class Desk:
    """Where runs are carried out and looked at."""

    host: PluginHost
    store: Store
    folder: Path
    log: Path
    events: list[Event] = field(default_factory=list)
    hears: Callable[[Event], None] = lambda event: None

    def study(self, model: str, **options: Any) -> Study:
        asked = Request([self.folder], model, conditions=["none"], **options)
        return plan_study(asked, self.host, self.store)

    def __call__(self, options: str = "", *, workers: int | None = 2, **wished: Any) -> RunFinished:
        study = self.study(f"mortal:?log={self.log}{options}", **wished)
        elsewhere = None
        if workers is not None:
            elsewhere = partial(open_with, ProcessesExecutor(workers), study.address, study.card)

        def listener(event: Event) -> None:
            self.events.append(event)
            self.hears(event)

        (result,) = study.carry_out(self.store, listener=listener, open_model=elsewhere)
        return result

    def sql(self, sql: str) -> Sequence[tuple[Any, ...]]:
        with self.store.read() as connection:
            return connection.execute(sql).fetchall()

    @property
    def stored(self) -> Sequence[tuple[Any, ...]]:
        return self.sql(
            "SELECT stimulus_id, repeat, status, raw_text, content_digest FROM generations ORDER BY 1, 2"
        )

    @property
    def notices(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Notice)]

    def told(self, what: str) -> list[tuple[int, Any]]:
        """Which process said it and of what, in order."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return [(pid, value) for pid, said, value in map(json.loads, lines) if said == what]


@pytest.fixture
def mortal(program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    """``elena-wb`` with the plugin ``mortal`` installed, as are worker processes that a test starts by itself."""
    program.install("mortal", Path(plugin.__file__).read_text("utf-8"))
    monkeypatch.setenv("PYTHONPATH", str(program.site))
    return program


@pytest.fixture
def desk(mortal: Program, pictures: Callable[[int], Path], tmp_path: Path) -> Desk:
    host = build_host([], [("builtin", builtin), ("mortal", plugin)])
    return Desk(host, Store(tmp_path / "store.duckdb"), pictures(24), tmp_path / "log")


def until(condition: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


@pytest.fixture
def workers_of() -> Iterator[Callable[[int], list[int]]]:
    """Gives the workers of a process by its number; in the end they must be gone by themselves."""
    seen: list[psutil.Process] = []

    def workers(pid: int) -> list[int]:
        found = [
            one for one in psutil.Process(pid).children() if "elena_wb.executors.worker" in one.cmdline()
        ]
        seen.extend(found)
        return [one.pid for one in found]

    yield workers
    _, alive = psutil.wait_procs(seen, timeout=20)
    for one in alive:
        one.kill()
    assert not alive


def test_two_processes_answer_as_one_does_and_a_run_goes_on_between_them(
    desk: Desk, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    desk(workers=None)
    here, desk.store = desk.stored, Store(tmp_path / "other.duckdb")
    desk(workers=None, limit=4)
    desk.log.unlink()
    capfd.readouterr()
    result = desk()
    assert (result.ok, result.status) == (20, "done")
    assert desk.stored == here
    assert len(here) == 24
    assert desk.sql("SELECT count(*) FROM runs") == [(1,)]
    opened, answered = desk.told("opened"), desk.told("answered")
    assert len(opened) == 2
    assert {variables["OMP_NUM_THREADS"] for _, variables in opened} == {
        os.environ.get("OMP_NUM_THREADS", "1")
    }
    assert len(answered) == len({digest for _, digest in answered}) == 20
    assert (
        {pid for pid, _ in answered} == {pid for pid, _ in opened} == {pid for pid, _ in desk.told("closed")}
    )
    assert os.getpid() not in {pid for pid, _ in opened}
    assert capfd.readouterr() == ("", "")
    assert [one for one in desk.notices if "goes on under other conditions: Answered by copies" in one]


def test_workers_that_are_killed_are_replaced_and_every_answer_comes_once(
    desk: Desk, workers_of: Callable[[int], list[int]]
) -> None:
    def hears(event: Event) -> None:
        if isinstance(event, Answered) and sum(isinstance(one, Answered) for one in desk.events) == 4:
            for pid in workers_of(os.getpid()):
                os.kill(pid, signal.SIGKILL)

    desk.hears = hears
    result = desk("&delay=0.02&helper=true")
    assert (result.ok, result.status) == (24, "done")
    assert len(desk.told("opened")) in (3, 4)
    until(lambda: not any(alive(helper) for _, helper in desk.told("helped")))
    assert "was lost and is being replaced: its process was ended by SIGKILL" in desk.notices[0]
    assert len(desk.stored) == 24


def test_a_picture_that_ends_every_process_fails_alone_with_its_last_words(desk: Desk) -> None:
    result = desk("&deadly=16&batch=1")
    assert (result.ok, result.failed, result.status) == (23, 1, "partial")
    ((error,),) = desk.sql("SELECT error FROM generations WHERE status = 'error'")
    assert "its process ended with code 7: " in error
    assert "the last thing that it says" in error
    answered = [digest for _, digest in desk.told("answered")]
    assert len(answered) == len(set(answered)) == 23


def test_ctrl_c_keeps_what_is_in_flight_and_leaves_nobody_behind(
    mortal: Program, desk: Desk, workers_of: Callable[[int], list[int]]
) -> None:
    model = f"mortal:?log={desk.log}&delay=0.1"
    process = mortal.start(
        *("--store", str(desk.store.path), "run", str(desk.folder), "-m", model, *TWO),
        start_new_session=True,
    )
    until(lambda: len(desk.told("answered")) > 1, process)
    assert len(workers_of(process.pid)) == 2
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "answering" not in out
    assert 2 <= len(desk.stored) == len(desk.told("answered")) < 24
    assert {row[2] for row in desk.stored} == {"ok"}


def test_workers_end_when_the_program_is_killed_and_it_goes_on_from_there(
    mortal: Program, desk: Desk, workers_of: Callable[[int], list[int]]
) -> None:
    model = f"mortal:?log={desk.log}&delay=0.1&batch=1"
    process = mortal.start(
        "--store", str(desk.store.path), "run", str(desk.folder), "-p", "elena", "-m", model, *TWO
    )
    until(lambda: len(desk.told("answered")) > 2, process)
    workers = workers_of(process.pid)
    process.kill()
    process.wait()
    until(lambda: not any(map(psutil.pid_exists, workers)))
    result = desk(workers=None)
    assert result.status == "done"
    assert 0 < result.ok < 24
    assert [row[2] for row in desk.stored] == ["ok"] * 24


def test_what_cannot_be_spread_or_opened_is_said(desk: Desk) -> None:
    assert chosen_executor(None, desk.host) is chosen_executor("local", desk.host) is None
    for executor, said in (
        ("proceses", "no executor `proceses`"),
        ("processes,worker=2", "no option `worker`"),
        ("processes,workers=0", "at least one worker"),
        ("Processes", "is no name"),
    ):
        with pytest.raises(UsageError, match=said):
            chosen_executor(executor, desk.host)
    two = chosen_executor("processes,workers=2", desk.host)
    with pytest.raises(UsageError, match="answers on a server"):
        opened_by(two, desk.study("mortal:distant"))
    open_unwell = opened_by(two, desk.study("mortal:?unwell=It+has+a+cold."))
    assert open_unwell is not None
    with pytest.raises(ModelError, match=r"It has a cold\.") as caught:
        open_unwell()
    assert caught.value.hint == "See a doctor."


def test_a_declared_study_answers_through_it_too_and_says_so(
    mortal: Program, desk: Desk, tmp_path: Path
) -> None:
    declared = tmp_path / "study.toml"
    declared.write_text(
        f"""
        name = "spread"
        prompts = ["elena"]
        conditions = ["none"]
        [[datasets]]
        sources = ["{desk.folder}"]
        [[models]]
        model = "mortal:?log={desk.log}"
        """
    )
    ran = mortal("--store", str(desk.store.path), "experiment", str(declared), *TWO, "--no-report")
    assert "mortal:: answered by `processes,workers=2`." in ran.stderr
    assert len(desk.told("opened")) == 2
    assert len(desk.stored) == 24


def test_cards_cores_and_memory_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    four = ("GPU-a", "GPU-b", "GPU-c", "GPU-d")
    one, two, half = Needs(gpus=1.0), Needs(gpus=2.0), Needs(gpus=0.5)
    assert card_shares(one, four) == list(four)
    assert card_shares(two, four) == ["GPU-a,GPU-b", "GPU-c,GPU-d"]
    assert card_shares(half, four[:2]) == ["GPU-a", "GPU-b", "GPU-a", "GPU-b"]
    assert card_shares(two, four[:1]) == ["GPU-a"]
    assert (most_workers(one, four), most_workers(two, four), most_workers(half, four)) == (4, 2, 8)
    with pytest.raises(SetupError, match="cannot be told"):
        most_workers(one, ())
    monkeypatch.setattr("elena_wb.executors.processes.cores", lambda: 16)
    monkeypatch.setattr("elena_wb.executors.processes.free_memory", lambda: 10 * 2**30)
    assert most_workers(Needs(), ()) == 4
    assert most_workers(Needs(memory_bytes=2**30), ()) == 10
    assert most_workers(Needs(memory_bytes=2**20), ()) == 16
    assert most_workers(Needs(memory_bytes=2**40), ()) == 1
    assert most_workers(Needs(cpus=8, memory_bytes=2**20), ()) == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-x ,MIG-y")
    assert machine.cards() == ("2", "GPU-x", "MIG-y")
    for nothing in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", nothing)
        assert machine.cards() == ()
    monkeypatch.setattr(machine, "cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    assert machine.threads_of(3)["OMP_NUM_THREADS"] == "2"
    assert "MKL_NUM_THREADS" not in machine.threads_of(3)
    assert (free := machine.free_memory()) is None or free > 0


def test_deaths_are_told_in_words() -> None:
    assert way_of_death(7) == "its process ended with code 7"
    assert way_of_death(-9) == "its process was ended by SIGKILL (the system does this when memory runs out)"
    assert way_of_death(-11) == "its process was ended by SIGSEGV"
    assert way_of_death(-99) == "its process was ended by signal 99"
