"""Where the model looked: maps over the picture, word by word, layer by layer; and having answers looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from elena_wb.errors import UsageError, WorkbenchError
from elena_wb.tui import places
from elena_wb.tui.attention.draw import Drawer, Drawing
from elena_wb.tui.attention.look_jobs import LookJobs
from elena_wb.tui.attention.looking import LookingScreen
from elena_wb.tui.attention.read import Opened, open_answer, way_of
from elena_wb.tui.attention.view import AttentionView
from elena_wb.tui.widgets.empty import Empty
from elena_wb.tui.widgets.paged import Column, PagedTable

_POLL_S = 1.0
_COLUMNS = (
    Column("picture", "picture", 20),
    Column("run_id", "run", 4, "right"),
    Column("condition", "condition", 12),
    Column("truth", "truth", 10),
    Column("emotion", "answer", 10),
    Column("narrative", "narrative", 0),
)


class AttentionScreen(LookingScreen):
    """The answers that were looked at; of one of them everything that was seen."""

    mode = "attention"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket,left", "layer(-1)", "Layer", key_display="[ ]", tooltip="Layer before"),
        Binding("right_square_bracket,right", "layer(1)", "Layer after", show=False),
        Binding("left_curly_bracket,up", "head(-1)", "Head", key_display="{ }", tooltip="Head before"),
        Binding("right_curly_bracket,down", "head(1)", "Head after", show=False),
        Binding("n,tab", "word(1)", "Words", key_display="n p", tooltip="Next words of the answer"),
        Binding("p,shift+tab", "word(-1)", "Words before", show=False),
        Binding("m", "masked", "Masked", tooltip="Beside the answer under another condition"),
        Binding("x", "sinks", "Sinks", show=False, tooltip="With sinks, or without"),
        Binding("g", "numbers", "Numbers", show=False, tooltip="The map as numbers, or as a picture"),
        Binding("h", "part(1)", "Part", show=False, tooltip="Let the next part stand out"),
        Binding("w", "way", "Way", show=False, tooltip="The next of the ways in which it was looked at"),
        Binding("j,pagedown", "answer(1)", "Next answer", show=False),
        Binding("k,pageup", "answer(-1)", "Answer before", show=False),
        Binding("e", "look", "Look", tooltip="Have answers looked at"),
        Binding("c", "cancel", "Cancel", show=False, tooltip="Stop looking; what was seen is kept"),
        Binding("escape,backspace", "leave", "List", key_display="esc", tooltip="All answers looked at"),
    ]
    DEFAULT_CSS = """
    AttentionScreen #looked-at { display: none; }
    AttentionScreen AttentionView { display: none; }
    AttentionScreen.list #looked-at { display: block; }
    AttentionScreen.list #nothing { display: none; }
    AttentionScreen.answer #nothing, AttentionScreen.answer #looked-at { display: none; }
    AttentionScreen.answer AttentionView { display: block; }
    AttentionScreen.-wide AttentionView.pair #maps { width: 3fr; }
    AttentionScreen.-wide AttentionView.pair #told { width: 2fr; }
    AttentionScreen.-high AttentionView #plot { display: block; }
    AttentionScreen.-high AttentionView #text { max-height: 12; height: auto; }
    AttentionScreen.-high AttentionView.pair #text { max-height: 6; }
    """

    def content(self) -> ComposeResult:
        """A list, one answer, or what to do first; below it what is being looked at."""
        self._ids: Sequence[int] = ()
        self._wanted: str | None = None
        self._opened: Opened | None = None
        self._pair = bool(self.workbench.remembered.get("attention.pair", False))
        self._numbered = bool(self.workbench.remembered.get("attention.numbers", False))
        self._beside = 0
        self._drawer = Drawer()
        yield Empty("Reading …", "", id="nothing")
        yield PagedTable(_COLUMNS, id="looked-at")
        yield AttentionView()
        yield LookJobs()

    def on_mount(self) -> None:
        """Go back to the answer that was left; look after jobs from now on."""
        self._wanted = self.workbench.remembered.get("attention.answer")
        off = self.workbench.images == "none"
        self.query_one(AttentionView).show_numbers(on=self._numbered or off)
        self.set_interval(_POLL_S, self.poll)

    def arrive(self, place: places.Place) -> None:
        """Show the answer that is named; without one, what was shown."""
        if isinstance(place, places.Attention) and place.generation_id is not None:
            self._open(place.generation_id)

    def refresh_data(self) -> None:
        """Read the list again, and the answer that is shown."""
        from elena_wb.store.looks import looked_rows

        def read() -> Sequence[int]:
            return cast("Sequence[int]", looked_rows(self.store))

        self.fetch(read, self._listed, group="list")
        self.poll()

    def _listed(self, rows: Sequence[int]) -> None:
        from elena_wb.store.browsing import lines

        same = len(self._ids) > 0
        self._ids = rows
        store = self.store
        self.query_one(PagedTable).show(
            len(rows), lambda first, last: lines(store, rows[first:last]), keep_cursor=same
        )
        if not len(rows):
            self.query_one(Empty).say(
                "No answer was looked at so far.",
                "Press e to have answers looked at: those of a run, those that flipped with the mask, or those that "
                "the Narratives screen (2) shows. It takes a model whose attention can be reached: hf:, tiny:, gguf:.",
            )
        if self._wanted is not None:
            self._open(self._wanted)
        else:
            self._show_list()

    def _show_list(self) -> None:
        self.set_class(False, "answer")
        self.set_class(bool(len(self._ids)), "list")
        if len(self._ids):
            self.query_one(PagedTable).focus()
        self.refresh_bindings()

    def _open(self, generation_id: str, way: str | None = None) -> None:
        """Read an answer, with the way of looking of before where it has it."""
        self._wanted = generation_id
        before = None if self._opened is None else self._opened.side
        same = before is not None and before.page.generation_id == generation_id
        like = None if before is None else before.look
        if way is None and same and like is not None:
            way = like.extraction_id
        store, host = self.store, self.workbench.host
        beside = self._beside if self._pair else None

        def read() -> Opened:
            return open_answer(store, host, generation_id, way=way, like=like, beside=beside)

        self.fetch(read, self._show_answer, group="answer", failed=self._gone)

    def _gone(self, error: WorkbenchError) -> None:
        self._wanted = self._opened = None
        self.workbench.remembered.set("attention.answer", None)
        self._show_list()
        if not isinstance(error, UsageError):
            self.workbench.tell(error)

    def _show_answer(self, opened: Opened) -> None:
        page = opened.side.page
        self._opened = opened
        self.workbench.remembered.set("attention.answer", page.generation_id)
        self.set_class(False, "list")
        self.set_class(True, "answer")
        self.set_focus(None)
        truth = "" if page.truth is None else f" (truth {page.truth})"
        name = page.path.rpartition("/")[2]
        about = f"{name} · run {page.run_id}, {page.condition} · {page.model} · {page.emotion or page.status}{truth}"
        self.query_one(AttentionView).show(opened.side, about, way_of(opened.side))
        self.refresh_bindings()

    @on(AttentionView.Wanted)
    def _draw(self, event: AttentionView.Wanted) -> None:
        event.stop()
        opened, wish = self._opened, event.wish
        if opened is None:
            return
        pictures = self.workbench.images != "none"
        other = opened.other if self._pair else None

        def draw() -> Drawing:
            return self._drawer.draw(self.store, opened.side, other, wish, pictures=pictures)

        def show(drawing: Drawing) -> None:
            if opened is self._opened:
                self.query_one(AttentionView).draw(drawing, pair=other is not None)

        self.fetch(draw, show, group="draw")

    @on(PagedTable.Chosen)
    def _chosen(self, event: PagedTable.Chosen) -> None:
        event.stop()
        self._open(str(event.line["generation_id"]))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of one answer work where one is shown."""
        if action in (
            "layer",
            "head",
            "word",
            "masked",
            "sinks",
            "numbers",
            "part",
            "way",
            "answer",
            "leave",
        ):
            return self.has_class("answer")
        if action == "cancel":
            return self.is_mounted and self.query_one(LookJobs).current is not None
        return True

    def action_layer(self, by: int) -> None:
        """Another layer."""
        self.query_one(AttentionView).step_layer(by)

    def action_head(self, by: int) -> None:
        """Another head."""
        self.query_one(AttentionView).step_head(by)

    def action_word(self, by: int) -> None:
        """Other words of the answer."""
        self.query_one(AttentionView).step_word(by)

    def action_sinks(self) -> None:
        """With sinks or without."""
        opened = self._opened
        if opened is not None and opened.side.look is not None and not opened.side.look.sinks:
            self.workbench.say("There are no sinks here: no place is attended to whatever is said.")
            return
        self.query_one(AttentionView).toggle_sinks()

    def action_part(self, by: int) -> None:
        """Let another part stand out."""
        self.query_one(AttentionView).step_part(by)

    def action_numbers(self) -> None:
        """Numbers or pictures."""
        if self.workbench.images == "none":
            self.workbench.say("Pictures are off: maps are shown in numbers.")
            return
        self._numbered = not self._numbered
        self.workbench.remembered.set("attention.numbers", self._numbered or None)
        self.query_one(AttentionView).show_numbers(on=self._numbered)

    def action_masked(self) -> None:
        """Beside the counterpart; beside the next where there are several; alone again."""
        opened = self._opened
        if opened is None:
            return
        if not opened.counterparts:
            self.workbench.say(
                "No answer to this question under another condition is in the store.",
                "Ask under both in one command: `elena-wb run FOLDER --mask none --mask face`.",
            )
            return
        if not self._pair:
            self._pair, self._beside = True, 0
        elif self._beside + 1 < len(opened.counterparts):
            self._beside += 1
        else:
            self._pair = False
        self.workbench.remembered.set("attention.pair", self._pair or None)
        self._open(opened.side.page.generation_id)

    def action_way(self) -> None:
        """The next of the ways in which this answer was looked at."""
        opened = self._opened
        if opened is None or len(opened.side.looks) < 2:
            self.workbench.say("This answer was looked at in one way only.", "e looks at it in another.")
            return
        keys = [look.extraction_id for look in opened.side.looks]
        current = opened.side.look
        at = keys.index(current.extraction_id) if current is not None else -1
        self._open(opened.side.page.generation_id, keys[(at + 1) % len(keys)])

    def action_answer(self, by: int) -> None:
        """The next or previous answer of the list."""
        from elena_wb.store.browsing import lines

        rows, store, opened = self._ids, self.store, self._opened
        if not len(rows) or opened is None:
            return
        table = self.query_one(PagedTable)
        at = max(0, min(len(rows) - 1, table.cursor + by))
        table.move_to(at)

        def found(ids: list[str]) -> None:
            if ids:
                self._open(ids[0])

        self.fetch(lambda: lines(store, rows[at : at + 1])["generation_id"].to_pylist(), found, group="step")

    def action_leave(self) -> None:
        """Back to the list."""
        self._wanted = None
        self.workbench.remembered.set("attention.answer", None)
        self._show_list()

    def answer_at_hand(self) -> tuple[int, str] | None:
        """The answer that is shown, or that the cursor is on."""
        if self.has_class("answer") and self._opened is not None:
            page = self._opened.side.page
            return page.run_id, page.generation_id
        line = self.query_one(PagedTable).line_at_cursor if self.has_class("list") else None
        return None if line is None else (int(str(line["run_id"])), str(line["generation_id"]))
