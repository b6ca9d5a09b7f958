"""Blind rating of answers by people: the sessions, and how far each rater got."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from elena_wb.plain import plain
from elena_wb.store.browsing import Filter
from elena_wb.store.rating_sessions import Design, Session, Sitting, delete_session, make_session, sessions
from elena_wb.store.ratings import sit_down
from elena_wb.tui.places import Place, Rate
from elena_wb.tui.rate.form import NewSession
from elena_wb.tui.rate.page import RatingPage
from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.asking import AskText, Confirm
from elena_wb.tui.widgets.empty import Empty
from elena_wb.tui.widgets.reading import Reading

_COLUMNS = ("Session", "Kind", "Picture", "Items", "Rater", "Rated", "Last")
_PICTURES = {"seen": "as seen", "whole": "whole", "none": "none"}
_NOTHING = (
    "Nobody has rated anything yet.",
    "n makes a session: it draws answers by chance and shows them to people who do not know whose they are. "
    "From Narratives, R brings the answers that are filtered there.",
)


class _Sessions(DataTable[Text]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Continue", tooltip="Go on rating where this rater stopped")
    ]


class RateScreen(WorkbenchScreen):
    """The sessions of blind rating; a line for each rater of each."""

    mode = "rate"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "another", "Another rater", tooltip="Rate in this session under another name"),
        Binding("n", "new", "New session", tooltip="Make a session"),
        Binding("r", "results", "Results", tooltip="What was said, by condition: lifts the blind"),
        Binding("d", "delete", "Delete", tooltip="Delete the session with its ratings; asks"),
    ]

    DEFAULT_CSS = """
    RateScreen DataTable { height: 1fr; }
    RateScreen .off { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[tuple[Session, Sitting | None]] = []

    def content(self) -> ComposeResult:
        """The table, or what to do first."""
        yield Empty(*_NOTHING)
        yield _Sessions(cursor_type="row", classes="off", zebra_stripes=True)

    def on_mount(self) -> None:
        """Head the table."""
        self.query_one(DataTable).add_columns(*(Text(name) for name in _COLUMNS))

    def refresh_data(self) -> None:
        """Read the sessions again."""
        self.fetch(lambda: sessions(self.store), self._show, group="sessions")

    def arrive(self, place: Place) -> None:
        """Offer a new session of the answers that one comes with."""
        if isinstance(place, Rate) and place.filter is not None:
            self._ask_for_new(place.filter)

    @on(DataTable.RowSelected)
    def _chosen(self) -> None:
        """Sit down as the rater of this line, or as one who is asked for the name."""
        line = self._line
        if line is None:
            return
        if line[1] is None:
            self.action_another()
        else:
            self._sit(line[1].sitting_id)

    def action_another(self) -> None:
        """Ask who rates, and let him begin."""
        line = self._line
        if line is None:
            return
        session_id = line[0].session_id

        def named(rater: str | None) -> None:
            if rater and rater.strip():
                self.fetch(lambda: sit_down(self.store, session_id, rater), self._sit, group="sit")

        last = str(self.workbench.remembered.get("rate.rater", ""))
        self.app.push_screen(AskText("Who rates? (a name or a code)", last if line[1] is None else ""), named)

    def action_new(self) -> None:
        """Ask for a new session."""
        self._ask_for_new(Filter())

    def action_delete(self) -> None:
        """Ask, and delete."""
        line = self._line
        if line is None:
            return
        session = line[0]
        kept = sum(sitting.done for sitting in session.sittings)

        def answered(sure: bool | None) -> None:
            if sure:
                self.fetch(
                    lambda: delete_session(self.store, session.session_id),
                    lambda _: self.workbench.refresh_data(),
                    group="delete",
                )

        question = (
            f"Delete the session {plain(session.name)} with {kept} ratings of {len(session.sittings)} raters?"
        )
        self.app.push_screen(Confirm(question, yes="Delete"), answered)

    def action_results(self) -> None:
        """Ask before the blind is lifted, then tell."""
        line = self._line
        if line is None:
            return
        session = line[0]
        left = sum(sitting.total - sitting.done for sitting in session.sittings)
        question = (
            f"Show the results of {plain(session.name)}? They tell what was rated how under which condition."
        )
        if left:
            question += f" {left} ratings are still to come; who has yet to rate should not look."

        def answered(sure: bool | None) -> None:
            if sure:
                from elena_wb.tui.rate.results import results_page

                self.fetch(lambda: results_page(self.store, session), self._show_page, group="results")

        self.app.push_screen(Confirm(question, yes="Show"), answered)

    @property
    def _line(self) -> tuple[Session, Sitting | None] | None:
        row = self.query_one(DataTable).cursor_row
        return self._lines[row] if 0 <= row < len(self._lines) else None

    def _sit(self, sitting_id: int) -> None:
        self.app.push_screen(RatingPage(self, sitting_id), lambda _: self.workbench.refresh_data())

    def _show_page(self, page: Reading) -> None:
        self.app.push_screen(page)

    def _ask_for_new(self, wanted: Filter) -> None:
        rater = str(self.workbench.remembered.get("rate.rater", ""))

        def made(answer: tuple[Design, str] | None) -> None:
            if answer is None:
                return
            design, name = answer
            self.workbench.remembered.set("rate.rater", name)

            def begin() -> int:
                return sit_down(self.store, make_session(self.store, design), name)

            self.fetch(begin, self._sit, group="sit")

        self.app.push_screen(NewSession(self, wanted, rater), made)

    def _show(self, found: tuple[Session, ...]) -> None:
        table = self.query_one(DataTable)
        cursor = table.cursor_row
        self._lines = [(one, sitting) for one in found for sitting in (one.sittings or (None,))]
        table.clear()
        for session, sitting in self._lines:
            table.add_row(*_cells(session, sitting))
        table.move_cursor(row=min(cursor, max(len(self._lines) - 1, 0)))
        table.set_class(not self._lines, "off")
        self.query_one(Empty).set_class(bool(self._lines), "off")
        if self._lines and self.focused is None:
            table.focus()


def _cells(session: Session, sitting: Sitting | None) -> tuple[Text, ...]:
    rated = "-" if sitting is None else f"{sitting.done} of {sitting.total}"
    if sitting is not None and sitting.done == sitting.total:
        rated += " ✓"
    return (
        Text(_short(session.name, 22)),
        Text(session.kind),
        Text(_PICTURES[session.picture]),
        Text(f"{session.items:,}", justify="right"),
        Text(_short("nobody yet" if sitting is None else sitting.rater, 14)),
        Text(rated),
        Text(_when(None if sitting is None else sitting.last)),
    )


def _short(text: str, longest: int) -> str:
    shown = plain(text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _when(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%d %b %H:%M}"
