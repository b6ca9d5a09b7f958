"""Answers scored against what is true: each run, in groups if wanted, by every metric that applies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from elena_wb.analysis.scoring import Failed, Read, Scored, score_groups
from elena_wb.core import Answers, Column, Metric, Resampling
from elena_wb.masking import NOTHING_HIDDEN
from elena_wb.store import Store
from elena_wb.store.answers import Group, Selection, read_answers
from elena_wb.store.scorable import Scorable, describe_run

_USUAL = Resampling()
AS_STATED = Selection(nothing_hidden=NOTHING_HIDDEN)
"""All answers, in their own scheme, against what the data sets state."""


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """A run with the scores of each of its groups by the columns ``by``, and the metrics that failed on it."""

    run: Scorable
    by: tuple[str, ...]
    groups: tuple[Scored, ...]
    failed: tuple[Failed, ...] = ()

    def named(self, group: Scored) -> str:
        """``view 45, gender m``; empty where the run is one group."""
        return ", ".join(
            f"{column} {value or '(none)'}" for column, value in zip(self.by, group.group, strict=True)
        )


@dataclass(frozen=True, slots=True)
class ScoredRuns:
    """Runs with their scores, and ``selection``: which answers were scored against what."""

    runs: tuple[ScoredRun, ...]
    selection: Selection = AS_STATED

    @property
    def failed(self) -> tuple[Failed, ...]:
        """The metrics that failed on a run, each once, with the first reason."""
        found: dict[str, Failed] = {}
        for run in self.runs:
            found = {one.metric: one for one in run.failed} | found
        return tuple(found.values())


def scores_of(
    store: Store,
    run_ids: Sequence[int],
    metrics: Mapping[str, Callable[[], Metric]],
    *,
    selection: Selection = AS_STATED,
    by: tuple[str, ...] = (),
    resampling: Resampling = _USUAL,
) -> ScoredRuns:
    """The scores of runs by each of ``metrics`` (makers by name); a run without answers has no groups.

    ``by`` names columns as :func:`elena_wb.store.answers.groupable` spells them.

    Raises:
        UsageError: answers cannot be read in the scheme that is asked for, or a label source says nothing of a run.
    """
    found = []
    for run_id in run_ids:
        run = describe_run(store, run_id, selection)
        groups, failed = score_groups(_reader(store, run, selection, by), metrics, resampling)
        found.append(ScoredRun(run, by, groups, failed))
    return ScoredRuns(tuple(found), selection)


def _reader(store: Store, run: Scorable, selection: Selection, by: tuple[str, ...]) -> Read:
    """Reads the answers of a run once for each set of columns that it has anything in."""
    there = (
        {"emotion"}
        | ({"vad"} if run.has_feelings else set())
        | ({"scores"} if run.has_label_scores else set())
    )

    @cache
    def read(columns: frozenset[Column]) -> Mapping[Group, Answers]:
        return read_answers(store, run.run_id, selection, by, columns)

    return lambda columns: read(columns & there)
