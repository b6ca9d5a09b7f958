"""A table of any length that holds only what is near the part of it that is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.timer import Timer
from textual_fastdatatable import DataTable

from elena_wb.errors import WorkbenchError
from elena_wb.store.stopping import NotWantedError, Stop, stoppable
from elena_wb.tui.text import line as one_line
from elena_wb.tui.widgets.pages import PAGE, Line, Pages
from elena_wb.tui.widgets.pages_backend import PagesBackend

if TYPE_CHECKING:
    import pyarrow as pa

    Read = Callable[[int, int], pa.Table]
    """Gives the lines of the positions from one up to but not including another; called in a thread."""

_QUIET_S = 0.12
"""The cursor has come to rest when it has not moved for so long."""
_NARROWEST = 12
_PADDING = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the value called ``name`` of each line, under ``label``.

    ``width`` is in cells; the one column of width 0 takes what the others leave. ``render`` makes what is shown out of
    the value and the whole line; without it the value is shown as one harmless line.
    """

    name: str
    label: str
    width: int
    align: Literal["left", "right", "center"] = "left"
    render: Callable[[Any, Mapping[str, object]], Content | Text] | None = None


class PagedTable(DataTable, inherit_bindings=False):
    """Shows ``count`` lines that are read when they come into view; until then they show as ``…``.

    One line is under the cursor. Reading happens in a thread, one piece at a time, and only of what is in view when its
    turn comes, so that holding a key down reads little. Nothing that is read is markup.
    """

    DEFAULT_CSS = """
    PagedTable { height: 1fr; max-height: 100%; background: $background; }
    PagedTable > .datatable--header { background: $panel; color: $text; text-style: bold; }
    PagedTable > .datatable--cursor { background: $primary 40%; color: $text; }
    PagedTable:focus > .datatable--cursor { background: $primary; color: $text; text-style: bold; }
    PagedTable > .datatable--hover { background: $primary 15%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", "Up", show=False),
        Binding("down", "cursor_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home,ctrl+home", "scroll_home", "First", show=False),
        Binding("end,ctrl+end", "scroll_end", "Last", show=False),
        Binding("left", "scroll_left", "Left", show=False),
        Binding("right", "scroll_right", "Right", show=False),
        Binding("enter", "select_cursor", "Choose", show=False),
    ]

    class _About(Message):
        def __init__(self, table: PagedTable, position: int, line: Line) -> None:
            super().__init__()
            self.table, self.position, self.line = table, position, line

        @property
        def control(self) -> PagedTable:
            """The table."""
            return self.table

    class Highlighted(_About):
        """The cursor has come to rest on ``line``, or the line under it was read anew and differs."""

    class Chosen(_About):
        """Enter was pressed on ``line``, or it was clicked twice."""

    class Awaited(Message):
        """The cursor is on a line that is not read yet; it will be told of when it is."""

        def __init__(self, table: PagedTable) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> PagedTable:
            """The table."""
            return self.table

    class Failed(Message):
        """Lines could not be read; ``error`` is meant for people. They are tried again when they are drawn again."""

        def __init__(self, table: PagedTable, error: WorkbenchError) -> None:
            super().__init__()
            self.table, self.error = table, error

        @property
        def control(self) -> PagedTable:
            """The table."""
            return self.table

    class _Came(Message, bubble=False):
        """What a thread has read, or why it could not."""

        def __init__(self, showing: int, first: int, last: int, found: list[Line] | WorkbenchError) -> None:
            super().__init__()
            self.showing, self.first, self.last, self.found = showing, first, last, found

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:
        self._columns = tuple(columns)
        self._pages = Pages()
        super().__init__(
            backend=PagesBackend(
                [column.name for column in self._columns],
                [column.width for column in self._columns],
                self._pages,
                self._rendered,
            ),
            column_labels=[
                Text(column.label, justify=column.align, no_wrap=True) for column in self._columns
            ],
            column_widths=[max(column.width, 1) for column in self._columns],
            cursor_type="row",
            cursor_foreground_priority="renderable",
            show_row_labels=False,
            render_markup=False,
            id=id,
        )
        self._read: Read | None = None
        self._showing = 0
        self._reading: int | None = None
        self._stop = Stop()
        self._rest: Timer | None = None
        self._moved = False
        self._last: tuple[int, Line] | None = None

    def show(
        self, count: int, read: Read, *, keep_cursor: bool, at: int = 0, ready: Sequence[Line] = ()
    ) -> None:
        """Show ``count`` lines that ``read`` gives.

        With ``keep_cursor`` it is the same question asked again: cursor and scrolling stay, and lines that are seen
        stay until they were read anew. Without it nothing of before is seen any more, and the cursor stands on the
        first. ``ready`` are lines that were read already: the page that begins at ``at``.
        """
        self._showing += 1
        self._stop.request()
        self._stop = Stop()
        self._read = read
        self._reading = None
        if keep_cursor:
            self._pages.age(count)
        else:
            self._pages = Pages(count)
            self._last = None
        if ready:
            self._pages.put(at, ready, min(count, at + PAGE))
            self.call_next(self._tell_unless_moving)
        self._backend.pages = self._pages
        header = self.header_height if self.show_header else 0
        self.virtual_size = Size(self.virtual_size.width, count + header)
        self.move_to(self.cursor if keep_cursor else 0)
        self._draw_again()
        self._look()

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self._pages.count

    @property
    def cursor(self) -> int:
        """The position of the cursor, from 0."""
        return self.cursor_row

    @property
    def line_at_cursor(self) -> Line | None:
        """The line under the cursor; ``None`` where there is none, or it is not read yet."""
        return self._pages.line(self.cursor)

    def move_to(self, position: int) -> None:
        """Put the cursor on a position, and into view."""
        self.move_cursor(row=position)
        # There may be no room to scroll in yet, where lines have just come.
        self.call_after_refresh(self._scroll_cursor_into_view)

    def action_scroll_home(self, select: bool = False) -> None:
        """The first line."""
        self.move_to(0)

    def action_scroll_end(self, select: bool = False) -> None:
        """The last line."""
        self.move_to(self.count - 1)

    def action_select_cursor(self) -> None:
        """Choose the line under the cursor."""
        line = self.line_at_cursor
        if line is not None:
            self.post_message(self.Chosen(self, self.cursor, line))

    @property
    def _backend(self) -> PagesBackend:
        assert isinstance(self.backend, PagesBackend)
        return self.backend

    def on_resize(self, event: events.Resize) -> None:
        """Use the room there is."""
        self._fit()

    def watch_show_vertical_scrollbar(self) -> None:
        """Use the room the scroll bar leaves."""
        if self.is_attached:
            self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        fixed = sum(column.width + _PADDING for column in self._columns if column.width)
        rest = max(_NARROWEST, self.scrollable_content_region.width - fixed - _PADDING)
        widths: list[int | None] = [column.width or rest for column in self._columns]
        if widths != self._column_widths:
            self._column_widths = widths
            self._ordered_columns = None
            self._require_update_dimensions = True
            self._draw_again()
        self._look()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Read what comes into view."""
        super().watch_scroll_y(old_value, new_value)
        self._look()

    def on_click(self, event: events.Click) -> None:
        """A second click chooses."""
        if event.chain == 2 and event.style.meta.get("row", -1) == self.cursor:
            self.action_select_cursor()

    @on(DataTable.RowHighlighted)
    def _cursor_moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._tell()

    @on(DataTable.RowSelected)
    @on(DataTable.SelectionCopied)
    def _not_for_others(self, event: Message) -> None:
        event.stop()

    def _tell(self) -> None:
        """Tell of the line under the cursor: at once after a rest, otherwise when the cursor has come to rest."""
        if self.line_at_cursor is None and self.count:
            self._last = None
            self.post_message(self.Awaited(self))
        if self._rest is None:
            self._rest = self.set_timer(_QUIET_S, self._rested)
            self._tell_now()
        else:
            self._moved = True
            self._rest.reset()

    def _rested(self) -> None:
        self._rest = None
        self._moved = False
        self._tell_now()

    def _tell_unless_moving(self) -> None:
        if not self._moved:
            self._tell_now()

    def _tell_now(self) -> None:
        line = self.line_at_cursor
        if line is not None and self._last != (self.cursor, line):
            self._last = (self.cursor, line)
            self.post_message(self.Highlighted(self, self.cursor, line))

    def _look(self) -> None:
        """Have what is in view read, unless something is being read: then it is looked at again afterwards."""
        if self._read is None or self._reading == self._showing or not self.is_attached:
            return
        height = max(1, self.size.height)
        top = int(self.scroll_y)
        wanted = self._pages.lacking(top, top + height) or self._pages.lacking(self.cursor, self.cursor + 1)
        if wanted is None:
            return
        first, last = wanted
        showing, read, stop = self._showing, self._read, self._stop
        self._reading = showing

        def work() -> None:
            found: list[Line] | WorkbenchError
            try:
                with stoppable(stop):
                    found = read(first, last).to_pylist()
            except NotWantedError:
                return
            except WorkbenchError as error:
                found = error
            self.post_message(self._Came(showing, first, last, found))

        self.run_worker(work, thread=True, group="pages", exit_on_error=True)

    @on(_Came)
    def _came(self, event: _Came) -> None:
        """Show what was read, if it still is what is asked for."""
        if event.showing != self._showing:
            return
        self._reading = None
        if isinstance(event.found, WorkbenchError):
            self.post_message(self.Failed(self, event.found))
            return
        self._pages.put(event.first, event.found, event.last)
        self._draw_again()
        self._tell_unless_moving()
        self._look()

    def _render_cell(
        self,
        row_index: int,
        column_index: int,
        base_style: Style,
        width: int,
        cursor: bool = False,
        hover: bool = False,
        in_range: bool = False,
    ) -> list[list[Segment]]:
        """As the library does it, for cells of one line: without asking for a layout of each, which takes most time."""
        if row_index < 0 or width <= _PADDING:
            return super()._render_cell(row_index, column_index, base_style, width, cursor, hover, in_range)
        key = (
            *(row_index, column_index, base_style, cursor, hover, in_range),
            *(self._show_hover_cursor, self._update_count, self._pseudo_class_state),
        )
        if key not in self._cell_render_cache:
            text = self._backend.get_cell_at(row_index, column_index)
            text.truncate(width - _PADDING, overflow="ellipsis")
            text.align(self._columns[column_index].align, width - _PADDING)
            text.pad(1)
            component, after = self._get_styles_to_render_cell(
                *(False, False, False, hover, cursor, in_range, self.show_cursor, self._show_hover_cursor),
                *(False, self.cursor_foreground_priority == "css", self.cursor_background_priority == "css"),
            )
            before = base_style + Style.from_meta({"row": row_index, "column": column_index}) + component
            segments = Segment.apply_style(text.render(self.app.console), before, after)
            self._cell_render_cache[key] = [list(segments)]
        return self._cell_render_cache[key]

    def _draw_again(self) -> None:
        self._clear_caches()
        self._update_count += 1
        self.refresh()

    def _rendered(self, place: int, line: Line) -> Text:
        column = self._columns[place]
        value = line.get(column.name)
        made = one_line(value) if column.render is None else column.render(value, line)
        text = self._as_text(made) if isinstance(made, Content) else made.copy()
        text.justify, text.no_wrap, text.overflow = column.align, True, "ellipsis"
        return text

    def _as_text(self, content: Content) -> Text:
        if not content.spans:
            return Text(content.plain)
        pieces = content.render(end="", parse_style=self.app.stylesheet.parse_style)
        return Text.assemble(*((text, style.rich_style) for text, style in pieces))
