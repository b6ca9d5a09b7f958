"""Listeners of a run: a progress bar for people, plain lines for logs, JSON lines for programs."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

from elena_wb.cli.output import dollars, say, stderr_console, warn
from elena_wb.engine import (
    Answered,
    Attended,
    AttendFinished,
    AttendStarted,
    Event,
    Listener,
    Notice,
    RunFinished,
    RunStarted,
    Waiting,
)
from elena_wb.plain import plain

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID
    from rich.text import Text

_LINE_EVERY_S = 10.0
_NOTHING_YET: Mapping[str, Any] = {"rate": "", "cost": "", "failures": "", "until": -math.inf, "reason": ""}


@contextmanager
def watching(*, events: bool) -> Iterator[Listener]:
    """The right listener for where stderr goes: JSON lines on stdout with ``events``, else bar or lines."""
    if events:
        yield emit_json
    elif stderr_console().is_terminal:
        with _Bar() as bar:
            yield bar
    else:
        yield _Lines()


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[bool], None]]:
    """A bar on a terminal, else a line every ten seconds; call it with whether the thing done failed."""
    if stderr_console().is_terminal:
        with _progress() as progress:
            task = progress.add_task(plain(what), total=total, **_NOTHING_YET)
            failures = 0

            def advance(failed: bool) -> None:
                nonlocal failures
                failures += failed
                _advance(progress, task, failures)

            yield advance
    else:
        say(f"{what}: {total}")
        yield _Tally(total)


def emit_json(event: Event) -> None:
    """One event as one line of JSON on stdout: ``{"event": "Answered", …}``."""
    # ASCII only: a file name that is no UTF-8 must not end the run.
    typer.echo(json.dumps({"event": type(event).__name__, **asdict(event)}, default=str))
    sys.stdout.flush()


def _progress() -> Progress:
    """A Rich progress bar on stderr with rate, cost, failures, waits and time left."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.text import Text

    class WaitColumn(ProgressColumn):
        """Counts down while nothing is asked."""

        def render(self, task: Task) -> Text:
            left = task.fields["until"] - time.monotonic()
            text = f"waiting {math.ceil(left)} s: {task.fields['reason']}" if left > 0 else ""
            return Text(text, style="yellow")

    class LeftColumn(ProgressColumn):
        """The time left at the mean rate up to now: answers of a batch come all at once."""

        def render(self, task: Task) -> Text:
            if not task.completed or task.remaining is None or task.elapsed is None:
                return Text("")
            seconds = math.ceil(task.remaining * task.elapsed / task.completed)
            return Text(f"{timedelta(seconds=seconds)} left" if seconds else "", style="cyan")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TextColumn("{task.fields[cost]}", markup=False),
        TextColumn("{task.fields[failures]}", style="red", markup=False),
        WaitColumn(),
        TimeElapsedColumn(),
        LeftColumn(),
        console=stderr_console(),
    )


class _Bar:
    """A run on a progress bar."""

    def __init__(self) -> None:
        self._progress = _progress()
        self._task: TaskID | None = None
        self._failures = 0
        self._cost: float | None = None

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._failures = 0
            self._cost = None
            self._task = self._progress.add_task(
                _title(event), total=event.to_ask, visible=event.to_ask > 0, **_NOTHING_YET
            )
        elif isinstance(event, Answered) and self._task is not None:
            self._failures += event.status == "error"
            if event.cost_usd is not None:
                self._cost = (self._cost or 0.0) + event.cost_usd
            _advance(self._progress, self._task, self._failures, self._cost)
        elif isinstance(event, AttendStarted):
            self._failures = 0
            self._task = self._progress.add_task(
                f"attention in {_title(event)}", total=event.to_do, visible=event.to_do > 0, **_NOTHING_YET
            )
        elif isinstance(event, Attended) and self._task is not None:
            self._failures += event.error is not None
            _advance(self._progress, self._task, self._failures)
        elif isinstance(event, Waiting) and self._task is not None:
            until = time.monotonic() + event.seconds
            self._progress.update(self._task, until=until, reason=plain(event.reason))
        elif isinstance(event, Notice):
            self._progress.console.print(f"Warning: {plain(event.message)}", style="yellow", markup=False)


def _advance(progress: Progress, task_id: TaskID, failures: int, cost_usd: float | None = None) -> None:
    task = progress.tasks[task_id]
    rate = _rate(task.completed + 1, task.elapsed or 0.0)
    failed = f"{failures} failed" if failures else ""
    progress.update(task_id, advance=1, rate=rate, failures=failed, cost=dollars(cost_usd))


def _rate(done: float, seconds: float) -> str:
    if seconds <= 0.0 or not done:
        return ""
    return f"{done / seconds:.1f}/s" if done / seconds >= 0.1 else f"{seconds / done:.0f} s each"


class _Tally:
    """Counts what is done, with a plain line on stderr every ten seconds."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = self._failures = 0
        self._began = self._last = time.monotonic()

    def __call__(self, failed: bool) -> None:
        self._done += 1
        self._failures += failed
        now = time.monotonic()
        if now - self._last >= _LINE_EVERY_S:
            self._last = now
            taken = now - self._began
            left = (self._total - self._done) * taken / self._done
            rate = _rate(self._done, taken)
            say(f"  {self._done}/{self._total}, {rate}, {self._failures} failed, {left:.0f} s left")


class _Lines:
    """Plain lines on stderr: the start, every ten seconds, the end."""

    def __init__(self) -> None:
        self._tally = _Tally(0)
        self._waited = -math.inf

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._tally = _Tally(event.to_ask)
            if event.to_ask:
                say(f"{_title(event)}: {event.to_ask} to ask")
        elif isinstance(event, Answered):
            self._tally(event.status == "error")
        elif isinstance(event, AttendStarted):
            self._tally = _Tally(event.to_do)
            if event.to_do:
                say(f"attention in {_title(event)}: {event.to_do} answers to look at")
        elif isinstance(event, Attended):
            self._tally(event.error is not None)
        elif isinstance(event, Notice):
            warn(event.message)
        elif isinstance(event, Waiting):
            now = time.monotonic()
            if now - self._waited >= _LINE_EVERY_S:
                self._waited = now
                say(f"  waiting {math.ceil(event.seconds)} s: {event.reason}")
        elif isinstance(event, RunFinished) and event.asked:
            say(f"  {event.asked} in {event.seconds:.1f} s, {event.failed} failed: {event.status}")
        elif isinstance(event, AttendFinished) and event.extracted + event.failed:
            say(f"  {event.extracted} in {event.seconds:.1f} s, {event.failed} failed")


def _title(event: RunStarted | AttendStarted) -> str:
    name = f" {event.name}" if event.name else ""
    return plain(f"run {event.run_id}{name} · {event.prompt} · {event.condition}")
