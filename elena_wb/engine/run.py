"""Carrying out planned runs: prefetch → batch → generate → outbox → store.

The driving thread reads pictures that workers prepared, hands batches to model threads, and turns
answers into outbox lines; the model never waits for the disk or the database, and an answer is on disk
before anything else happens to it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from elena_wb.core import Model, ModelError
from elena_wb.engine.answering import Answer, Asker, Question
from elena_wb.engine.budget import Budget
from elena_wb.engine.events import Answered, Listener, Notice, RunFinished, RunStarted, RunStatus
from elena_wb.engine.plan import RunPlan, generation_id
from elena_wb.engine.prefetch import Prepared, prefetch
from elena_wb.parsing import parse
from elena_wb.store import (
    GenerationRecord,
    LocatedRecord,
    Outbox,
    Store,
    begin_run,
    finish_run,
)
from elena_wb.vocabulary import load_scheme

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
        with Outbox(store) as outbox:
            for plan in plans:
                if plan.items and model is None:
                    model = open_model()
                run_id = begin_run(store, plan.spec, plan.stimuli)
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
                outbox.drain(patient=True)
                result = sitting.result()
                finish_run(store, run_id, _overall(result, plan))
                listener(result)
                finished.append(result)
                if result.status in ("interrupted", "failed") and (stop.is_set() or sitting.model_gave_up):
                    break
    finally:
        if model is not None:
            model.close()
    return finished


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
        self._fields = tuple((plan.setting.prompt.schema or {}).get("properties", ()))
        self._scheme = load_scheme(plan.setting.prompt.scheme)
        self._counts: Counter[str] = Counter()
        self._cost = 0.0
        self._began = time.monotonic()
        self._drained = self._began
        self._reason: str | None = None
        self.model_gave_up = False

    def work(self, model: Model, batch_size: int | None) -> None:
        """Ask everything that is missing, until done, stopped, out of budget, or the model gives up."""
        answers: queue.SimpleQueue[Answer | ModelError | None] = queue.SimpleQueue()
        asker = Asker(model, answers.put, self._stop, batch_size)
        waiting: dict[int, Prepared] = {}
        ahead = 2 * asker.batch_limit * model.max_concurrency + 2
        pictures = prefetch(self._plan.items, self._plan.setting.recipe, ahead=ahead)
        in_flight = 0
        exhausted = False
        try:
            while True:
                while not exhausted and in_flight < model.max_concurrency and self._may_go_on():
                    batch = list(self._askable(pictures, asker.batch_limit))
                    exhausted = len(batch) < asker.batch_limit
                    if batch:
                        self._launch(asker, batch, waiting, answers)
                        in_flight += 1
                if not in_flight:
                    break
                in_flight -= self._take(answers, waiting)
        finally:
            pictures.close()

    def _may_go_on(self) -> bool:
        if self._stop.is_set() or self.model_gave_up:
            return False
        if self._budget.exhausted:
            self._reason = self._budget.reason
            return False
        return True

    def _askable(self, pictures: Iterator[Prepared], count: int) -> Iterator[Prepared]:
        """The next ``count`` pictures that can be asked about; the others are recorded as errors."""

        def usable() -> Iterator[Prepared]:
            for prepared in pictures:
                if prepared.request is not None:
                    yield prepared
                    continue
                self._record([self._unusable(prepared)], [prepared])
                if not self._may_go_on():
                    return

        return islice(usable(), count)

    def _launch(
        self,
        asker: Asker,
        batch: Sequence[Prepared],
        waiting: dict[int, Prepared],
        answers: queue.SimpleQueue[Answer | ModelError | None],
    ) -> None:
        questions = []
        for prepared in batch:
            assert prepared.request is not None
            key = id(prepared)
            waiting[key] = prepared
            questions.append(Question(key, prepared.request))
        self._budget.commit(len(questions))

        def ask() -> None:
            try:
                asker.ask(questions)
            except ModelError as error:
                answers.put(error)
            finally:
                answers.put(None)

        # A daemon thread: a second Ctrl-C must be able to leave a model that hangs.
        threading.Thread(target=ask, name="model", daemon=True).start()

    def _take(
        self, answers: queue.SimpleQueue[Answer | ModelError | None], waiting: dict[int, Prepared]
    ) -> int:
        """Store what has arrived (waiting for at least one thing); returns how many batches ended."""
        arrived = [answers.get()]
        while not answers.empty():
            arrived.append(answers.get())
        records, pictures = [], []
        for thing in arrived:
            if isinstance(thing, Answer):
                prepared = waiting.pop(thing.key)
                records.append(self._read(prepared, thing))
                pictures.append(prepared)
            elif isinstance(thing, ModelError):
                self.model_gave_up = True
                self._reason = thing.message
                self._listener(Notice(" ".join(filter(None, (thing.message, thing.hint)))))
        self._record(records, pictures)
        return sum(thing is None for thing in arrived)

    def _record(self, records: Sequence[GenerationRecord], pictures: Sequence[Prepared]) -> None:
        """Put records on disk, then tell the listener; now and then move them into the database."""
        located = [
            LocatedRecord(
                prepared.item.stimulus.stimulus_id, prepared.width, prepared.height, prepared.regions
            )
            for prepared in pictures
            if prepared.request is not None
        ]
        if records:
            self._outbox.append(*located, *records)
        for record, prepared in zip(records, pictures, strict=True):
            self._counts[record.status] += 1
            self._cost += record.cost_usd or 0.0
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
        if time.monotonic() - self._drained > _DRAIN_EVERY_S:
            self._outbox.drain()
            self._drained = time.monotonic()

    def _unusable(self, prepared: Prepared) -> GenerationRecord:
        return GenerationRecord(
            generation_id=generation_id(self._plan.spec.run_key, prepared.item),
            content_digest=None,
            run_key=self._plan.spec.run_key,
            stimulus_id=prepared.item.stimulus.stimulus_id,
            repeat=prepared.item.repeat,
            status="error",
            error=prepared.error,
            finish_reason="error",
            created_at=datetime.now(UTC),
        )

    def _read(self, prepared: Prepared, answer: Answer) -> GenerationRecord:
        """The record of an answer: parsed, with both its identities."""
        setting, response = self._plan.setting, answer.response
        assert prepared.request is not None
        narrative = parse(
            response.text, scheme=self._scheme, fields=self._fields, finish_reason=response.finish_reason
        )
        failed = response.finish_reason == "error"
        return GenerationRecord(
            generation_id=generation_id(self._plan.spec.run_key, prepared.item),
            content_digest=setting.recipe.content_digest(prepared.request, setting.card.digest),
            run_key=self._plan.spec.run_key,
            stimulus_id=prepared.item.stimulus.stimulus_id,
            repeat=prepared.item.repeat,
            status="error" if failed else narrative.status,
            raw_text=response.text,
            emotion=narrative.emotion,
            emotion_raw=narrative.emotion_raw,
            explicit_description=narrative.explicit_description,
            implicit_description=narrative.implicit_description,
            narrative=narrative.narrative,
            valence=narrative.valence,
            arousal=narrative.arousal,
            dominance=narrative.dominance,
            body_parts=narrative.body_parts,
            notes=(*prepared.notes, *narrative.notes),
            finish_reason=response.finish_reason,
            prompt_tokens=response.prompt_tokens,
            completion_tokens=response.completion_tokens,
            latency_ms=response.latency_ms,
            cost_usd=response.cost_usd,
            error=response.error,
            attempts=answer.attempts,
            created_at=datetime.now(UTC),
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
        elif counts["error"]:
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
        )


def _overall(result: RunFinished, plan: RunPlan) -> RunStatus:
    """The run's status in the store: failures of earlier sittings that were not retried still count."""
    return "partial" if result.status == "done" and plan.failed else result.status
