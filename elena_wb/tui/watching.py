"""When to read the store again: after it has changed, and not so often that reading keeps others from it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_AT_LEAST_S = 1.0
_AT_MOST_S = 8.0
_SHARE = 5
"""Of the time, about one part in so many is spent reading; but nobody waits for longer than that for what is new."""


class Watch:
    """Over the file of a store. ``reading`` may be used in any thread, the rest in one."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._state, self._file = self._look()
        self._guard = threading.Lock()
        self._running: dict[object, float] = {}
        self._spent = 0.0
        self._began = clock()

    def changed(self) -> bool:
        """Whether the file has changed, come, or gone since this was last asked."""
        before = self._state
        self._state, _ = self._look()
        return self._state != before

    def replaced(self) -> bool:
        """Whether the file is another one than when this was last asked."""
        before = self._file
        _, self._file = self._look()
        return self._file != before

    def begin(self) -> None:
        """What is shown is being read again."""
        self._began, self._spent = self._clock(), 0.0

    def may_begin(self) -> bool:
        """Whether it is polite to read again now."""
        now = self._clock()
        with self._guard:
            spent = self._spent + sum(now - since for since in self._running.values())
        return now - self._began >= max(_AT_LEAST_S, min(_AT_MOST_S, _SHARE * spent))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Counts the time within the block as reading."""
        key, since = object(), self._clock()
        with self._guard:
            self._running[key] = since
        try:
            yield
        finally:
            with self._guard:
                del self._running[key]
                self._spent += self._clock() - since

    def _look(self) -> tuple[object, object]:
        """What tells one state of the file from another, and one file from another."""
        try:
            found = self._path.stat()
        except OSError:
            return None, None
        return (found.st_ino, found.st_mtime_ns, found.st_size), (found.st_dev, found.st_ino)
