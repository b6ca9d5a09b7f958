"""Stopping reads from another thread: whoever is not waited for any more gives up the store at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import duckdb

from elena_wb.errors import WorkbenchError

_AGAIN_S = 0.05


class NotWantedError(WorkbenchError):
    """The read was stopped, because nobody waits for it any more."""


class Stop:
    """Can be requested in any thread; then the reads made under it (see :func:`stoppable`) end with an error."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._guard = threading.Lock()
        self._running: set[duckdb.DuckDBPyConnection] = set()

    @property
    def requested(self) -> bool:
        """Whether it was."""
        return self._asked.is_set()

    def request(self) -> None:
        """Stop what runs, and whatever would begin. Returns at once."""
        self._asked.set()
        with self._guard:
            if self._running:
                # A query that begins just after it was interrupted forgets that, so it is told until it has ended.
                threading.Thread(target=self._insist, name="stop", daemon=True).start()

    def check(self) -> None:
        """Do nothing, unless it was requested.

        Raises:
            NotWantedError: it was.
        """
        if self.requested:
            raise NotWantedError("Reading was stopped, because it is not wanted any more.")

    @contextmanager
    def over(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Interrupt what ``connection`` runs within this block when the stop is requested."""
        with self._guard:
            self.check()
            self._running.add(connection)
        try:
            yield
        except duckdb.InterruptException:
            self.check()
            raise
        finally:
            with self._guard:
                self._running.discard(connection)

    def _insist(self) -> None:
        while True:
            with self._guard:
                if not self._running:
                    return
                for connection in self._running:
                    connection.interrupt()
            threading.Event().wait(_AGAIN_S)


_current: ContextVar[Stop | None] = ContextVar("stop", default=None)


def current_stop() -> Stop | None:
    """The stop under which this thread reads, if any."""
    return _current.get()


@contextmanager
def stoppable(stop: Stop) -> Iterator[None]:
    """Reads of the store that this thread makes within the block end when ``stop`` is requested."""
    token = _current.set(stop)
    try:
        yield
    finally:
        _current.reset(token)
