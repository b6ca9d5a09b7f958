"""Every run, how far it got and how well it did."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Input, Static

from elena_wb.errors import WorkbenchError
from elena_wb.store.browsing import Filter
from elena_wb.tui import places
from elena_wb.tui.runs import doing as runs_doing
from elena_wb.tui.runs.columns import ordered
from elena_wb.tui.runs.lines import RunLine, passing
from elena_wb.tui.runs.reading import RunsReader
from elena_wb.tui.runs.table import RunsTable
from elena_wb.tui.runs.telling import in_short
from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.empty import Empty

if TYPE_CHECKING:
    from elena_wb.tui.places import Place

_LOOK_EVERY_S, _RETRY_AFTER_S = 1.0, 5.0
_LETTERS = "AB"
_NO_STORE = "There is no store yet."
_FIRST = (
    "7 opens a form that plans and starts a run. On the command line, `elena-wb demo` makes a small study on rendered "
    "figures with the embedded model, and `elena-wb run FOLDER -m MODEL` asks a model of yours."
)


class RunsScreen(WorkbenchScreen):
    """Every run, how far it got and how well it did."""

    mode = "runs"

    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-low"), (14, "-tall")]  # noqa: RUF012 - as the toolkit has it

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "Choose", tooltip="Choose for comparing (two at most)"),
        Binding(
            "c", "compare", "Compare", tooltip="Compare the two chosen runs, or the chosen one with this one"
        ),
        Binding(
            "slash",
            "filter",
            "Filter",
            key_display="/",
            tooltip="Filter by words that must all stand in a line",
        ),
        Binding("i", "details", "Details", show=False, tooltip="All that is known of this run or job"),
        Binding("n", "new_run", "New", tooltip="A new run like this one"),
        Binding("R", "resume", "Resume", show=False, tooltip="Go on with this run: ask for what is missing"),
        Binding(
            "x", "cancel", "Stop", show=False, tooltip="Stop the job that works on this run; again: kill it"
        ),
        Binding("f", "retry", "Retry", show=False, tooltip="Ask again what failed in this run"),
        Binding("r", "rename", "Rename", show=False, tooltip="Rename this run"),
        Binding("e", "export", "Export", show=False, tooltip="Export this run's answers to a file"),
        Binding("d,delete", "delete", "Delete", show=False, tooltip="Delete this run, or forget this job"),
        Binding("o", "order(1)", "Order", show=False, tooltip="Order by the next column"),
        Binding("O", "reverse", "Reverse", show=False, tooltip="Reverse the order"),
        Binding("escape", "leave", "Leave", show=False, tooltip="Leave the filter; again: take it away"),
    ]

    DEFAULT_CSS = """
    RunsScreen #filter { height: 1; border: none; padding: 0 1; margin: 0; background: $surface; }
    RunsScreen #filter:focus { background: $boost; }
    RunsScreen #about {
        height: 3; padding: 0 1; color: $text-muted; background: $panel;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    RunsScreen.-low #about { display: none; }
    RunsScreen Empty { display: none; }
    RunsScreen.-empty Empty { display: block; }
    RunsScreen.-empty RunsTable, RunsScreen.-empty #about, RunsScreen.-empty #filter { display: none; }
    """

    def content(self) -> ComposeResult:
        """Filter, table, three lines about the run under the cursor."""
        remembered = self.workbench.remembered
        yield Input(
            str(remembered.get("runs.filter", "")), placeholder="/ filter by words", id="filter", compact=True
        )
        yield RunsTable(id="runs")
        yield Static(id="about")
        yield Empty(_NO_STORE, _FIRST)

    def on_mount(self) -> None:
        """Begin to look after jobs."""
        remembered = self.workbench.remembered
        self._reader = RunsReader(self.store)
        self._lines: list[RunLine] = []
        by, reverse = remembered.get("runs.order.by", ""), bool(remembered.get("runs.order.reverse", False))
        self._order: tuple[str, bool] = (by if isinstance(by, str) else "", reverse)
        chosen = remembered.get("runs.chosen", [])
        self._chosen = [one for one in chosen if isinstance(one, int)][:2] if isinstance(chosen, list) else []
        self._cursor: str | None = remembered.get("runs.cursor")
        self._reading = False
        self._turn = False
        self._unread = False
        self._trouble: str | None = None
        self._not_before = 0.0
        self.table.focus()
        self.set_interval(_LOOK_EVERY_S, self._tick)

    @property
    def table(self) -> RunsTable:
        """The table."""
        return self.query_one(RunsTable)

    @property
    def line(self) -> RunLine | None:
        """The line under the cursor."""
        return self.table.line_at_cursor

    def arrive(self, place: Place) -> None:
        """Put the cursor on the run that is meant."""
        if isinstance(place, places.Runs) and place.run_id is not None:
            self._cursor = f"run {place.run_id}"
            if self.query_one(Input).value and not any(
                line.key == self._cursor for line in passing(self._lines, self.query_one(Input).value)
            ):
                self.query_one(Input).value = ""
            self._show()

    def refresh_data(self) -> None:
        """Read runs and jobs anew; one reading at a time, so that a slow one is not begun again before it ends."""
        if self._reading:
            self._unread = True
            return
        if self._reader.store is not self.store:  # another file has taken its place
            self._reader = RunsReader(self.store)
        self._read(self._reader.read)

    def _tick(self) -> None:
        """Once a second while this screen is looked at: jobs, ages, and scores that lag behind."""
        if self.app.screen is not self or self._reading:
            return
        if self._trouble is not None and monotonic() < self._not_before:
            return
        if self._reader.behind or self._trouble is not None:
            self.refresh_data()
            return
        self._read(self._reader.read_jobs)

    def _read(self, read: Callable[[], list[RunLine]]) -> None:
        self._reading = True
        self._turn = (
            not self._turn
        )  # begun while the one before hands over its result, which is not to be cancelled
        self.fetch(read, self._arrived, group=f"runs {self._turn}", failed=self._failed)

    def _arrived(self, lines: list[RunLine]) -> None:
        self._reading = False
        self._trouble = None
        self._lines = lines
        was_empty = self.has_class("-empty")
        self.set_class(not lines, "-empty")
        if lines and was_empty:
            self.call_after_refresh(self._focus_table)
        if not lines:
            empty = "There are no runs yet." if self.store.exists() else _NO_STORE
            self.query_one(Empty).say(empty, _FIRST)
        self._show()
        self._read_on()

    def _focus_table(self) -> None:
        if self.focused is None:
            self.set_focus(self.table)

    def _failed(self, error: WorkbenchError) -> None:
        """Say once what is wrong, and try again from time to time: another process may have the store."""
        self._reading = False
        if not self._lines:
            self.add_class("-empty")
            self.query_one(Empty).say(error.message, error.hint or "")
        elif self._trouble != error.message:
            self.workbench.tell(error)
        self._trouble = error.message
        self._not_before = monotonic() + _RETRY_AFTER_S
        self._unread = False

    def _read_on(self) -> None:
        if self._unread:
            self._unread = False
            self.refresh_data()

    def _show(self) -> None:
        known = {line.run.run_id for line in self._lines if line.run is not None}
        if known:
            self._chosen = [one for one in self._chosen if one in known]
        shown = ordered(
            passing(self._lines, self.query_one(Input).value), self._order[0], reverse=self._order[1]
        )
        marks = {f"run {one}": letter for one, letter in zip(self._chosen, _LETTERS, strict=False)}
        self.table.show(shown, self.workbench.clock(), marks=marks, order=self._order, cursor=self._cursor)
        self._cursor = None
        self._tell_line()

    def _tell_line(self) -> None:
        line = self.line
        if line is None:
            text = "Nothing passes the filter; escape takes it away." if self._lines else ""
            self.query_one("#about", Static).update(text)
            return
        self.query_one("#about", Static).update(in_short(line))
        self.workbench.remembered.set("runs.cursor", line.key)

    @on(DataTable.RowHighlighted)
    def _highlighted(self) -> None:
        self._tell_line()

    @on(DataTable.RowSelected)
    def _selected(self) -> None:
        line = self.line
        if line is None:
            return
        if line.run is None:
            self.action_details()
        else:
            self.workbench.go(places.Narratives(Filter(run_ids=(line.run.run_id,))))

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self.workbench.remembered.set("runs.filter", event.value or None)
        if self._lines:
            self._show()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.set_focus(self.table)

    @on(RunsTable.Arranged)
    def _arranged(self, event: RunsTable.Arranged) -> None:
        by, reverse = self._order
        self._arrange(event.name, not reverse if by == event.name else False)

    def _arrange(self, by: str, reverse: bool) -> None:
        self._order = (by, reverse)
        self.workbench.remembered.set("runs.order.by", by or None)
        self.workbench.remembered.set("runs.order.reverse", reverse or None)
        self._show()

    def action_order(self, step: int) -> None:
        """Order by the next of the columns that are seen; after the last one, newest first again."""
        names = ["", *self.table.names]
        by = self._order[0] if self._order[0] in names else ""
        self._arrange(names[(names.index(by) + step) % len(names)], False)

    def action_reverse(self) -> None:
        """The other way round."""
        by, reverse = self._order
        self._arrange(by or "run", not reverse)

    def action_filter(self) -> None:
        """Write in the filter; the very next key is written already."""
        self.set_focus(self.query_one(Input))

    def action_leave(self) -> None:
        """Leave the filter; take it away where it was left already."""
        filter_line = self.query_one(Input)
        if filter_line.has_focus:
            self.set_focus(self.table)
        else:
            filter_line.value = ""

    def action_choose(self) -> None:
        """Choose the run under the cursor for comparing, or no longer; of three, the first chosen is let go."""
        line = self.line
        if line is None or line.run is None:
            return
        number = line.run.run_id
        if number in self._chosen:
            self._chosen.remove(number)
        else:
            self._chosen = [*self._chosen, number][-2:]
        self.workbench.remembered.set("runs.chosen", self._chosen or None)
        self._show()

    def action_compare(self) -> None:
        """Two runs side by side."""
        chosen = list(self._chosen)
        line = self.line
        if len(chosen) == 1 and line is not None and line.run is not None and line.run.run_id not in chosen:
            chosen.append(line.run.run_id)
        if len(chosen) == 2:
            self.workbench.go(places.Compare(chosen[0], chosen[1]))
        else:
            self.workbench.say("Choose two runs with the space bar, then press c.")

    def action_details(self) -> None:
        """Everything that is known of the run, or of the job."""
        if self.line is not None:
            runs_doing.tell_all(self, self.line)

    def action_new_run(self) -> None:
        """A new run, filled in as this one was started."""
        line = self.line
        self.workbench.go(places.NewRun(like=None if line is None or line.run is None else line.run.run_id))

    def action_resume(self) -> None:
        """Ask for what is missing."""
        self._with_run(partial(runs_doing.go_on, self, retry_failed=False))

    def action_retry(self) -> None:
        """Ask again what failed."""
        self._with_run(partial(runs_doing.go_on, self, retry_failed=True))

    def action_rename(self) -> None:
        """Another name."""
        self._with_run(partial(runs_doing.rename, self))

    def action_export(self) -> None:
        """Its answers as a file."""
        self._with_run(partial(runs_doing.export, self))

    def action_delete(self) -> None:
        """Remove the run, or forget the job."""
        line = self.line
        if line is not None:
            (runs_doing.delete if line.run is not None else runs_doing.forget_job)(self, line)

    def action_cancel(self) -> None:
        """Stop the job at work."""
        if self.line is not None:
            runs_doing.stop(self, self.line)

    def _with_run(self, do: partial[None]) -> None:
        line = self.line
        if line is None:
            return
        if line.run is None:
            self.workbench.say(
                "This job has not made a run.", "i tells all that is known of it, d takes it off the list."
            )
            return
        do(line)
