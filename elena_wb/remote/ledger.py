"""What was asked of each account lately, kept in one file for all processes of this user and across restarts.

A call is entered before it is made, with the most tokens that it can use, and corrected afterwards. Minutes and days
are the last 60 seconds and the last 24 hours.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from elena_wb.core import Quota, SetupError
from elena_wb.paths import user_data_dir

_log = logging.getLogger(__name__)

_MINUTE_S = 60.0
_DAY_S = 86_400.0
_KEPT_S = 2 * _DAY_S
_BUSY_S = 1.0
_SOONEST_S = 0.001
_MOST_TOKENS = 2**53
_T = TypeVar("_T")
_TABLES = (
    """CREATE TABLE IF NOT EXISTS calls
       (id INTEGER PRIMARY KEY, account TEXT NOT NULL, at REAL NOT NULL, tokens INTEGER NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS calls_by_account ON calls (account, at)",
    "CREATE INDEX IF NOT EXISTS calls_by_time ON calls (at)",
)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A call that was entered; ``number`` is its row."""

    number: int


class Wait(float):
    """Seconds until the call may be tried again, with the ``limit`` that stands in its way, in words."""

    limit: str

    def __new__(cls, seconds: float, limit: str) -> Wait:
        """So many seconds, but never none."""
        wait = super().__new__(cls, max(seconds, _SOONEST_S))
        wait.limit = limit
        return wait


class Ledger:
    """The file at ``path`` (by default one in the user's data folder), made when it is first needed.

    ``clock`` gives seconds since 1970, as all processes see them. Where it was set back, calls entered later than now
    count as made now. A damaged file is put aside and begun anew, and ``notice`` is told. Safe to use from threads.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        clock: Callable[[], float] = time.time,
        notice: Callable[[str], None] = _log.warning,
        busy_timeout_s: float = 30.0,
    ) -> None:
        self.path = path or user_data_dir() / "calls.sqlite"
        self._clock = clock
        self._notice = notice
        self._busy_timeout_s = busy_timeout_s
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def reserve(self, quota: Quota, tokens: int) -> Reservation | Wait:
        """Enter a call that uses up to ``tokens``, or say how long to wait before trying again.

        A call larger than the tokens of a minute is let through once the minute is empty.

        Raises:
            SetupError: the file cannot be written.
        """
        tokens = min(max(0, tokens), _MOST_TOKENS)

        def enter(connection: sqlite3.Connection) -> Reservation | Wait:
            now = self._clock()
            connection.execute("UPDATE calls SET at = ? WHERE at > ?", [now, now])
            connection.execute("DELETE FROM calls WHERE at <= ?", [now - _KEPT_S])
            waits = list(_waits(connection, quota, tokens, now))
            if waits:
                return max(waits)
            number = secrets.randbits(62)  # never that of another call, also not in a file begun anew
            connection.execute("INSERT INTO calls VALUES (?, ?, ?, ?)", [number, quota.account, now, tokens])
            return Reservation(number)

        try:
            return self._within(enter)
        except sqlite3.OperationalError as problem:
            if _is_busy(problem):
                return Wait(_BUSY_S, "another process is entering calls")
            raise self._unusable(problem) from problem

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """Enter how many tokens the call has really used. One that is no longer known is passed over."""

        def correct(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE calls SET tokens = ? WHERE id = ?",
                [min(max(0, tokens), _MOST_TOKENS), reservation.number],
            )

        # What stays too high only makes later calls wait a little longer.
        with suppress(sqlite3.OperationalError):
            self._within(correct)

    def close(self) -> None:
        """Close the file. Calling it twice is harmless."""
        with self._lock:
            self._shut()

    def _within(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """What ``work`` gives, done in one transaction that no other process is in; a damaged file is replaced."""
        with self._lock:
            try:
                return self._transact(work)
            except sqlite3.DatabaseError as problem:
                if not _is_damaged(problem):
                    raise
            self._shut()
            try:
                return self._transact(work)  # another process may have put it aside already
            except sqlite3.DatabaseError as problem:
                if not _is_damaged(problem):
                    raise
                self._put_aside(problem)
            return self._transact(work)

    def _transact(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        connection = self._connection or self._open()
        self._connection = connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return result

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise self._unusable(problem) from problem
        connection = sqlite3.connect(
            self.path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA synchronous = OFF")  # what a power cut loses is a day old at most
            connection.execute("BEGIN IMMEDIATE")
            for statement in _TABLES:
                connection.execute(statement)
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    def _put_aside(self, problem: sqlite3.DatabaseError) -> None:
        self._shut()
        aside = self.path.with_name(f"{self.path.name}.damaged-{secrets.token_hex(4)}")
        with suppress(FileNotFoundError):
            self.path.replace(aside)
        for rest in ("-journal", "-wal", "-shm"):
            self.path.with_name(self.path.name + rest).unlink(missing_ok=True)
        self._notice(
            f"The record of recent calls was damaged ({problem}) and was put aside as {aside}: what was asked before "
            "now does not count against the limits of models."
        )

    def _shut(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _unusable(self, problem: Exception) -> SetupError:
        return SetupError(
            f"Cannot keep the record of recent calls {self.path}: {problem}.",
            hint="Limits by the minute and the day are counted there. Make the folder writable, or free some space.",
        )


def _waits(connection: sqlite3.Connection, quota: Quota, tokens: int, now: float) -> Iterator[Wait]:
    """What each limit makes the call wait for; nothing if it may be made now."""
    rows: list[tuple[float, int]] = connection.execute(
        "SELECT at, tokens FROM calls WHERE account = ? AND at > ? ORDER BY at",
        [quota.account, now - _MINUTE_S],
    ).fetchall()
    most = quota.requests_per_minute
    if most is not None and len(rows) >= most:
        yield Wait(_until(rows, len(rows) - most, _MINUTE_S, now), "requests per minute")
    most = quota.tokens_per_minute
    used = sum(spent for _, spent in rows)
    if most is not None and used and used + tokens > most:
        surplus = used + min(tokens, most) - most
        for position, (_, spent) in enumerate(rows):
            surplus -= spent
            if surplus <= 0:
                yield Wait(_until(rows, position, _MINUTE_S, now), "tokens per minute")
                break
    most = quota.requests_per_day
    if most is not None:
        where = "FROM calls WHERE account = ? AND at > ?"
        of_day = [quota.account, now - _DAY_S]
        ((count,),) = connection.execute(f"SELECT count(*) {where}", of_day).fetchall()
        if count >= most:
            oldest = connection.execute(
                f"SELECT at, tokens {where} ORDER BY at LIMIT 1 OFFSET ?", [*of_day, count - max(most, 1)]
            ).fetchall()
            yield Wait(_until(oldest, 0, _DAY_S, now), "requests per day")


def _until(rows: list[tuple[float, int]], position: int, window_s: float, now: float) -> float:
    """Seconds until the call at ``position`` has left the window; the whole window where there is none."""
    return rows[position][0] + window_s - now if position < len(rows) else window_s


def _is_busy(problem: sqlite3.OperationalError) -> bool:
    return "locked" in str(problem) or "busy" in str(problem)


def _is_damaged(problem: sqlite3.DatabaseError) -> bool:
    """Whether the file holds something else than it should."""
    if isinstance(problem, sqlite3.OperationalError):
        return any(sign in str(problem) for sign in ("no such", "has no column", "unsupported file format"))
    return (
        "malformed" in str(problem)
        or "not a database" in str(problem)
        or "values were supplied" in str(problem)
    )
