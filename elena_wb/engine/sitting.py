"""One run's work between its start and its end, for now.

The driving thread decides what is asked next, lets it through the gate, and listens; calls are made in threads of
their own where a model takes several at once. Whichever thread asked puts each answer on disk before it lets the model
go on. A question that failed for a while waits its turn and holds up no other.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from elena_wb.core import Model, ModelError, Notifies, PostponedError, WorkbenchError
from elena_wb.engine.answering import Answer, Asker, Called, Question
from elena_wb.engine.events import Answered, Listener, Notice, RunFinished, RunStatus, Waiting
from elena_wb.engine.gate import Gate, Permit
from elena_wb.engine.pace import Hold, Patience
from elena_wb.engine.plan import RunPlan
from elena_wb.engine.prefetch import Prepared, prefetch
from elena_wb.engine.reading import Reader
from elena_wb.engine.turns import Turns
from elena_wb.remote.redaction import redact
from elena_wb.store import GenerationRecord, Outbox

_DRAIN_EVERY_S = 5.0
_LOOK_EVERY_S = 0.1
_ASK_AGAIN_EVERY_S = 5.0
_WORTH_TELLING_S = 2.0
_AHEAD, _MOST_AHEAD = 32, 128
"""Pictures that are made ready before they are asked about, also where a round of all calls takes more; each is in
memory as pixels, tens of megabytes of them."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """An answer that is on disk."""

    record: GenerationRecord
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class _Ended:
    """A call that was let through with ``permit`` has ended."""

    permit: Permit
    questions: tuple[Question, ...]
    called: Called


class Sitting:
    """The work on one planned run, for :func:`elena_wb.engine.run.execute`."""

    def __init__(
        self,
        plan: RunPlan,
        run_id: int,
        outbox: Outbox,
        listener: Listener,
        stop: threading.Event,
        patience: Patience,
    ) -> None:
        self._plan = plan
        self._run_id = run_id
        self._outbox = outbox
        self._listener = listener
        self._stop = stop
        self._patience = patience
        self._reader = Reader(plan)
        # Not a SimpleQueue: after a signal whose handler takes longer than the timeout, its `get` waits for ever.
        self._arrivals: queue.Queue[_Stored | _Ended | Notice] = queue.Queue()
        self._asked: dict[int, Prepared] = {}
        self._calling: list[threading.Thread] = []
        self._counts: Counter[str] = Counter()
        self._retries: Counter[str] = Counter()
        self._cost = 0.0
        self._began = time.monotonic()
        self._drained = self._began
        self._told_until = -math.inf
        self._reason: str | None = None
        self._over = False
        self._unreachable = False
        self._unaudited = 0
        self.model_gave_up = False

    def work(self, model: Model, gate: Gate, batch_size: int | None) -> None:
        """Ask everything that is missing, until done, stopped, out of budget or patience, or the model gives up.

        Returns or raises only when no call is under way any more. Where it raises with calls under way, it sets the
        event ``stop``, so that a model that waits by design (:class:`elena_wb.core.Waits`) waits no longer.

        Raises:
            WorkbenchError: an answer could not be put on disk.
        """
        asker = Asker(model, self._keep, batch_size, retries=self._patience.retries)
        one_round = asker.batch_limit * model.max_concurrency
        two_rounds = 2 * one_round
        ahead = min(two_rounds, max(_AHEAD, min(one_round, _MOST_AHEAD)))
        if isinstance(model, Notifies):
            model.notify(lambda message: self._arrivals.put(Notice(redact(message))))
        with closing(prefetch(self._plan.items, self._plan.setting.recipe, ahead=ahead)) as pictures:
            turns = Turns(self._questions(pictures), most_waiting=two_rounds)
            try:
                self._ask_all(gate, asker, turns)
            except BaseException:
                self._stop.set()
                raise
            finally:
                for thread in self._calling:  # what they bring may be paid for
                    thread.join()

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

    def result(self) -> RunFinished:
        """What this sitting amounted to."""
        counts = self._counts
        answered = counts["ok"] + counts["unparsed"] + counts["refused"]
        anything = answered or self._plan.answered
        status: RunStatus = "done"
        if self.model_gave_up or (self._unreachable and not anything):
            status = "failed"
        elif answered + counts["error"] < len(self._plan.items):
            status = "interrupted" if self._stop.is_set() else "partial"
        elif counts["error"] or self._plan.failed:
            status = "partial" if anything else "failed"
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
            dict(self._retries.most_common()),
        )

    def _ask_all(self, gate: Gate, asker: Asker, turns: Turns) -> None:
        while True:
            hold = self._send(gate, asker, turns)
            if not gate.busy and (hold is None or math.isinf(hold.seconds)):
                if hold is not None:
                    self._reason = hold.reason
                return
            self._take_all(self._listen(hold), gate, turns)

    def _may_go_on(self) -> bool:
        return not (self._stop.is_set() or self._over)

    def _questions(self, pictures: Iterator[Prepared]) -> Iterator[Question]:
        """The pictures that can be asked about; the others are recorded as errors."""
        for key, prepared in enumerate(pictures):
            if prepared.request is not None:
                self._asked[key] = prepared
                yield Question(key, prepared.request)
                continue
            record = self._reader.unusable(prepared)
            self._outbox.append(*self._reader.located(prepared), record)
            self._tell(_Stored(record, prepared))
            if not self._may_go_on():
                return

    def _send(self, gate: Gate, asker: Asker, turns: Turns) -> Hold | None:
        """Begin as many calls as may begin; what the next one waits for, ``None`` if there is none to make."""
        while self._may_go_on():
            if gate.pace.gave_up is not None:
                self._give_up(gate.pace.gave_up, gate, asker, turns)
                return None
            hold = gate.pace.hold()
            if hold is None:
                count = min(asker.batch_limit, gate.largest or asker.batch_limit)
                questions = turns.take(count, new_first=gate.pace.probing)
                if not questions:
                    due_in = turns.due_in
                    return None if due_in is None else Hold(due_in, "to be asked again", gate.busy)
                try:
                    permit = gate.admit(questions)
                except ModelError as error:
                    self._fail(error)
                    return None
                if isinstance(permit, Permit):
                    admitted = len(permit.estimates)
                    turns.put_back(questions[admitted:])
                    self._launch(asker, permit, questions[:admitted], in_place=gate.in_place)
                    continue
                turns.put_back(questions)
                hold = permit
            if self._patience.longest_hold_s < hold.seconds < math.inf:
                self._over = True
                when = _when(hold.seconds)
                self._reason = redact(
                    f"Stopped: {hold.reason.rstrip('.')}. The same command goes on from here after {when}."
                )
                return None
            return hold
        return None

    def _launch(
        self, asker: Asker, permit: Permit, questions: tuple[Question, ...], *, in_place: bool
    ) -> None:
        self._retries.update(question.failed_for[-1] for question in questions if question.failed_for)

        def call() -> None:
            self._arrivals.put(_Ended(permit, questions, asker.call(questions)))

        # A model that takes one call at a time is asked right here: torch on a CPU is twice as slow in any
        # thread but the first. Other threads are daemons, so that a second Ctrl-C can leave a call that hangs.
        if in_place:
            call()
            return
        thread = threading.Thread(target=call, name="model", daemon=True)
        self._calling = [earlier for earlier in self._calling if earlier.is_alive()]
        thread.start()
        self._calling.append(thread)

    def _keep(self, answer: Answer) -> None:
        """Read an answer and put it on disk; runs in the thread that asked, before the model goes on."""
        prepared = self._asked.pop(answer.key)
        try:
            record = self._reader.read(prepared, answer)
            self._outbox.append(*self._reader.located(prepared), record)
        except WorkbenchError:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin's answer may hold anything
            problem = f"The answer cannot be stored: {type(error).__name__}: {error}"
            record = self._reader.unusable(replace(prepared, error=problem))
            self._outbox.append(record)
        self._arrivals.put(_Stored(record, prepared))

    def _listen(self, hold: Hold | None) -> list[_Ended]:
        """Take note of what has arrived, waiting for something to arrive or for ``hold`` to end; the ended calls."""
        arrived = []
        if hold is None or math.isinf(hold.seconds):
            arrived.append(self._arrivals.get())
        else:
            self._tell_of(hold)
            # Another process may use less than it reserved, so a limit is asked about again before its time.
            until = time.monotonic() + min(hold.seconds, _ASK_AGAIN_EVERY_S)
            while not arrived and self._may_go_on() and (left := until - time.monotonic()) > 0:
                try:
                    arrived.append(self._arrivals.get(timeout=min(left, _LOOK_EVERY_S)))
                except queue.Empty:
                    self._drain_now_and_then()
        while not self._arrivals.empty():
            arrived.append(self._arrivals.get())
        for thing in arrived:
            if isinstance(thing, _Stored):
                self._tell(thing)
            elif isinstance(thing, Notice):
                self._listener(thing)
        self._drain_now_and_then()
        return [thing for thing in arrived if isinstance(thing, _Ended)]

    def _take_all(self, calls: list[_Ended], gate: Gate, turns: Turns) -> None:
        """Take each ended call, and keep hold of none: their pictures would stay in memory while the next are asked."""
        for ended in calls:
            self._take(ended, gate, turns)

    def _take(self, ended: _Ended, gate: Gate, turns: Turns) -> None:
        """Do as the call's outcome demands.

        Raises:
            WorkbenchError: an answer could not be put on disk.
        """
        called = ended.called
        gate.settle(ended.permit, ended.questions, called)
        for question, response in called.again:
            failed = question.after(response)
            wait_s = max(self._patience.wait_s(len(failed.failed_for)), response.retry_after_s or 0.0)
            turns.postpone(failed, response, wait_s, gate.pace.successes)
        for part in reversed(called.parts):
            turns.put_back(part)
        if isinstance(called.error, ModelError):
            self._fail(called.error)
        elif called.error is not None:
            raise called.error

    def _fail(self, error: ModelError) -> None:
        """The model answers no more, for now or for good."""
        self._over = True
        self.model_gave_up |= not isinstance(error, PostponedError)
        message = redact(error.message)
        if self._reason != message:
            self._reason = message
            self._listener(Notice(redact(" ".join(filter(None, (error.message, error.hint))))))

    def _give_up(self, reason: str, gate: Gate, asker: Asker, turns: Turns) -> None:
        """The server is away: what was not answered is left for later, but for what may itself be to blame."""
        self._over = self._unreachable = True
        self._reason = redact(f"{reason.rstrip('.')}. The same command goes on from here.")
        for question, response in turns.suspects(gate.pace.successes):
            asker.give_up(question, response)

    def _tell_of(self, hold: Hold) -> None:
        """Tell of a wait worth telling, unless it was told or the end of a call may cut it short."""
        until = time.monotonic() + hold.seconds
        if hold.seconds >= _WORTH_TELLING_S and until > self._told_until + 1.0 and not hold.provisional:
            self._told_until = until
            self._listener(Waiting(self._run_id, round(hold.seconds, 1), redact(hold.reason)))

    def _drain_now_and_then(self) -> None:
        if time.monotonic() - self._drained > _DRAIN_EVERY_S:
            self._outbox.drain()
            self._drained = time.monotonic()

    def _tell(self, stored: _Stored) -> None:
        record, prepared = stored.record, stored.prepared
        self._counts[record.status] += 1
        self._cost += record.cost_usd or 0.0
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
                record.cost_usd,
            )
        )


def _when(seconds: float) -> str:
    """The local time so many seconds from now, rounded up to the minute; with its date if that is not today's."""
    now = datetime.now().astimezone()
    then = (now + timedelta(seconds=seconds + 60)).astimezone()
    return then.strftime("%H:%M" if then.date() == now.date() else "%H:%M on %d %B %Y")
