"""What the interface remembers from one day to the next, for each store: screen, filters, selections, theme."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from elena_wb.paths import user_data_dir

_STORES = 50
"""For so many stores, those used last, something is remembered."""


class Remembered:
    """Small values by name, in one JSON file for all stores; what cannot be read or written is forgotten.

    ``get`` and ``set`` work in memory; ``save`` writes. Values are what JSON holds.
    """

    def __init__(self, store: Path, file: Path | None = None) -> None:
        self._file = file or user_data_dir() / "interface.json"
        self._key = str(store)
        self._values: dict[str, Any] = dict(self._all().get(self._key, {}))

    def get(self, name: str, otherwise: Any = None) -> Any:
        """The value called ``name``."""
        return self._values.get(name, otherwise)

    def set(self, name: str, value: Any) -> None:
        """Remember ``value``; ``None`` forgets."""
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value

    def save(self) -> None:
        """Write what is remembered; a disk that cannot be written to is no reason to complain."""
        everything = self._all()
        everything.pop(self._key, None)
        everything[self._key] = self._values
        kept = dict(list(everything.items())[-_STORES:])
        scratch = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            scratch.write_text(json.dumps(kept, ensure_ascii=False, default=str), "utf-8")
            scratch.replace(self._file)
        except (OSError, ValueError):
            return

    def _all(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {key: value for key, value in found.items() if isinstance(value, dict)}
