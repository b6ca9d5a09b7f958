"""Audits of copies into the store while copies are made, so that a killed process loses those of a few seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from elena_wb.engine.copies.persons import as_one
from elena_wb.store import Store, StoreBusyError, add_audits

if TYPE_CHECKING:
    from elena_wb.engine.copies.making import Copy

SECONDS = 10.0


class AuditKeeper:
    """Enters the audits of the copies it hears of, every so many ``seconds`` and at the end. Used by one thread."""

    def __init__(self, store: Store, seconds: float = SECONDS) -> None:
        self._store = store
        self._seconds = seconds
        self._since = time.monotonic()
        self._waiting: list[Copy] = []

    def hear(self, copies: Sequence[Copy]) -> None:
        """Take copies; while another process keeps the store they wait for the next time.

        Raises:
            SetupError: the store cannot be written.
        """
        self._waiting += [copy for copy in copies if copy.audit]
        if self._waiting and time.monotonic() - self._since >= self._seconds:
            try:
                self.flush()
            except StoreBusyError:
                self._since = time.monotonic()

    def flush(self) -> None:
        """Enter all that wait.

        Raises:
            SetupError: the store cannot be written.
            StoreBusyError: other processes are using it for too long.
        """
        if self._waiting:
            stimuli = {
                one.stimulus_id: one for copy in self._waiting for one in [as_one(copy.picture.persons)]
            }
            add_audits(
                self._store, list(stimuli.values()), [copy.record for copy in self._waiting if copy.record]
            )
        self._waiting.clear()
        self._since = time.monotonic()
