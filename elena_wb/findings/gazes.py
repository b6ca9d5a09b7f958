"""What was found where models looked: the attention of runs in figures, and how it moves where something is hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from elena_wb.analysis.gaze import PICTURE
from elena_wb.analysis.gaze_shift import Gaze, GazeShift, profile, shift
from elena_wb.core import AttentionMethod, Heads, Resampling
from elena_wb.store import Store, show_run
from elena_wb.store.attention import read_gaze
from elena_wb.store.looked import Sinks, count_sinks, looked_at
from elena_wb.store.selection import Chosen, paired_runs

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Looked:
    """The attention of one run's answers.

    ``looked_at`` counts the answers; not all need to have the words that ``gazes`` are of. ``areas`` is the mean share
    of the picture that each target's parts cover, ``masses`` the mean weight, of all that the words pay, on the picture
    and on whatever else the model attends to; both by target and name.
    """

    run_id: int
    name: str | None
    model: str
    prompt: str
    condition: str
    looked_at: int
    gazes: tuple[Gaze, ...]
    areas: Mapping[tuple[str, str], float]
    masses: Mapping[tuple[str, str], float]
    sinks: Sinks


@dataclass(frozen=True, slots=True)
class Moved:
    """How attention moves from an unmasked run to a masked one."""

    first: int
    second: int
    condition: str
    shift: GazeShift


@dataclass(frozen=True, slots=True)
class Gazes:
    """All that there is to tell of some runs: each of them, and each pair of unmasked and masked."""

    runs: tuple[Looked, ...]
    moved: tuple[Moved, ...]


def gather_gazes(
    store: Store,
    chosen: Mapping[int, Sequence[Chosen]],
    *,
    method: AttentionMethod,
    heads: Heads,
    layers: Sequence[int] | None = None,
    target: str | None = None,
    resampling: Resampling = Resampling(),  # noqa: B008
    pairs: Sequence[tuple[int, int]] | None = None,
) -> Gazes:
    """The attention that the store knows of the answers ``chosen``, by run; needs no model.

    ``target`` is the only one to be told of; ``None`` tells of all. ``layers`` are numbers, or ``(-1,)`` for the last
    there is. ``pairs`` are the unmasked and masked runs to be compared, by default those that the view ``pairs`` knows
    of which one was chosen. A pair is told of where both were looked at; of a run that was not chosen all answers
    count.
    """

    def read(run_id: int) -> pa.Table:
        return _of_layers(read_gaze(store, [run_id], method=method, heads=heads, target=target), layers)

    answered = {run_id: answers for run_id, answers in chosen.items() if answers}
    if not answered:
        return Gazes((), ())
    with store.read():
        pairs = paired_runs(store, list(answered)) if pairs is None else pairs
        known = dict.fromkeys([*answered, *(run_id for pair in pairs for run_id in pair)])
        tables = {run_id: read(run_id) for run_id in known}
        records = {run_id: show_run(store, run_id) for run_id in known}
        seen = {run_id: looked_at(store, run_id, method=method, heads=heads) for run_id in answered}
        sinks = {run_id: count_sinks(store, run_id, method=method, heads=heads) for run_id in answered}
    tables |= {run_id: _only(tables[run_id], answers) for run_id, answers in answered.items()}
    runs = tuple(
        _looked(
            records[run_id],
            sum((one.stimulus_id, one.repeat) in seen[run_id] for one in answers),
            tables[run_id],
            resampling,
            sinks[run_id],
        )
        for run_id, answers in answered.items()
    )
    moved = tuple(
        Moved(
            first,
            second,
            str(records[second]["condition"]),
            shift(tables[first], tables[second], resampling),
        )
        for first, second in pairs
        if tables[first].num_rows and tables[second].num_rows
    )
    return Gazes(runs, tuple(one for one in moved if one.shift.pairs))


def _looked(
    record: Mapping[str, Any], looked_at: int, table: pa.Table, resampling: Resampling, sinks: Sinks
) -> Looked:
    return Looked(
        run_id=record["run_id"],
        name=record["name"],
        model=record["model_uri"],
        prompt=record["prompt_name"],
        condition=record["condition"],
        looked_at=looked_at,
        gazes=profile(table, resampling),
        areas=_means(table, "area_fraction"),
        masses=_means(_whole(table), "mass"),
        sinks=sinks,
    )


def _whole(table: pa.Table) -> pa.Table:
    """The rows of the picture as a whole and of what is not in it: their masses add up to all there is."""
    import pyarrow.compute as pc

    outside = pc.is_null(table["area_fraction"])
    return table.filter(pc.or_(outside, pc.equal(table["part"], PICTURE)))


def _means(table: pa.Table, column: str) -> Mapping[tuple[str, str], float]:
    """Means by target and part: over repeats, layers and heads within a stimulus, then over stimuli."""
    keys = ["target", "part"]
    within = table.group_by([*keys, "stimulus_id"]).aggregate([(column, "mean")])
    rows = within.group_by(keys).aggregate([(f"{column}_mean", "mean")]).to_pylist()
    return {
        (row["target"], row["part"]): value
        for row in rows
        if (value := row[f"{column}_mean_mean"]) is not None and np.isfinite(value)
    }


def _only(table: pa.Table, answers: Sequence[Chosen]) -> pa.Table:
    import pyarrow as pa

    wanted = pa.table(
        {
            "stimulus_id": pa.array(
                [one.stimulus_id for one in answers], table.schema.field("stimulus_id").type
            ),
            "repeat": pa.array([one.repeat for one in answers], table.schema.field("repeat").type),
        }
    )
    return table.join(wanted, keys=["stimulus_id", "repeat"], join_type="left semi")


def _of_layers(table: pa.Table, layers: Sequence[int] | None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    if layers is None or not table.num_rows:
        return table
    last = pc.max(table["layer"]).as_py()
    wanted = [last if layer < 0 else layer for layer in layers]
    return table.filter(
        pc.is_in(table["layer"], value_set=pa.array(wanted, table.schema.field("layer").type))
    )
