"""Everything that was told as a notice, to be read again in peace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from elena_wb.tui.text import block


@dataclass(frozen=True, slots=True)
class Told:
    """One notice: when, what, what to do about it, and whether it is an error."""

    at: datetime
    message: str
    hint: str | None
    error: bool

    @property
    def text(self) -> str:
        """All of it as lines."""
        kind = "Error: " if self.error else ""
        return f"{self.at:%H:%M:%S}  {kind}{self.message}" + (f"\n          {self.hint}" if self.hint else "")


class Notices(ModalScreen[None]):
    """The notices of this session, newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("c", "copy", "Copy all"),
    ]

    def __init__(self, told: list[Told]) -> None:
        super().__init__(classes="asking wide")
        self._text = "\n".join(one.text for one in reversed(told)) or "Nothing was told so far."

    def compose(self) -> ComposeResult:
        """A page that scrolls."""
        with Vertical():
            yield Static("Notices, newest first (c copies, escape closes)", classes="title", markup=False)
            with VerticalScroll(can_focus=True):
                yield Static(block(self._text))

    def action_copy(self) -> None:
        """Put them on the clipboard."""
        self.app.copy_to_clipboard(self._text)
