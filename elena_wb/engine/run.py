"""Carrying out planned runs: prefetch → batch → generate → outbox → store.

The driving thread reads pictures that workers prepared, asks the model (in threads of its own where it
takes several calls at once) and listens; whichever thread asked puts each answer on disk before it lets the
model go on, so that a process killed at any moment loses nothing that a model has answered.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice

from elena_wb.core import Model, ModelError, WorkbenchError
from elena_wb.engine.answering import Answer, Asker, Question
from elena_wb.engine.budget import Budget
from elena_wb.engine.events import Answered, Listener, Notice, RunFinished, RunStarted, RunStatus
from elena_wb.engine.plan import RunPlan, as_opened
from elena_wb.engine.prefetch import Prepared, prefetch
from elena_wb.engine.reading import Reader
from elena_wb.store import (
    GenerationRecord,
    Outbox,
    Store,
    begin_run,
    find_run,
    finish_run,
    refresh_stimuli,
    settle_run,
    working_on,
)

_DRAIN_EVERY_S = 5.0


def execute(
    plans: Sequence[RunPlan],
    open_model: Callable[[], Model],
    store: Store,
    *,
    listener: Listener,
    stop: threading.Event,
    batch_size: int | None = None,
    max_cost_usd: float | None = None,
) -> list[RunFinished]:
    """Carry out the plans one after the other with one model, opened only if something is missing.

    ``stop`` ends the work once what is in flight has been stored.

    Raises:
        ModelError: the model cannot be opened. (One that fails later ends its run as ``failed``.)
    """
    finished: list[RunFinished] = []
    model: Model | None = None
    budget = Budget(max_cost_usd)
    try:
        with ExitStack() as claims, Outbox(store) as outbox:
            for plan in plans:
                claims.enter_context(working_on(store, plan.spec.run_key))
                if plan.items and model is None:
                    model = open_model()
                run_id = _begin(store, plan, model)
                sitting = _Sitting(plan, run_id, outbox, listener, stop, budget)
                listener(
                    RunStarted(
                        run_id,
                        plan.spec.name,
                        plan.spec.prompt_name,
                        plan.spec.condition,
                        len(plan.items),
                        plan.answered,
                        plan.failed,
                    )
                )
                if plan.items:
                    assert model is not None
                    sitting.work(model, batch_size)
                sitting.audit()
                outbox.drain(patient=True)
                result = sitting.result()
                if plan.items:
                    finish_run(store, run_id, result.status)
                listener(result)
                finished.append(result)
                if result.status in ("interrupted", "failed") and (stop.is_set() or sitting.model_gave_up):
                    break
    finally:
        if model is not None:
            model.close()
    return finished


def _begin(store: Store, plan: RunPlan, model: Model | None) -> int:
    """The number of the run, which is put into the store only if there is something to ask."""
    known = None if plan.items else find_run(store, plan.spec.run_key)
    if known is not None:
        refresh_stimuli(store, plan.stimuli)
        settle_run(store, known)
        return known
    spec = plan.spec if model is None else as_opened(plan.spec, plan.setting.card, model.card)
    return begin_run(store, spec, plan.stimuli, planned=plan.planned)


@dataclass(frozen=True, slots=True)
class _Stored:
    """An answer that is on disk."""

    record: GenerationRecord
    prepared: Prepared


_Arrival = _Stored | WorkbenchError | None
"""What a model thread reports: an answer, why it gave up, or (``None``) that its batch has ended."""


class _Sitting:
    """One run's work between its start and its end, for now."""

    def __init__(
        self,
        plan: RunPlan,
        run_id: int,
        outbox: Outbox,
        listener: Listener,
        stop: threading.Event,
        budget: Budget,
    ) -> None:
        self._plan = plan
        self._run_id = run_id
        self._outbox = outbox
        self._listener = listener
        self._stop = stop
        self._budget = budget
        self._reader = Reader(plan)
        self._arrivals: queue.SimpleQueue[_Arrival] = queue.SimpleQueue()
        self._counts: Counter[str] = Counter()
        self._cost = 0.0
        self._began = time.monotonic()
        self._drained = self._began
        self._reason: str | None = None
        self._unaudited = 0
        self.model_gave_up = False

    def work(self, model: Model, batch_size: int | None) -> None:
        """Ask everything that is missing, until done, stopped, out of budget, or the model gives up."""
        waiting: dict[int, Prepared] = {}
        asker = Asker(
            model, lambda answer: self._keep(waiting.pop(answer.key), answer), self._stop, batch_size
        )
        ahead = 2 * asker.batch_limit * model.max_concurrency
        pictures = prefetch(self._plan.items, self._plan.setting.recipe, ahead=ahead)
        in_flight = 0
        exhausted = False
        try:
            while True:
                while not exhausted and in_flight < model.max_concurrency and self._may_go_on():
                    wanted = self._budget.room(asker.batch_limit)
                    if not wanted:
                        break
                    batch = list(self._askable(pictures, wanted))
                    exhausted = len(batch) < wanted
                    if batch:
                        waiting.update((id(prepared), prepared) for prepared in batch)
                        self._launch(asker, batch, in_place=model.max_concurrency == 1)
                        in_flight += 1
                if not in_flight:
                    if not exhausted and self._may_go_on():
                        self._reason = self._budget.reason
                    return
                in_flight -= self._listen()
        finally:
            pictures.close()

    def audit(self) -> None:
        """Make up for the audits of pictures that were answered about without one."""
        recipe = self._plan.setting.recipe
        with closing(prefetch(self._plan.to_audit, recipe, ahead=4)) as pictures:
            for prepared in pictures:
                if self._stop.is_set():
                    return
                self._outbox.append(*self._reader.located(prepared))
                if prepared.audit is None:
                    self._unaudited += 1
                    self._listener(Notice(f"Not audited: {prepared.item.stimulus.path}: {prepared.error}"))

    def _may_go_on(self) -> bool:
        return not (self._stop.is_set() or self.model_gave_up)

    def _askable(self, pictures: Iterator[Prepared], count: int) -> Iterator[Prepared]:
        """The next ``count`` pictures that can be asked about; the others are recorded as errors."""

        def usable() -> Iterator[Prepared]:
            for prepared in pictures:
                if prepared.request is not None:
                    yield prepared
                    continue
                record = self._reader.unusable(prepared)
                self._outbox.append(*self._reader.located(prepared), record)
                self._tell(_Stored(record, prepared))
                if not self._may_go_on():
                    return

        return islice(usable(), count)

    def _launch(self, asker: Asker, batch: Sequence[Prepared], *, in_place: bool) -> None:
        questions = [Question(id(item), item.request) for item in batch if item.request is not None]
        self._budget.commit(len(questions))

        def ask() -> None:
            try:
                asker.ask(questions)
            except WorkbenchError as error:
                self._arrivals.put(error)
            finally:
                self._arrivals.put(None)

        # A model that takes one call at a time is asked right here: torch on a CPU is twice as slow in any
        # thread but the first. Other threads are daemons, so that a second Ctrl-C can leave a call that hangs.
        if in_place:
            ask()
            return
        threading.Thread(target=ask, name="model", daemon=True).start()

    def _keep(self, prepared: Prepared, answer: Answer) -> None:
        """Read an answer and put it on disk; runs in the thread that asked, before the model goes on."""
        record = self._reader.read(prepared, answer)
        try:
            self._outbox.append(*self._reader.located(prepared), record)
        except ValueError as error:
            problem = f"The answer cannot be stored: {error}"
            record = self._reader.unusable(replace(prepared, error=problem))
            self._outbox.append(record)
        self._arrivals.put(_Stored(record, prepared))

    def _listen(self) -> int:
        """Take note of what has arrived (waiting for at least one thing); how many batches have ended.

        Raises:
            WorkbenchError: an answer could not be put on disk.
        """
        arrived = [self._arrivals.get()]
        while not self._arrivals.empty():
            arrived.append(self._arrivals.get())
        for thing in arrived:
            if isinstance(thing, _Stored):
                self._tell(thing)
            elif isinstance(thing, ModelError):
                self.model_gave_up = True
                self._reason = thing.message
                self._listener(Notice(" ".join(filter(None, (thing.message, thing.hint)))))
            elif thing is not None:
                raise thing
        if time.monotonic() - self._drained > _DRAIN_EVERY_S:
            self._outbox.drain()
            self._drained = time.monotonic()
        return sum(thing is None for thing in arrived)

    def _tell(self, stored: _Stored) -> None:
        record, prepared = stored.record, stored.prepared
        self._counts[record.status] += 1
        self._cost += record.cost_usd or 0.0
        if prepared.request is not None:
            self._budget.settle(record.cost_usd)
        self._listener(
            Answered(
                self._run_id,
                record.generation_id,
                record.stimulus_id,
                prepared.item.stimulus.path,
                record.repeat,
                record.status,
                record.emotion,
                record.error,
                prepared.notes,
            )
        )

    def result(self) -> RunFinished:
        """What this sitting amounted to."""
        counts = self._counts
        answered = counts["ok"] + counts["unparsed"] + counts["refused"]
        status: RunStatus = "done"
        if self.model_gave_up:
            status = "failed"
        elif answered + counts["error"] < len(self._plan.items):
            status = "interrupted" if self._stop.is_set() else "partial"
        elif counts["error"] or self._plan.failed:
            status = "partial" if answered or self._plan.answered else "failed"
        return RunFinished(
            self._run_id,
            status,
            counts["ok"],
            counts["unparsed"],
            counts["refused"],
            counts["error"],
            time.monotonic() - self._began,
            self._cost,
            self._reason,
            self._unaudited,
        )
