"""The store: whether it is there, readable, writable, in use, and what waits to be entered."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from elena_wb.engine.health.finding import Finding, fail, ok, warn
from elena_wb.errors import WorkbenchError
from elena_wb.store import Store, StoreBusyError
from elena_wb.store.looking_at import state_of, waiting_in

_AREA = "store"
_LITTLE, _HARDLY_ANY = 1 << 30, 50 << 20


def examine(store: Store) -> Iterator[Finding]:
    """The file, whether it can be written to, the space around it, and its outbox. Nothing is made or migrated."""
    folder = _nearest_folder(store.path)
    yield from _file(store)
    yield _writing(store, folder)
    yield _space(folder)
    yield from _waiting(store)


def _file(store: Store) -> Iterator[Finding]:
    if not store.path.exists():
        yield ok(_AREA, "file", f"There is no store at {store.path} yet; the first run makes one.")
        return
    try:
        state = state_of(store)
    except StoreBusyError as error:
        yield warn(_AREA, "file", f"{error.message} {error.hint}")
        return
    except WorkbenchError as error:
        command = error.hint if error.hint is not None and error.hint.startswith("pip ") else None
        yield fail(_AREA, "file", f"{error.message} {error.hint or ''}".strip(), command)
        return
    said = (
        f"{store.path} can be read: {state.runs:,} runs, {state.answers:,} answers, schema {state.version}."
    )
    if state.version < state.newest:
        said += f" This program knows schema {state.newest}; the next use brings the store up to it."
    yield ok(_AREA, "file", said)


def _writing(store: Store, folder: Path) -> Finding:
    # The file itself is never opened for this: to close it again would take DuckDB's locks on it away.
    places = [store.path, folder] if store.path.exists() else [folder]
    closed = [str(place) for place in places if not os.access(place, os.W_OK)]
    if not closed:
        return ok(_AREA, "writing", f"{folder} can be written to.")
    said = f"{' and '.join(closed)} cannot be written to: what is there can be looked at, and no run can be stored."
    return warn(_AREA, "writing", said, "elena-wb config set store ~/elena-wb.duckdb")


def _space(folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return warn(_AREA, "space", f"The free space of {folder} cannot be told: {error.strerror}.")
    said = f"{free / 1e9:,.1f} GB are free at {folder}."
    if free < _HARDLY_ANY:
        return fail(_AREA, "space", f"{said} Answers can hardly be kept there.")
    return warn(_AREA, "space", f"{said} That is little.") if free < _LITTLE else ok(_AREA, "space", said)


def _waiting(store: Store) -> Iterator[Finding]:
    waiting = waiting_in(store)
    if waiting.running:
        yield ok(
            _AREA, "outbox", f"{waiting.running} running processes keep answers here until they are entered."
        )
    if waiting.left:
        yield warn(
            _AREA,
            "outbox",
            f"{waiting.left:,} lines of processes that are gone wait to be entered; the next use does that.",
            f"elena-wb --store {shlex.quote(str(store.path))} runs list",
        )
    if waiting.rejected is not None:
        said = f"Damaged lines were set aside in {waiting.rejected}; look at them, then remove the file."
        yield warn(_AREA, "outbox", said, f"rm {shlex.quote(str(waiting.rejected))}")


def _nearest_folder(path: Path) -> Path:
    """The folder of ``path``, or the nearest above that is there."""
    return next((folder for folder in path.parents if folder.is_dir()), Path("/"))
