"""What the interface remembers from one day to the next: for each store where one was, for all the theme."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from elena_wb import oslock
from elena_wb.paths import user_data_dir
from elena_wb.remote.redaction import redact

_STORES = 50
"""For so many stores, those used last, something is remembered."""
_EVERYWHERE = ""
"""Under this key, which is no path, stands what is the same for all stores."""
_SHARED = frozenset({"theme"})


class Remembered:
    """Small values by name, in one JSON file for all stores; what cannot be read or written is forgotten.

    The file is for its owner alone, and keys that this process knows are left out of it: what one wrote is in it.

    ``get`` and ``set`` work in memory; ``save`` writes what was set since the last time, and leaves what other
    processes wrote meanwhile under other names. Values are what JSON holds.
    """

    def __init__(self, store: Path, file: Path | None = None) -> None:
        self._file = file or user_data_dir() / "interface.json"
        self._key = str(store)
        everything = self._all()
        self._values: dict[str, Any] = {**everything.get(self._key, {}), **everything.get(_EVERYWHERE, {})}
        self._changed: set[str] = set()

    @property
    def changed(self) -> bool:
        """Whether anything was set that is not written yet."""
        return bool(self._changed)

    def get(self, name: str, otherwise: Any = None) -> Any:
        """The value called ``name``."""
        return self._values.get(name, otherwise)

    def set(self, name: str, value: Any) -> None:
        """Remember ``value``; ``None`` forgets."""
        if self._values.get(name) == value:
            return
        self._changed.add(name)
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value

    def save(self) -> None:
        """Write what was set; a disk that cannot be written to is no reason to complain."""
        changed, self._changed = self._changed, set()
        if not changed:
            return
        scratch = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._alone():
                everything = self._all()
                shared = everything.pop(_EVERYWHERE, {})
                own = everything.pop(self._key, {})
                for name in changed:
                    into = shared if name in _SHARED else own
                    into.pop(name, None)
                    if name in self._values:
                        into[name] = self._values[name]
                everything[self._key] = own
                kept = {_EVERYWHERE: shared, **dict(list(everything.items())[-_STORES:])}
                written = redact(json.dumps(kept, default=str))
                with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(written.encode("ascii"))
                scratch.replace(self._file)
        except (OSError, ValueError):
            return

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Several interfaces write one after the other."""
        with self._file.with_name(f"{self._file.name}.lock").open("ab") as lock:
            oslock.lock(lock, wait=True)
            yield

    def _all(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {key: value for key, value in found.items() if isinstance(value, dict)}
