"""Rows of an answer in the fast table. Cells are made harmless as they come into view, and only then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual_fastdatatable import ArrowBackend, DataTable

from elena_wb.plain import plain
from elena_wb.store.taking import Taken

_WIDEST = 48
_MEASURED = 300
_NULL = "NULL"
_CUT = 200
"""Characters of a cell that are looked at: more than fit."""


class ResultBackend(ArrowBackend):
    """The rows of ``taken`` as text that is never markup, numbers to the right; widths by the first rows.

    Make it in a thread: measuring reads several hundred rows.
    """

    def __init__(self, taken: Taken) -> None:
        super().__init__(taken.rows)
        self._taken = taken
        self._numbers = [taken.is_number(column) for column in range(len(taken.names))]
        self._widths = [self._measured(column) for column in range(len(taken.names))]

    @property
    def labels(self) -> list[str | Text]:
        """The names of the columns, to be shown."""
        return [_text(plain(name[:_CUT])) for name in self._taken.names]

    @property
    def column_content_widths(self) -> list[int]:
        """Cells that the columns take."""
        return self._widths

    def get_cell_at(self, row_index: int, column_index: int) -> Text:
        """A cell as it is drawn."""
        return self._drawn(self.data[column_index][row_index].as_py(), column_index)

    def get_row_at(self, index: int) -> Sequence[Text]:
        """A row as it is drawn."""
        return [self.get_cell_at(index, column) for column in range(self.column_count)]

    def _drawn(self, value: str | None, column: int) -> Text:
        if value is None:
            return Text(_NULL, style="dim italic", no_wrap=True)
        if self._numbers[column]:
            return Text(self._written(value, column), justify="right", no_wrap=True)
        return _text(self._written(value, column))

    def _written(self, value: str | None, column: int) -> str:
        if value is None:
            return _NULL
        if self._taken.kinds[column] in ("DOUBLE", "FLOAT"):
            return plain(float(value))
        return plain(value[:_CUT]) + ("…" if len(value) > _CUT else "")

    def _measured(self, column: int) -> int:
        name = plain(self._taken.names[column][:_CUT])
        seen = self.data[column].slice(0, _MEASURED).to_pylist()
        widest = max((cell_len(self._written(value, column)) for value in seen), default=0)
        return min(max(widest, cell_len(name), 1), _WIDEST)


class Results(DataTable):
    """A table with a cursor on one cell; tab leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next part", show=False),
        Binding("shift+tab", "app.focus_previous", "Previous part", show=False),
    ]

    def __init__(self, backend: ResultBackend) -> None:
        super().__init__(
            backend=backend,
            column_labels=backend.labels,
            cursor_type="cell",
            render_markup=False,
            zebra_stripes=True,
            max_column_content_width=_WIDEST,
        )


def _text(shown: str) -> Text:
    return Text(shown, no_wrap=True, overflow="ellipsis")
