"""Read answers beside their pictures: a table of those that pass a filter, the picture, the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.widgets import Input, Static

from elena_wb.errors import WorkbenchError
from elena_wb.store.browsing import ORDERS, Filter, Order, Rows, lines, page_of
from elena_wb.store.counterparts import flipped
from elena_wb.store.finding import label_scores, next_among, place_of, wrong
from elena_wb.tui import places
from elena_wb.tui.narratives import doing as narratives_doing
from elena_wb.tui.narratives.answer import AnswerPane
from elena_wb.tui.narratives.chips import Chips
from elena_wb.tui.narratives.filters import in_words
from elena_wb.tui.narratives.lines import COLUMNS
from elena_wb.tui.narratives.picture import View, content_of
from elena_wb.tui.narratives.search import Passing, passing
from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.text import line
from elena_wb.tui.widgets.empty import Empty
from elena_wb.tui.widgets.paged import PagedTable
from elena_wb.tui.widgets.picture import Picture

if TYPE_CHECKING:
    from textual.timer import Timer

    from elena_wb.engine.showing import Shown
    from elena_wb.store.browsing import AnswerPage

_STALE_S = 0.3
"""So long the picture of the answer before may stand beside another."""


class NarrativesScreen(WorkbenchScreen):
    """Walk through answers."""

    mode = "narratives"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (170, "-vast")]  # noqa: RUF012 - as Screen has it
    CSS = """
    NarrativesScreen #passing { height: 1; padding: 0 1; background: $boost; }
    NarrativesScreen #passing > Static { width: 1fr; height: 1; }
    NarrativesScreen #passing.error > Static { color: $text-error; }
    NarrativesScreen #find { display: none; width: 1fr; height: 1; border: none; }
    NarrativesScreen #find.asked { display: block; }
    NarrativesScreen #body { layout: grid; height: 1fr; grid-gutter: 0 1; }
    NarrativesScreen.-narrow #body { grid-size: 2 2; grid-columns: 29 1fr; grid-rows: 6 1fr; }
    NarrativesScreen.-narrow #answers { column-span: 2; }
    NarrativesScreen.-wide #body { grid-size: 2 2; grid-columns: 56 1fr; grid-rows: 1fr 1fr; }
    NarrativesScreen.-wide #answers { row-span: 2; }
    NarrativesScreen.-vast #body { grid-size: 3 1; grid-columns: 62 5fr 6fr; grid-rows: 1fr; }
    NarrativesScreen Empty, NarrativesScreen.empty #body { display: none; }
    NarrativesScreen.empty Empty { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "walk(1)", "Next answer", show=False),
        Binding("k", "walk(-1)", "Previous answer", show=False),
        Binding("slash", "find", "Text", key_display="/", tooltip="Filter by text"),
        Binding("x", "filter", "Filter", tooltip="Filter: every criterion, SQL, and the order"),
        Binding("z", "unfilter", "All", show=False, tooltip="All answers: take the filter away"),
        Binding("e", "next_wrong", "Error", tooltip="Next wrong answer"),
        Binding("f", "next_flip", "Flip", tooltip="Next answer that differs from its counterpart"),
        Binding("m", "mark", "Mark", tooltip="Mark the answer (*), or unmark it"),
        Binding("a", "annotate", "Note", tooltip="Write a note to the answer (+)"),
        Binding("v", "view", "View", tooltip="The picture as it is, or as the model saw it"),
        Binding("p", "parts", "Parts", show=False, tooltip="Parts of the body: left and right light them"),
        Binding("t", "raw", "Raw", show=False, tooltip="The answer word for word"),
        Binding("s", "order", "Order", show=False, tooltip="Another order"),
        Binding("y", "copy(False)", "Copy the narrative", show=False),
        Binding("Y", "copy(True)", "Copy all of the answer", show=False),
        Binding("o", "open", "Open the picture in another program", show=False),
        Binding("g", "attention", "Attention: where the model looked", show=False),
        Binding("c", "compare", "Compare with the counterpart", show=False),
        Binding("R", "rate", "Let people rate these answers blind", show=False),
        Binding("escape", "back", "Back to the table", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._filter = Filter()
        self._order: Order = "run"
        self._view: View = "seen"
        self._rows: Rows | None = None
        self._all = 0
        self._page: AnswerPage | None = None
        self._shown: Shown | None = None
        self._pictured: str | None = None
        self._wanted: str | None = None
        self._due: tuple[int, str] | None = None
        self._early = False
        self._again: Callable[[], None] | None = None
        self._reading = False
        self._stale: Timer | None = None

    def content(self) -> ComposeResult:
        """What passes, then table, picture and answer; or what to do where there is nothing."""
        with Horizontal(id="passing"):
            yield Static("", markup=False)
            yield Input(placeholder="text to look for; enter filters, escape leaves", id="find", compact=True)
        with Container(id="body"):
            yield PagedTable(COLUMNS, id="answers")
            yield Picture(id="picture")
            yield AnswerPane(id="answer")
        yield Empty("There are no answers yet.", "")

    def on_mount(self) -> None:
        """Begin where it was left."""
        kept = self.workbench.remembered
        self._filter = Filter.from_json(kept.get("narratives.filter"))
        order = kept.get("narratives.order")
        self._order = order if order in ORDERS else "run"
        self._view = "original" if kept.get("narratives.view") == "original" else "seen"
        wanted = kept.get("narratives.answer")
        self._wanted = wanted if isinstance(wanted, str) else None
        self.query_one(PagedTable).focus()
        if self._early:
            self._read()

    def arrive(self, place: places.Place) -> None:
        """Show the answers of a filter, and the one that is meant."""
        if not isinstance(place, places.Narratives):
            return
        if place.filter is not None:
            self._filter = place.filter
        self._wanted = place.generation_id or (None if place.filter is not None else self._wanted)
        self._read(afresh=True, must=place.generation_id is not None)

    def refresh_data(self) -> None:
        """Read again which answers pass; the one under the cursor stays."""
        if self.query(PagedTable):
            self._read()
        else:
            self._early = self.is_running

    # --- which answers

    def _read(self, *, afresh: bool = False, must: bool = False) -> None:
        """Find the rows that pass. ``afresh`` is another question; with ``must`` the answer wanted is to be among them.

        While the same question is being asked, it is asked once more afterwards and not from the start: a store that is
        written all the time would never be read to the end.
        """
        if self._reading and not afresh:
            self._again = self._read
            return
        self._reading, self._again = True, None
        if afresh:
            self._leave_answer()
        store, wanted, order = self.store, self._filter, self._order
        target = self._wanted or self._under_cursor()
        first = True

        def each(found: Passing) -> None:
            nonlocal first
            if must and found.complete and found.place is None and wanted != Filter():
                self._filter = Filter()
                self.workbench.say("The filter was taken away: the answer does not pass it.")
                self._reading = False
                self._read(afresh=True)
                return
            begins = first and (afresh or self._rows is None)
            place, answer = found.place, target
            if not begins and self._wanted is None:
                place, answer = self._place_now(found, target)
            self._take(found, wanted, place, answer, afresh=begins)
            first = False

        now = self.query_one(PagedTable).line_at_cursor
        near = cast("int", now["row"]) if now is not None and now["generation_id"] == target else None
        self.follow(
            lambda: passing(store, wanted, order, target, near), each, group="rows", failed=self._failed
        )

    def _under_cursor(self) -> str | None:
        """The answer that the cursor is on, or is about to be."""
        table = self.query_one(PagedTable)
        if self._due is not None and self._due[0] == table.cursor:
            return self._due[1]
        found = table.line_at_cursor
        return str(found["generation_id"]) if found is not None else None

    def _place_now(self, found: Passing, target: str | None) -> tuple[int | None, str | None]:
        """The place of the answer under the cursor, which may have moved on since it was asked for; and the answer."""
        answer = self._under_cursor()
        line = self.query_one(PagedTable).line_at_cursor
        if answer == target or line is None:
            return found.place, target
        return place_of(found.rows, cast("int", line["row"])), answer

    def _take(
        self, found: Passing, wanted: Filter, place: int | None, answer: str | None, *, afresh: bool
    ) -> None:
        self._due = (place, answer) if place is not None and answer is not None else None
        store, rows = self.store, found.rows
        self._rows, self._all = rows, found.all
        table = self.query_one(PagedTable)
        table.show(
            len(rows),
            lambda first, last: lines(store, rows[first:last], wanted),
            keep_cursor=not afresh,
            at=found.at,
            ready=found.ready,
        )
        if place is not None:
            if place != table.cursor:
                table.move_to(place)
            self._wanted = None
        self._tell_passing(searched=found.searched)
        if len(rows):
            if self.has_class("empty"):
                self.remove_class("empty")
                if self.focused is None:  # what is hidden loses the focus
                    table.focus()
            if not afresh and self._page is not None and found.place is not None:
                self._read_answer(self._page.generation_id)
        elif found.complete:
            self.add_class("empty")
            self._show_nothing()
        if found.complete:
            self._wanted = None
            self._done()

    def _failed(self, error: WorkbenchError) -> None:
        self._rows = None
        self._tell_passing(error)
        if not self._filter.where:
            self.workbench.tell(error)
        self._done()

    def _done(self) -> None:
        self._reading = False
        again, self._again = self._again, None
        if again is not None:
            again()

    def _tell_passing(self, error: WorkbenchError | None = None, *, searched: float = 1) -> None:
        passing = self.query_one("#passing")
        passing.set_class(error is not None, "error")
        said = passing.query_one(Static)
        if error is not None:
            said.update(line(f"✗ {error.message} (x changes the filter, z takes it away)"))
            return
        words = in_words(self._filter, self._order)
        found = len(self._rows) if self._rows is not None else 0
        count = f"{found:,} of {self._all:,} answers" if found != self._all else f"{found:,} answers"
        if searched < 1:
            count += f" so far, {searched:.0%} searched …"
        way_back = " (z: all)" if self._filter != Filter() else ""
        said.update(line(count + (f" · {words.plain}{way_back}" if words.plain else "")))

    def _show_nothing(self) -> None:
        self._page = self._shown = self._pictured = None
        self.query_one(AnswerPane).show(None)
        self.query_one(Picture).show(None)
        empty = self.query_one(Empty)
        if self._all:
            empty.say("No answer passes the filter.", "z takes it away, x changes it.")
        else:
            empty.say(
                "There are no answers yet.",
                "Start a run: key 7, or `elena-wb run FOLDER -m MODEL`. `elena-wb demo` makes a study to look at.",
            )

    def _ask_for(self, wanted: Filter, order: Order | None = None) -> None:
        """Show what passes another filter, or the same in another order."""
        self._filter, self._order = wanted, order or self._order
        kept = self.workbench.remembered
        kept.set("narratives.filter", wanted.as_json() if wanted != Filter() else None)
        kept.set("narratives.order", self._order)
        self._read(afresh=True)

    def action_find(self) -> None:
        """Ask for a text."""
        find = self.query_one("#find", Input)
        find.value = self._filter.text
        find.add_class("asked")
        find.focus()

    @on(Input.Submitted, "#find")
    def _find(self, event: Input.Submitted) -> None:
        self.action_back()
        self._ask_for(replace(self._filter, text=event.value.strip()))

    @on(Input.Blurred, "#find")
    def _left(self) -> None:
        self.query_one("#find").remove_class("asked")

    def action_back(self) -> None:
        """Leave the line, or the answer, for the table."""
        self.query_one(PagedTable).focus()

    def action_filter(self) -> None:
        """Open the window with all criteria."""
        narratives_doing.choose_filter(self, self._filter, self._order, self._ask_for)

    def action_unfilter(self) -> None:
        """Show all."""
        self._ask_for(Filter())

    def action_order(self) -> None:
        """The next order."""
        self._ask_for(self._filter, ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)])

    # --- walking

    def action_walk(self, by: int) -> None:
        """The next or previous answer, wherever the focus is."""
        table = self.query_one(PagedTable)
        table.move_to(min(max(0, table.cursor + by), max(0, table.count - 1)))

    def action_next_wrong(self) -> None:
        """The next answer that is wrong."""
        store = self.store
        self._jump(lambda part: wrong(store, part), "No wrong answer follows.")

    def action_next_flip(self) -> None:
        """The next answer that differs from its counterpart under another condition."""
        store = self.store
        self._jump(lambda part: flipped(store, part), "No answer that differs from its counterpart follows.")

    def _jump(self, chosen: Callable[[Rows], Rows], otherwise: str) -> None:
        rows, after = self._rows, self.query_one(PagedTable).cursor
        if rows is None or not len(rows):
            return

        def then(place: int | None) -> None:
            if place is None:
                self.workbench.say(otherwise)
            elif rows is self._rows:
                self.query_one(PagedTable).move_to(place)

        self.fetch(lambda: next_among(rows, after, chosen), then, group="jump")

    # --- the answer

    @on(PagedTable.Highlighted)
    def _highlighted(self, event: PagedTable.Highlighted) -> None:
        generation_id = str(event.line["generation_id"])
        if self._due is not None and event.position == self._due[0]:
            if generation_id != self._due[1]:
                return  # a line of before, which stands there until the lines of now are read
            self._due = None
        if self._page is None or {self._page.generation_id, self._pictured} != {generation_id}:
            self._read_answer(generation_id, cast("int", event.line["row"]))

    @on(PagedTable.Awaited)
    def _leave_answer(self) -> None:
        """Read no more about the answer that the cursor was on: the lines come first."""
        self.drop("answer")
        self.drop("picture")

    @on(PagedTable.Chosen)
    def _chosen(self) -> None:
        self.query_one(AnswerPane).focus()

    def _read_answer(self, generation_id: str, row: int | None = None) -> None:
        store = self.store

        def work() -> Iterator[tuple[AnswerPage | None, tuple[tuple[str, float], ...]]]:
            with store.read():
                found = page_of(store, generation_id, row), label_scores(store, generation_id)
            yield found

        def then(found: tuple[AnswerPage | None, tuple[tuple[str, float], ...]]) -> None:
            page, scores = found
            self._page = page
            self.query_one(AnswerPane).show(page, scores)
            if page is not None and page.generation_id != self._pictured:
                self.workbench.remembered.set("narratives.answer", page.generation_id)
                self._read_picture(generation_id)

        self.follow(work, then, group="answer")

    def _read_picture(self, generation_id: str) -> None:
        from elena_wb.engine.showing import shown

        store, host = self.store, self.workbench.host
        picture = self.query_one(Picture)
        self._pictured = None
        if self._stale is not None:
            self._stale.stop()
        stale = self._stale = self.set_timer(_STALE_S, lambda: picture.show(None, "reading the picture …"))

        def then(found: Shown) -> None:
            stale.stop()
            self._shown, self._pictured = found, generation_id
            self._draw_picture()
            self.query_one(AnswerPane).light(found.regions)

        def failed(error: WorkbenchError) -> None:
            stale.stop()
            self._shown, self._pictured = None, generation_id
            picture.show(None, error.message)

        def work() -> Iterator[Shown]:
            yield shown(store, host, generation_id)

        self.follow(work, then, group="picture", failed=failed)

    def _draw_picture(self) -> None:
        picture = self.query_one(Picture)
        if self._shown is None or self._page is None:
            picture.show(None)
            return
        picture.show(*content_of(self._shown, self._page.condition, self._view))

    @on(Chips.Lit)
    def _lit(self, event: Chips.Lit) -> None:
        self.query_one(Picture).highlight(event.chip.key if event.chip is not None else None)

    def action_view(self) -> None:
        """The picture as the model saw it, or as it is."""
        self._view = "original" if self._view == "seen" else "seen"
        self.workbench.remembered.set("narratives.view", self._view)
        self._draw_picture()

    def action_parts(self) -> None:
        """Walk through the parts of the body."""
        self.query_one(Chips).focus()

    def action_raw(self) -> None:
        """The answer word for word, or as it was read."""
        self.query_one(AnswerPane).toggle_raw()

    # --- what can be done with it

    def action_mark(self) -> None:
        """Mark the answer, or unmark it."""
        if self._page is not None:
            narratives_doing.keep(self, self._page, marked=not self._page.marked, note=self._page.note)

    def action_annotate(self) -> None:
        """Write a note."""
        if self._page is not None:
            narratives_doing.annotate(self, self._page)

    def action_copy(self, whole: bool) -> None:
        """Put the narrative, or all, on the clipboard."""
        if self._page is not None:
            narratives_doing.copy(self, self._page, whole=whole)

    def action_open(self) -> None:
        """Open the picture in another program."""
        if self._shown is not None:
            narratives_doing.open_picture(self, self._shown)

    def action_attention(self) -> None:
        """Where the model looked as it gave this answer."""
        if self._page is not None:
            self.workbench.go(places.Attention(self._page.generation_id))

    def action_rate(self) -> None:
        """A session of blind rating, of the answers that pass the filter."""
        self.workbench.go(places.Rate(self._filter))

    def action_compare(self) -> None:
        """This answer beside its counterpart under another condition."""
        if self._page is not None:
            narratives_doing.compare(self, self._page)
