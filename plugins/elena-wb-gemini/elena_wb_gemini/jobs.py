"""The batches that were sent and whose answers were not all taken yet, remembered on disk.

A file in the user's data folder holds, for each batch, Google's name of it and one hash for each of its questions: no
key, no picture, no text. Every change is on disk before the call returns.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from elena_wb.core import SetupError
from elena_wb.oslock import lock

_FORGOTTEN_AFTER_S = 30 * 24 * 3600.0
_LEFT_OVER_AFTER_S = 24 * 3600.0
_WAIT_S = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
    id TEXT PRIMARY KEY, model TEXT NOT NULL, name TEXT, sent REAL NOT NULL, owner TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS question (
    job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE, place INTEGER NOT NULL, hash TEXT NOT NULL,
    taken INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (job, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS question_by_hash ON question (hash) WHERE NOT taken;
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A batch. ``name`` is Google's, ``None`` if the program ended before it was told; ``sent`` a Unix time.

    ``questions`` are those whose answers were not taken yet: the place of each in the batch, and its hash. ``size`` is
    the number of questions that were sent.
    """

    id: str
    name: str | None
    sent: float
    questions: Sequence[tuple[int, str]]
    size: int


class Jobs:
    """The batches of one model (a digest).

    Each instance owns the batches that it began and those whose owner is dead: two runs that ask the same model at
    the same time do not take each other's answers.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self._folder = folder
        self.path = folder / "batches.sqlite3"
        self._model = model
        self._session = uuid.uuid4().hex
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._alive: BinaryIO | None = self._lock_file(self._session).open("ab")
        except OSError as error:
            raise SetupError(f"Batches cannot be remembered in {folder}: {error}") from error
        lock(self._alive, wait=True)
        try:
            with self._changing() as store:
                store.execute("DELETE FROM job WHERE sent < ?", [time.time() - _FORGOTTEN_AFTER_S])
        except SetupError:
            self.close()
            raise
        for path in folder.glob("*.lock"):
            with suppress(OSError):  # another process may be faster
                if time.time() - path.stat().st_mtime > _LEFT_OVER_AFTER_S:
                    self._is_alive(path.stem)

    def begin(self, hashes: Sequence[str]) -> Job:
        """Remember a batch that is about to be sent."""
        job = Job(uuid.uuid4().hex, None, time.time(), list(enumerate(hashes)), len(hashes))
        with self._changing() as store:
            store.execute(
                "INSERT INTO job VALUES (?, ?, NULL, ?, ?)", [job.id, self._model, job.sent, self._session]
            )
            store.executemany(
                "INSERT INTO question (job, place, hash) VALUES (?, ?, ?)",
                [(job.id, place, one) for place, one in job.questions],
            )
        return job

    def sent(self, job: Job, name: str) -> None:
        """Remember what Google calls the batch."""
        with self._changing() as store:
            store.execute("UPDATE job SET name = ? WHERE id = ?", [name, job.id])

    def holding(self, hashes: Collection[str]) -> list[Job]:
        """The batches, oldest first, that hold answers not yet taken to any of these questions; they are ours now."""
        found: list[Job] = []
        with self._changing() as store:
            jobs = store.execute(
                "SELECT id, name, sent, owner FROM job WHERE model = ? ORDER BY sent, id", [self._model]
            ).fetchall()
            for job_id, name, sent, owner in jobs:
                sent_with = store.execute(
                    "SELECT place, hash, taken FROM question WHERE job = ? ORDER BY place", [job_id]
                ).fetchall()
                questions = [(place, one) for place, one, taken in sent_with if not taken]
                if not any(one in hashes for _, one in questions) or self._is_alive(owner):
                    continue
                store.execute("UPDATE job SET owner = ? WHERE id = ?", [self._session, job_id])
                found.append(Job(job_id, name, sent, questions, len(sent_with)))
        return found

    def take(self, job: Job, place: int) -> bool:
        """The answer at ``place`` is used; whether all of the batch are now, which is forgotten then."""
        with self._changing() as store:
            store.execute("UPDATE question SET taken = 1 WHERE job = ? AND place = ?", [job.id, place])
            left = store.execute(
                "SELECT count(*) FROM question WHERE job = ? AND NOT taken", [job.id]
            ).fetchone()
            if left[0] == 0:
                store.execute("DELETE FROM job WHERE id = ?", [job.id])
            return bool(left[0] == 0)

    def forget(self, job: Job) -> None:
        """There will be no answers, or no more."""
        with self._changing() as store:
            store.execute("DELETE FROM job WHERE id = ?", [job.id])

    def close(self) -> None:
        """Leave the batches to whoever asks for them next."""
        if self._alive is not None:
            self._alive.close()
            self._alive = None
            _remove(self._lock_file(self._session))

    def _lock_file(self, session: str) -> Path:
        return self._folder / f"{session}.lock"

    def _is_alive(self, owner: str) -> bool:
        """Whether another process (or model) still waits for the batches of this owner."""
        path = self._lock_file(owner)
        if owner == self._session or not path.exists():
            return False
        with path.open("ab") as file:
            if not lock(file, wait=False):
                return True
        _remove(path)
        return False

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that other processes wait for."""
        try:
            with closing(sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)) as store:
                store.execute("PRAGMA foreign_keys = ON")
                store.execute("PRAGMA synchronous = FULL")
                store.executescript(_SCHEMA)
                self.path.chmod(0o600)
                store.execute("BEGIN IMMEDIATE")
                try:
                    yield store
                except BaseException:
                    store.execute("ROLLBACK")
                    raise
                store.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise SetupError(
                f"The batches remembered in {self.path} cannot be read or written: {error}",
                hint="Let other runs end and see that the disk is not full. If the file is damaged, move it away: what "
                "Google has not answered yet is then asked, and paid for, once more.",
            ) from error


def _remove(path: Path) -> None:
    with suppress(OSError):  # on Windows another process may be looking at it
        path.unlink(missing_ok=True)
