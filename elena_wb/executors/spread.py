"""One model made of several workers: calls go to whoever is free, and those that die are replaced."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from elena_wb.core import ModelCard, ModelError, ModelJob, OutOfMemoryError, Request, Response, WorkbenchError
from elena_wb.executors.losses import Losses
from elena_wb.executors.workers import Opened, Worker, WorkerLostError
from elena_wb.remote.redaction import redact


@dataclass(slots=True, eq=False)
class _Place:
    """A worker at work under its number, and how many calls it has."""

    number: int
    worker: Worker
    room: int
    calls: int = 0


class Spread:
    """A model over several workers (implements :class:`elena_wb.core.Model` and :class:`elena_wb.core.Notifies`).

    ``make_worker`` makes the worker of a number from 0; one that dies is replaced by another of the same number, while
    the others go on. What the dead one had not answered is asked again, in halves, so that nothing is answered twice
    and a question that kills whoever is asked takes no other with it: that one raises in the end. When
    workers keep dying without any answer between, the model gives up. It is :class:`elena_wb.core.KnocksOut` where the
    workers' model is.

    Raises:
        ModelError: the model cannot be opened there, or no worker lived to open it.
        SetupError: a worker lacks what it needs.
    """

    def __init__(
        self,
        job: ModelJob,
        make_worker: Callable[[int], Worker],
        workers: int,
        *,
        where: str = "elsewhere than the program that asked",
    ) -> None:
        self._job = job
        self._make_worker = make_worker
        self._changed = threading.Condition()
        self._places: dict[int, _Place] = {}
        self._opening: dict[int, Worker] = {}
        self._coming: set[int] = set()
        self._losses = Losses(workers)
        self._failure: WorkbenchError | None = None
        self._closed = False
        self._tell: Callable[[str], None] | None = None
        self._untold: list[str] = []
        told = self._open_all(workers)
        first = told[0]
        note = f"Answered by copies of the model, {where}."
        self._card = replace(first.card, notes=(*first.card.notes, note))
        self._batch_size = min(one.preferred_batch_size for one in told)
        self._concurrency = sum(one.max_concurrency for one in told)
        self._no_knock_out = next((one.no_knock_out for one in told if one.no_knock_out is not None), None)
        if all(one.knocks_out for one in told):
            self.require_knock_out = self._require_knock_out

    @property
    def card(self) -> ModelCard:
        """The card of the model as a worker opened it, with a note of where it answers."""
        return self._card

    @property
    def preferred_batch_size(self) -> int:
        """As the workers' model has it."""
        return self._batch_size

    @property
    def max_concurrency(self) -> int:
        """What all workers take at once."""
        return self._concurrency

    def notify(self, tell: Callable[[str], None]) -> None:
        """See :meth:`elena_wb.core.Notifies.notify`."""
        with self._changed:
            self._tell = tell
            untold, self._untold = self._untold, []
        for message in untold:
            tell(message)

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Answer each request once; see :meth:`elena_wb.core.Model.generate`.

        Raises:
            OutOfMemoryError: as a worker's model did.
            ModelError: as a worker's model did; or workers keep dying, or the model was closed.
            RuntimeError: as a worker's model did; or a request was the death of every worker that was asked, all
                others having been answered.
        """
        groups = deque([(tuple(range(len(requests))), False)])
        deadly: WorkerLostError | None = None
        lost_by: int | None = None
        while groups:
            left, alone = groups.popleft()
            unanswered = dict.fromkeys(left)
            place = self._take(lost_by)
            try:
                for response in place.worker.generate([requests[index] for index in left]):
                    index = left[response.index] if 0 <= response.index < len(left) else None
                    if index in unanswered:
                        del unanswered[index]
                        with self._changed:
                            self._losses.answered(place.number)
                        yield replace(response, index=index)
            except WorkerLostError as error:
                lost_by = place.number
                self._replace(place, error)
                if len(unanswered) > 1:
                    groups.extendleft((half, False) for half in reversed(_halves(tuple(unanswered))))
                elif unanswered and not alone:
                    groups.append((tuple(unanswered), True))
                elif unanswered:
                    deadly = error
            finally:
                self._release(place)
        if deadly is not None:
            raise RuntimeError(redact(f"every worker that was asked this died: {deadly}")) from deadly

    def close(self) -> None:
        """End all workers. Calling it twice is harmless; calls in flight raise ModelError."""
        with self._changed:
            self._closed = True
            workers = [*(place.worker for place in self._places.values()), *self._opening.values()]
            self._places.clear()
            self._opening.clear()
            self._changed.notify_all()
        closing = [threading.Thread(target=worker.close, daemon=True) for worker in workers]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()

    def _require_knock_out(self) -> None:
        if self._no_knock_out is not None:
            raise ModelError(self._no_knock_out)

    def _open_all(self, workers: int) -> list[Opened]:
        """Open all at once; what those tell that live. Some that found no room, or died, do not stop the others."""
        outcomes: dict[int, Opened | Exception] = {}

        def open_one(number: int) -> None:
            try:
                outcomes[number] = self._open(number)
            except Exception as error:  # noqa: BLE001 - weighed below
                outcomes[number] = error
                if not isinstance(error, OutOfMemoryError | WorkerLostError):
                    self.close()

        threads = [
            threading.Thread(target=open_one, args=(number,), daemon=True) for number in range(workers)
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException:
            self.close()
            raise
        told = [one for one in outcomes.values() if isinstance(one, Opened)]
        failures = [one for one in outcomes.values() if isinstance(one, Exception)]
        missing = [one for one in failures if isinstance(one, OutOfMemoryError | WorkerLostError)]
        if len(missing) < len(failures):
            self.close()
            raise next(one for one in failures if one not in missing)
        if not told:
            self.close()
            raise _as_model_error(self._job, failures[0])
        if missing:
            self._news(
                f"{len(told)} of {workers} workers answer; there are no more, for one could not open the model: "
                f"{missing[0]}"
            )
        return told

    def _open(self, number: int) -> Opened:
        """Make the worker of this number, open the model in it, and give it its place.

        Raises:
            WorkerLostError: it died, or the model was closed meanwhile.
            WorkbenchError: it cannot be opened there, or is another model.
        """
        worker = self._make_worker(number)
        with self._changed:
            if self._closed:
                raise WorkerLostError("closed")
            self._opening[number] = worker
        try:
            opened = worker.open()
            if opened.card.digest != self._job.card.digest:
                raise ModelError(
                    f"A worker opened another model under {self._job.uri} (digest {opened.card.digest[:12]}, not "
                    f"{self._job.card.digest[:12]}).",
                    hint="Put the same weights and the same version of its plugin on every machine.",
                )
        except BaseException:
            with self._changed:
                self._opening.pop(number, None)
            worker.close()
            raise
        with self._changed:
            if self._opening.pop(number, None) is not None:
                self._places[number] = _Place(number, worker, max(1, opened.max_concurrency))
                self._changed.notify_all()
                return opened
        worker.close()
        raise WorkerLostError("closed")

    def _take(self, lost_by: int | None) -> _Place:
        """The place with most room, waiting for one; rather not the one that has just been refilled."""
        with self._changed:
            while True:
                if self._closed:
                    raise ModelError(f"{self._job.uri} was closed and can no longer answer.")
                if self._failure is not None:
                    raise self._failure
                free = [place for place in self._places.values() if place.calls < place.room]
                if free:
                    chosen = min(free, key=lambda place: (place.number == lost_by, place.calls / place.room))
                    chosen.calls += 1
                    return chosen
                self._changed.wait()

    def _release(self, place: _Place) -> None:
        with self._changed:
            place.calls -= 1
            self._changed.notify_all()

    def _replace(self, place: _Place, error: WorkerLostError) -> None:
        """Take the dead worker out, and have another opened while the others go on."""
        with self._changed:
            if self._closed or self._places.get(place.number) is not place:
                return
            del self._places[place.number]
            self._coming.add(place.number)
            self._count_loss(place.number, error)
        self._news(f"Worker {place.number + 1} was lost and is being replaced: {error}")
        threading.Thread(target=self._refill, args=(place, error), daemon=True).start()

    def _refill(self, place: _Place, trouble: Exception) -> None:
        """Open workers of this number until one lives, or they are given up."""
        place.worker.close()
        number, opened = place.number, False
        while not (self._failure or self._closed or self._losses.is_hopeless(number)):
            try:
                self._open(number)
                opened = True
                break
            except WorkerLostError as error:
                trouble = error
                with self._changed:
                    self._count_loss(number, error)
            except Exception as error:  # noqa: BLE001 - told, and the others go on
                trouble = error
                break
        with self._changed:
            self._coming.discard(number)
            if not (opened or self._places or self._coming or self._failure):
                self._failure = _as_model_error(self._job, trouble)
            self._changed.notify_all()
        if not opened and not self._closed:
            self._news(f"Worker {number + 1} is not replaced: {trouble}")

    def _count_loss(self, number: int, error: WorkerLostError) -> None:
        """One more has died; to be called with the lock."""
        self._losses.died(number)
        if self._losses.too_many and not self._closed:
            self._failure = ModelError(
                f"The workers of {self._job.uri} died {self._losses.in_a_row} times without an answer between, "
                f"the last: {redact(str(error))}",
                hint="The same command without --executor shows how the model does in this process.",
            )
            self._changed.notify_all()

    def _news(self, message: str) -> None:
        with self._changed:
            tell = self._tell
            if tell is None:
                self._untold.append(message)
        if tell is not None:
            tell(message)


def _halves(indices: tuple[int, ...]) -> list[tuple[int, ...]]:
    middle = (len(indices) + 1) // 2
    return [indices[:middle], indices[middle:]]


def _as_model_error(job: ModelJob, error: Exception) -> WorkbenchError:
    if isinstance(error, WorkbenchError):
        return error
    return ModelError(f"No worker could open {job.uri}: {redact(str(error))}")
