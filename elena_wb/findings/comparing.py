"""Two runs compared: what lies between them, and what changed in their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from elena_wb.analysis.comparing import FAILED, MISSING, UNKNOWN, Changes, SideBySide, compare, outcome
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED, UsageError
from elena_wb.findings.differing import Difference, differences
from elena_wb.store import Store, resolve_run, show_run
from elena_wb.store.pairing import answered_by, side_by_side
from elena_wb.store.scorable import resolve_runs

if TYPE_CHECKING:
    import pyarrow as pa

_CODES = {"refused": REFUSED, "unparsed": UNPARSED, "error": FAILED, None: MISSING}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs, in words. ``unfinished`` is its status where that is not ``done``."""

    run_id: int
    name: str | None
    model: str
    prompt: str
    condition: str
    unfinished: str | None


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that the two runs answer with different emotions; ``truth`` is what is true, if that is known."""

    picture: str
    person_index: int | None
    repeat: int
    first: str
    second: str
    truth: str | None
    stimulus_id: str


@dataclass(frozen=True, eq=False)
class Compared:
    """Two runs, what lies between them, and what changed.

    ``table`` has the rows of :func:`elena_wb.store.pairing.side_by_side`, ``answers`` the same as arrays.
    """

    first: Side
    second: Side
    differences: tuple[Difference, ...]
    table: pa.Table
    answers: SideBySide
    changes: Changes

    @property
    def causes(self) -> tuple[Difference, ...]:
        """The differences that can change answers."""
        return tuple(one for one in self.differences if one.matters)

    @cached_property
    def repeats(self) -> bool:
        """Whether some stimulus was asked about repeatedly."""
        return bool((self.table["repeat"].to_numpy() > 0).any())

    @cached_property
    def flips(self) -> tuple[Flip, ...]:
        """The questions that are answered with different emotions, in order of the pictures."""
        return _flips(self.table, self.answers, self.changes)


def compare_runs(
    store: Store, first: str, second: str, *, settings: Mapping[str, str | bool | int] | None = None
) -> Compared:
    """Compare the runs that a user calls ``first`` and ``second``, by number or name.

    ``settings`` are DuckDB's for the connection that reads all answers, such as a limit of its memory.

    Raises:
        UsageError: there is no such run, a name stands for several, both are the same run, or their answers
            are labels of different schemes.
    """
    ids = [_one_run(store, text) for text in (first, second)]
    if ids[0] == ids[1]:
        raise UsageError(
            f"`{first}` and `{second}` are the same run, {ids[0]}.",
            hint="`elena-wb runs` lists all; `elena-wb run … --fresh` makes another of the same specification.",
        )
    shown = [{**show_run(store, run_id), "answered_by": answered_by(store, run_id)} for run_id in ids]
    schemes = [run["options"].get("scheme") or "ekman7" for run in shown]
    if schemes[0] != schemes[1]:
        raise UsageError(
            f"Run {ids[0]} answers in labels of {schemes[0]} and run {ids[1]} in those of {schemes[1]}, "
            "which cannot be paired.",
            hint=f"`elena-wb score {ids[0]} {ids[1]} --scheme NAME` scores both in one scheme.",
        )
    table = side_by_side(store, ids[0], ids[1], schemes[0], settings=settings)
    answers = arranged(table)
    changes = compare(answers)
    if not changes.pairs:
        raise UsageError(
            f"Runs {ids[0]} and {ids[1]} have no answers to the same questions.",
            hint="They are about different pictures, or their calls failed: `elena-wb runs` has the counts.",
        )
    return Compared(
        first=_side(shown[0]),
        second=_side(shown[1]),
        differences=differences(shown[0], shown[1]),
        table=table,
        answers=answers,
        changes=changes,
    )


def arranged(table: pa.Table) -> SideBySide:
    """The rows of :func:`elena_wb.store.pairing.side_by_side` as arrays."""
    named = {
        label
        for column in ("first_emotion", "second_emotion", "truth")
        for label in table[column].unique().to_pylist()
        if label is not None
    }
    labels = tuple(sorted(named))
    place = {label: index for index, label in enumerate(labels)} | {None: UNKNOWN}
    return SideBySide(
        labels=labels,
        first=_codes(table, "first", labels),
        second=_codes(table, "second", labels),
        truth=np.array([place[label] for label in table["truth"].to_pylist()], dtype=np.int32),
        text_changed=_flags(table, "text_changed"),
        parts_named=_flags(table, "parts_named"),
        parts_changed=_flags(table, "parts_changed"),
        first_vad=_vad(table, "first_vad"),
        second_vad=_vad(table, "second_vad"),
    )


def _one_run(store: Store, text: str) -> int:
    run_ids = resolve_runs(store, [text])
    if len(run_ids) > 1:
        raise UsageError(
            f"`{text}` is the name of {len(run_ids)} runs: {', '.join(map(str, run_ids))}.",
            hint="Name two of them by their numbers; `elena-wb runs` says what each is.",
        )
    return resolve_run(store, text)


def _side(shown: Mapping[str, Any]) -> Side:
    return Side(
        run_id=shown["run_id"],
        name=shown["name"],
        model=shown["model_uri"],
        prompt=shown["prompt_name"],
        condition=shown["condition"],
        unfinished=None if shown["status"] == "done" else shown["status"],
    )


def _codes(table: pa.Table, side: str, labels: Sequence[str]) -> Any:
    position = {label: index for index, label in enumerate(labels)} | {None: ABSTAINED}
    statuses, emotions = table[f"{side}_status"].to_pylist(), table[f"{side}_emotion"].to_pylist()
    codes = (
        position[emotion] if status == "ok" else _CODES[status]
        for status, emotion in zip(statuses, emotions, strict=True)
    )
    return np.fromiter(codes, dtype=np.int32, count=table.num_rows)


def _flags(table: pa.Table, name: str) -> Any:
    return table[name].to_numpy().astype(np.bool_)


def _vad(table: pa.Table, name: str) -> Any:
    flat = table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float64).reshape(table.num_rows, 3)


def _flips(table: pa.Table, answers: SideBySide, changes: Changes) -> tuple[Flip, ...]:
    rows = table.take(changes.flipped).to_pylist()
    return tuple(
        Flip(
            picture=row["picture"] or row["stimulus_id"][:12],
            person_index=row["person_index"],
            repeat=row["repeat"],
            first=outcome(answers.labels, int(answers.first[place])),
            second=outcome(answers.labels, int(answers.second[place])),
            truth=row["truth"],
            stimulus_id=row["stimulus_id"],
        )
        for place, row in zip(changes.flipped.tolist(), rows, strict=True)
    )
