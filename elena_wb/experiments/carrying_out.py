"""Carrying a declared study out: model after model, each loaded once, and what fails is told beside what does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from elena_wb.core import Executor, Model, ModelError, WorkbenchError
from elena_wb.engine.attending import AttentionPlan, AttentionResult
from elena_wb.engine.budget import Budget
from elena_wb.engine.events import Listener, RunFinished
from elena_wb.engine.open_models import OpenModels
from elena_wb.engine.pace import Patience
from elena_wb.engine.plan import RunPlan
from elena_wb.executors import open_with
from elena_wb.experiments.declared import AttentionChoice
from elena_wb.experiments.looking import is_wanted, out_of_reach, plan_looking
from elena_wb.experiments.planning import ExperimentPlan, Part
from elena_wb.plugins import PluginHost
from elena_wb.store import Store, StoreBusyError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one part: its runs as far as they came, and what ended it before its end."""

    part: Part
    results: tuple[RunFinished, ...] = ()
    trouble: WorkbenchError | None = None

    @property
    def complete(self) -> bool:
        """Whether every question has its answer, every audit its picture, and no picture was left out."""
        study = self.part.study
        if study is None or self.trouble is not None or len(self.results) < len(study.plans):
            return False
        short = any(
            result.failed or result.unaudited or result.asked < len(plan.items)
            for result, plan in zip(self.results, study.plans, strict=True)
        )
        return not short and not (study.to_ask and any(problem.excludes for problem in study.problems))


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking at the attention in the runs of one model."""

    plans: tuple[AttentionPlan, ...] = ()
    results: tuple[AttentionResult, ...] = ()
    trouble: WorkbenchError | None = None

    @property
    def complete(self) -> bool:
        """Whether every answer was looked at that can be."""
        if self.trouble is not None or len(self.results) < len(self.plans):
            return False
        return not any(
            result.interrupted or result.failed + result.skipped > len(plan.skipped)
            for plan, result in zip(self.plans, self.results, strict=True)
        )


@dataclass(slots=True)
class Carried:
    """What came of a declared study in this sitting; ``spent_usd`` counts earlier ones, too."""

    outcomes: list[Outcome] = field(default_factory=list)
    looked: list[Looked] = field(default_factory=list)
    interrupted: bool = False
    spent_usd: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether nothing is missing of what the study asks for."""
        done = all(one.complete for one in self.outcomes) and all(one.complete for one in self.looked)
        return done and not self.interrupted

    @property
    def run_ids(self) -> tuple[int, ...]:
        """The runs that were begun or gone on with, or had been finished before, in the order of the study."""
        return tuple(dict.fromkeys(result.run_id for one in self.outcomes for result in one.results))


def carry_out(
    plan: ExperimentPlan,
    host: PluginHost,
    store: Store,
    *,
    listener: Listener,
    stop: threading.Event | None = None,
    max_cost_usd: float | None = None,
    patience: Patience | None = None,
    begun: Callable[[Part], None] = lambda part: None,
    executor: Executor | None = None,
) -> Carried:
    """Ask what is missing of each part, and look at what is to be looked at while the model is open.

    ``max_cost_usd`` stands for the limit of the file. It holds over all parts and over earlier sittings, too: what the
    runs have cost before counts. ``begun`` is told each part before its first question. Where there is an ``executor``
    it opens the models that are not asked over the network; attention is looked at in this process all the same.

    Raises:
        StoreBusyError: the store cannot be written. Every answer that had arrived is kept.
    """
    stop = stop or threading.Event()
    limit = plan.experiment.max_cost if max_cost_usd is None else max_cost_usd
    carried = Carried(spent_usd=plan.spent_usd)
    carried.outcomes += [Outcome(part, trouble=part.trouble) for part in plan.refused]
    with OpenModels() as models:
        for uri, parts in groupby(plan.planned, key=lambda part: part.request.model_uri):
            opening = _Opening(models, executor)
            mine: list[Outcome] = []
            for part in parts:
                if stop.is_set():
                    break
                if opening.failure is not None and part.to_ask:
                    mine.append(Outcome(part, trouble=opening.failure))
                    continue
                begun(part)
                budget = Budget(limit, spent_usd=carried.spent_usd)
                mine.append(_ask(part, store, opening, listener, stop, budget, patience))
                carried.spent_usd = budget.spent_usd
            carried.outcomes += mine
            choice = plan.experiment.attention
            if choice is None or stop.is_set() or opening.failure is not None:
                continue
            if out_of_reach(uri, host) is None:
                carried.looked.append(_look(choice, mine, host, store, models, listener, stop))
    carried.interrupted = stop.is_set()
    return carried


class _Opening:
    """Opens the model of parts that follow one another, and remembers why it could not be."""

    def __init__(self, models: OpenModels, executor: Executor | None) -> None:
        self.models = models
        self._executor = executor
        self.failure: WorkbenchError | None = None

    def of(self, part: Part) -> Callable[[], Model]:
        """A function that gives the model of ``part``."""
        study = part.study
        assert study is not None
        elsewhere = None
        if self._executor is not None and study.address.destination is None:
            elsewhere = partial(open_with, self._executor, study.address, study.card)
        open_model = self.models.opener(study.address, study.card.digest, elsewhere)

        def guarded() -> Model:
            try:
                return open_model()
            except WorkbenchError as error:
                self.failure = error
                raise
            except Exception as error:
                self.failure = ModelError(
                    f"{study.address.uri} cannot be opened: {type(error).__name__}: {error}"
                )
                raise self.failure from error

        return guarded


def _ask(
    part: Part,
    store: Store,
    opening: _Opening,
    listener: Listener,
    stop: threading.Event,
    budget: Budget,
    patience: Patience | None,
) -> Outcome:
    assert part.study is not None
    try:
        results = part.study.carry_out(
            store,
            listener=listener,
            stop=stop,
            batch_size=part.model.batch_size,
            open_model=opening.of(part),
            keep_open=True,
            patience=patience,
            budget=budget,
        )
    except StoreBusyError:
        raise
    except WorkbenchError as error:
        return Outcome(part, trouble=error)
    if any(result.status == "failed" for result in results):
        opening.models.close()  # what gave up is opened anew for the next pictures
    return Outcome(part, tuple(results))


def _look(
    choice: AttentionChoice,
    outcomes: Sequence[Outcome],
    host: PluginHost,
    store: Store,
    models: OpenModels,
    listener: Listener,
    stop: threading.Event,
) -> Looked:
    """The attention in the runs of one model."""
    runs = {
        result.run_id: plan
        for outcome in outcomes
        for result, plan in zip(outcome.results, _plans(outcome.part), strict=False)
        if is_wanted(choice, plan, host)
    }
    plans: tuple[AttentionPlan, ...] = ()
    results: list[AttentionResult] = []
    try:
        plans = plan_looking(choice, runs, host, store)
        for plan in plans:
            if stop.is_set():
                break
            open_model = models.opener(plan.address, plan.card.digest)
            results.append(plan.carry_out(store, listener=listener, stop=stop, open_model=open_model))
    except StoreBusyError:
        raise
    except WorkbenchError as error:
        return Looked(plans, tuple(results), error)
    return Looked(plans, tuple(results))


def _plans(part: Part) -> Sequence[RunPlan]:
    return part.study.plans if part.study is not None else ()
