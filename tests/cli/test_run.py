"""``elena-wb run`` as its user meets it: exit codes, what goes to stdout, interrupts, kills."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Program, rows

Pictures = Callable[..., Path]


def test_a_run_prints_its_table_and_exits_0(program: Program, pictures: Pictures) -> None:
    folder = pictures(5)
    done = program("run", str(folder), "-m", "scripted:", "-p", "naive", "-p", "elena")
    assert [line.split("\t")[:5] for line in done.stdout.splitlines()[1:]] == [
        ["1", "naive", "none", "done", "5"],
        ["2", "elena", "none", "done", "5"],
    ]
    again = program("run", str(folder), "-m", "scripted:", "-p", "naive")
    assert "Nothing is missing" in again.stderr


def test_some_failures_exit_4_and_are_listed_and_all_of_them_exit_1(
    program: Program, pictures: Pictures
) -> None:
    folder = pictures(4)
    (folder / "broken.jpg").write_text("not a picture")
    done = program("run", str(folder), "-m", "scripted:", "-p", "naive", code=4)
    assert "broken.jpg" in done.stderr
    assert "--retry-failed" in done.stderr
    program("run", str(folder), "-m", "scripted:?fail=1&version=2", "-p", "naive", code=1)


def test_a_dry_run_says_what_it_would_ask_and_makes_no_store(program: Program, pictures: Pictures) -> None:
    done = program("run", str(pictures(3)), "-m", "scripted:", "-p", "naive", "--repeat", "2", "--dry-run")
    assert "6 calls" in done.stderr
    assert not list(program.home.glob("data/*"))


def test_events_are_json_lines_and_nothing_else_on_stdout(program: Program, pictures: Pictures) -> None:
    done = program("run", str(pictures(3)), "-m", "scripted:", "-p", "naive", "--events", "jsonl")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert Counter(event["event"] for event in events) == {"RunStarted": 1, "Answered": 3, "RunFinished": 1}
    assert events[0]["to_ask"] == 3
    assert events[-1]["status"] == "done"


def test_one_interrupt_stores_what_is_in_flight_and_exits_130(program: Program, pictures: Pictures) -> None:
    folder = pictures(30)
    command = ("run", str(folder), "-m", "scripted:?delay=0.3&batch=2", "-p", "naive", "--events", "jsonl")
    process = program.start(*command)
    assert process.stdout is not None
    while "Answered" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Ctrl-C again" in err
    ((kept,),) = rows(program, "SELECT count(*) FROM generations")
    assert 2 <= int(kept) < 30
    assert rows(program, "SELECT status FROM runs") == [["interrupted"]]
    program(*command)
    assert rows(program, "SELECT count(*), count(DISTINCT stimulus_id) FROM generations") == [["30", "30"]]


def test_two_interrupts_stop_at_once_and_lose_no_answer(program: Program, pictures: Pictures) -> None:
    process = program.start(
        "run", str(pictures(8)), "-m", "scripted:?delay=60&batch=2", "-p", "naive", "--events", "jsonl"
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


@pytest.mark.parametrize("seed", range(4))
def test_a_run_killed_at_many_moments_loses_no_answer_and_asks_none_twice(
    program: Program, pictures: Pictures, tmp_path: Path, seed: int
) -> None:
    log = tmp_path / "log"
    command = ("run", str(pictures(24)), "-m", f"scripted:?delay=0.02&batch=3&log={log}", "-p", "naive")
    moment = random.Random(seed)
    for _ in range(6):
        process = program.start(*command)
        deadline = time.monotonic() + moment.uniform(0.9, 2.2)
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()
        process.communicate()
    program(*command)
    taken: set[str] = set()
    asked: set[str] = set()
    for line in log.read_text().splitlines():
        what, key = line.split()
        assert key not in taken, "an answer that the program had taken was asked for again"
        (taken if what == "taken" else asked).add(key)
    assert len(asked) == 24
    assert rows(
        program,
        "SELECT count(*), count(DISTINCT stimulus_id), count(DISTINCT generation_id) "
        "FROM generations WHERE status = 'ok'",
    ) == [["24", "24", "24"]]


def test_two_runs_and_queries_at_once_do_not_disturb_each_other(program: Program, pictures: Pictures) -> None:
    folder = str(pictures(40))
    runs = [
        program.start("run", folder, "-m", f"scripted:?delay=0.05&version={version}", "-p", "naive")
        for version in (1, 2)
    ]
    while not list(program.home.glob("data/*.duckdb")):
        time.sleep(0.05)
    while any(process.poll() is None for process in runs):
        program("query", "SELECT count(*) FROM generations")
    assert [process.wait() for process in runs] == [0, 0]
    for process in runs:
        process.communicate()
    assert rows(program, "SELECT run_id, count(*) FROM generations GROUP BY ALL ORDER BY ALL") == [
        ["1", "40"],
        ["2", "40"],
    ]


def test_hostile_file_names_are_shown_as_text(program: Program, pictures: Pictures) -> None:
    folder = pictures(1)
    (folder / "[bold]x\x1b[31m.jpg").write_text("no picture")
    done = program("run", str(folder), "-m", "scripted:", "-p", "naive", code=4)
    assert "[bold]x\\u001b[31m.jpg" in done.stderr
    assert "\x1b[31m" not in done.stderr


def test_a_mask_that_hid_nothing_is_said(program: Program, pictures: Pictures) -> None:
    folder = pictures(2)
    (folder / "regions.csv").write_text("path,part,x,y,w,h\n0000.png,face,2,2,8,8\n")
    done = program("run", str(folder), "-m", "scripted:", "-p", "naive", "--mask", "face@annotated")
    assert "In 1 of 2 answers" in done.stderr


def test_resuming_refuses_what_would_change_the_run(program: Program, pictures: Pictures) -> None:
    program("run", str(pictures(2)), "-m", "scripted:", "-p", "naive")
    done = program("run", "--resume", "1", "--seed", "3", "--repeat", "2", code=2)
    assert "repeat, seed" in done.stderr
    program("run", "--resume", "1", "--retry-failed")


def test_an_answer_is_never_written_over_the_store(program: Program, pictures: Pictures) -> None:
    program("run", str(pictures(2)), "-m", "scripted:", "-p", "naive")
    store = next(program.home.glob("data/*.duckdb"))
    (store.parent / "sub").mkdir()
    done = program("query", "SELECT 1", "-o", str(store.parent / "sub" / ".." / store.name), code=2)
    assert "store itself" in done.stderr
    assert rows(program, "SELECT count(*) FROM generations") == [["2"]]
