"""How well every run did, and which of them somebody works on: what a table of runs adds to their summaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from elena_wb.store.claim import is_worked_on
from elena_wb.store.database import Store
from elena_wb.store.runs import RunSummary


@dataclass(frozen=True, slots=True)
class RunScore:
    """One line of the view ``scores``: shares between 0 and 1, ``None`` where there is nothing to take them of.

    ``accuracy`` and ``macro_f1`` are over the ``labelled`` answers, those about pictures with one true emotion.
    """

    parse_rate: float | None
    labelled: int
    accuracy: float | None
    macro_f1: float | None


def run_scores(store: Store) -> Mapping[int, RunScore]:
    """The scores of every run that has answers, by its number. Slow for millions of answers."""
    if not store.exists():
        return {}
    with store.read() as connection:
        rows = connection.execute(
            "SELECT run_id, parse_rate, labelled, accuracy, macro_f1 FROM scores"
        ).fetchall()
    return {run_id: RunScore(*figures) for run_id, *figures in rows}


def worked_on(store: Store, runs: Iterable[RunSummary]) -> frozenset[int]:
    """The numbers of those ``runs`` that a living process works on; one that is ``running`` else was cut off."""
    return frozenset(
        run.run_id for run in runs if run.status == "running" and is_worked_on(store, run.run_key)
    )
