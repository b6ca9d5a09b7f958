"""How far a job has got, from the events that its command prints and what it says on stderr."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from elena_wb.jobs.folder import Folder, now, tail
from elena_wb.jobs.job import Job

_BLOCK = 1 << 20
_LONGEST_LINE = 4 << 20
_MESSAGES, _LONGEST_MESSAGE = 20, 500
_STDERR_BYTES, _STDERR_LINES = 8192, 20
_RUNS = 200
_WINDOW_S, _SHORTEST_S, _LEAST_SEEN = 60.0, 3.0, 3
_KEPT_TALLIES = 32


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has got. ``messages`` and ``stderr`` are what a command printed: nobody vouches for them.

    ``done`` counts answers and looks at answers, failed ones included; ``to_do`` is what the command is known to be
    going to do, which grows as it begins on its next run where nobody said beforehand. ``cost_usd`` is ``None`` where
    no answer had a price.
    """

    done: int = 0
    to_do: int = 0
    failures: int = 0
    per_second: float | None = None
    seconds_left: float | None = None
    run_ids: tuple[int, ...] = ()
    cost_usd: float | None = None
    messages: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    """What the events up to ``offset`` say, and how fast it went when it was looked at."""

    offset: int = 0
    rest: bytes = b""
    skipping: bool = False
    answers: int = 0
    asked: int = 0
    looks: int = 0
    to_look: int = 0
    failures: int = 0
    cost: float | None = None
    runs: dict[int, None] = field(default_factory=dict)
    messages: deque[str] = field(default_factory=lambda: deque(maxlen=_MESSAGES))
    seen: deque[tuple[float, int]] = field(default_factory=deque)
    guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def done(self) -> int:
        """Answers and looks."""
        return self.answers + self.looks

    def read_on(self, path: Path) -> None:
        """Take in what was printed since; a file that became shorter is read from its start."""
        try:
            with path.open("rb") as file:
                if path.stat().st_size < self.offset:
                    self._forget()
                file.seek(self.offset)
                while block := file.read(_BLOCK):
                    self.offset += len(block)
                    self._take(block)
        except OSError:
            return

    def _forget(self) -> None:
        fresh = _Tally()
        for name in _Tally.__slots__:
            if name != "guard":
                setattr(self, name, getattr(fresh, name))

    def _take(self, block: bytes) -> None:
        *lines, self.rest = (self.rest + block).split(b"\n")
        for line in lines:
            if not self.skipping:
                self._note(line)
            self.skipping = False
        if len(self.rest) > _LONGEST_LINE:
            self.rest, self.skipping = b"", True

    def _note(self, line: bytes) -> None:
        """Count an event; what is none (or a damaged one) counts nothing."""
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return
        if isinstance(event, Mapping):
            with suppress(LookupError, TypeError, ValueError, OverflowError):
                self._count(event)

    def _count(self, event: Mapping[str, Any]) -> None:
        kind = event.get("event")
        if kind == "Answered":
            self.answers += 1
            if event.get("cost_usd") is not None:
                self.cost = (self.cost or 0.0) + float(event["cost_usd"])
            self._count_failure(event, failed=event.get("status") == "error")
        elif kind == "Attended":
            self.looks += 1
            self._count_failure(event, failed=event.get("error") is not None)
        elif kind == "RunStarted":
            self.asked += int(event["to_ask"])
            self._begin(event)
        elif kind == "AttendStarted":
            self.to_look += int(event["to_do"])
            self._begin(event)
        elif kind == "Notice":
            self._say(event.get("message"))
        elif kind == "Waiting":
            self._say(f"waiting {float(event['seconds']):.0f} s: {event.get('reason')}")
        elif kind == "RunFinished" and event.get("reason"):
            self._say(f"run {event.get('run_id')}: {event['reason']}")

    def _begin(self, event: Mapping[str, Any]) -> None:
        if len(self.runs) < _RUNS:
            self.runs[int(event["run_id"])] = None

    def _count_failure(self, event: Mapping[str, Any], *, failed: bool) -> None:
        if failed:
            self.failures += 1
            self._say(f"{event.get('path')}: {event.get('error')}")

    def _say(self, message: object) -> None:
        self.messages.append(str(message)[:_LONGEST_MESSAGE])

    def per_second(self, job: Job) -> float | None:
        """Between the answers of the last minute where it was watched, else over the whole time of the job.

        Answers come in batches: what counts is when they came, not when it was asked.
        """
        if not job.ended and (not self.seen or self.seen[-1][1] != self.done):
            self.seen.append((time.monotonic(), self.done))
            while len(self.seen) > _LEAST_SEEN and self.seen[-1][0] - self.seen[0][0] > _WINDOW_S:
                self.seen.popleft()
        if not job.ended and len(self.seen) > 1:
            (first, before), (last, after) = self.seen[0], self.seen[-1]
            if last - first >= _SHORTEST_S:
                return (after - before) / (last - first)
        return _mean(self.done, job.started_at, job.ended_at)


_tallies: OrderedDict[Path, _Tally] = OrderedDict()
_guard = threading.Lock()


def progress(store_path: Path, job: Job) -> Progress:
    """How far ``job`` has got. Reads what was printed since the last call only; never fails, callable in a thread."""
    place = Folder.of(store_path).of_job(job.number)
    if job.ended and (kept := _kept(place / "progress.json")) is not None:
        return kept
    with _guard:
        tally = _tallies.pop(place, None) or _Tally()
        _tallies[place] = tally
        while len(_tallies) > _KEPT_TALLIES:
            _tallies.popitem(last=False)
    with tally.guard:
        tally.read_on(place / "events.jsonl")
        to_do = max(job.expected or 0, tally.asked, tally.answers) + max(tally.to_look, tally.looks)
        rate = tally.per_second(job)
        left = to_do - tally.done
        return Progress(
            done=tally.done,
            to_do=to_do,
            failures=tally.failures,
            per_second=rate,
            seconds_left=left / rate if rate and job.state == "running" else None,
            run_ids=tuple(tally.runs),
            cost_usd=tally.cost,
            messages=tuple(tally.messages),
            stderr=tuple(line[:_LONGEST_MESSAGE] for line in tail(place / "stderr.log", _STDERR_BYTES))[
                -_STDERR_LINES:
            ],
        )


def keep(store_path: Path, job: Job) -> None:
    """Put down how far an ended job got, so that its events need not be read again.

    Raises:
        OSError: the disk is full, or cannot be written to.
    """
    path = Folder.of(store_path).of_job(job.number) / "progress.json"
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps(asdict(progress(store_path, job))), "ascii")
    scratch.replace(path)


def _kept(path: Path) -> Progress | None:
    try:
        found = json.loads(path.read_bytes())
        lists = {name: tuple(found[name]) for name in ("run_ids", "messages", "stderr")}
        return Progress(**{**found, **lists})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _mean(done: int, began: datetime | None, ended: datetime | None) -> float | None:
    if began is None or not done:
        return None
    seconds = ((ended or now()) - began).total_seconds()
    return done / seconds if seconds >= 1 else None
