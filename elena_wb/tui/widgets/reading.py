"""A page to be read in a window of its own: it scrolls, can be copied, and is never markup."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.visual import VisualType
from textual.widgets import Static

from elena_wb.tui.text import block, line

_HOW = "↑↓ scroll · c copy · escape close"


class Reading(ModalScreen[None]):
    """``text`` under ``title``. ``shown`` is the same with styles, where there are any."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark", "dismiss", "Close"),
        Binding("c", "copy", "Copy all"),
    ]

    DEFAULT_CSS = """
    Reading > Vertical > VerticalScroll { height: 1fr; }
    Reading > Vertical > .how { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, title: str, text: str, *, shown: VisualType | None = None) -> None:
        super().__init__(classes="asking wide")
        self._title, self._text = title, text
        self._shown = block(text, longest=200_000) if shown is None else shown

    def compose(self) -> ComposeResult:
        """Title, page, and how to get on."""
        with Vertical():
            yield Static(line(self._title), classes="title")
            with VerticalScroll(can_focus=True):
                yield Static(self._shown)
            yield Static(_HOW, classes="how", markup=False)

    def on_mount(self) -> None:
        """The arrows scroll at once."""
        self.query_one(VerticalScroll).focus()

    def action_copy(self) -> None:
        """Put all of it on the clipboard."""
        self.app.copy_to_clipboard(self._text)
        self.notify("Copied.", markup=False)
