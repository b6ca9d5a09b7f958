"""What the screen of runs reads: runs, jobs and, no oftener than they are worth, scores. For one thread at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress

from elena_wb.errors import SetupError
from elena_wb.jobs import jobs, progress
from elena_wb.store import RunSummary, Store, drain_orphans, list_runs
from elena_wb.store.overview import RunScore, run_scores, worked_on
from elena_wb.tui.runs.lines import RunLine, lines_of

_PATIENCE = 20
"""Scores are read anew after so many times the time that reading them took."""


class RunsReader:
    """Keeps what it read as long as it holds; answers that a killed process left are entered when they are noticed."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._runs: tuple[RunSummary, ...] = ()
        self._at_work: frozenset[int] = frozenset()
        self._scores: Mapping[int, RunScore] = {}
        self._not_before = 0.0
        self._drained: frozenset[int] | None = None
        self._lagging = False

    @property
    def behind(self) -> bool:
        """Whether scores lag behind the store, and reading them anew is due."""
        return self._lagging and time.monotonic() >= self._not_before

    def read(self) -> list[RunLine]:
        """Every line, as the store and the jobs stand now.

        Raises:
            SetupError: the store cannot be read.
        """
        self._look()
        cut_off = frozenset(run.run_id for run in self._runs if run.status == "running") - self._at_work
        if self._drained is None or cut_off - self._drained:
            self._drained = cut_off
            entered = 0
            with suppress(SetupError):  # on a disk that cannot be written to they stay where they are
                entered = drain_orphans(self.store)
            if entered or cut_off:
                self._look()
        return self._lines()

    def read_jobs(self) -> list[RunLine]:
        """Every line, with what the jobs say now and all else as it was last read; all anew where a run was cut off.

        Raises:
            SetupError: the store cannot be read.
        """
        if worked_on(self.store, self._runs) != self._at_work:
            return self.read()
        return self._lines()

    def _look(self) -> None:
        self._runs = list_runs(self.store)
        self._at_work = worked_on(self.store, self._runs)
        self._lagging = time.monotonic() < self._not_before  # counts alone do not tell that labels changed
        if not self._lagging:
            began = time.monotonic()
            self._scores = run_scores(self.store)
            self._not_before = time.monotonic() + _PATIENCE * (time.monotonic() - began)

    def _lines(self) -> list[RunLine]:
        path = self.store.path
        found = [(job, progress(path, job)) for job in jobs(path)]
        return lines_of(self._runs, self._scores, self._at_work, found)
