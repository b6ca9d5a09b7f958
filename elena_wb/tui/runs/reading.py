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
        self._store = store
        self._runs: tuple[RunSummary, ...] = ()
        self._at_work: frozenset[int] = frozenset()
        self._scores: Mapping[int, RunScore] = {}
        self._scored: tuple[tuple[int, int, int], ...] | None = None
        self._not_before = 0.0
        self._drained: frozenset[int] | None = None
        self.behind = False
        """Whether scores lag behind the runs: another look, later, is worth while."""

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
                entered = drain_orphans(self._store)
            if entered or cut_off:
                self._look()
        return self._lines()

    def read_jobs(self) -> list[RunLine]:
        """Every line, with what the jobs say now and all else as it was last read; all anew where a run was cut off.

        Raises:
            SetupError: the store cannot be read.
        """
        if worked_on(self._store, self._runs) != self._at_work:
            return self.read()
        return self._lines()

    def again(self) -> None:
        """Scores are read at the next look whatever it costs: labels may have changed."""
        self._scored = None

    def _look(self) -> None:
        self._runs = list_runs(self._store)
        self._at_work = worked_on(self._store, self._runs)
        counts = tuple((run.run_id, run.generations, run.errors) for run in self._runs)
        self.behind = counts != self._scored and time.monotonic() < self._not_before
        if counts != self._scored and not self.behind:
            began = time.monotonic()
            self._scores = run_scores(self._store)
            self._scored = counts
            self._not_before = time.monotonic() + _PATIENCE * (time.monotonic() - began)

    def _lines(self) -> list[RunLine]:
        path = self._store.path
        found = [(job, progress(path, job)) for job in jobs(path)]
        return lines_of(self._runs, self._scores, self._at_work, found)
