"""Having answers looked at from a screen: asking which and how, starting a job, following it to its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on

from elena_wb.errors import UsageError
from elena_wb.tui.attention.look_form import LookForm
from elena_wb.tui.attention.look_jobs import LookJobs, ending
from elena_wb.tui.attention.orders import Order, Which
from elena_wb.tui.attention.read import choices_of, looking
from elena_wb.tui.screen import WorkbenchScreen

if TYPE_CHECKING:
    from elena_wb.jobs import Job, Progress


class LookingScreen(WorkbenchScreen):
    """A screen with a :class:`LookJobs`, from which answers can be looked at. It polls when it is told to."""

    def answer_at_hand(self) -> tuple[int, str] | None:
        """Run and answer that are offered first; ``None`` for none."""
        raise NotImplementedError

    def action_look(self) -> None:
        """Ask what is to be looked at, with what is at hand to choose from."""
        run_id, answer = self.answer_at_hand() or (None, None)
        kept, store = self.workbench.remembered.get("narratives.filter"), self.store
        self.fetch(lambda: choices_of(store, run_id, answer, kept), self._ask, group="choices")

    def _ask(self, choices: Sequence[Which]) -> None:
        if not choices:
            self.workbench.say(
                "There is no answer in the store that could be looked at.", "Start a run first (7)."
            )
            return
        self.app.push_screen(LookForm(choices), self._ordered)

    def _ordered(self, order: Order | None) -> None:
        if order is None:
            return
        store, host = self.store, self.workbench.host

        def start() -> Job:
            from elena_wb.engine.attending import check_reachable
            from elena_wb.jobs import submit

            check_reachable(store, order.which.runs, host)
            title = f"Attention of {order.which.label}"
            return submit(store.path, [*order.arguments, "--events", "jsonl"], title, expected=None)

        self.fetch(start, self._started, group="start")

    def _started(self, job: Job) -> None:
        self.query_one(LookJobs).follow(job)
        self.poll()

    def action_cancel(self) -> None:
        """Stop the job that is shown; a second time, at once."""
        from elena_wb.jobs import cancel

        job = self.query_one(LookJobs).current
        if job is not None:
            self.fetch(lambda: cancel(self.store.path, job.number), lambda _: self.poll(), group="cancel")

    def poll(self) -> None:
        """See how the jobs stand, in a thread."""
        if self.is_current or self.query_one(LookJobs).is_waiting:
            self.fetch(lambda: looking(self.store.path), self._show_jobs, group="jobs")

    def _show_jobs(self, found: list[tuple[Job, Progress]]) -> None:
        self.query_one(LookJobs).show(found)
        self.refresh_bindings()

    @on(LookJobs.Ended)
    def _ended(self, event: LookJobs.Ended) -> None:
        event.stop()
        words, hint, wrong = ending(event.job, event.progress)
        if wrong:
            self.workbench.tell(UsageError(words, hint=hint))
        else:
            self.workbench.say(words, hint)
        self.workbench.refresh_data()
