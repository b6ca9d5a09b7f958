"""The table of runs: as many columns as there is room for, drawn anew only where something changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.theme import Theme
from textual.widgets import DataTable

from elena_wb.tui.runs.columns import Column, laid_out
from elena_wb.tui.runs.lines import RunLine

_SCROLLBAR = 2


class RunsTable(DataTable[Text]):
    """Shows lines in the order they are given; the cursor stays on its line when they change.

    ``marks`` are letters before lines, by key. ``order`` is the column the lines are ordered by, for the arrow on its
    head.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Read", key_display="⏎")]

    DEFAULT_CSS = """
    RunsTable { height: 1fr; }
    """

    class Arranged(Message):
        """The head of the column ``name`` was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=0, zebra_stripes=False)
        self._lines: list[RunLine] = []
        self._marks: Mapping[str, str] = {}
        self._order: tuple[str, bool] = ("", False)
        self._laid_out: list[tuple[Column, int]] = []
        self._drawn: dict[str, tuple[str, ...]] = {}
        self._now = datetime.min
        self._wanted: str | None = None

    @property
    def names(self) -> list[str]:
        """The names of the columns that there is room for, from left to right."""
        return [column.name for column, _ in self._laid_out]

    @property
    def line_at_cursor(self) -> RunLine | None:
        """The line under the cursor, if there is any."""
        return self._lines[self.cursor_row] if 0 <= self.cursor_row < len(self._lines) else None

    def show(
        self,
        lines: Sequence[RunLine],
        now: datetime,
        *,
        marks: Mapping[str, str],
        order: tuple[str, bool],
        cursor: str | None = None,
    ) -> None:
        """Show ``lines`` at the time ``now``, with the cursor on the line of the key ``cursor`` if one is given."""
        at = self.line_at_cursor
        wanted = cursor or self._wanted or (at.key if at else None)
        same = [line.key for line in lines] == [line.key for line in self._lines] and order == self._order
        self._lines, self._now, self._marks, self._order = list(lines), now, marks, order
        columns = laid_out(self._room(), self._lines, now)
        if same and self._drawn and columns == self._laid_out:
            self._update()
            if cursor is not None:
                self._put_cursor(cursor)
            return
        self._laid_out = columns
        self._draw(wanted)

    def on_mount(self) -> None:
        """Colours are those of the theme."""
        self.app.theme_changed_signal.subscribe(self, self._recolour)

    def on_resize(self, event: events.Resize) -> None:
        """Choose columns for the new width."""
        columns = laid_out(self._room(), self._lines, self._now)
        if columns != self._laid_out:
            at = self.line_at_cursor
            self._laid_out = columns
            self._draw(at.key if at else None)

    def _recolour(self, theme: Theme) -> None:
        at = self.line_at_cursor
        self._draw(at.key if at else None)

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """The head of a column was clicked."""
        event.stop()
        if event.column_key.value and event.column_key.value != "mark":
            self.post_message(self.Arranged(event.column_key.value))

    def _room(self) -> int:
        return max(10, self.size.width - _SCROLLBAR - 2)

    def _draw(self, wanted: str | None) -> None:
        top = self.scroll_y
        with self.app.batch_update(), self.prevent(DataTable.RowHighlighted):
            self.clear(columns=True)
            self._drawn = {}
            self.add_column(Text(""), width=2, key="mark")
            for column, width in self._laid_out:
                self.add_column(self._label(column, width), width=width + 1, key=column.name)
            for line in self._lines:
                self._drawn[line.key] = self._texts(line)
                mark = Text(self._marks.get(line.key, ""), style="bold")
                colours = self.app.theme_variables
                cells = (column.cell(line, self._now, width, colours) for column, width in self._laid_out)
                self.add_row(mark, *cells, key=line.key)
        if wanted is not None:
            self._put_cursor(wanted, top)

    def _put_cursor(self, key: str, top: float | None = None) -> None:
        keys = [line.key for line in self._lines]
        if key not in keys:
            self._wanted = key if not keys else None
            return
        self._wanted = None
        self.move_cursor(row=keys.index(key), animate=False, scroll=top is None)
        if top is not None:
            self.scroll_to(y=top, animate=False, force=True)

    def _update(self) -> None:
        for line in self._lines:
            texts = self._texts(line)
            before = self._drawn[line.key]
            if texts == before:
                continue
            self._drawn[line.key] = texts
            if texts[0] != before[0]:
                self.update_cell(line.key, "mark", Text(texts[0], style="bold"))
            for (column, width), text, was in zip(self._laid_out, texts[1:], before[1:], strict=True):
                if text != was:
                    self.update_cell(
                        line.key, column.name, column.cell(line, self._now, width, self.app.theme_variables)
                    )

    def _texts(self, line: RunLine) -> tuple[str, ...]:
        return (
            self._marks.get(line.key, ""),
            *(column.text(line, self._now) for column, _ in self._laid_out),
        )

    def _label(self, column: Column, width: int) -> Text:
        by, reverse = self._order
        arrow = ("▼" if reverse else "▲") if by == column.name else ""
        label = Text(column.label, no_wrap=True, end="")
        if arrow:
            label = Text(column.label.strip()[: max(0, width - 1)] + arrow, no_wrap=True, end="")
        if column.right:
            label.pad_left(max(0, width - label.cell_len))
        return label
