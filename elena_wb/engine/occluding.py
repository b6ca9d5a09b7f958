"""Occlusion as an experiment of ordinary runs: nothing hidden, each part hidden, and as much hidden elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from elena_wb.analysis.comparing import FAILED, MISSING
from elena_wb.analysis.occluding import UNKNOWN, Asked, Codes, Effect, Flags, effects
from elena_wb.core import (
    ABSTAINED,
    REFUSED,
    UNMASKED,
    UNPARSED,
    Choice,
    Condition,
    Resampling,
    Stimulus,
    UsageError,
)
from elena_wb.core.condition import CONTROL, KNOCK_OUT, KNOCK_OUT_CONTROL
from elena_wb.engine.gathering import gather
from elena_wb.engine.resume import request_of
from elena_wb.engine.study import Request, Study, plan_study
from elena_wb.masking import NO_ROOM, NOTHING_HIDDEN
from elena_wb.masking.parts import BACKGROUND, BODY, GROUPS
from elena_wb.plugins import PluginHost
from elena_wb.store import Store, find_run, show_run
from elena_wb.store.pairing import trios
from elena_wb.store.scorable import resolve_runs

if TYPE_CHECKING:
    import pyarrow as pa

BOX = Choice("box")
VARIANT = "default"
"""The prompt that every condition is asked with: one that says that faces are covered would be a difference itself."""

_FIRST = ("face", "head", "hands", "arms", "torso", "legs")
_SIDES = ("unmasked", "hidden", "control")
_CODES = {"refused": REFUSED, "unparsed": UNPARSED, "error": FAILED, None: MISSING}


@dataclass(frozen=True, slots=True)
class Part:
    """A part, the condition that hides it, and its control."""

    name: str
    hidden: Condition
    control: Condition


@dataclass(frozen=True, slots=True)
class Occlusion:
    """A planned experiment: the study of its runs, and what each of them is for."""

    study: Study
    parts: tuple[Part, ...]
    style: Choice
    repeats: int

    @property
    def knocks_out(self) -> bool:
        """Whether attention is forbidden, and no pixel hidden."""
        return self.style.name == KNOCK_OUT

    def run_ids(self, store: Store) -> Mapping[Condition, int]:
        """The numbers of the runs that are in the store, by condition."""
        found = {
            plan.setting.condition: find_run(store, plan.spec.run_key)
            for plan in self.study.plans
            if store.exists()
        }
        return {condition: run_id for condition, run_id in found.items() if run_id is not None}

    def effects(self, store: Store, resampling: Resampling = Resampling()) -> tuple[Effect, ...]:  # noqa: B008
        """What the answers in the store say of each part."""
        runs = self.run_ids(store)
        if not runs:
            return ()
        scheme = self.study.plans[0].setting.prompt.scheme
        stimuli = [stimulus.stimulus_id for stimulus in self.study.stimuli]
        tables = (
            trios(
                store,
                *(runs.get(condition, -1) for condition in (UNMASKED, part.hidden, part.control)),
                scheme=scheme,
                stimuli=stimuli,
                repeats=self.repeats,
            )
            for part in self.parts
        )
        named = zip((part.name for part in self.parts), map(arranged, tables), strict=True)
        return effects([*named], resampling)


def plan_occlusion(
    request: Request,
    host: PluginHost,
    store: Store,
    *,
    parts: Sequence[str] = (),
    style: Choice = BOX,
) -> Occlusion:
    """Plan ``request``, whose conditions are left out of account, with each of ``parts`` hidden in ``style``.

    Without ``parts``: those that the data has regions of, or the face by a detector. A part is asked about only where
    the data has it or a detector may find it. Where ``request`` goes on with a run, its answers are the unmasked side.

    Raises:
        UsageError: a part cannot be hidden so, or the run to go on with is not what the same request makes now.
    """
    collection = gather(request.sources, request.dataset, host, store, request.uploads)
    wanted = tuple(parts) or located(collection.stimuli[: request.limit])
    planned = {part: Part(part, *_conditions(part, style)) for part in wanted}
    chosen = tuple({(part.hidden, part.control): part for part in planned.values()}.values())
    conditions = [UNMASKED, *(condition for part in chosen for condition in (part.hidden, part.control))]
    resumed = request.resumes
    asked = replace(
        request,
        conditions=[str(condition) for condition in conditions],
        prompt_variant=request.prompt_variant or VARIANT,
        resumes=None,
        present_only=True,
    )
    study = plan_study(asked, host, store, collection)
    if resumed is not None and study.plans[0].spec.run_key != resumed.run_key:
        raise UsageError(
            "The run cannot be the unmasked side: its model, prompt or pictures have changed since, or a newer run of "
            "its name asks the same.",
            hint="Name the newer run, or the pictures and the model: `elena-wb occlude FOLDER -m MODEL`.",
        )
    return Occlusion(study, chosen, style, request.repeats)


def unmasked_request(store: Store, run: str, **options: object) -> Request:
    """The request of the unmasked run that ``run`` (its number, or a name) stands for.

    ``options`` are those of :func:`elena_wb.engine.resume.request_of`.

    Raises:
        UsageError: there is none, there are several, or it was imported.
    """
    shown = [show_run(store, run_id) for run_id in resolve_runs(store, [run])]
    unmasked = [of for of in shown if of["condition"] == str(UNMASKED)]
    if not unmasked:
        conditions = ", ".join(sorted({f"`{of['condition']}`" for of in shown}))
        raise UsageError(
            f"Run `{run}` was asked under {conditions}: occlusion begins with answers about whole pictures.",
            hint="Name a run of the condition `none`, or pictures and a model.",
        )
    if len(unmasked) > 1:
        numbers = ", ".join(str(of["run_id"]) for of in unmasked)
        raise UsageError(
            f"`{run}` is the name of several unmasked runs: {numbers}.", hint="Name one by number."
        )
    return request_of(store, str(unmasked[0]["run_id"]), **options)  # type: ignore[arg-type]


def located(stimuli: Iterable[Stimulus]) -> tuple[str, ...]:
    """The parts that the data has regions of, left and right together; the face alone where it has none.

    ``body`` and the background are not among them: they leave no room for a control.
    """
    groups = {member: group for group, of in GROUPS.items() for member in of}
    found = {region.part for stimulus in stimuli for region in stimulus.regions} - {BODY, BACKGROUND}
    parts = {groups.get(part.replace("-", "_"), part) for part in found} or {"face"}
    return tuple(
        sorted(parts, key=lambda part: (_FIRST.index(part) if part in _FIRST else len(_FIRST), part))
    )


def arranged(table: pa.Table) -> Asked:
    """The rows of :func:`elena_wb.store.pairing.trios` as arrays."""
    labels = sorted(
        {
            label
            for name in (*(f"{side}_emotion" for side in _SIDES), "truth")
            for label in table[name].unique().to_pylist()
            if label is not None
        }
    )
    position = {label: index for index, label in enumerate(labels)}
    notes = [table[f"{side}_notes"].to_pylist() for side in ("hidden", "control")]
    no_room = _noted(notes[1], NO_ROOM)
    unfound = (_noted(notes[0], NOTHING_HIDDEN) | _noted(notes[1], NOTHING_HIDDEN)) & ~no_room
    _, stimulus = np.unique(table["stimulus_id"].to_numpy(zero_copy_only=False), return_inverse=True)
    return Asked(
        stimulus=stimulus.astype(np.int32),
        answers=np.column_stack([_codes(table, side, position) for side in _SIDES]),
        truth=np.array(
            [position.get(label, UNKNOWN) for label in table["truth"].to_pylist()], dtype=np.int32
        ),
        unfound=unfound,
        no_room=no_room,
        logprobs=np.column_stack(
            [
                np.asarray(table[f"{side}_logprob"].to_numpy(zero_copy_only=False), np.float64)
                for side in _SIDES
            ]
        ),
    )


def _conditions(part: str, style: Choice) -> tuple[Condition, Condition]:
    """What hides ``part`` (``PARTS`` or ``PARTS@LOCATOR``), and its control."""
    name, at, locator = part.strip().partition("@")
    if style.name == KNOCK_OUT:
        control = Choice(KNOCK_OUT_CONTROL, style.options)
    else:
        of = () if style.name == BOX.name else (("style", style.name),)
        control = Choice(CONTROL, tuple(sorted((*style.options, *of))))
    written = name if style == BOX else f"{name}:{style}"
    return (
        Condition.parse(f"{written}{at}{locator}"),
        Condition.parse(f"{name}:{control}{at}{locator}"),
    )


def _codes(table: pa.Table, side: str, position: Mapping[str, int]) -> Codes:
    statuses, emotions = table[f"{side}_status"].to_pylist(), table[f"{side}_emotion"].to_pylist()
    codes = (
        position.get(emotion, ABSTAINED) if status == "ok" else _CODES[status]
        for status, emotion in zip(statuses, emotions, strict=True)
    )
    return np.fromiter(codes, dtype=np.int32, count=table.num_rows)


def _noted(notes: Sequence[Sequence[str]], what: str) -> Flags:
    return np.array([any(what in note for note in of) for of in notes], dtype=np.bool_)
