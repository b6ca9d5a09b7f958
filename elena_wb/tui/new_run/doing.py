"""What can be done with a job on the screen for new runs: read what it printed, stop it, take it off the list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb import jobs
from elena_wb.tui.new_run.plan import command_line
from elena_wb.tui.widgets.asking import Confirm
from elena_wb.tui.widgets.reading import Reading

if TYPE_CHECKING:
    from elena_wb.tui.screen import WorkbenchScreen


def do_with_job(screen: WorkbenchScreen, what: str, job: jobs.Job, afterwards: Callable[[], None]) -> None:
    """``show``, ``cancel`` (asks) or ``forget`` a job; ``afterwards`` is called once something has changed."""
    path = screen.store.path

    def changed(_: object) -> None:
        afterwards()

    def read(text: str) -> None:
        screen.app.push_screen(Reading(f"Job {job.number}: {job.title}", text))

    if what == "show":
        screen.fetch(lambda: output(path, job), read, group="output")
    elif what == "forget":
        screen.fetch(lambda: jobs.forget(path, job.number), changed, group="forget")
    elif job.ended:
        screen.workbench.say(f"Job {job.number} has ended.", "delete takes it off the list.")
    else:

        def answered(sure: bool | None) -> None:
            if sure:
                screen.fetch(lambda: jobs.cancel(path, job.number), changed, group="cancel")

        screen.app.push_screen(Confirm(_question(job), yes="Stop"), answered)


def output(path: Path, job: jobs.Job) -> str:
    """What is known of a job and what its command said last."""
    found = jobs.progress(path, job)
    lines = [command_line(path, job.argv, offline=job.offline), f"in {job.cwd}", f"state: {job.state}"]
    lines += [f"exit code: {job.exit_code}"] if job.exit_code is not None else []
    lines += [f"runs: {', '.join(map(str, found.run_ids))}"] if found.run_ids else []
    lines += ["", "last messages", *found.messages] if found.messages else []
    return "\n".join([*lines, "", "last lines of stderr", *(found.stderr or ("(nothing)",))])


def _question(job: jobs.Job) -> str:
    if job.state == "queued":
        return f"Job {job.number} has not begun. Take it out of the queue?"
    if job.interrupts:
        return f"Job {job.number} is finishing what is in flight. Stop it at once?"
    return f"Stop job {job.number}? It finishes what is in flight; every answer is kept."
