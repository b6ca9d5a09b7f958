"""Where the models of a trial looked: the face before and after it is hidden."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elena_wb.analysis.bias import NOTHING, Sides
from elena_wb.analysis.bias_gaze import preference, ratio_change
from elena_wb.analysis.gaze_shift import Gaze, PartShift
from elena_wb.core import AttentionMethod, Estimate, Heads, Resampling
from elena_wb.findings.bias_runs import Trial
from elena_wb.findings.gazes import Gazes, Looked, gather_gazes
from elena_wb.masking import NOTHING_HIDDEN
from elena_wb.store import Store
from elena_wb.store.attention import read_gaze
from elena_wb.store.bias import Asked
from elena_wb.store.bias_gaze import looked_answers, ways
from elena_wb.store.selection import Chosen

if TYPE_CHECKING:
    import pyarrow as pa

FACE = "face"


@dataclass(frozen=True, slots=True)
class FaceGaze:
    """The attention of ``target`` in the runs of a trial, by one method.

    ``gazes`` is all of it, as ``elena-wb attend`` tells it. ``ratio`` is attention on the face over its area, over all
    layers, ``share`` the attention on it as a share of that on the picture and ``peak`` how often the place with most
    attention lies in it. ``preferred`` is the p-value of the face getting neither more nor less than its area with
    nothing hidden (or, where only that was looked at, with the face hidden), of ``stimuli``.
    """

    method: AttentionMethod
    heads: Heads
    target: str
    others: tuple[str, ...]
    gazes: Gazes
    ratio: Sides
    share: Sides
    peak: Sides
    preferred: float
    stimuli: int

    def run(self, asked: Asked | None) -> Looked | None:
        """What is known of one of its runs."""
        return next((of for of in self.gazes.runs if asked is not None and of.run_id == asked.run_id), None)


def face_gaze(store: Store, trial: Trial, resampling: Resampling, *, audited_only: bool) -> FaceGaze | None:
    """What was found where they looked; ``None`` where no answer of a trial was looked at.

    Raw attention, means of heads and the word that names the emotion are told where there are such, else what there is.
    """
    found = ways(store, [run.run_id for run in trial.runs])
    if not found:
        return None
    way = found[0]
    target = way.targets[0]
    chosen = {
        run.run_id: looked_answers(
            store,
            run.run_id,
            way,
            audited_only=audited_only and run is trial.hidden,
            nothing_hidden=NOTHING_HIDDEN,
        )
        for run in trial.runs
    }
    chosen = {run_id: answers for run_id, answers in chosen.items() if answers}
    first = trial.unmasked
    pairs = [
        (first.run_id, run.run_id)
        for run in (trial.hidden, trial.control)
        if first is not None and run is not None and {first.run_id, run.run_id} <= chosen.keys()
    ]
    gazes = gather_gazes(
        store,
        chosen,
        method=way.method,
        heads=way.heads,
        target=target,
        resampling=resampling,
        pairs=pairs,
    )
    others = tuple(f"{one.method}, heads {one.heads}" for one in found[1:])
    return _of_face(store, trial, gazes, chosen, (way.method, way.heads, target, others), resampling)


def _of_face(
    store: Store,
    trial: Trial,
    gazes: Gazes,
    chosen: dict[int, tuple[Chosen, ...]],
    how: tuple[AttentionMethod, Heads, str, tuple[str, ...]],
    resampling: Resampling,
) -> FaceGaze:
    import pyarrow.compute as pc

    method, heads, target, others = how
    of_run = {run.run_id: _on_face(run.gazes) for run in gazes.runs}
    moved = {one.second: _moved_face(one.shift.over_layers) for one in gazes.moved}

    def table(run: Asked) -> pa.Table:
        rows = read_gaze(store, [run.run_id], method=method, heads=heads, target=target)
        wanted = pc.is_in(rows["stimulus_id"], value_set=_stimuli(chosen[run.run_id], rows))
        return rows.filter(pc.and_(pc.equal(rows["part"], FACE), wanted))

    sides = (trial.unmasked, trial.hidden, trial.control)
    tables = {run.run_id: table(run) for run in sides if run is not None and run.run_id in chosen}
    unmasked, hidden, control = (tables.get(run.run_id) if run is not None else None for run in sides)
    change, p = _change(unmasked, hidden, resampling)
    beyond, p_beyond = _change(control, hidden, resampling)
    control_change, _ = _change(unmasked, control, resampling)
    levels = [of_run.get(run.run_id) if run is not None else None for run in sides]
    shift = moved.get(trial.hidden.run_id) if trial.hidden is not None else None
    control_shift = moved.get(trial.control.run_id) if trial.control is not None else None
    base = next((of for of in (unmasked, hidden) if of is not None), None)
    stimuli = shift.share.n if shift else 0
    return FaceGaze(
        method,
        heads,
        target,
        others,
        gazes,
        ratio=Sides(
            *_levels(levels, "bias"),
            change=change,
            control_change=control_change,
            beyond=beyond,
            p=p_beyond if control is not None else p,
            stimuli=stimuli,
        ),
        share=_sides(levels, "share", shift, control_shift, stimuli),
        peak=_sides(levels, "pointing", shift, control_shift, stimuli),
        preferred=preference(base, resampling) if base is not None else math.nan,
        stimuli=next((gaze.n for gaze in levels if gaze), 0),
    )


def _change(
    first: pa.Table | None, second: pa.Table | None, resampling: Resampling
) -> tuple[Estimate, float]:
    if first is None or second is None:
        return NOTHING, math.nan
    return ratio_change(first, second, resampling)


def _sides(
    levels: Sequence[Gaze | None],
    figure: str,
    shift: PartShift | None,
    control: PartShift | None,
    stimuli: int,
) -> Sides:
    return Sides(
        *_levels(levels, figure),
        change=getattr(shift, figure) if shift else NOTHING,
        control_change=getattr(control, figure) if control else NOTHING,
        stimuli=stimuli,
    )


def _levels(levels: Sequence[Gaze | None], figure: str) -> tuple[Estimate, Estimate, Estimate]:
    unmasked, hidden, control = (getattr(gaze, figure) if gaze else NOTHING for gaze in levels)
    return unmasked, hidden, control


def _on_face(gazes: Sequence[Gaze]) -> Gaze | None:
    return next((gaze for gaze in gazes if gaze.part == FACE and gaze.layer is None), None)


def _moved_face(parts: Sequence[PartShift]) -> PartShift | None:
    return next((part for part in parts if part.part == FACE), None)


def _stimuli(answers: Sequence[Chosen], rows: pa.Table) -> pa.Array:
    import pyarrow as pa

    return pa.array([one.stimulus_id for one in answers], rows.schema.field("stimulus_id").type)
