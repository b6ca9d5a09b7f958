"""What happens to jobs when the queue, a command or the whole machine is ended without a word."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import pytest

from elena_wb.jobs import cancel, is_idle, progress, wake
from elena_wb.jobs.folder import Folder
from elena_wb.offline import VARIABLE
from elena_wb.store import Store, list_runs


def test_a_command_goes_on_without_the_queue_that_started_it_and_the_next_one_sees_it_through(queue) -> None:
    first = queue.run("delay=0.3&batch=1")
    waiting = queue.run("version=2")
    queue.wait_for(lambda: progress(queue.store, queue.job(first.number)).done > 0)
    queue.keeper().send_signal(signal.SIGKILL)
    queue.wait_for(lambda: is_idle(queue.store))
    assert queue.job(first.number).state == "running"
    assert queue.job(waiting.number).state == "queued"
    wake(queue.store)
    last = queue.submit("--version")
    assert queue.wait(last.number).state == "done"
    first, second = queue.job(first.number), queue.job(waiting.number)
    assert (first.state, first.exit_code, second.state) == ("done", 0, "done")
    assert first.ended_at <= second.started_at


def test_a_command_whose_queue_was_killed_can_still_be_cancelled(queue) -> None:
    job = queue.run("delay=0.3&batch=1")
    queue.wait_for(lambda: progress(queue.store, queue.job(job.number)).done > 0)
    queue.keeper().send_signal(signal.SIGKILL)
    cancel(queue.store, job.number)
    ended = queue.wait(job.number)
    assert (ended.state, ended.exit_code) == ("cancelled", 130)


def test_a_killed_command_has_failed_and_the_next_job_is_begun(queue) -> None:
    job = queue.run("delay=600")
    after = queue.submit("--version")
    queue.wait_for(lambda: progress(queue.store, queue.job(job.number)).run_ids)
    os.kill(queue.job(job.number).pid, signal.SIGKILL)
    ended = queue.wait(job.number)
    assert (ended.state, ended.exit_code) == ("failed", -signal.SIGKILL)
    assert queue.wait(after.number).state == "done"


def test_a_command_killed_together_with_its_queue_is_lost_and_its_answers_are_not(queue) -> None:
    job = queue.run("delay=0.3&batch=1")
    queue.wait_for(lambda: progress(queue.store, queue.job(job.number)).done >= 2)
    queue.keeper().send_signal(signal.SIGKILL)
    os.kill(queue.job(job.number).pid, signal.SIGKILL)
    assert queue.wait(job.number).state == "lost"
    again = queue.run("delay=0.0&batch=1")
    assert queue.wait(again.number).state == "done"
    assert Folder.of(queue.store).recorded(job.number).state == "lost"
    assert [run.generations for run in list_runs(Store(queue.store))] == [8]


def test_another_process_of_the_same_number_is_not_taken_for_the_command(queue) -> None:
    """As after a restart of the machine: the number written down belongs to somebody else by now."""
    ended = queue.wait(queue.submit("--version").number)
    folder = Folder.of(queue.store)
    queue.wait_for(lambda: not folder.is_served(ended.environment))
    with folder.locked():
        (folder.of_job(ended.number) / "exit").unlink()
        folder.write(replace(ended, state="running", pid=os.getpid(), exit_code=None, ended_at=None))
    assert queue.job(ended.number).state == "lost"


def test_jobs_that_waited_when_the_machine_went_down_wait_on_and_those_begun_offline_stay_so(
    queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queue.run("delay=600")
    monkeypatch.setenv(VARIABLE, "1")
    waiting = queue.submit("config", "show", "--json")
    monkeypatch.delenv(VARIABLE)
    queue.wait_for(lambda: queue.job(job.number).pid)
    queue.kill_all()
    assert queue.wait(job.number).state == "lost"
    assert queue.job(waiting.number).state == "queued"
    assert is_idle(queue.store)
    wake(queue.store)
    assert queue.wait(waiting.number).state == "done"
    printed = (Folder.of(queue.store).of_job(waiting.number) / "events.jsonl").read_text()
    assert json.loads(printed)["offline"]["value"] is True
    assert not is_idle(queue.store)
