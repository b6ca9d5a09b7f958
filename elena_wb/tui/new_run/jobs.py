"""The jobs of the store in a short table: what waits, runs and has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable

from elena_wb.jobs import Job, Progress
from elena_wb.tui.new_run.plan import how_far
from elena_wb.tui.text import line

SIGNS = {
    "queued": "… queued",
    "running": "▶ running",
    "done": "✓ done",
    "partial": "◐ partial",
    "failed": "✗ failed",
    "cancelled": "■ cancelled",
    "lost": "? lost",
}
"""A sign and a word for each state."""


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job and how far it got."""

    job: Job
    progress: Progress


class JobsTable(DataTable[Text]):
    """The jobs, newest first. What a command said is text and never markup."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,o", "do('show')", "Output"),
        Binding("x", "do('cancel')", "Stop"),
        Binding("delete", "do('forget')", "Forget", key_display="del"),
    ]
    DEFAULT_CSS = "JobsTable { height: auto; max-height: 5; overflow-x: hidden; }"

    class Wanted(Message):
        """Something is to be done with a job: ``show``, ``cancel`` or ``forget``."""

        def __init__(self, what: str, job: Job) -> None:
            super().__init__()
            self.what, self.job = what, job

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, cursor_type="row", show_header=False, zebra_stripes=False)
        self._lines: tuple[JobLine, ...] = ()

    def on_mount(self) -> None:
        """Four columns."""
        self.add_columns("job", "state", "how far", "title")

    def show(self, lines: Sequence[JobLine]) -> None:
        """Show ``lines``, with the cursor on the job that it was on."""
        lines = tuple(sorted(lines, key=lambda one: -one.job.number))
        if lines == self._lines:
            return
        at = self.current
        self._lines = lines
        self.clear()
        for one in lines:
            job = one.job
            cells = (f"{job.number}", SIGNS[job.state], how_far(job, one.progress), job.title)
            widths = (9, 12, 46, 200)
            self.add_row(
                *(Text(line(cell, longest=width).plain) for cell, width in zip(cells, widths, strict=True)),
                key=str(job.number),
            )
        numbers = [one.job.number for one in lines]
        if at is not None and at.number in numbers:
            self.move_cursor(row=numbers.index(at.number), animate=False)

    @property
    def current(self) -> Job | None:
        """The job that the cursor is on."""
        if not 0 <= self.cursor_row < len(self._lines):
            return None
        return self._lines[self.cursor_row].job

    def action_do(self, what: str) -> None:
        """Ask the screen to do something with the job that the cursor is on."""
        if self.current is not None:
            self.post_message(self.Wanted(what, self.current))
