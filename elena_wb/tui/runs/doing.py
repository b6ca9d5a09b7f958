"""What can be done with one line of the table of runs. Asks where something would be lost; works in threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb import jobs
from elena_wb.errors import UsageError
from elena_wb.plain import plain
from elena_wb.store import Store, delete_run, drain_orphans, rename_run, show_run
from elena_wb.store.claim import is_worked_on
from elena_wb.tui.runs.lines import RunLine
from elena_wb.tui.runs.telling import in_full, of_job
from elena_wb.tui.widgets.asking import AskText, Confirm
from elena_wb.tui.widgets.reading import Reading

if TYPE_CHECKING:
    from elena_wb.tui.screen import WorkbenchScreen

_LONGEST_NAME = 200
_DOING = "doing"


def tell_all(screen: WorkbenchScreen, line: RunLine) -> None:
    """Open a page with everything that is known of the run or the job."""
    if line.run is None:
        screen.app.push_screen(Reading(line.name, of_job(line)))
        return
    run_id = line.run.run_id

    def show(text: str) -> None:
        screen.app.push_screen(Reading(f"Run {run_id}: {line.name}", text))

    screen.fetch(lambda: in_full(show_run(screen.store, run_id), line), show, group=_DOING)


def rename(screen: WorkbenchScreen, line: RunLine) -> None:
    """Ask for another name, and give it."""
    assert line.run is not None
    run_id, before = line.run.run_id, line.run.name or ""

    def answered(name: str | None) -> None:
        name = (name or "").strip()[:_LONGEST_NAME]
        if not name or name == before:
            return
        _do(
            screen,
            lambda: rename_run(screen.store, run_id, name),
            f"Run {run_id} is now called {plain(name)}.",
        )

    screen.app.push_screen(AskText(f"A name for run {run_id}:", before), answered)


def delete(screen: WorkbenchScreen, line: RunLine) -> None:
    """Say how many answers would go, ask, and delete."""
    assert line.run is not None
    run_id, name, key = line.run.run_id, line.name, line.run.run_key
    if line.worked_on:
        screen.workbench.say(f"Run {run_id} is at work.", "Stop it first (x), or wait for it.")
        return

    def delete_if_idle() -> None:
        if is_worked_on(screen.store, key):  # begun while the question stood there
            raise UsageError(f"Run {run_id} is at work.", hint="Stop it first (x), or wait for it.")
        delete_run(screen.store, run_id)

    def count() -> int:
        drain_orphans(screen.store, patient=True)
        return sum(show_run(screen.store, run_id)["generations"].values())

    def ask(answers: int) -> None:
        question = (
            f"Delete run {run_id} ({plain(name)}) with {answers:,} answers, their marks, notes, ratings and attention? "
            "Pictures and labels stay. This cannot be undone."
        )

        def answered(sure: bool | None) -> None:
            if sure:
                _do(screen, delete_if_idle, f"Deleted run {run_id}.")

        screen.app.push_screen(Confirm(question, yes="Delete"), answered)

    screen.fetch(count, ask, group=_DOING)


def forget_job(screen: WorkbenchScreen, line: RunLine) -> None:
    """Take an ended job off the list, with what it printed."""
    job = line.job
    assert job is not None
    if not job.ended:
        screen.workbench.say(f"Job {job.number} has not ended.", "Stop it first (x).")
        return
    path = screen.store.path
    _do(screen, lambda: jobs.forget(path, job.number), f"Job {job.number} is off the list.")


def stop(screen: WorkbenchScreen, line: RunLine) -> None:
    """Stop the job that works on the line, after asking; what was answered is kept."""
    job = line.job
    if job is None or job.ended:
        if line.worked_on:
            screen.workbench.say(
                "A process works on this run that is no job of this store.", "Stop it where it runs."
            )
        else:
            screen.workbench.say("Nobody works on this.")
        return
    if job.interrupts:
        question = f"Job {job.number} was told to stop and finishes what is in flight. Kill it?"
    elif job.state == "queued":
        question = f"Take job {job.number} ({plain(job.title)}) out of the queue?"
    else:
        question = f"Stop job {job.number} ({plain(job.title)})? Every answer that came is kept."

    def answered(sure: bool | None) -> None:
        if sure:
            _do(
                screen,
                lambda: jobs.cancel(screen.store.path, job.number),
                f"Job {job.number} was told to stop.",
            )

    screen.app.push_screen(Confirm(question, yes="Kill" if job.interrupts else "Stop"), answered)


def go_on(screen: WorkbenchScreen, line: RunLine, *, retry_failed: bool) -> None:
    """Queue a job that asks for what is missing or, with ``retry_failed``, for what failed as well."""
    run = line.run
    assert run is not None
    if line.worked_on or (line.job is not None and not line.job.ended):
        screen.workbench.say(f"Run {run.run_id} is at work or in the queue already.")
        return
    if retry_failed and not run.errors:
        screen.workbench.say(f"Nothing failed in run {run.run_id}.")
        return
    missing = max(0, run.planned - run.generations) + (run.errors if retry_failed else 0)
    title = f"{'Retry' if retry_failed else 'Resume'} {line.name}"
    arguments = [
        "run",
        "--resume",
        str(run.run_id),
        *(["--retry-failed"] if retry_failed else ()),
        "--events",
        "jsonl",
    ]
    store, uploads = screen.store, screen.workbench.settings.uploads

    def submit() -> jobs.Job:
        from elena_wb.engine.resume import request_of

        try:
            request_of(store, str(run.run_id), retry_failed=retry_failed, uploads=uploads)
        except (LookupError, TypeError) as error:
            raise UsageError(
                f"Run {run.run_id} does not tell how it was started: {error} is missing.",
                hint="Start a new run of the same pictures (7).",
            ) from error
        return jobs.submit(store.path, arguments, title, expected=missing)

    def tell(job: jobs.Job) -> None:
        screen.workbench.say(
            f"Job {job.number} is in the queue: {title}.", "x stops it; it goes on if you leave."
        )
        screen.workbench.refresh_data()

    screen.fetch(submit, tell, group=_DOING)


def export(screen: WorkbenchScreen, line: RunLine) -> None:
    """Ask for a file, and write the run's answers to it as the view ``narratives`` has them."""
    from elena_wb.store.formats import WRITERS

    assert line.run is not None
    run_id = line.run.run_id
    formats = ", ".join(WRITERS)

    def answered(name: str | None) -> None:
        if not name or not name.strip():
            return
        path = Path(os.path.expanduser(name.strip())).absolute()  # noqa: PTH111 - ~nobody must not raise
        screen.fetch(
            lambda: _checked(screen.store, path, formats), lambda exists: begin(path, exists), group=_DOING
        )

    def begin(path: Path, exists: bool) -> None:
        if not exists:
            write(path)
            return

        def sure(overwrite: bool | None) -> None:
            if overwrite:
                write(path)

        screen.app.push_screen(Confirm(f"{plain(path)} exists. Overwrite it?", yes="Overwrite"), sure)

    def write(path: Path) -> None:
        screen.workbench.say(f"Writing the answers of run {run_id} …")
        _do(
            screen,
            lambda: _write(screen.store, run_id, path),
            f"Wrote run {run_id} to {plain(path)}.",
            changed=False,
        )

    question = f"Export the answers of run {run_id} to a file. Its name says the format: {formats}."
    screen.app.push_screen(AskText(question, f"run-{run_id}.csv"), answered)


def _checked(store: Store, path: Path, formats: str) -> bool:
    """Whether there is such a file already."""
    from elena_wb.store.saving import format_of, refuse_own_files

    if format_of(path) is None:
        raise UsageError(
            f"{path.name} names no format that is known.", hint=f"Let it end in one of: {formats}."
        )
    if os.path.isdir(path):  # noqa: PTH112 - a name that cannot be one must not raise
        raise UsageError(f"{path} is a folder.", hint="Name a file in it.")
    refuse_own_files(store, path)
    return os.path.exists(path)  # noqa: PTH110


def _write(store: Store, run_id: int, path: Path) -> None:
    from elena_wb.store.formats import WRITERS
    from elena_wb.store.query import Answer, ask
    from elena_wb.store.saving import format_of, save

    kind = format_of(path)
    assert kind is not None

    def write(answer: Answer) -> None:
        relation = answer.relation
        assert relation is not None
        save(path, lambda out: WRITERS[kind](relation, out))

    with ask(store, f"SELECT * FROM narratives WHERE run_id = {int(run_id)}") as answer:
        answer(write)


def _do(screen: WorkbenchScreen, work: Callable[[], object], told: str, *, changed: bool = True) -> None:
    """``work`` in a thread, then say so, and read anew where the store has ``changed``."""

    def then(_: object) -> None:
        screen.workbench.say(told)
        if changed:
            screen.workbench.refresh_data()

    screen.fetch(work, then, group=_DOING)
