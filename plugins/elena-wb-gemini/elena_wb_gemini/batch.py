"""A Gemini model that is asked in batches, which Google answers within a day at half the price."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb.core import (
    ImageError,
    ModelCard,
    ModelError,
    PostponedError,
    Quota,
    Request,
    Response,
    Usage,
    WorkbenchError,
)
from elena_wb.remote.prices import Price
from elena_wb_gemini import asking
from elena_wb_gemini.batch_answers import Awaited, answers, fate_of, is_done, lost
from elena_wb_gemini.batch_calls import BatchCalls, CallFailedError
from elena_wb_gemini.jobs import Job, Jobs
from elena_wb_gemini.model import account
from elena_wb_gemini.options import GeminiOptions
from elena_wb_gemini.wire import Batch

if TYPE_CHECKING:
    from google.genai import types

    from elena_wb_gemini.client import Connection

_LARGEST_BATCH = 18_000_000
"""Bytes of JSON; Google takes 20 MB."""
_LARGEST_ANSWERS = 48 * 2**20
"""Bytes of JSON that the answers of one batch may take, well below what is read of a reply."""
_FORM_BYTES = 4_000
_TOKEN_BYTES = 16
_PROBABILITY_BYTES = 250
"""What one token and its probability take, indented as Google does."""
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 60.0
_PATIENCE = 30
"""How often in a row looking after batches may fail."""
_LATE_S = (0.0, 2.0, 5.0)
"""A batch may show in Google's list only so long after it was sent."""
_RECENT_S = 600.0


class GeminiBatchModel:
    """Asks ``name`` in batches that outlast the program.

    Each batch is remembered in ``folder`` before it is sent and after. A later call takes the answers to its requests
    from batches sent earlier, each once, and sends only what none of them holds. Implements
    :class:`elena_wb.core.Model`, :class:`elena_wb.core.Metered` and :class:`elena_wb.core.Waits`.
    """

    max_concurrency = 1

    def __init__(
        self,
        connection: Connection,
        name: str,
        card: ModelCard,
        options: GeminiOptions,
        price: Price | None,
        folder: Path,
    ) -> None:
        self._connection = connection
        self._calls = BatchCalls(connection, name, options.shown)
        self._name = name
        self._options = options
        self._price = price
        self._stop = threading.Event()
        self._jobs = Jobs(folder, card.digest)
        self._closed = False
        self.card = card
        self.quota = Quota(
            account=account(name, options),
            requests_per_minute=options.requests_per_minute,
            tokens_per_minute=options.tokens_per_minute,
            requests_per_day=options.requests_per_day,
        )

    @property
    def preferred_batch_size(self) -> int:
        """The option ``batch_size``."""
        return self._options.batch_size

    def at_most(self, request: Request) -> Usage:
        """The most that ``request`` can use, at half the price."""
        return asking.at_most(request, self._name, self._options, self._price)

    def stop_on(self, stop: threading.Event) -> None:
        """When ``stop`` is set, leave what is under way to a later run."""
        self._stop = stop

    def close(self) -> None:
        """Close the connections; batches under way go on at Google."""
        if not self._closed:
            self._closed = True
            self._jobs.close()
            self._connection.close()

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Answer all requests from batches, which may take a day.

        Raises:
            PostponedError: stopped before all answers were there, or Google cannot be reached for long.
            ModelError: the model is closed, the key not accepted, or the model unknown.
            SetupError: batches cannot be remembered, or the network is switched off.
        """
        if self._closed:
            raise ModelError(f"`{self.card.uri}` was closed.")
        hashes = [asking.identity(request, self.card.digest) for request in requests]
        wanted: dict[str, deque[int]] = {}
        for index, one in enumerate(hashes):
            wanted.setdefault(one, deque()).append(index)
        awaited: list[Awaited] = []
        for job in self._jobs.holding(wanted):
            yield from self._await_earlier(job, requests, wanted, awaited)
        rest = sorted(index for indices in wanted.values() for index in indices)
        for entries in self._parcels(requests, rest):
            if isinstance(entries, Response):
                yield entries
            else:
                yield from self._send(entries, requests, hashes, awaited)
        yield from self._collect(awaited)

    def _await_earlier(
        self, job: Job, requests: Sequence[Request], wanted: dict[str, deque[int]], awaited: list[Awaited]
    ) -> Iterator[Response]:
        """Take from ``wanted`` what ``job``, sent earlier, will answer. If that cannot be told, responses say so."""
        if not any(wanted.get(one) for _, one in job.questions):
            return
        try:
            name = job.name or self._find(job)
        except CallFailedError as failed:
            for _, one in job.questions:
                if wanted.get(one):
                    yield replace(failed.response, index=wanted[one].popleft())
            return
        if name is None:  # the program ended before the batch had reached Google
            self._jobs.forget(job)
            return
        places = {
            place: (index := wanted[one].popleft(), requests[index])
            for place, one in job.questions
            if wanted.get(one)
        }
        awaited.append(Awaited(job, name, places))

    def _parcels(
        self, requests: Sequence[Request], rest: Sequence[int]
    ) -> Iterator[Response | list[tuple[int, types.InlinedRequest]]]:
        """The requests at ``rest``, made ready, in lists that fit into a batch; responses for those that cannot be."""
        from google.genai import types

        entries: list[tuple[int, types.InlinedRequest]] = []
        size = told = 0
        for index in rest:
            request = requests[index]
            try:
                picture = asking.encoded(request, self._options)
            except ImageError as error:
                yield Response(index, "", "error", error=error.message)
                continue
            needed = _json_bytes(request, picture.data)
            if needed > _LARGEST_BATCH:
                yield Response(index, "", "error", error="The question is too large for a batch.")
                continue
            more = _answer_bytes(request, self._options)
            if entries and (size + needed > _LARGEST_BATCH or told + more > _LARGEST_ANSWERS):
                yield entries
                entries, size, told = [], 0, 0
            question = types.InlinedRequest(
                contents=list(asking.contents(request, self._name, picture)),
                config=asking.config(request, self._name, self._options),
                metadata={"place": str(len(entries))},
            )
            entries.append((index, question))
            size += needed
            told += more
        if entries:
            yield entries

    def _send(
        self,
        entries: Sequence[tuple[int, types.InlinedRequest]],
        requests: Sequence[Request],
        hashes: Sequence[str],
        awaited: list[Awaited],
    ) -> Iterator[Response]:
        """Send one batch and add it to ``awaited``; if it is not taken, a response for each request says so.

        Where it is unclear whether it was taken, Google's list is asked, so that nothing is paid for twice.
        """
        if self._stop.is_set():
            raise self._postponed(awaited)
        indices = [index for index, _ in entries]
        job = self._jobs.begin([hashes[index] for index in indices])
        try:
            name: str | None = self._calls.create(_title(job), [question for _, question in entries])
        except WorkbenchError:
            self._jobs.forget(job)
            raise
        except CallFailedError as failed:
            try:
                name = None if failed.refused else self._find(job)
            except CallFailedError:  # the next call finds out
                yield from (replace(failed.response, index=index) for index in indices)
                return
            if name is None:
                self._jobs.forget(job)
                yield from (replace(failed.response, index=index) for index in indices)
                return
        assert name is not None
        self._jobs.sent(job, name)
        places = {place: (index, requests[index]) for place, index in enumerate(indices)}
        awaited.append(Awaited(job, name, places))

    def _find(self, job: Job) -> str | None:
        """Google's name of a batch that was sent without hearing of it again; ``None`` if it never arrived.

        Raises:
            CallFailedError: that cannot be told now.
        """
        for pause in _LATE_S if time.time() - job.sent < _RECENT_S else (0.0,):
            if self._stop.wait(pause):
                raise self._postponed([])
            if name := self._calls.find(_title(job)):
                self._jobs.sent(job, name)
                return name
        return None

    def _collect(self, awaited: list[Awaited]) -> Iterator[Response]:
        """Wait for the batches and read their answers, those first that are done first."""
        pause, failures = _FIRST_PAUSE_S, 0
        while awaited:
            for one in list(awaited):
                if self._stop.is_set():
                    raise self._postponed(awaited)
                try:
                    made = self._calls.get(one.name)
                except CallFailedError as failed:
                    if failed.barred:
                        raise ModelError(
                            f"This key may not see {one.name}, which is still to be fetched: {failed.response.error}",
                            hint="If it was sent with a key of another project, use that one. To have its questions "
                            f"asked, and paid for, once more, remove {self._jobs.path}.",
                        ) from failed
                    if failed.gone:
                        awaited.remove(one)
                        self._jobs.forget(one.job)
                        yield from lost(one, "is not known to Google any more", again=True)
                        continue
                    failures += 1
                    if not failed.response.retryable or failures >= _PATIENCE:
                        raise self._postponed(awaited, failed.response.error) from failed
                    pause = max(pause, min(failed.response.retry_after_s or 0.0, _LONGEST_PAUSE_S))
                    continue
                failures = 0
                if is_done(made):
                    awaited.remove(one)
                    yield from self._finish(one, made)
            if awaited and self._stop.wait(pause):
                raise self._postponed(awaited)
            pause = min(1.5 * pause, _LONGEST_PAUSE_S)

    def _finish(self, one: Awaited, made: Batch) -> Iterator[Response]:
        """Hand over the answers; each counts as taken once the host has asked for the next."""
        fate = fate_of(made)
        if fate is not None:
            self._jobs.forget(one.job)
            self._calls.delete(one.name)
            yield from lost(one, fate[0], again=fate[1])
            return
        for place, response in answers(one, made, self._price):
            yield response
            if self._jobs.take(one.job, place):
                self._calls.delete(one.name)

    def _postponed(self, awaited: Sequence[Awaited], why: str | None = None) -> PostponedError:
        count = sum(len(one.places) for one in awaited)
        if not count:
            return PostponedError(
                "Stopped before a batch was sent.", hint="Give the same command again to go on."
            )
        names = ", ".join(one.name for one in awaited[:3]) + (" …" if len(awaited) > 3 else "")
        because = f" Google cannot be asked now: {why}." if why else ""
        return PostponedError(
            f"{count} answers are still being made at Google ({names}).{because}",
            hint="Give the same command again within two days to fetch them; they are not paid for twice.",
        )


def _title(job: Job) -> str:
    return f"elena-wb {job.id}"


def _json_bytes(request: Request, picture: bytes) -> int:
    """An upper bound of what one question takes in a batch."""
    words = json.dumps([request.system, request.user, request.schema])
    return 4 * (len(picture) // 3 + 1) + len(words) + _FORM_BYTES


def _answer_bytes(request: Request, options: GeminiOptions) -> int:
    """About the most that one answer takes in a reply, which holds it twice."""
    probabilities = (1 + options.logprobs) * _PROBABILITY_BYTES if options.logprobs else 0
    return 2 * (_FORM_BYTES + request.max_tokens * (_TOKEN_BYTES + probabilities))
