"""Jobs are worked through one after the other, whoever submitted them, and end as their commands do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from elena_wb.errors import SetupError, UsageError
from elena_wb.jobs import cancel, forget, is_idle, jobs, progress, submit
from elena_wb.jobs.folder import KEPT, Folder
from elena_wb.remote.redaction import hide
from elena_wb.store import Store, list_runs


def test_jobs_run_in_order_and_end_as_their_commands_do(queue) -> None:
    good = queue.run()
    partly = queue.run("fail=2&version=2")
    bad = queue.submit("run", "nowhere", "-m", "scripted:")
    ended = [queue.wait(job.number) for job in (good, partly, bad)]
    assert [job.state for job in ended] == ["done", "partial", "failed"]
    assert [job.exit_code for job in ended] == [0, 4, 2]
    assert ended[2].reason is not None
    assert ended[2].reason.startswith("Error: There is no file or folder `nowhere`.")
    assert ended[0].ended_at <= ended[1].started_at <= ended[1].ended_at <= ended[2].started_at
    how_far = progress(queue.store, ended[1])
    assert (how_far.done, how_far.to_do) == (8, 8)
    assert how_far.failures > 0
    assert how_far.run_ids == (2,)
    assert any("scripted failure" in message for message in how_far.messages)
    assert [run.status for run in list_runs(Store(queue.store))] == ["done", "partial"]
    queue.wait_for(lambda: not queue.processes())


def test_the_command_works_in_the_folder_and_the_environment_of_whoever_submitted_it(
    queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    monkeypatch.chdir(there)
    slow = queue.run("delay=0.3&batch=1")
    queue.wait(slow.number, "running")
    monkeypatch.setenv("ELENA_WB_MODEL", "scripted:?version=other&secret=hush")
    other = queue.submit("models", "default")
    queue.wait(other.number)
    assert queue.job(slow.number).ended
    printed = (Folder.of(queue.store).of_job(other.number) / "events.jsonl").read_text()
    assert printed.strip() == "scripted:?version=other&secret=hush"
    written = b"".join(
        path.read_bytes()
        for path in Folder.of(queue.store).path.rglob("*")
        if path.is_file() and path.name not in ("events.jsonl", "progress.json")
    )
    assert b"hush" not in written
    assert queue.job(slow.number).cwd == str(there)


def test_cancelling_a_job_that_waits_keeps_it_from_starting_and_one_that_runs_keeps_its_answers(
    queue,
) -> None:
    running = queue.run("delay=0.2&batch=1")
    waiting = queue.run("version=2")
    queue.wait_for(lambda: progress(queue.store, queue.job(running.number)).done > 0)
    assert cancel(queue.store, waiting.number).state == "cancelled"
    cancel(queue.store, running.number)
    ended = queue.wait(running.number)
    assert (ended.state, ended.exit_code) == ("cancelled", 130)
    (run,) = list_runs(Store(queue.store))
    assert 0 < run.generations < 8
    with pytest.raises(UsageError, match="has ended"):
        cancel(queue.store, running.number)


def test_a_second_cancel_stops_a_command_that_does_not_listen(queue) -> None:
    job = queue.run("delay=600")
    queue.wait_for(lambda: progress(queue.store, queue.job(job.number)).run_ids)
    cancel(queue.store, job.number)
    assert queue.job(job.number).state == "running"
    cancel(queue.store, job.number)
    assert queue.wait(job.number).state == "cancelled"


def test_many_submitters_at_once_get_numbers_of_their_own_and_every_job_is_done(queue) -> None:
    barrier = threading.Barrier(4)

    def one() -> None:
        barrier.wait()
        queue.submit("--version")

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [job.number for job in jobs(queue.store)] == [1, 2, 3, 4]
    assert [queue.wait(number).state for number in range(1, 5)] == ["done"] * 4


def test_a_job_goes_on_when_the_process_that_submitted_it_and_its_terminal_are_gone(queue) -> None:
    code = (
        "import sys; from pathlib import Path; from elena_wb.jobs import submit;"
        "submit(Path(sys.argv[1]), sys.argv[2:], 'left behind')"
    )
    run = ["run", str(queue.pictures), "-m", "scripted:?delay=0.1", "--events", "jsonl"]
    leader, follower = os.openpty()
    done = subprocess.run(
        [sys.executable, "-c", code, str(queue.store), *run],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        timeout=60,
        check=True,
    )
    os.close(leader)  # the terminal is closed: whoever still belonged to it is told to hang up
    os.close(follower)
    assert done.returncode == 0
    assert queue.wait(1).state == "done"


def test_only_ended_jobs_are_forgotten_and_their_numbers_are_not_used_again(queue) -> None:
    first = queue.submit("--version")
    queue.wait(first.number)
    forget(queue.store, first.number)
    assert jobs(queue.store) == ()
    second = queue.run("delay=0.2&batch=1")
    assert second.number == 2
    with pytest.raises(UsageError, match="Job 2 is"):
        forget(queue.store, 2)
    with pytest.raises(UsageError, match="no job 7"):
        cancel(queue.store, 7)


def test_the_last_hundred_ended_jobs_are_kept_of_thousands(queue) -> None:
    folder = Folder.of(queue.store)
    folder.create()
    record = {"title": "old", "argv": ["runs"], "state": "done", "created_at": "2020-01-01T00:00:00"}
    for number in range(1, 2001):
        place = folder.of_job(number)
        place.mkdir()
        (place / "job.json").write_text(json.dumps({"number": number, **record}))
    (folder.of_job(2000) / "job.json").write_text("{damaged")
    job = queue.submit("--version")
    assert job.number == 2001
    queue.wait(2001)
    kept = [one.number for one in jobs(queue.store)]
    assert len(kept) == KEPT + 1
    assert kept[0] == 1900


def test_a_folder_that_cannot_be_written_to_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "store.duckdb.jobs").write_text("a file is in the way")
    with pytest.raises(SetupError, match=r"Jobs cannot be kept in .*store\.duckdb\.jobs"):
        submit(tmp_path / "store.duckdb", ["runs"], "no")
    assert jobs(tmp_path / "store.duckdb") == ()
    assert not is_idle(tmp_path / "store.duckdb")


def test_a_command_that_holds_a_key_is_not_written_down(tmp_path: Path) -> None:
    hide("sk-this-is-a-key-of-somebody-0123")
    with pytest.raises(UsageError, match="holds a key"):
        submit(
            tmp_path / "s.duckdb", ["run", "x", "-m", "openai:m?a=sk-this-is-a-key-of-somebody-0123"], "no"
        )
    assert not (tmp_path / "s.duckdb.jobs").exists()


def test_a_job_whose_folder_is_gone_fails_in_words(queue, tmp_path: Path, monkeypatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    first = queue.run("delay=0.1&batch=1")
    monkeypatch.chdir(gone)
    job = queue.submit("runs", "list")
    gone.rmdir()
    ended = queue.wait(job.number)
    assert ended.state == "failed"
    assert str(gone) in (ended.reason or "")
    assert queue.job(first.number).state == "done"
