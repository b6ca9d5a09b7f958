"""The state of a store and its outbox, found without changing either."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elena_wb.store import schema
from elena_wb.store.database import Store
from elena_wb.store.outbox import REJECTED, owner_lives

_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class StoreState:
    """``version`` is the schema's, ``newest`` the one that this program knows."""

    version: int
    newest: int
    runs: int
    answers: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """``running`` outboxes have a living owner; ``left`` lines lie in those of processes that are gone."""

    running: int
    left: int
    rejected: Path | None


def state_of(store: Store) -> StoreState:
    """What ``store`` is.

    Raises:
        SetupError: it is no store of ours, newer than this program, or cannot be read.
        StoreBusyError: another process is writing for too long.
    """
    newest = schema.migrations()[-1].version
    with store.peek() as connection:
        if schema.check(connection, store.path) and not schema.has_bookkeeping(connection):
            return StoreState(0, newest, 0, 0)
        row = schema.first_row(
            connection,
            """SELECT (SELECT max(version) FROM schema_migrations), (SELECT count(*) FROM runs),
                      (SELECT count(*) FROM generations)""",
        )
    version, runs, answers = row or (0, 0, 0)
    return StoreState(int(version or 0), newest, int(runs), int(answers))


def waiting_in(store: Store) -> Waiting:
    """What lies in the outbox. Of a large file only the first 64 MB are counted."""
    running = left = 0
    for path in sorted(store.outbox_dir.glob("*.jsonl")):
        if owner_lives(path):
            running += 1
            continue
        try:
            with path.open("rb") as file:
                left += file.read(_LARGEST).count(b"\n")
        except OSError:
            continue
    rejected = store.outbox_dir / REJECTED
    return Waiting(running, left, rejected if rejected.exists() else None)
