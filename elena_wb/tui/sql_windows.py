"""Windows of the SQL screen: one cell in full, and what is written where."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from elena_wb.store.query import named_queries
from elena_wb.tui.sql_history import Asked
from elena_wb.tui.text import block, line
from elena_wb.tui.widgets.picking import Pick, Pickable

_SHORT = 300


class Cell(ModalScreen[None]):
    """One cell in full, as text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close"),
        Binding("c", "copy", "Copy"),
    ]

    DEFAULT_CSS = "Cell:not(.wide) .page { height: auto; }"

    def __init__(self, name: str, value: str | None) -> None:
        super().__init__(classes="asking wide" if value is not None and len(value) > _SHORT else "asking")
        self._name, self._value = name, value

    def compose(self) -> ComposeResult:
        """The name of the column, and a page that scrolls."""
        with Vertical():
            yield Static(line(f"{self._name}  (c copies all of it, escape closes)"), classes="title")
            with VerticalScroll(can_focus=True, classes="page"):
                yield Static("NULL: there is no value." if self._value is None else block(self._value))

    def action_copy(self) -> None:
        """Put it on the clipboard."""
        self.app.copy_to_clipboard(self._value or "")


def questions() -> Pick:
    """The questions that ship with the program, to choose one."""
    choices = [Pickable(one.question, one.name, one.sql) for one in named_queries()]
    return Pick("Questions that ship with the program", choices, empty="There are none.")


def asked_before(entries: tuple[Asked, ...], now: datetime) -> Pick:
    """What was asked before, the latest first, to choose one."""
    choices = [Pickable(" ".join(one.sql.split()), _ago(one.at, now), one.sql) for one in reversed(entries)]
    return Pick("Asked before, the latest first", choices, empty="Nothing was asked of this store so far.")


def _ago(at: str, now: datetime) -> str:
    """The time ``at`` (UTC, as it was kept), as far away as it is."""
    try:
        minutes = (now - datetime.fromisoformat(at)).total_seconds() / 60
    except (ValueError, TypeError):
        return ""
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes:.0f} min ago"
    return f"{minutes / 60:.0f} h ago" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days ago"
