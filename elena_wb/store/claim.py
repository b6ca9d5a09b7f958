"""One process at a time works on a run: two would pay for every answer twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from elena_wb.errors import SetupError
from elena_wb.store import oslock
from elena_wb.store.database import Store
from elena_wb.store.outbox import is_at


@contextmanager
def working_on(store: Store, run_key: str) -> Iterator[None]:
    """Hold the run while the block lasts; the operating system lets go of it when the process dies.

    Raises:
        SetupError: another process holds it.
    """
    store.outbox_dir.mkdir(parents=True, exist_ok=True)
    path = store.outbox_dir / f"{run_key.replace('#', '-')}.lock"
    while True:
        with path.open("a+b") as file:
            if not oslock.lock(file, wait=False):
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
