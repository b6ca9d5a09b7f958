"""Questions to the store in SQL, and their answers."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.widgets import OptionList, Static, TextArea
from textual_fastdatatable import DataTable

from elena_wb.errors import WorkbenchError
from elena_wb.plain import plain_lines
from elena_wb.tui.places import Narratives, Place, Runs, Sql
from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.sql.editor import Choices, SqlEditor
from elena_wb.tui.sql.export import SqlExport
from elena_wb.tui.sql.history import LONGEST, History
from elena_wb.tui.sql.results import ResultBackend, Results
from elena_wb.tui.sql.windows import asked_before, cell, questions
from elena_wb.tui.text import block
from elena_wb.tui.widgets.empty import Empty

if TYPE_CHECKING:
    from elena_wb.store.taking import Taken

_FIRST = "Ask in SQL, such as:  FROM narratives WHERE run_id = 1"


class SqlScreen(SqlExport, WorkbenchScreen):
    """An editor above, the answer to the question last asked below. Nothing in the store can be changed from here."""

    mode = "sql"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r,f9,alt+enter,ctrl+enter", "ask", "Ask", key_display="^r"),
        Binding("ctrl+o", "questions", "Questions", key_display="^o"),
        Binding("ctrl+t", "history", "History", key_display="^t"),
        Binding("ctrl+s", "export", "Export", key_display="^s"),
        Binding("g", "visit", "Go there", tooltip="Show the answer or the run that the row is about"),
        Binding("escape", "leave", "Stop, or change between question and answer", show=False),
    ]
    DEFAULT_CSS = """
    SqlScreen #question { height: 2fr; min-height: 4; max-height: 16; }
    SqlScreen #said { height: auto; max-height: 7; background: $panel; padding: 0 1; scrollbar-size-vertical: 1; }
    SqlScreen #said.error { background: $error-muted; color: $text-error; }
    SqlScreen #answer { height: 3fr; }
    SqlScreen #answer > Results { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._taken: Taken | None = None
        self._halt: threading.Event | None = None
        self._began = 0.0
        self._asked = ""
        self._walked: int | None = None
        self._unfinished = ""

    def content(self) -> ComposeResult:
        """Editor, a line that says how it went, answer."""
        remembered = self.workbench.remembered.get("sql.text", "")
        yield SqlEditor(remembered if isinstance(remembered, str) else "", id="question")
        with VerticalScroll(id="said", can_focus=False):
            yield Static(id="words")
        with VerticalScroll(id="answer", can_focus=False):
            yield Empty("", "", id="empty")
        yield Choices(id="choices")

    def on_mount(self) -> None:
        """Begin with the editor."""
        self.history = History(self.store.path)
        self._editor.placeholder = _FIRST
        self._editor.move_cursor(self._editor.document.end)
        self._editor.focus()
        self._say("^r asks · ^space completes · esc leaves the editor")
        self.set_interval(0.5, self._tick)

    def on_screen_resume(self) -> None:
        """The editor has the keys, and digits lead on until something is written."""
        self._editor.fresh = True

    def on_unmount(self) -> None:
        """Let nothing go on behind the back."""
        if self._halt is not None:
            self._halt.set()

    def arrive(self, place: Place) -> None:
        """Put the SQL of ``place`` into the editor."""
        if isinstance(place, Sql) and place.sql is not None:
            self._load(place.sql)

    def refresh_data(self) -> None:
        """Learn the names in the store, once: a run adds none. The answer stays what it was when it was asked."""
        from elena_wb.store.catalogue import catalogue

        if self.store.exists():
            self._hint("No question was asked yet.", "Write one above and press ^r, or choose one with ^o.")
            if not self._editor.known.relations:
                self.fetch(
                    lambda: catalogue(self.store), self._learn, group="catalogue", failed=lambda _: None
                )
        else:
            first = "`elena-wb run` makes one; the screen New run (F7) helps. `--store` names another."
            self._hint(f"There is no store at {self.store.path} yet.", first)

    def action_ask(self) -> None:
        """Ask what is selected in the editor, or else all of it."""
        from elena_wb.store.taking import take

        editor = self._editor
        sql = editor.selected_text or editor.text
        if not sql.strip():
            self._say("There is nothing to ask yet: write SQL above, or choose a question with ^o.")
            return
        self._interrupt()
        self._asked, self._walked = sql, None
        if self.store.exists():
            self.history.add(sql, self.workbench.clock().isoformat(timespec="seconds"))
        stop = self._halt = threading.Event()
        self._began = time.monotonic()
        self._say("Asking … (escape stops)")
        store = self.store

        def work() -> tuple[Taken, ResultBackend | None]:
            taken = take(store, sql, stop)
            return taken, ResultBackend(taken) if taken.names else None

        self.fetch(work, lambda found: self._answered(*found), group="ask", failed=self._failed)

    def action_leave(self) -> None:
        """Stop the query at work; else go from the editor to the answer, or back."""
        if self._halt is not None:
            self._interrupt()
        elif self._editor.has_focus:
            table = self._table
            self.set_focus(table)
        else:
            self._editor.focus()

    def action_questions(self) -> None:
        """Choose one of the questions that ship with the program."""
        self.app.push_screen(questions(), self._load)

    def action_history(self) -> None:
        """Choose what was asked before."""
        self.app.push_screen(asked_before(self.history.entries, self.workbench.clock()), self._load)

    def action_visit(self) -> None:
        """Show the answer, or else the run, that the row under the cursor is about."""
        taken, table = self._taken, self._table
        if taken is None or table is None or not taken.rows.num_rows:
            self.workbench.say(
                "There is no row to go from.", "Ask for one with a column generation_id or run_id."
            )
            return
        row = {name.lower(): column for column, name in reversed([*enumerate(taken.names)])}
        generation = taken.cell(table.cursor_row, row["generation_id"]) if "generation_id" in row else None
        run = taken.cell(table.cursor_row, row["run_id"]) if "run_id" in row else None
        if generation is not None:
            self.workbench.go(Narratives(generation_id=generation))
        elif run is not None and run.isascii() and run.isdigit():
            self.workbench.go(Runs(run_id=int(run)))
        else:
            self.workbench.say(
                "This row names no answer and no run.", "Ask for generation_id or run_id as well."
            )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Going somewhere needs an answer with the table under the keys."""
        return self._table is not None if action == "visit" else True

    @property
    def _editor(self) -> SqlEditor:
        return self.query_one("#question", SqlEditor)

    @property
    def _table(self) -> Results | None:
        try:
            return self.query_one(Results)
        except NoMatches:
            return None

    @on(TextArea.Changed, "#question")
    def _remember(self) -> None:
        text = self._editor.text
        self.workbench.remembered.set("sql.text", text if 0 < len(text) <= LONGEST else None)

    @on(SqlEditor.Walk)
    def _walk(self, event: SqlEditor.Walk) -> None:
        """One question back or on; behind the latest is what was being written."""
        entries = self.history.entries
        if self._walked is None:
            self._unfinished = self._editor.text
            position = len(entries)
            if event.step < 0 and entries and entries[-1].sql == self._unfinished:
                position -= 1
        else:
            position = self._walked
        position += event.step
        if not 0 <= position <= len(entries):
            return
        self._walked = position
        self._editor.replace_all(self._unfinished if position == len(entries) else entries[position].sql)

    @on(OptionList.OptionSelected, "#choices")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._editor.take(event.option_index)

    @on(DataTable.CellSelected)
    def _open_cell(self, event: DataTable.CellSelected) -> None:
        if self._taken is not None:
            row, column = event.coordinate
            self.app.push_screen(cell(self._taken.names[column], self._taken.cell(row, column)))

    @on(DataTable.SelectionCopied)
    def _copy_cells(self, event: DataTable.SelectionCopied) -> None:
        table = self._table
        if self._taken is not None and table is not None:
            self.app.copy_to_clipboard(self._taken.cell(table.cursor_row, table.cursor_column) or "")
            self.workbench.say("Copied.")

    def _load(self, sql: str | None) -> None:
        if sql is not None:
            self._editor.replace_all(sql)
            self._editor.focus()

    def _learn(self, found: object) -> None:
        self._editor.known = found  # type: ignore[assignment]

    def _interrupt(self) -> None:
        if self._halt is not None:
            self._halt.set()
            self._say("Stopping …")

    def _answered(self, taken: Taken, backend: ResultBackend | None) -> None:
        self._halt = None
        self._taken = taken
        rows, columns = taken.rows.num_rows, len(taken.names)
        counted = (
            f"{rows:,} row{'' if rows == 1 else 's'}"
            if taken.complete
            else f"the first {rows:,} rows of more"
        )
        took = f"{taken.seconds:.2f} s"
        across = f"{columns} column{'' if columns == 1 else 's'}"
        self._say(f"{counted} · {across} · {took} · enter shows a cell, ^s saves all")
        self.call_later(self._show, backend)

    async def _show(self, backend: ResultBackend | None) -> None:
        answer = self.query_one("#answer")
        focused = self._table is not None and self._table.has_focus
        await answer.remove_children()
        if backend is None:
            await answer.mount(Empty("The statement gave no rows.", "", id="empty"))
            return
        table = Results(backend)
        await answer.mount(table)
        if focused:
            table.focus()
        self.refresh_bindings()

    def _failed(self, error: WorkbenchError) -> None:
        from elena_wb.store.query import QueryError, StoppedError

        self._halt = None
        if isinstance(error, StoppedError):
            self._say(f"Stopped after {time.monotonic() - self._began:.1f} s.")
            return
        where = ""
        if isinstance(error, QueryError) and error.place is not None:
            row, column = error.place
            where = f"Line {row}, column {column}: "
            if self._editor.text == self._asked:
                self._editor.move_cursor((row - 1, column - 1))
        hint = error.hint or ""
        if "--write" in hint or "--allow-external" in hint:
            hint = f"This screen reads the store and nothing else. In `elena-wb query`: {hint}"
        self._say("\n".join(filter(None, [f"✗ {where}{error.message}", hint])), error=True)

    def _tick(self) -> None:
        if self._halt is not None and not self._halt.is_set():
            self._say(f"Asking … {time.monotonic() - self._began:.0f} s (escape stops)")

    def _say(self, text: str, *, error: bool = False) -> None:
        self.query_one("#words", Static).update(
            block(plain_lines(text), longest=4000) if error else Content(text)
        )
        self.query_one("#said").set_class(error, "error")

    def _hint(self, what: str, first: str) -> None:
        for empty in self.query("#empty").results(Empty):
            empty.say(what, first)
