"""Completion of what is being typed: paths, and masking conditions piece by piece."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from textual.suggester import Suggester

_MOST_ENTRIES = 5000


class Paths(Suggester):
    """Completes the last part of a path to a folder or file that is there; a folder gets its slash."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The whole path, or nothing."""
        import asyncio

        return await asyncio.to_thread(completed_path, value)


def completed_path(value: str) -> str | None:
    """``value`` with the first name that continues it; hidden ones only after a dot."""
    if not value:
        return None
    before, slash, start = value.rpartition("/")
    folder = Path(os.path.expanduser(before + slash) or ".")  # noqa: PTH111 - ~nobody must not raise
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for index, entry in enumerate(entries):
                if index >= _MOST_ENTRIES:
                    break
                if entry.name.startswith(start) and (start or not entry.name.startswith(".")):
                    found.append(entry.name + ("/" if entry.is_dir() else ""))
    except (OSError, ValueError):
        return None
    if not found or not start:
        return None
    return before + slash + min(found)


class Conditions(Suggester):
    """Completes ``PARTS[:STYLE][@LOCATOR]`` with the names there are."""

    def __init__(self, parts: Sequence[str], styles: Sequence[str], locators: Sequence[str]) -> None:
        super().__init__(use_cache=False)
        self._parts, self._styles, self._locators = tuple(parts), tuple(styles), tuple(locators)

    async def get_suggestion(self, value: str) -> str | None:
        """The condition with the piece at its end completed."""
        return self.completed(value.lower())

    def completed(self, value: str) -> str | None:
        """``value`` with the piece at its end completed, or nothing."""
        cut = max(value.rfind(sign) for sign in "+:@")
        start = value[cut + 1 :]
        if not start or "," in start:
            return None
        sign = value[cut] if cut >= 0 else ""
        names = {":": self._styles, "@": self._locators, "+": self._parts}.get(sign, ("none", *self._parts))
        fitting = [name for name in names if name.startswith(start) and name != start]
        return value[: cut + 1] + fitting[0] if fitting else None
