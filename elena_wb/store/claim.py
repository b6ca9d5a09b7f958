"""One process at a time works on a run: two would pay for every answer twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from elena_wb import oslock
from elena_wb.errors import SetupError
from elena_wb.store.database import Store
from elena_wb.store.outbox import is_at

_TRIES, _PAUSE_S = 5, 0.02


@contextmanager
def working_on(store: Store, run_key: str) -> Iterator[None]:
    """Hold the run while the block lasts; the operating system lets go of it when the process dies.

    Raises:
        SetupError: another process holds it.
    """
    store.outbox_dir.mkdir(parents=True, exist_ok=True)
    path = _lock_of(store, run_key)
    tries = 0
    while True:
        with path.open("a+b") as file:
            if not oslock.lock(file, wait=False):
                tries += 1
                if tries < _TRIES:  # whoever only looks (is_worked_on) lets go at once
                    time.sleep(_PAUSE_S)
                    continue
                raise SetupError(
                    "Another process is working on this run.",
                    hint="Wait for it to finish and give the command again; `elena-wb run --fresh` need not wait.",
                )
            if not is_at(file, path):
                continue
            try:
                yield
            finally:
                with suppress(PermissionError):
                    path.unlink()
            return


def is_worked_on(store: Store, run_key: str) -> bool:
    """Whether a living process holds the run; where that cannot be told, one does."""
    try:
        with _lock_of(store, run_key).open("rb") as file:
            return not oslock.lock(file, wait=False)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _lock_of(store: Store, run_key: str) -> Path:
    return store.outbox_dir / f"{run_key.replace('#', '-')}.lock"
