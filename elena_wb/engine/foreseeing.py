"""What a run would do, told before it is started: the same plan that ``run --dry-run`` prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elena_wb.core import Collection, Problem, WorkbenchError
from elena_wb.engine.gathering import gather
from elena_wb.engine.models import ModelAddress
from elena_wb.engine.study import Request, plan_study
from elena_wb.plugins import PluginHost
from elena_wb.store import Store
from elena_wb.store.timing import seconds_an_answer

_FRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class ForeseenRun:
    """One run of the plan."""

    prompt: str
    condition: str
    pictures: int
    to_ask: int
    answered: int
    failed: int


@dataclass(frozen=True, slots=True)
class Foresight:
    """What a request would do. ``tokens`` and ``cost_usd`` are the most that it can take; ``None``: not known.

    ``destination`` is where pictures would be sent; ``None`` if they stay on this machine.
    """

    model: str
    runs: tuple[ForeseenRun, ...]
    pictures: int
    tokens: int | None = None
    cost_usd: float | None = None
    priced_on: str | None = None
    destination: str | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def to_ask(self) -> int:
        """Calls of the model, if nothing is asked twice."""
        return sum(run.to_ask for run in self.runs)


class AbandonedError(WorkbenchError):
    """Nobody wants to know any more."""


@dataclass(slots=True)
class Foreseer:
    """Plans one request after the other, remembering for a minute which pictures sources hold.

    Not to be called from two threads at once. Loads no weights and sends nothing.
    """

    host: PluginHost
    _gathered: dict[tuple[Any, ...], tuple[float, Collection]] = field(default_factory=dict)

    def foresee(self, request: Request, store: Store, wanted: Callable[[], bool] = lambda: True) -> Foresight:
        """What ``request`` would do; ``wanted`` is asked between the steps whether anybody still wants to know.

        Raises:
            AbandonedError: nobody does.
            WorkbenchError: it cannot be done, and why.
        """
        address = ModelAddress.parse(request.model_uri, self.host)
        self._go_on(wanted)
        collection = self._collection(request, store)
        self._go_on(wanted)
        study = plan_study(request, self.host, store, collection)
        self._go_on(wanted)
        found = study.estimate() if study.to_ask else None
        pace = seconds_an_answer(store, study.card.uri) or seconds_an_answer(store, request.model_uri)
        return Foresight(
            model=study.card.uri,
            runs=tuple(
                ForeseenRun(
                    prompt=f"{plan.spec.prompt_name} ({plan.setting.prompt.variant})",
                    condition=plan.spec.condition,
                    pictures=len(plan.stimuli),
                    to_ask=len(plan.items),
                    answered=plan.answered,
                    failed=plan.failed,
                )
                for plan in study.plans
            ),
            pictures=len(study.stimuli),
            tokens=None if found is None else found.tokens,
            cost_usd=None if found is None else found.cost_usd,
            priced_on=study.card.priced_on,
            destination=address.destination,
            seconds=None if pace is None else pace * study.to_ask,
            notes=(*study.card.notes, *study.notes),
            problems=study.problems,
        )

    def forget(self) -> None:
        """Look at the sources anew: their files may have changed."""
        self._gathered.clear()

    def _collection(self, request: Request, store: Store) -> Collection:
        key = (tuple(map(str, request.sources)), request.dataset, str(Path.cwd()))
        then, collection = self._gathered.get(key, (0.0, None))
        if collection is None or time.monotonic() - then > _FRESH_S:
            collection = gather(request.sources, request.dataset, self.host, store, request.uploads)
            self._gathered = {key: (time.monotonic(), collection)}
        return collection

    @staticmethod
    def _go_on(wanted: Callable[[], bool]) -> None:
        if not wanted():
            raise AbandonedError("The plan is no longer wanted.")
