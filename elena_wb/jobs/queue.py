"""Submitting jobs, and stopping, forgetting and waking them.

Each job is carried out by a process that works for the environment it was submitted from, which holds keys and is
therefore handed on from parent to child and never written down. Jobs of one store run one after the other all the
same, in the order of their numbers.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from elena_wb.errors import SetupError, UsageError
from elena_wb.jobs.folder import Folder, now, unusable
from elena_wb.jobs.job import Job
from elena_wb.offline import is_offline
from elena_wb.remote.redaction import redact

_OF_THE_MOMENT = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "COLUMNS", "LINES"})
"""Variables that say nothing about what a command does."""
_LONGEST_TITLE = 200


def submit(store_path: Path, arguments: Sequence[str], title: str, *, expected: int | None = None) -> Job:
    """Put ``elena-wb --store STORE_PATH ARGUMENTS…`` into the queue and see that somebody works through it.

    The command gets the working folder and the environment of this process, and goes on when this one ends.
    ``expected`` is how many answers it is to bring, for the progress.

    Raises:
        UsageError: an argument holds a key that this process knows: arguments are written down.
        SetupError: the folder of jobs cannot be written to, or no process can be started.
    """
    arguments = tuple(map(str, arguments))
    if any(redact(argument) != argument for argument in arguments):
        raise UsageError(
            "The command holds a key, which would be written down with the job.",
            hint="Store the key with `elena-wb keys set`, and name it instead.",
        )
    folder = Folder.of(store_path)
    folder.create()
    job = Job(
        number=0,
        title=title[:_LONGEST_TITLE],
        argv=arguments,
        state="queued",
        created_at=now(),
        expected=expected,
        cwd=_cwd(),
        environment=fingerprint(),
        offline=is_offline(),
    )
    with folder.locked():
        folder.prune()
        job = folder.add(job)
    wake(store_path)
    return job


def jobs(store_path: Path) -> tuple[Job, ...]:
    """Every job of the store as it stands now, oldest first; none where there is no folder."""
    return Folder.of(store_path).jobs()


def find(store_path: Path, number: int) -> Job:
    """The job ``number`` as it stands now.

    Raises:
        UsageError: there is none.
    """
    return Folder.of(store_path).demand(number)


def cancel(store_path: Path, number: int) -> Job:
    """Stop a job: one that waits never starts; one that runs finishes what is in flight, or at once if told again.

    Raises:
        UsageError: there is no such job, or it has ended.
        SetupError: the folder of jobs cannot be written to.
    """
    folder = Folder.of(store_path)
    folder.demand(number)
    with folder.locked():
        job = folder.demand(number)
        if job.ended:
            raise UsageError(f"Job {number} has ended already ({job.state}).")
        if job.state == "queued":
            job = replace(job, state="cancelled", ended_at=now())
            try:
                folder.write(job)
            except OSError as error:
                raise unusable(folder.path, error) from error
            return job
        job = replace(job, interrupts=job.interrupts + 1)
        with suppress(OSError):  # a full disk does not keep anybody from stopping
            folder.write(job)
        if job.pid is None:
            raise SetupError(f"The process of job {number} is not known; it ends by itself.")
        _signal(job.pid, hard=job.interrupts > 1)
        return job


def forget(store_path: Path, number: int) -> None:
    """Take an ended job off the list, with what it printed. What it stored stays.

    Raises:
        UsageError: there is no such job, or it has not ended.
        SetupError: the folder of jobs cannot be written to.
    """
    folder = Folder.of(store_path)
    folder.demand(number)
    with folder.locked():
        job = folder.demand(number)
        if not job.ended:
            raise UsageError(f"Job {number} is {job.state}.", hint=f"`elena-wb jobs cancel {number}` first.")
        folder.remove(number)


def is_idle(store_path: Path) -> bool:
    """Whether jobs wait and no process works through them: the machine was started anew, or the queue was killed."""
    folder = Folder.of(store_path)
    found = folder.jobs()
    waiting = [job for job in found if job.state == "queued"]
    return bool(waiting) and not any(folder.is_served(job.environment) for job in waiting)


def wake(store_path: Path) -> None:
    """See that a process works through the jobs that wait, with the environment of this one.

    Raises:
        SetupError: no process can be started.
    """
    environment = fingerprint()
    folder = Folder.of(store_path)
    if folder.is_served(environment):
        # It may be about to end, and ends only while it holds the lock: then it has seen the job, or lets go now.
        with folder.locked():
            if folder.is_served(environment):
                return
    command = [sys.executable, "-m", "elena_wb.jobs", str(folder.store), environment]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder.path,
            start_new_session=True,
            close_fds=True,
        )
    except OSError as error:
        raise SetupError(
            f"No process can be started for the jobs of {folder.store}: {error.strerror or error}.",
            hint="The job is kept; `elena-wb jobs start` tries again.",
        ) from error
    # Its parent takes note of its end, so that no dead process stays in the table while the interface is open.
    threading.Thread(target=process.wait, name="queue", daemon=True).start()


def fingerprint() -> str:
    """A digest of this process's environment: jobs of equal environments are worked through by one process."""
    pairs = sorted(f"{name}={value}" for name, value in os.environ.items() if name not in _OF_THE_MOMENT)
    return hashlib.blake2b(os.fsencode("\0".join(pairs)), digest_size=8).hexdigest()


def _cwd() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return str(Path.home())


def _signal(pid: int, *, hard: bool) -> None:
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            os.kill(pid, signal.SIGTERM if hard else signal.CTRL_BREAK_EVENT)
        else:
            if hard:
                os.killpg(pid, signal.SIGKILL)  # it leads a group of its own: whatever it started goes, too
            else:
                os.kill(pid, signal.SIGINT)
