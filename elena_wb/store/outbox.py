"""Answers on disk before they are in the database: a JSON-lines file per writing process.

The file lies in ``<store>.outbox/`` and is locked by the operating system as long as its process lives.
What a killed process left behind is entered by the next one that looks.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from elena_wb import oslock
from elena_wb.core import SetupError
from elena_wb.store.database import Store, StoreBusyError
from elena_wb.store.drain import drain_lines
from elena_wb.store.records import Record, to_line
from elena_wb.store.schema import utc_now

_log = logging.getLogger(__name__)
REJECTED = "rejected.txt"
"""The file that damaged lines are set aside in."""


class Outbox:
    """This process's own outbox. ``append`` and ``drain`` may be called from different threads.

    Open it before :func:`elena_wb.store.begin_run`: a run without a living outbox is taken for
    interrupted.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._appending = threading.Lock()
        self._draining = threading.Lock()
        self._size = 0
        self._drained = 0
        try:
            self.path, self._file = _create(store.outbox_dir)
        except OSError as problem:
            raise _unwritable(store.outbox_dir, problem) from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, *records: Record) -> None:
        """Put the records on disk; when this returns, neither a crash nor a kill can lose them.

        Raises:
            SetupError: the disk is full or failing. None of these records is kept then.
        """
        lines = b"".join(map(to_line, records))
        with self._appending:
            try:
                _write_all(self._file, lines)
                os.fsync(self._file.fileno())
            except OSError as problem:
                with suppress(OSError):
                    self._file.truncate(self._size)
                raise _unwritable(self.path, problem) from problem
            self._size += len(lines)

    def drain(self, *, patient: bool = False) -> int:
        """Enter what has been appended since into the store; gives the number of lines entered.

        When another process has the store, 0 is returned and everything is kept for the next time.

        Raises:
            StoreBusyError: only if ``patient``: the store stayed in use for all of its ``lock_timeout``.
            SetupError: the store cannot be written.
        """
        with self._draining:
            start, end = self._drained, self._size
            if start == end:
                return 0
            lines = _complete_lines(self.path, start, end)
            try:
                result = drain_lines(self._store, lines, lock_timeout=None if patient else 0)
            except StoreBusyError:
                if patient:
                    raise
                return 0
            _set_aside(self.path, result.rejected)
            with self._appending:
                self._drained = end
                if self._size == end:
                    self._file.truncate(0)
                    self._size = self._drained = 0
            return result.stored

    def close(self) -> None:
        """Enter everything, waiting for the store, and remove the file. Calling it twice is harmless.

        Raises:
            SetupError: not everything could be entered; the file stays, and the next process that
                uses the store enters it.
        """
        if self._file.closed:
            return
        try:
            self.drain(patient=True)
            self.path.unlink()
        finally:
            self._file.close()


def drain_orphans(store: Store, *, patient: bool = False) -> int:
    """Enter what processes that are gone left in their outboxes; gives the number of lines entered.

    Damaged lines are logged and set aside in ``rejected.txt``; a torn last line was never acknowledged and is
    dropped. Runs that no living process can be working on are marked ``interrupted``.

    Raises:
        StoreBusyError: only if ``patient``: the store stayed in use for all of its ``lock_timeout``.
        SetupError: the store cannot be written.
    """
    since = utc_now()
    stored, alive = 0, False
    for path in sorted(store.outbox_dir.glob("*.jsonl")):
        try:
            file = path.open("r+b")
        except FileNotFoundError:
            continue
        except OSError as problem:
            raise _unwritable(path, problem) from problem
        with file:
            # A lock of a dead owner is that of another process entering the file just now: its answers must
            # be in the store before a patient caller looks.
            if not oslock.lock(file, wait=patient and not owner_lives(path)):
                alive = True
                continue
            if not is_at(file, path):
                continue
            size = path.stat().st_size
            lines = _complete_lines(path, 0, size)
            torn = size - sum(map(len, lines)) - len(lines)
            try:
                result = drain_lines(store, lines, lock_timeout=None if patient else 0)
            except StoreBusyError:
                if patient:
                    raise
                return stored
            if torn:
                _log.warning("%s: dropped %d bytes that were never acknowledged", path, torn)
            _set_aside(path, result.rejected)
            with suppress(PermissionError):
                path.unlink()
            stored += result.stored
    if not alive:
        with suppress(StoreBusyError):
            _mark_interrupted(store, since.isoformat(), patient=patient)
    return stored


def _mark_interrupted(store: Store, since: str, *, patient: bool) -> None:
    if not store.exists():
        return
    with store.read() as connection:
        stale = connection.execute(
            "SELECT 1 FROM runs WHERE status = 'running' AND started_at < ?::TIMESTAMP LIMIT 1", [since]
        ).fetchall()
    if stale:
        with store.write(lock_timeout=None if patient else 0) as connection:
            connection.execute(
                """UPDATE runs SET status = 'interrupted', finished_at = ?::TIMESTAMP
                   WHERE status = 'running' AND started_at < ?::TIMESTAMP""",
                [since, since],
            )


def _create(folder: Path) -> tuple[Path, BinaryIO]:
    """A new locked file; made again if somebody took it for an orphan before it was locked."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
        file = path.open("x+b", buffering=0)
        oslock.lock(file, wait=True)
        if is_at(file, path):
            _sync_folder(folder)
            return path, file
        file.close()


def owner_lives(path: Path) -> bool:
    """Whether the process whose number the outbox bears exists; where that cannot be told, it does."""
    try:
        os.kill(int(path.name.partition("-")[0]), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system lets folders be synced."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_at(file: BinaryIO, path: Path) -> bool:
    """Whether ``path`` still names the open file: it may have been removed before it was locked."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _write_all(file: BinaryIO, data: bytes) -> None:
    file.seek(0, os.SEEK_END)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _complete_lines(path: Path, start: int, end: int) -> list[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(end - start)
    return data.split(b"\n")[:-1]


def _set_aside(path: Path, rejected: Sequence[tuple[bytes, str]]) -> None:
    if not rejected:
        return
    with path.with_name(REJECTED).open("ab") as file:
        for line, reason in rejected:
            _log.warning("%s: set aside in %s a line that %s", path, REJECTED, reason)
            file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _unwritable(path: Path, problem: OSError) -> SetupError:
    return SetupError(
        f"Cannot write the outbox {path}: {problem.strerror or problem}.",
        hint="Free some space or choose another place with `--store`; the run can be continued.",
    )
