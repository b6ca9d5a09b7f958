"""A line on the looking that is going on or waits: how far it has got, and what it said last."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from elena_wb.tui.text import line

if TYPE_CHECKING:
    from elena_wb.jobs import Job, Progress


class LookJobs(Static):
    """Shows the first of the jobs given to it that has not ended; is gone where there is none.

    Says so (:class:`Ended`) when one that it has shown has come to its end.
    """

    DEFAULT_CSS = "LookJobs { height: auto; max-height: 2; display: none; background: $panel; padding: 0 1; }"
    ENDED_WELL: ClassVar[tuple[str, ...]] = ("done", "partial")

    class Ended(Message):
        """A job has ended."""

        def __init__(self, job: Job, progress: Progress) -> None:
            super().__init__()
            self.job, self.progress = job, progress

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self._followed: set[int] = set()
        self._current: Job | None = None

    @property
    def current(self) -> Job | None:
        """The job that is shown."""
        return self._current

    @property
    def is_waiting(self) -> bool:
        """Whether a job that is shown may still end."""
        return bool(self._followed)

    def follow(self, job: Job) -> None:
        """Tell when this job has ended, however soon."""
        self._followed.add(job.number)

    def show(self, found: list[tuple[Job, Progress]]) -> None:
        """Show how the jobs stand by now."""
        going = [(job, progress) for job, progress in found if not job.ended]
        for job, progress in found:
            if job.ended and job.number in self._followed:
                self._followed.discard(job.number)
                self.post_message(self.Ended(job, progress))
        self._followed |= {job.number for job, _ in going}
        self.display = bool(going)
        self._current = going[0][0] if going else None
        if going:
            self.update(told(*going[0], waiting=len(going) - 1))


def told(job: Job, progress: Progress, *, waiting: int = 0) -> Content:
    """How a job stands, in a line; below it what it said last."""
    if job.state == "queued":
        words = ["waits for other jobs"]
    else:
        words = [f"{progress.done:,} of {progress.to_do:,}" if progress.to_do else "opens the model"]
    if progress.failures:
        words.append(f"{progress.failures:,} failed")
    if progress.per_second:
        words.append(f"{progress.per_second:.2g} a second")
    if progress.seconds_left is not None:
        words.append(f"{_time(progress.seconds_left)} left")
    if waiting:
        words.append(f"{waiting} more wait")
    shown = Content.styled("Looking: ", "bold") + line(" · ".join([*words, "c cancels"]))
    return shown + Content("\n") + line(progress.messages[-1]) if progress.messages else shown


def ending(job: Job, progress: Progress) -> tuple[str, str | None, bool]:
    """What to say of a job that has ended: words, a hint, and whether something went wrong."""
    looked = progress.done - progress.failures
    counted = f"{looked:,} {'answer' if looked == 1 else 'answers'} looked at"
    if job.state == "done":
        return (
            (f"{counted}." if progress.done else "Nothing was missing: all were looked at in this way."),
            None,
            False,
        )
    last = progress.messages[-1] if progress.messages else None
    if job.state == "partial":
        return f"{counted}, {progress.failures:,} could not be.", last, True
    if job.state == "cancelled":
        return f"Looking was stopped; {counted}.", None, False
    why = job.reason or next(iter(reversed(progress.stderr)), "") or last or "nobody saw how it ended."
    return f"Looking failed: {why}", f"{counted}. `elena-wb jobs show {job.number}` tells more.", True


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
