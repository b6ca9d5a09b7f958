"""How much is held in memory at a time by threads that work on pictures."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Room:
    """Lets threads in as long as what they hold together stays below a limit; one alone is always let in."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._limit = limit
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def for_pixels(self, count: int) -> Iterator[None]:
        """Wait until there is room for ``count`` pixels, and take it while the block lasts."""
        taken = min(count, self._limit)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= taken)
            self._free -= taken
        try:
            yield
        finally:
            with self._changed:
                self._free += taken
                self._changed.notify_all()
