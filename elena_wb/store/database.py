"""Opening the store: short connections, patience with other processes, errors for people."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

import duckdb

from elena_wb import oslock
from elena_wb.core import SetupError
from elena_wb.store import schema
from elena_wb.store.stopping import NotWantedError, Stop, current_stop

DuckDBConnection = duckdb.DuckDBPyConnection

# DuckDB 1.4 and everything since reads and writes this format; without it, the newest writes its own.
_CONFIG: Mapping[str, str | bool | int] = {
    "storage_compatibility_version": "v1.4.0",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_LOCKED = "Could not set lock"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.25
_LOOK_UP = 0.05

# DuckDB cannot open one file twice in a process with different settings, so threads take turns.
_turns: defaultdict[Path, threading.RLock] = defaultdict(threading.RLock)
_turns_guard = threading.Lock()


class StoreBusyError(SetupError):
    """Another process had the store for longer than we would wait."""


class Store:
    """One DuckDB file that several processes use by turns.

    No connection outlives its ``with`` block. A block waits up to ``lock_timeout`` seconds for other
    processes to finish theirs; keep blocks short. Blocks of one process must not be nested, with one exception: plain
    reads within a plain read have its connection, so that several questions are asked with the store opened once.
    ``reading`` are DuckDB settings of plain reads, for a program that is to leave memory to others.
    """

    def __init__(
        self,
        path: Path,
        *,
        lock_timeout: float = 60.0,
        reading: Mapping[str, str | bool | int] | None = None,
    ) -> None:
        self.path = Path(path).expanduser().absolute()
        self.lock_timeout = lock_timeout
        self._settings = dict(reading or {})
        self._current = False
        self._checked: object = None
        self._impatient = threading.Event()
        self._reading: DuckDBConnection | None = None

    @property
    def outbox_dir(self) -> Path:
        """Where answers wait until they are in the store."""
        return self.path.with_name(self.path.name + ".outbox")

    def exists(self) -> bool:
        """Whether there is a store yet; ``write`` makes one, ``read`` does not."""
        return self.path.is_file()

    def give_up_waiting(self) -> None:
        """From now on whoever waits to read, in any thread, gives up where another process has the store."""
        self._impatient.set()

    def state(self) -> object:
        """What tells one state of the store's file from another, without opening it; ``None`` where there is none."""
        found: list[tuple[int, int, int] | None] = []
        for path in (self.path, self.path.with_name(self.path.name + ".wal")):
            try:
                seen = path.stat()
                found.append((seen.st_ino, seen.st_mtime_ns, seen.st_size))
            except OSError:
                found.append(None)
        return tuple(found) if found[0] is not None else None

    @contextmanager
    def read(self, settings: Mapping[str, str | bool | int] | None = None) -> Iterator[DuckDBConnection]:
        """A read-only connection, with further DuckDB ``settings`` if given.

        Raises:
            SetupError: there is no store, it is newer than this program, or it cannot be read.
            StoreBusyError: another process is writing for too long.
            NotWantedError: the :class:`~elena_wb.store.stopping.Stop` of this thread was requested, or nobody waits
                any more (:meth:`give_up_waiting`).
        """
        if not self.path.exists():
            raise SetupError(
                f"There is no store at {self.path} yet.",
                hint="`elena-wb demo` or `elena-wb run` makes one; `--store` names another.",
            )
        with self._turn(current_stop()):
            if self._reading is not None and not settings:
                yield self._reading
                return
            settled = settings or self._settings
            connection = self._connect(read_only=True, settings=settled)
            try:
                # Nobody writes while a connection is open, so that a state found now is the one that is read.
                if self._checked is None or self.state() != self._checked:
                    if schema.check(connection, self.path) and not self._current:
                        connection.close()
                        with self.write():
                            pass
                        connection = self._connect(read_only=True, settings=settled)
                        schema.check(connection, self.path)
                    self._current = True
                    self._checked = self.state()
                self._reading = None if settings else connection
                with _stopped_if_asked(connection):
                    yield connection
            finally:
                self._reading = None
                connection.close()

    @contextmanager
    def peek(self) -> Iterator[DuckDBConnection]:
        """A read-only connection to whatever is at the path: nothing is made, checked or brought up to date.

        Raises:
            SetupError: it cannot be read, or is no database.
            StoreBusyError: another process is writing for too long.
        """
        with self._turn():
            connection = self._connect(read_only=True)
            try:
                yield connection
            finally:
                connection.close()

    @contextmanager
    def write(
        self,
        settings: Mapping[str, str | bool | int] | None = None,
        *,
        lock_timeout: float | None = None,
    ) -> Iterator[DuckDBConnection]:
        """A connection within one transaction: committed at the end, rolled back on any exception.

        The store is created or migrated first where that is needed.

        Raises:
            SetupError: the store is newer than this program, or it cannot be written.
            StoreBusyError: other processes are using it for too long.
        """
        with self._turn():
            if not self.path.exists():
                self._create()
            connection = self._connect(read_only=False, settings=settings or {}, timeout=lock_timeout)
            try:
                try:
                    connection.begin()
                    schema.migrate(connection, self.path)
                    self._current = True
                    yield connection
                    connection.commit()
                except (duckdb.IOException, duckdb.FatalException) as problem:
                    raise _explained(problem, self.path, "write to") from problem
            finally:
                # An open transaction is rolled back by closing, also after a fatal error.
                with suppress(duckdb.Error):
                    connection.close()

    def _create(self) -> None:
        """Make the store elsewhere and move it into place, so that nobody ever meets half of one."""
        draft = self.path.with_name(f".{self.path.name}.new")
        try:
            self.outbox_dir.mkdir(parents=True, exist_ok=True)
            with (self.outbox_dir / "create.lock").open("ab") as guard:
                oslock.lock(guard, wait=True)
                if self.path.exists():
                    return
                draft.unlink(missing_ok=True)
                make_draft(draft, self.path)
                draft.replace(self.path)
        except (OSError, duckdb.IOException) as problem:
            raise _explained(problem, self.path, "create") from problem

    @contextmanager
    def _turn(self, stop: Stop | None = None) -> Iterator[None]:
        with _turns_guard:
            turn = _turns[self.path]
        if stop is None:
            turn.acquire()
        else:
            while not turn.acquire(timeout=_LOOK_UP):
                stop.check()
        try:
            yield
        finally:
            turn.release()

    def _connect(
        self,
        *,
        read_only: bool,
        settings: Mapping[str, str | bool | int] | None = None,
        timeout: float | None = None,
    ) -> DuckDBConnection:
        deadline = time.monotonic() + (self.lock_timeout if timeout is None else timeout)
        pause = _FIRST_PAUSE
        stop = current_stop() if read_only else None
        while True:
            if stop is not None:
                stop.check()
            try:
                return duckdb.connect(
                    str(self.path), read_only=read_only, config={**_CONFIG, **(settings or {})}
                )
            except (duckdb.IOException, duckdb.SerializationException) as problem:
                if _LOCKED not in str(problem):
                    raise _explained(problem, self.path, "open") from problem
                if read_only and self._impatient.is_set():
                    raise NotWantedError("Nobody waits for the store any more.") from problem
                left = deadline - time.monotonic()
                if left <= 0:
                    raise StoreBusyError(
                        f"Another process is using the store {self.path}: {_first_line(problem)}",
                        hint="Wait for it to finish, or close the program that holds the store open.",
                    ) from problem
            time.sleep(min(random.uniform(0, pause), left))
            pause = min(pause * 2, _LONGEST_PAUSE)


def make_draft(draft: Path, path: Path) -> None:
    """Make at ``draft`` what is to be the store at ``path``."""
    connection = duckdb.connect(str(draft), config=dict(_CONFIG))
    try:
        connection.begin()
        schema.migrate(connection, path)
        connection.commit()
        connection.execute("CHECKPOINT")
    finally:
        connection.close()


def told_of(problem: Exception, path: Path) -> SetupError | None:
    """What to tell people where reading the store at ``path`` failed half-way: its file was cut off, or cannot be read.

    ``None`` for what is no such failure.
    """
    if isinstance(problem, duckdb.IOException | duckdb.FatalException | duckdb.SerializationException):
        return _explained(problem, path, "read")
    if isinstance(problem, duckdb.OutOfMemoryException):
        return SetupError(
            "This needs more memory than reading may take here.", hint="Ask for less at a time."
        )
    if isinstance(problem, duckdb.InternalException):
        return SetupError(
            f"Cannot read the store {path}: {_first_line(problem)}", hint="Is its file damaged?"
        )
    return None


def _stopped_if_asked(connection: DuckDBConnection) -> AbstractContextManager[None]:
    stop = current_stop()
    return nullcontext() if stop is None else stop.over(connection)


_EXPLANATIONS = (
    ("is a directory", "it is a folder", "Name a file, such as `--store results.duckdb`."),
    ("not a valid duckdb", "it is not a DuckDB database", "Name another file; this one was left as it is."),
    ("version number", "a newer DuckDB wrote it", "pip install --upgrade duckdb"),
    ("no space left", "the disk is full", "Free some space; answers that came stay in the outbox beside it."),
    ("disk is full", "the disk is full", "Free some space; answers that came stay in the outbox beside it."),
    ("read-only file system", "its disk is read-only", "Choose a place you can write to with `--store`."),
    ("permission denied", "its permissions forbid it", "Choose a place you can write to with `--store`."),
    ("not a directory", "part of its path is a file", "Choose another place with `--store`."),
    ("file exists", "part of its path is a file", "Choose another place with `--store`."),
)


def _explained(problem: Exception, path: Path, verb: str) -> SetupError:
    text = str(problem).lower()
    for sign, reason, hint in _EXPLANATIONS:
        if sign in text:
            return SetupError(f"Cannot {verb} the store {path}: {reason}.", hint=hint)
    return SetupError(f"Cannot {verb} the store {path}: {_first_line(problem)}")


def _first_line(problem: Exception) -> str:
    return str(problem).partition("\n")[0]
