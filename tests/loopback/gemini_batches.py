"""Batches of the Gemini API: jobs that a server works off while nobody waits."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.loopback.pictures import BadRequestError

_FINAL = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")


@dataclass(slots=True, eq=False)
class Job:
    """One batch. ``polls`` counts how often it was looked at."""

    name: str
    model: str
    title: str
    requests: Sequence[Mapping[str, Any]]
    responses: list[Any]
    polls: int = 0
    state: str = "PENDING"
    deleted: bool = False


@dataclass(slots=True, eq=False)
class Batches:
    """How batches go: after ``polls`` looks at one it ends in the state ``outcome`` (SUCCEEDED, FAILED, EXPIRED…).

    ``hold`` keeps all of them running until it is set. ``spoil`` may put something else in the place of the answer
    to the n-th request: ``{"error": {"code": 500, "message": "…"}}``, ``{"response": {…}}``, or ``None`` to leave
    the answer out. ``shuffle`` gives answers back in reverse order.
    """

    polls: int = 1
    outcome: str = "SUCCEEDED"
    spoil: Callable[[int, Mapping[str, Any]], Mapping[str, Any] | None] | None = None
    shuffle: bool = False
    hold: threading.Event | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _lock: Any = field(default_factory=threading.Lock)

    def requests(self, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The generate-content requests of a batch.

        Raises:
            BadRequestError: the batch holds none, or is not made as the API wants it.
        """
        try:
            entries = body["batch"]["inputConfig"]["requests"]["requests"]
            found = [entry["request"] for entry in entries]
        except (KeyError, TypeError) as error:
            raise BadRequestError(f"The batch has no inline requests ({error}).") from error
        if not found:
            raise BadRequestError("The batch is empty.")
        return found

    def create(self, model: str, body: Mapping[str, Any], responses: Sequence[Any]) -> Any:
        """Take a batch; each of its answers is made already and told later."""
        entries = body["batch"]["inputConfig"]["requests"]["requests"]
        with self._lock:
            name = f"batches/job{next(self._numbers):04}"
            job = Job(name, model, body["batch"].get("displayName", ""), entries, list(responses))
            self.jobs[name] = job
        return self._operation(job)

    def serve(self, method: str, path: str, query: Mapping[str, str]) -> Any:
        """List, get, cancel and delete.

        Raises:
            LookupError: no such batch.
        """
        if path == "batches":
            return self._page(query)
        name, _, verb = path.partition(":")
        with self._lock:
            job = self.jobs.get(name)
            if job is None or job.deleted:
                raise LookupError(name)
            if method == "DELETE":
                job.deleted = True
                return {}
            if verb == "cancel":
                if job.state not in _FINAL:
                    job.state = "CANCELLED"
                return {}
            self._look(job)
        return self._operation(job)

    def _look(self, job: Job) -> None:
        held = self.hold is not None and not self.hold.is_set()
        if job.state in _FINAL:
            return
        job.polls += 1
        job.state = "RUNNING" if held or job.polls < self.polls else self.outcome

    def _page(self, query: Mapping[str, str]) -> Any:
        with self._lock:
            jobs = [job for job in reversed(self.jobs.values()) if not job.deleted]
        start = int(query.get("pageToken") or 0)
        size = int(query.get("pageSize") or 50)
        made: dict[str, Any] = {"operations": [self._operation(job) for job in jobs[start : start + size]]}
        if start + size < len(jobs):
            made["nextPageToken"] = str(start + size)
        return made

    def _operation(self, job: Job) -> Any:
        count = len(job.requests)
        metadata: dict[str, Any] = {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
            "name": job.name,
            "model": job.model,
            "displayName": job.title,
            "state": f"BATCH_STATE_{job.state}",
            "createTime": "2026-01-01T00:00:00Z",
            "updateTime": "2026-01-01T00:00:01Z",
            "batchStats": {"requestCount": str(count)},
        }
        made: dict[str, Any] = {"name": job.name, "metadata": metadata}
        if job.state in _FINAL:
            metadata["endTime"] = "2026-01-01T00:00:02Z"
            made["done"] = True
        if job.state == "FAILED":
            made["error"] = {"code": 13, "message": "The batch failed.", "status": "INTERNAL"}
        if job.state == "SUCCEEDED":
            entries = [entry for index in range(count) if (entry := self._entry(job, index)) is not None]
            output = {"inlinedResponses": {"inlinedResponses": entries[:: -1 if self.shuffle else 1]}}
            metadata["output"] = output
            made["response"] = output
        return made

    def _entry(self, job: Job, index: int) -> Mapping[str, Any] | None:
        made: dict[str, Any] = {"response": job.responses[index]}
        if self.spoil is not None:
            spoilt = self.spoil(index, made)
            if spoilt is None:
                return None
            made = dict(spoilt)
        if job.requests[index].get("metadata"):
            made["metadata"] = job.requests[index]["metadata"]
        return made
