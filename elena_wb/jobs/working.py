"""The process that works through the jobs of one environment, and ends when none waits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from elena_wb.errors import SetupError
from elena_wb.jobs.folder import Folder, now
from elena_wb.jobs.job import Job
from elena_wb.jobs.progress import keep
from elena_wb.offline import VARIABLE
from elena_wb.oslock import lock

_LOOK_EVERY_S = 0.2
_LOG_LIMIT, _LOG_KEPT = 4 << 20, 1 << 20
_EVENTS_KEPT = 1 << 20
_COLOURING = frozenset({"FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"})


def work_through(store: Path, environment: str) -> int:
    """Carry out the jobs that wait, in order, one at a time over all environments; the exit code.

    Jobs of another environment are left to its own process; where that is gone, they are carried out here.
    """
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    folder = Folder.of(store)
    try:
        held = folder.hold_queue(environment)
    except OSError:
        return 3
    if held is None:
        return 0
    try:
        while True:
            try:
                started = _next(folder, environment, held)
            except (OSError, SetupError):
                return 3  # a full disk: what waits is kept, and started again on demand
            if held.closed:
                return 0
            if started is None:
                time.sleep(_LOOK_EVERY_S)
            else:
                _see_through(folder, *started)
    finally:
        held.close()


def _next(
    folder: Folder, environment: str, held: BinaryIO
) -> tuple[Job, subprocess.Popen[bytes] | None] | None:
    """The next job, started, or one that runs already and is to be seen through; ``None`` if it is not our turn.

    Lets go of the queue where nothing waits, while nobody can submit anything.
    """
    with folder.locked():
        for number in folder.numbers():
            _put_down_if_gone(folder, number)
        waiting = [job for job in folder.jobs() if not job.ended]
        running = next((job for job in waiting if job.state == "running"), None)
        if running is not None:
            served = running.environment != environment and folder.is_served(running.environment)
            return None if served else (running, None)
        if not waiting:
            held.close()
            return None
        job = waiting[0]
        if job.environment != environment and folder.is_served(job.environment):
            return None
        return _start(folder, job)


def _put_down_if_gone(folder: Folder, number: int) -> None:
    """Write down how a job ended whose process is gone without anybody having seen it."""
    recorded = folder.recorded(number)
    if recorded is not None and recorded.state == "running" and not folder.lives(number):
        folder.write(folder.settled(recorded))


def _start(folder: Folder, job: Job) -> tuple[Job, subprocess.Popen[bytes] | None]:
    """Start the command of ``job``; where that cannot be, it has failed."""
    place = folder.of_job(job.number)
    job = replace(job, state="running", started_at=now())
    folder.write(job)
    environment = {name: value for name, value in os.environ.items() if name not in _COLOURING} | {
        "NO_COLOR": "1"
    }
    if job.offline:
        environment[VARIABLE] = "1"
    with (
        (place / "events.jsonl").open("ab") as events,
        (place / "stderr.log").open("ab") as errors,
        (place / "alive").open("a+b") as alive,
    ):
        passed = () if sys.platform == "win32" else (_lock_for_child(alive),)
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "elena_wb.jobs.command", str(folder.store), str(job.number)],
                stdin=subprocess.DEVNULL,
                stdout=events,
                stderr=errors,
                cwd=job.cwd,
                env=environment,
                start_new_session=True,
                pass_fds=passed,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            where = f" in {job.cwd}" if not Path(job.cwd).is_dir() else ""
            reason = f"The command could not be started{where}: {error.strerror or error}."
            job = replace(job, state="failed", ended_at=now(), reason=reason)
            folder.write(job)
            return job, None
    job = replace(job, pid=process.pid)
    with suppress(OSError):  # a disk that is full by now ends nothing that runs
        folder.write(job)
    return job, process


def _lock_for_child(alive: BinaryIO) -> int:
    """Lock the file by a handle that the child inherits and its parent closes: locked as long as the child lives."""
    lock(alive, wait=True)
    return alive.fileno()


def _see_through(folder: Folder, job: Job, process: subprocess.Popen[bytes] | None) -> None:
    """Wait for the end of ``job``, keep its log short, and write down how it ended."""
    place = folder.of_job(job.number)
    while process.poll() is None if process is not None else folder.lives(job.number):
        _shorten(place / "stderr.log", _LOG_LIMIT, _LOG_KEPT)
        time.sleep(_LOOK_EVERY_S)
    with suppress(OSError, SetupError):
        with folder.locked():
            last = folder.recorded(job.number)
            if last is not None and not last.ended:
                last = folder.settled(last, None if process is None else process.returncode)
                folder.write(last)
        if last is not None:
            keep(folder.store, last)
            _shorten(place / "events.jsonl", _EVENTS_KEPT, _EVENTS_KEPT)


def _shorten(path: Path, limit: int, kept: int) -> None:
    """Keep the last ``kept`` bytes of a file beyond ``limit`` that another process appends to."""
    with suppress(OSError):
        if path.stat().st_size <= limit:
            return
        with path.open("r+b") as file:
            file.seek(-kept, os.SEEK_END)
            last = file.read(kept)
            file.truncate(0)
        with path.open("ab") as file:
            file.write(b"[\xe2\x80\xa6 earlier lines were dropped \xe2\x80\xa6]\n" + last)
