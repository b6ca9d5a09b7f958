"""How runs were made: model, prompt, condition, sampling, machine and pictures, as the store recorded it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from elena_wb.engine.imports.importing import IMPORTED
from elena_wb.store import Store, show_run
from elena_wb.store.as_made import AuditedMask, DataSet, LabelSource, audited_masks, data_sets, label_sources
from elena_wb.store.pairing import answered_by


@dataclass(frozen=True, slots=True)
class RunAsMade:
    """One run. ``shown`` is :func:`elena_wb.store.show_run`'s; ``answered_by`` what a server says has answered."""

    shown: Mapping[str, Any]
    answered_by: tuple[str, ...]

    @property
    def run_id(self) -> int:
        """Its number."""
        return int(self.shown["run_id"])

    @property
    def imported(self) -> str | None:
        """The name of the file that its answers were imported from; ``None`` where they were asked for here."""
        options = self.shown["options"]
        if options.get("provenance") != IMPORTED:
            return None
        return PurePath(str(options.get("file") or "a file")).name

    @property
    def named(self) -> str:
        """``run 3, face``."""
        return f"run {self.run_id}, {self.shown['condition']}"


@dataclass(frozen=True, slots=True)
class SetUp:
    """Runs as they were made, the pictures they are about, who labelled these, and the audits of masks."""

    runs: tuple[RunAsMade, ...]
    data_sets: tuple[DataSet, ...]
    label_sources: tuple[LabelSource, ...]
    audits: tuple[AuditedMask, ...]


def set_up(store: Store, run_ids: Sequence[int]) -> SetUp:
    """What is recorded of these runs.

    Raises:
        UsageError: there is no such run.
    """
    with store.read():
        return SetUp(
            tuple(RunAsMade(show_run(store, run_id), answered_by(store, run_id)) for run_id in run_ids),
            data_sets(store, run_ids),
            label_sources(store, run_ids),
            audited_masks(store, run_ids),
        )
