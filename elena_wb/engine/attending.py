"""Where a model looked as it answered: the answers of a run that is stored, explained by the model that gave them.

The stored answer is fed to the model again as its own, with the very picture and question of then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from elena_wb.core import Collection as Gathered
from elena_wb.core import Model, ModelCard, Problem, Upload, UsageError
from elena_wb.data.policy import NO_SETTINGS
from elena_wb.engine.attending_measures import as_text
from elena_wb.engine.attending_parts import FaceFinder, knows_face
from elena_wb.engine.attending_terms import OTHERWISE, AttentionResult, Seen, ToLook, Wanted
from elena_wb.engine.attending_work import Looking
from elena_wb.engine.events import Listener
from elena_wb.engine.gathering import gather
from elena_wb.engine.imports.importing import IMPORTED
from elena_wb.engine.models import ModelAddress
from elena_wb.engine.plan import ChangedError, Setting
from elena_wb.engine.prefetch import Item
from elena_wb.engine.resume import request_of
from elena_wb.engine.study import Request, plan_study
from elena_wb.parsing.spans import find_targets
from elena_wb.plugins import PluginHost
from elena_wb.store import Store, drain_orphans, resolve_run, show_run
from elena_wb.store.attention import extracted
from elena_wb.store.said import KnownRegions, Said, answers_of, regions_in
from elena_wb.vocabulary import load_scheme

__all__ = [
    "AttentionPlan",
    "AttentionResult",
    "Seen",
    "Wanted",
    "check_reachable",
    "plan_attention",
    "plan_attentions",
]


@dataclass(frozen=True, slots=True)
class AttentionPlan:
    """The answers of one run that are to be looked at; ``done`` were before, in the same way.

    ``skipped`` are those that cannot be: their path and the reason. ``sources`` are what the run was asked of.
    """

    run_id: int
    name: str | None
    condition: str
    wanted: Wanted
    address: ModelAddress
    card: ModelCard
    setting: Setting
    to_do: tuple[ToLook, ...]
    done: int
    finder: FaceFinder | None
    known: KnownRegions
    skipped: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = field(default=())
    notes: tuple[str, ...] = ()
    sources: tuple[str | Path, ...] = ()

    def carry_out(
        self,
        store: Store,
        *,
        listener: Listener,
        stop: threading.Event | None = None,
        open_model: Callable[[], Model] | None = None,
        watch: Callable[[Seen], None] | None = None,
    ) -> AttentionResult:
        """Look at each answer and store what is seen, every few seconds and in the end, however it ends.

        ``stop`` ends the work after the answer that is being looked at. ``open_model`` stands in for the model at the
        plan's address; whoever gives it closes that model. ``watch`` is shown each answer once it has been looked at.

        Raises:
            UsageError: the model's attention cannot be looked at, or not in the way wanted.
            ModelError: the model cannot be opened, or failed. What was seen before is stored.
        """
        return Looking(self, store, listener, stop or threading.Event(), watch).work(open_model)


def plan_attention(
    run: str,
    wanted: Wanted,
    host: PluginHost,
    store: Store,
    *,
    only: Collection[str] | None = None,
    fresh: bool = False,
    uploads: Mapping[str, Upload] = NO_SETTINGS,
) -> AttentionPlan:
    """Find the answers of ``run`` (a number or name) that are to be looked at; loads no weights.

    ``only`` takes answers by their ``generation_id``. What was looked at in this way before is done, unless ``fresh``.
    ``uploads`` are the user's settings of where pictures may go: they bind drawings of them, too.

    Raises:
        UsageError: there is no such run, its answers were imported, its model is asked over the network, or what it
            was made with has changed.
    """
    run_id = resolve_run(store, run)
    return plan_attentions({run_id: only}, wanted, host, store, fresh=fresh, uploads=uploads)[run_id]


def plan_attentions(
    runs: Mapping[int, Collection[str] | None],
    wanted: Wanted,
    host: PluginHost,
    store: Store,
    *,
    fresh: bool = False,
    uploads: Mapping[str, Upload] = NO_SETTINGS,
) -> dict[int, AttentionPlan]:
    """The plan of each of ``runs`` (``only``, by number), as :func:`plan_attention` makes it of one.

    Runs of the same pictures share the search for them.
    """
    drain_orphans(store, patient=True)
    with store.read():
        stored = {run_id: _stored(store, run_id, wanted, host, fresh, uploads) for run_id in runs}
    gathered: dict[tuple[object, ...], Gathered] = {}
    plans = {}
    for run_id, only in runs.items():
        request = stored[run_id].request
        key = (*request.sources, request.dataset)
        if key not in gathered:
            gathered[key] = gather(request.sources, request.dataset, host, store, request.uploads)
        plans[run_id] = _planned(stored[run_id], gathered[key], wanted, host, store, only)
    return plans


def check_reachable(store: Store, run_ids: Iterable[int], host: PluginHost) -> None:
    """Make sure that the models of runs are here, as far as the store and their addresses say; reads no picture.

    Raises:
        UsageError: the answers of a run were imported, or its model is asked over the network.
    """
    with store.read():
        records = [show_run(store, run_id) for run_id in run_ids]
    for record in records:
        _address(record, host)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the store has of a run: itself, its answers, those that were looked at, what is known of its pictures."""

    run_id: int
    name: str | None
    condition: str
    address: ModelAddress
    request: Request
    answers: tuple[Said, ...]
    done: Collection[str]
    known: KnownRegions


def _stored(
    store: Store,
    run_id: int,
    wanted: Wanted,
    host: PluginHost,
    fresh: bool,
    uploads: Mapping[str, Upload],
) -> _Stored:
    record = show_run(store, run_id)
    address = _address(record, host)
    request = request_of(store, str(run_id), retry_failed=False, uploads=uploads)
    return _Stored(
        run_id,
        record["name"],
        record["condition"],
        address,
        replace(request, audit=False),
        answers_of(store, run_id),
        frozenset() if fresh else _done(store, run_id, wanted),
        regions_in(store, run_id),
    )


def _planned(
    stored: _Stored,
    collection: Gathered,
    wanted: Wanted,
    host: PluginHost,
    store: Store,
    only: Collection[str] | None,
) -> AttentionPlan:
    try:
        study = plan_study(stored.request, host, store, collection, drained=True)
    except ChangedError as error:
        raise UsageError(
            f"The model, the prompt or the masking has changed since run {stored.run_id} was started: where another "
            "model would look, or at another picture, says nothing about its answers.",
            hint="Start a new run of the same pictures, and look at that.",
        ) from error
    (plan,) = study.plans
    stimuli = {stimulus.stimulus_id: stimulus for stimulus in study.stimuli}
    scheme = load_scheme(plan.setting.prompt.scheme)
    to_do: list[ToLook] = []
    problems: list[Problem] = []
    already = 0
    for answer in stored.answers:
        if only is not None and answer.generation_id not in only:
            continue
        if answer.generation_id in stored.done:
            already += 1
            continue
        stimulus = stimuli.get(answer.stimulus_id)
        if stimulus is None:
            problems.append(
                Problem(answer.path, "this picture is not there any more, or is another one by now")
            )
            continue
        targets, notes = find_targets(
            answer.text,
            wanted.tokens,
            fields=answer.fields,
            emotion_raw=answer.emotion_raw,
            phrases=answer.phrases,
            emotion=answer.emotion,
            scheme=scheme,
        )
        if targets:
            item = Item(stimulus, answer.repeat)
            to_do.append(ToLook(item, answer, tuple(targets), tuple(notes)))
        else:
            reason = f"the answer has none of the words asked for: {', '.join(notes)}"
            problems.append(Problem(answer.path, reason, excludes=False, kind="note"))
    known = stored.known
    faceless = any(
        not knows_face(one.item.stimulus, known.regions.get(one.answer.stimulus_id, {})) for one in to_do
    )
    finder = FaceFinder.of(host) if faceless else None
    return AttentionPlan(
        stored.run_id,
        stored.name,
        stored.condition,
        wanted,
        stored.address,
        study.card,
        plan.setting,
        tuple(to_do),
        already,
        finder,
        known,
        tuple((problem.where, problem.reason) for problem in problems),
        tuple(problems),
        finder.notes if finder is not None else (),
        tuple(stored.request.sources),
    )


def _address(record: Mapping[str, object], host: PluginHost) -> ModelAddress:
    """Where the model of a run is, if its attention can be seen at all."""
    options = record["options"]
    assert isinstance(options, Mapping)
    if options.get("provenance") == IMPORTED:
        raise UsageError(
            f"Run {record['run_id']} was imported from {options['file']}: the model that answered is not here, so "
            "where it looked cannot be seen.",
            hint="Ask a model of your own about the pictures: `elena-wb run FOLDER -m MODEL --attend`.",
        )
    address = ModelAddress.parse(str(record["model_uri"]), host)
    if address.destination is not None:
        raise UsageError(
            f"{address.uri} is asked over the network, at {address.destination}: its attention cannot be seen.",
            hint=OTHERWISE,
        )
    return address


def _done(store: Store, run_id: int, wanted: Wanted) -> set[str]:
    return extracted(
        store,
        run_id,
        method=wanted.method,
        heads=wanted.heads,
        layers=as_text(wanted.layers),
        tokens=",".join(wanted.tokens),
        with_maps=wanted.keep_maps,
    )
