"""What the library's table asks of its data, answered out of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NoReturn

from rich.text import Text
from textual_fastdatatable.backend import DataTableBackend

from elena_wb.tui.widgets.pages import Line, Pages

_WAITING = "…"


class PagesBackend(DataTableBackend[None]):
    """Columns ``names`` of ``widths``, whose cells ``rendered`` makes of a column's place and a line.

    It is read by lines and never measured. What the library offers beside that, whole columns and changes, is refused:
    the lines are the store's, and there may be a million of them.
    """

    def __init__(
        self,
        names: Sequence[str],
        widths: Sequence[int],
        pages: Pages,
        rendered: Callable[[int, Line], Text],
    ) -> None:
        super().__init__(None)
        self._names, self._widths = names, widths
        self._rendered = rendered
        self.pages = pages

    @property
    def source_data(self) -> None:
        """There is none in one piece."""
        return None

    @property
    def source_row_count(self) -> int:
        """All lines."""
        return self.pages.count

    @property
    def row_count(self) -> int:
        """All lines."""
        return self.pages.count

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns."""
        return self._names

    @property
    def column_content_widths(self) -> Sequence[int]:
        """As they were told."""
        return self._widths

    def get_row_at(self, index: int) -> Sequence[Any]:
        """The cells of a line."""
        return [self.get_cell_at(index, column) for column in range(len(self._names))]

    def get_cell_at(self, row_index: int, column_index: int) -> Any:
        """A cell, or the sign that its line is being read."""
        line = self.pages.line(row_index)
        return Text(_WAITING) if line is None else self._rendered(column_index, line)

    @classmethod
    def from_pydict(
        cls,
        data: Mapping[str, Sequence[Any]],
        max_rows: int | None = None,
        column_names: Sequence[str] | None = None,
    ) -> NoReturn:
        """Refused."""
        raise _refused()

    def get_column_at(self, index: int) -> NoReturn:
        """Refused."""
        raise _refused()

    def append_column(self, label: str, default: Any | None = None) -> NoReturn:
        """Refused."""
        raise _refused()

    def append_rows(self, records: Iterable[Iterable[Any]]) -> NoReturn:
        """Refused."""
        raise _refused()

    def drop_row(self, row_index: int) -> NoReturn:
        """Refused."""
        raise _refused()

    def update_cell(self, row_index: int, column_index: int, value: Any) -> NoReturn:
        """Refused."""
        raise _refused()

    def sort(self, by: list[tuple[str, Literal["ascending", "descending"]]] | str) -> NoReturn:
        """Refused."""
        raise _refused()


def _refused() -> TypeError:
    return TypeError("a table of pages is read by lines; it is ordered and changed in the store")
