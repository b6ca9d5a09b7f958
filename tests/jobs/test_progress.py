"""Progress is read from what a command printed, however damaged, a little at a time."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from elena_wb.jobs import Job, progress
from elena_wb.jobs.folder import Folder, now
from elena_wb.jobs.progress import keep


@pytest.fixture
def job(tmp_path: Path) -> tuple[Path, Job, Path]:
    store = tmp_path / "store.duckdb"
    folder = Folder.of(store)
    folder.create()
    began = now() - timedelta(seconds=10)
    job = Job(0, "a job", ("run",), "running", began, started_at=began, expected=6)
    with folder.locked():
        job = folder.add(job)
    return store, job, folder.of_job(job.number)


def line(event: str, **values: object) -> str:
    return json.dumps({"event": event, **values}) + "\n"


def test_a_half_written_line_counts_once_it_is_whole(job) -> None:
    store, one, place = job
    whole = line("Answered", run_id=1, status="ok", error=None, cost_usd=0.5)
    with (place / "events.jsonl").open("a") as events:
        events.write(line("RunStarted", run_id=1, to_ask=3) + whole + whole[:20])
        events.flush()
        first = progress(store, one)
        events.write(whole[20:])
        events.flush()
        second = progress(store, one)
    assert (first.done, second.done) == (1, 2)
    assert (second.to_do, second.run_ids, second.cost_usd) == (6, (1,), 1.0)
    assert second.per_second == pytest.approx(0.2, rel=0.2)
    assert second.seconds_left == pytest.approx(20, rel=0.2)


def test_garbage_counts_nothing_and_ends_nothing(job) -> None:
    store, one, place = job
    garbage = (
        b'\xff\xfe\x00 not json\n[1, 2]\n{"event": 7}\n{"event": "RunStarted"}\n\n' + b"[" * 100_000 + b"\n"
    )
    endless = b"x" * 5_000_000 + b"\n"
    good = line("Answered", run_id=1, status="error", error="[bold]\x1b[31m", path="/p.png").encode()
    (place / "events.jsonl").write_bytes(garbage + endless + good)
    (place / "stderr.log").write_bytes(b"\xff\x1b[31mred\nlast\n")
    found = progress(store, one)
    assert (found.done, found.failures) == (1, 1)
    assert found.messages == ("/p.png: [bold]\x1b[31m",)
    assert found.stderr[-1] == "last"


def test_runs_and_attention_add_up(job) -> None:
    store, one, place = job
    (place / "events.jsonl").write_text(
        line("RunStarted", run_id=1, to_ask=2)
        + line("Answered", run_id=1, status="ok") * 2
        + line("RunFinished", run_id=1, status="failed", reason="The server is gone.")
        + line("RunStarted", run_id=2, to_ask=5)
        + line("AttendStarted", run_id=1, to_do=4)
        + line("Attended", run_id=1, error="no picture", path="/p.png")
        + line("Waiting", run_id=1, seconds=30, reason="limit")
    )
    found = progress(store, one)
    assert (found.done, found.to_do, found.failures) == (3, 11, 1)
    assert found.messages == ("run 1: The server is gone.", "/p.png: no picture", "waiting 30 s: limit")


def test_a_file_that_was_cut_is_counted_anew(job) -> None:
    store, one, place = job
    answered = line("Answered", run_id=1, status="ok")
    (place / "events.jsonl").write_text(answered * 5)
    assert progress(store, one).done == 5
    (place / "events.jsonl").write_text(answered * 2)
    assert progress(store, one).done == 2


def test_what_an_ended_job_did_is_kept_without_its_events(job) -> None:
    import dataclasses

    store, one, place = job
    (place / "events.jsonl").write_text(line("Answered", run_id=1, status="ok") * 5)
    ended = dataclasses.replace(one, state="done", ended_at=now())
    before = progress(store, ended)
    keep(store, ended)
    (place / "events.jsonl").unlink()
    assert progress(store, ended) == before
    (place / "progress.json").write_text('{"done": 1}')
    assert progress(store, ended).done == 5


def test_a_job_that_printed_nothing_has_done_nothing(tmp_path: Path) -> None:
    nothing = Job(9, "gone", (), "queued", now())
    assert progress(tmp_path / "none.duckdb", nothing).done == 0
