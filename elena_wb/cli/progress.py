"""Listeners of a run: a progress bar for people, plain lines for logs, JSON lines for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from elena_wb.cli.output import plain, say, stderr_console, warn
from elena_wb.engine import Answered, Event, Listener, Notice, RunFinished, RunStarted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_LINE_EVERY_S = 10.0


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


def emit_json(event: Event) -> None:
    """One event as one line of JSON on stdout: ``{"event": "Answered", …}``."""
    # ASCII only: a file name that is no UTF-8 must not end the run.
    typer.echo(json.dumps({"event": type(event).__name__, **asdict(event)}, default=str))
    sys.stdout.flush()


class _Bar:
    """A Rich progress bar on stderr with rate, failures and time left."""

    def __init__(self) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._progress: Progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TextColumn("{task.fields[failures]}", style="red", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=stderr_console(),
        )
        self._task: TaskID | None = None
        self._failures = 0

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._failures = 0
            self._task = self._progress.add_task(
                _title(event), total=event.to_ask, rate="", failures="", visible=event.to_ask > 0
            )
        elif isinstance(event, Answered) and self._task is not None:
            self._failures += event.status == "error"
            task = self._progress.tasks[self._task]
            rate = f"{task.finished_speed or task.speed or 0:.1f}/s"
            failures = f"{self._failures} failed" if self._failures else ""
            self._progress.update(self._task, advance=1, rate=rate, failures=failures)
        elif isinstance(event, Notice):
            self._progress.console.print(f"Warning: {plain(event.message)}", style="yellow", markup=False)


class _Lines:
    """Plain lines on stderr: the start, every ten seconds, the end."""

    def __init__(self) -> None:
        self._total = self._done = self._failures = 0
        self._began = self._last = time.monotonic()

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._total, self._done, self._failures = event.to_ask, 0, 0
            self._began = self._last = time.monotonic()
            if event.to_ask:
                say(f"{_title(event)}: {event.to_ask} to ask")
        elif isinstance(event, Answered):
            self._done += 1
            self._failures += event.status == "error"
            now = time.monotonic()
            if now - self._last >= _LINE_EVERY_S:
                self._last = now
                rate = self._done / (now - self._began)
                left = (self._total - self._done) / rate
                say(f"  {self._done}/{self._total}, {rate:.1f}/s, {self._failures} failed, {left:.0f} s left")
        elif isinstance(event, Notice):
            warn(event.message)
        elif isinstance(event, RunFinished) and event.asked:
            say(f"  {event.asked} in {event.seconds:.1f} s, {event.failed} failed: {event.status}")


def _title(event: RunStarted) -> str:
    name = f" {event.name}" if event.name else ""
    return plain(f"run {event.run_id}{name} · {event.prompt} · {event.condition}")
