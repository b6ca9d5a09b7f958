"""Plan a run in a form, start it as a job, and look after the jobs of the store."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Button, Static

from elena_wb import jobs
from elena_wb.core import WorkbenchError
from elena_wb.engine.foreseeing import AbandonedError, Foreseer, Foresight
from elena_wb.engine.study import Request
from elena_wb.engine.wanted import Wanted
from elena_wb.errors import SetupError, UsageError
from elena_wb.offline import is_offline
from elena_wb.plain import plain
from elena_wb.tui.new_run.choices import (
    Choices,
    Counted,
    as_text,
    read_choices,
    read_dataset_schema,
    read_model_schema,
)
from elena_wb.tui.new_run.doing import do_with_job
from elena_wb.tui.new_run.fields import MOST_LINES, Several
from elena_wb.tui.new_run.form import NewRunForm, Prompts
from elena_wb.tui.new_run.jobs import JobLine, JobsTable
from elena_wb.tui.new_run.plan import command_line, in_full, in_short, why_not
from elena_wb.tui.new_run.planning import LongWorkError, Planner, Question, request_like
from elena_wb.tui.new_run.state import FormState, first_state
from elena_wb.tui.places import NewRun, Place
from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.text import line
from elena_wb.tui.widgets.asking import Confirm
from elena_wb.tui.widgets.reading import Reading

_TYPING_S = 0.5
_PLAN_EVERY_S = 15.0
_TALL = 30
_LOOK_EVERY_S = 1.0
_KEPT = "new_run.form"
_SHOWN_JOBS = 30


class NewRunScreen(WorkbenchScreen):
    """A form on the left or above, the plan and the jobs on the right or below."""

    mode = "new_run"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", key_display="^s", priority=True),
        Binding("ctrl+y", "copy", "Copy command", key_display="^y", priority=True),
        Binding("ctrl+r", "plan_anew", "Plan anew", key_display="^r", show=False, priority=True),
        Binding("v", "read_plan", "Plan in full", show=False),
        Binding("j", "jobs", "Jobs"),
        Binding("w", "wake", "Start waiting jobs", show=False),
        Binding("escape", "leave_field", "Leave the field", show=False),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - as its base class has it
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as its base class has it
    DEFAULT_CSS = """
    NewRunScreen #work { height: 1fr; layout: vertical; }
    NewRunScreen #form { height: 1fr; }
    NewRunScreen #beside { height: auto; max-height: 60%; border-top: solid $primary; }
    NewRunScreen #plan { height: auto; max-height: 8; padding: 0 1; }
    NewRunScreen #command { height: auto; max-height: 2; padding: 0 1; color: $text-muted; }
    NewRunScreen #deeds { height: 1; padding: 0 1; }
    NewRunScreen #deeds Button { margin-right: 2; }
    NewRunScreen #jobs { padding: 0 1; }
    NewRunScreen #idle { display: none; padding: 0 1; color: $text-warning; }
    NewRunScreen #idle.-shown { display: block; }
    NewRunScreen.-short.-narrow #plan { max-height: 5; }
    NewRunScreen.-short.-narrow #jobs { max-height: 3; }
    NewRunScreen.-wide #work { layout: horizontal; }
    NewRunScreen.-wide #form { width: 3fr; height: 100%; }
    NewRunScreen.-wide #beside {
        width: 2fr; height: 100%; max-height: 100%; border-top: none; border-left: solid $primary;
    }
    NewRunScreen.-wide #plan { max-height: 20; }
    NewRunScreen.-wide #command { max-height: 8; margin-bottom: 1; }
    NewRunScreen.-wide #jobs { max-height: 1fr; margin-top: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._choices: Choices | None = None
        self._planner: Planner | None = None
        self._wanted: Wanted | None = None
        self._found: Foresight | None = None
        self._planning = False
        self._next: Question | None = None
        self._error: WorkbenchError | None = None
        self._planned_at = 0.0
        self._looking = False
        self._typing: Timer | None = None
        self._like: int | None = None
        self._seen_jobs: tuple[JobLine, ...] = ()

    def content(self) -> ComposeResult:
        """Form, plan, jobs."""
        with Horizontal(id="work"):
            yield NewRunForm(id="form")
            with Vertical(id="beside"):
                yield Static("loading what there is to choose from …", id="plan", markup=False)
                yield Static("", id="command", markup=False)
                with Horizontal(id="deeds"):
                    yield Button("Start (^s)", compact=True, variant="success", id="start")
                    yield Button("Copy command (^y)", compact=True, id="copy")
                yield Static(
                    "Jobs wait, and no process works through them: w starts one.", id="idle", markup=False
                )
                yield JobsTable(id="jobs")

    def on_mount(self) -> None:
        """Load what can be chosen; look after the jobs from now on."""
        self._planner = Planner(Foreseer(self.workbench.host))
        self._load()
        self._look_at_jobs()
        self.set_interval(_LOOK_EVERY_S, self._look_at_jobs)

    def arrive(self, place: Place) -> None:
        """Fill in the form as a stored run was started."""
        if isinstance(place, NewRun) and place.like is not None:
            self._like = place.like
            if self._choices is not None:
                self._fill_like(place.like)

    def refresh_data(self) -> None:
        """What is answered already may have changed; where a run writes all the time, not more often than need be."""
        if self._choices is not None and time.monotonic() - self._planned_at > _PLAN_EVERY_S:
            self._plan()

    def _load(self) -> None:
        host, settings = self.workbench.host, self.workbench.settings

        def loaded(choices: Choices) -> None:
            self._choices = choices
            if self._like is not None:
                self._fill_like(self._like)
                return
            kept = FormState.from_json(self.workbench.remembered.get(_KEPT))
            self._fill(kept or first_state(settings, choices.schemes))

        self.fetch(lambda: read_choices(host, settings), loaded, group="choices", failed=self._cannot_plan)

    def _fill_like(self, run_id: int) -> None:
        self._like = None
        store, uploads = self.store, self.workbench.settings.uploads

        def fill(found: Request) -> None:
            wanted = Wanted.like(found)
            if len(wanted.sources) > MOST_LINES:
                self.workbench.tell(
                    UsageError(
                        f"Run {run_id} names {len(wanted.sources):,} sources; the form has {MOST_LINES} lines.",
                        hint="Name the folder that holds them under Pictures, or give the command in a terminal.",
                    )
                )
                wanted = replace(wanted, sources=())
            self._fill(FormState.of(wanted))

        self.fetch(lambda: request_like(store, run_id, uploads), fill, group="like")

    def _fill(self, state: FormState) -> None:
        assert self._choices is not None
        choices = self._choices

        async def fill() -> None:
            await self.query_one(NewRunForm).fill(choices, state)
            self._typed()

        self.run_worker(fill(), exclusive=True, group="fill")

    @on(NewRunForm.WantsSchema)
    def _schema_wanted(self, event: NewRunForm.WantsSchema) -> None:
        host, kind, name = self.workbench.host, event.kind, event.name
        read = read_model_schema if kind == "model" else read_dataset_schema
        form = self.query_one(NewRunForm)
        self.fetch(
            lambda: read(host, name),
            lambda schema: self.call_next(form.show_options, kind, schema),
            group=f"schema-{kind}",
            failed=lambda error: form.say_instead(kind, f"✗ {error.message}"),
        )

    @on(NewRunForm.Changed)
    def _typed(self) -> None:
        """Plan once nobody has typed for a moment."""
        form = self.query_one(NewRunForm)
        self.workbench.remembered.set(_KEPT, form.state.as_json())
        if self._typing is not None:
            self._typing.stop()
        if not form.is_naming_sources:  # half a path may be that of the whole disk
            self._typing = self.set_timer(_TYPING_S, self._plan)

    def _plan(self, *, however_long: bool = False) -> None:
        """Show the command line, and have its plan made: one at a time, the newest next."""
        form, command = self.query_one(NewRunForm), self.query_one("#command", Static)
        if not form.is_ready:
            return
        try:
            wanted = form.state.wanted()
        except WorkbenchError as error:
            self._wanted = self._found = None
            command.update("")
            self._cannot_plan(error)
            return
        if wanted != self._wanted:
            self._wanted, self._found, self._error = wanted, None, None
            command.update(line(f"$ {self._command_line(wanted)}", longest=2000))
            self.query_one("#plan", Static).update("planning …")
        question = Question(wanted, wanted.request(self.workbench.settings.uploads), however_long)
        if self._planning:
            self._next = question
            return
        self._foresee(question)

    def _foresee(self, question: Question) -> None:
        assert self._planner is not None
        planner, store = self._planner, self.store
        self._planning, self._next, self._planned_at = True, None, time.monotonic()

        def counted(counts: Sequence[Counted]) -> None:
            if self.app.is_running:
                self.app.call_from_thread(self._show_counts, question, counts)

        self.fetch(
            lambda: planner.answer(question, store, lambda: self._next is None, counted),
            self._planned,
            group="plan",
            failed=self._not_planned,
        )

    def _show_counts(self, question: Question, counts: Sequence[Counted]) -> None:
        if self.is_mounted and self._wanted is not None and self._wanted.sources == question.wanted.sources:
            notes = [(one.told, one.problem is not None) for one in counts]
            for several in self.query("#sources").results(Several):
                several.note(notes)

    def _planned(self, found: Foresight) -> None:
        if not self._after_planning() and self._wanted is not None:
            self._found, self._error = found, None
            rows = 2 if self.size.height < _TALL else 8
            self.query_one("#plan", Static).update(in_short(found, rows=rows))

    def _not_planned(self, error: WorkbenchError) -> None:
        if not self._after_planning() and not isinstance(error, AbandonedError) and self._wanted is not None:
            self._found = None
            self._cannot_plan(error)

    def _after_planning(self) -> bool:
        """Whether something newer is to be planned, which has begun by then."""
        self._planning = False
        following = self._next
        if following is not None:
            self._foresee(following)
        return following is not None

    def _cannot_plan(self, error: WorkbenchError) -> None:
        self._error = error
        self.query_one("#plan", Static).update(why_not(error))

    def _command_line(self, wanted: Wanted) -> str:
        return command_line(self.store.path, wanted.arguments(), offline=is_offline())

    def action_plan_anew(self) -> None:
        """Look at the pictures again, whose files may have changed."""
        if self._planner is not None:
            self._planner.foreseer.forget()
        self._plan(however_long=True)

    def action_read_plan(self) -> None:
        """The plan with all its notes in a window."""
        if self._found is not None and self._wanted is not None:
            command = self._command_line(self._wanted)
            self.app.push_screen(Reading("The plan", in_full(self._found, command)))

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        """Put the command line on the clipboard."""
        try:
            wanted = self.query_one(NewRunForm).state.wanted()
        except WorkbenchError as error:
            self.workbench.tell(error)
            return
        self.app.copy_to_clipboard(self._command_line(wanted))
        self.workbench.say("The command line is on the clipboard.")

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Put the run into the queue; asks first where pictures are sent that were to stay."""
        try:
            wanted = self.query_one(NewRunForm).state.wanted()
        except WorkbenchError as error:
            self.workbench.tell(error)
            return
        # A store that is busy at the moment, or a plan that takes long, keeps nothing from being queued.
        passing = self._error is None or isinstance(self._error, SetupError | LongWorkError)
        if not passing and wanted == self._wanted and self._error is not None:
            self.workbench.tell(self._error)
            return
        if not wanted.allow_upload:
            self._submit(wanted)
            return
        where = self._found.destination if self._found is not None else None
        question = (
            f"Send the pictures to {plain(where) if where else 'wherever the model is asked'}, also those that are to "
            "stay on this machine? It cannot be taken back, and is recorded with the run."
        )

        def answered(sure: bool | None) -> None:
            if sure:
                self._submit(wanted)

        self.app.push_screen(Confirm(question, yes="Send them"), answered)

    def _submit(self, wanted: Wanted) -> None:
        path: Path = self.store.path
        planned = self._found if wanted == self._wanted else None
        expected = planned.to_ask if planned is not None else None
        title = f"{wanted.model} · {', '.join(wanted.conditions)}" + (
            f" · {wanted.name}" if wanted.name else ""
        )
        arguments = wanted.arguments(events=True)

        def submitted(job: jobs.Job) -> None:
            self.workbench.say(
                f"Job {job.number} is in the queue.", "It goes on when the interface is closed."
            )
            self._look_at_jobs()

        self.fetch(lambda: jobs.submit(path, arguments, title, expected=expected), submitted, group="submit")

    def _look_at_jobs(self) -> None:
        if self._looking or not self.is_current:
            return
        self._looking = True
        path = self.store.path

        def work() -> tuple[tuple[JobLine, ...], bool]:
            found = jobs.jobs(path)[-_SHOWN_JOBS:]
            return tuple(JobLine(job, jobs.progress(path, job)) for job in found), jobs.is_idle(path)

        def failed(error: WorkbenchError) -> None:
            self._looking = False
            self.workbench.tell(error)

        self.fetch(work, lambda found: self._show_jobs(*found), group="jobs", failed=failed)

    def _show_jobs(self, lines: tuple[JobLine, ...], idle: bool) -> None:
        self._looking = False
        table = self.query_one(JobsTable)
        table.show(lines)
        table.display = bool(lines)
        self.query_one("#idle").set_class(idle, "-shown")
        ended = {one.job.number for one in lines if one.job.ended}
        before = {one.job.number for one in self._seen_jobs if not one.job.ended}
        self._seen_jobs = lines
        if ended & before:
            self._plan()

    def action_jobs(self) -> None:
        """Go to the list of jobs."""
        table = self.query_one(JobsTable)
        if table.display:
            table.focus()
        else:
            self.workbench.say("There are no jobs yet.", "^s starts one.")

    def action_leave_field(self) -> None:
        """Let keys of the screen work."""
        self.set_focus(None)

    def action_wake(self) -> None:
        """See that somebody works through the jobs that wait."""
        path = self.store.path
        self.fetch(lambda: jobs.wake(path), lambda _: self._look_at_jobs(), group="wake")

    @on(JobsTable.Wanted)
    def _do_with_job(self, event: JobsTable.Wanted) -> None:
        do_with_job(self, event.what, event.job, self._look_at_jobs)

    @on(Prompts.Read)
    def _read_prompt(self, event: Prompts.Read) -> None:
        pack = self._choices.packs.get(event.name) if self._choices is not None else None
        if pack is not None:
            self.app.push_screen(Reading(f"Prompt pack {event.name}", as_text(pack)))
