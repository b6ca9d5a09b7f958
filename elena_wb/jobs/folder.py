"""The folder of a store's jobs: one folder a job, and locks that say who is alive.

A job's folder holds ``job.json`` (what is known of it, written in one piece), ``events.jsonl`` and ``stderr.log`` (what
its command prints), ``alive`` (locked as long as the command's process lives) and ``exit`` (its exit code, written by
the command's process itself). Whoever changes a ``job.json`` holds the lock of the whole folder.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from elena_wb.errors import SetupError, UsageError
from elena_wb.jobs.job import Job, as_record, from_record, state_of
from elena_wb.oslock import is_locked, lock

KEPT = 100
"""Ended jobs that are kept, the last ones."""
_REASON = 500
_LAST_BYTES = 8192
_TRIES, _BETWEEN_TRIES_S = 20, 0.02


@dataclass(frozen=True, slots=True)
class Folder:
    """The jobs of one store."""

    path: Path

    @classmethod
    def of(cls, store: Path) -> Folder:
        """The folder beside the store's file, which need not exist."""
        store = Path(os.path.abspath(store))  # noqa: PTH100 - links stay as the user wrote them
        return cls(store.with_name(f"{store.name}.jobs"))

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.path.with_name(self.path.name.removesuffix(".jobs"))

    def of_job(self, number: int) -> Path:
        """Where everything about a job lies."""
        return self.path / f"{number:06d}"

    def create(self) -> None:
        """Make the folder, for its user's eyes only.

        Raises:
            SetupError: it cannot be made or written to.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise unusable(self.path, error) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold all jobs still; others wait, so be short.

        Raises:
            SetupError: the folder cannot be written to.
        """
        try:
            file = (self.path / "lock").open("a+b")
        except OSError as error:
            raise unusable(self.path, error) from error
        with file:
            lock(file, wait=True)
            yield

    def jobs(self) -> tuple[Job, ...]:
        """Every job as it stands now, by number; one that cannot be read is left out."""
        return tuple(job for number in self.numbers() if (job := self.job(number)) is not None)

    def numbers(self) -> list[int]:
        """The numbers of all jobs, in order."""
        try:
            with os.scandir(self.path) as entries:
                return sorted(int(entry.name) for entry in entries if entry.name.isdecimal())
        except OSError:
            return []

    def job(self, number: int) -> Job | None:
        """A job as it stands now: one whose process is gone has ended, whatever was written of it."""
        job = self.recorded(number)
        if job is None or job.state != "running" or self.lives(number):
            return job
        if not (self.of_job(number) / "exit").exists() and self.is_served(job.environment):
            return job  # whoever started it sees how it ended, and puts it down in a moment
        again = self.recorded(number)  # it may have been put down as ended meanwhile
        return self.settled(job) if again == job else again

    def recorded(self, number: int) -> Job | None:
        """A job as it was last written down."""
        try:
            job = from_record(json.loads((self.of_job(number) / "job.json").read_bytes()))
        except (OSError, ValueError):
            return None
        return job if job is not None and job.number == number else None

    def demand(self, number: int) -> Job:
        """The job ``number``.

        Raises:
            UsageError: there is none.
        """
        job = self.job(number)
        if job is None:
            raise UsageError(f"There is no job {number}.", hint="`elena-wb jobs` lists them.")
        return job

    def lives(self, number: int) -> bool:
        """Whether the process of a job's command lives: not another that has been given its number since."""
        try:
            with (self.of_job(number) / "alive").open("rb") as file:
                return is_locked(file)
        except OSError:
            return False

    def settled(self, job: Job, seen: int | None = None) -> Job:
        """How ``job``, whose process is gone, has ended; ``seen`` is the exit code where a parent saw it."""
        folder = self.of_job(job.number)
        code, ended = seen, None
        with suppress(OSError, ValueError):
            code = int((folder / "exit").read_text())
        for witness in ("exit", "events.jsonl"):
            with suppress(OSError):
                ended = ended or _utc((folder / witness).stat().st_mtime)
        state = state_of(code, interrupts=job.interrupts)
        return replace(
            job,
            state=state,
            exit_code=code,
            ended_at=ended or job.started_at,
            reason=last_words(folder / "stderr.log") if state == "failed" else None,
        )

    def write(self, job: Job) -> None:
        """Put ``job`` down in one piece, whoever is killed meanwhile. The lock must be held.

        Raises:
            OSError: the disk is full, or cannot be written to.
        """
        path = self.of_job(job.number) / "job.json"
        scratch = path.with_suffix(".new")
        with scratch.open("wb") as file:
            file.write(json.dumps(as_record(job), ensure_ascii=True).encode())
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)

    def add(self, job: Job) -> Job:
        """Put a new job down under the next number, which no other job ever had. The lock must be held.

        Raises:
            SetupError: it cannot be written down.
        """
        counter = self.path / "last"
        last = 0
        with suppress(OSError, ValueError):
            last = int(counter.read_text())
        job = replace(job, number=max([last, *self.numbers()]) + 1)
        folder = self.of_job(job.number)
        try:
            folder.mkdir(mode=0o700)
            (folder / "alive").touch()
            self.write(job)
            counter.write_text(str(job.number))
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise unusable(self.path, error) from error
        return job

    def remove(self, number: int) -> None:
        """Take a job away with all it printed. The lock must be held."""
        gone = self.path / f".gone-{number}"
        with suppress(OSError):
            self.of_job(number).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def prune(self) -> None:
        """Forget the oldest ended jobs beyond those that are :data:`KEPT`. The lock must be held."""
        numbers = self.numbers()
        if len(numbers) > KEPT:
            ended = [job.number for job in self.jobs() if job.ended]
            for number in ended[:-KEPT]:
                self.remove(number)

    def lock_of_queue(self, environment: str) -> Path:
        """The file that the process working for an environment holds locked."""
        return self.path / f"queue-{environment}.lock"

    def is_served(self, environment: str) -> bool:
        """Whether a process works through the jobs of an environment."""
        try:
            with self.lock_of_queue(environment).open("rb") as file:
                return is_locked(file)
        except OSError:
            return False

    def hold_queue(self, environment: str) -> BinaryIO | None:
        """Become the process that works for an environment; ``None`` if there is one. Closing lets go."""
        file = self.lock_of_queue(environment).open("a+b")
        for _ in range(_TRIES):  # whoever looks whether it is held holds it for that moment
            if lock(file, wait=False):
                return file
            time.sleep(_BETWEEN_TRIES_S)
        file.close()
        return None


def now() -> datetime:
    """The time in UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def last_words(log: Path) -> str | None:
    """Why a command failed, as it said on stderr: its last error with the hint, at most 500 characters."""
    lines = [line.strip() for line in tail(log, _LAST_BYTES) if line.strip()]
    errors = [index for index, line in enumerate(lines) if line.startswith("Error: ")]
    words = " ".join(lines[errors[-1] :] if errors else lines[-1:])
    return words[:_REASON] or None


def tail(path: Path, size: int) -> list[str]:
    """The whole lines in the last ``size`` bytes of a file; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - size))
            found = file.read(size)
    except OSError:
        return []
    lines = found.decode("utf-8", "replace").splitlines()
    return lines[1:] if length > size and len(lines) > 1 else lines


def _utc(timestamp: float) -> datetime:
    return datetime.fromtimestamp(int(timestamp), UTC).replace(tzinfo=None)


def unusable(path: Path, error: OSError) -> SetupError:
    """What to tell people where the folder cannot be written to."""
    return SetupError(
        f"Jobs cannot be kept in {path}: {error.strerror or error}.",
        hint="Make room and see that the folder can be written to, or give the command in a terminal of its own.",
    )
