"""A window to choose one of many from, by typing a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from elena_wb.tui.text import block, line


@dataclass(frozen=True, slots=True)
class Pickable:
    """What can be chosen: a short ``head``, a line ``about`` it, and the ``whole``, of which a look is given."""

    head: str
    about: str
    whole: str

    @property
    def text(self) -> str:
        """All of it, to be searched."""
        return f"{self.head}\n{self.about}\n{self.whole}".lower()


class Pick(ModalScreen[str | None]):
    """Gives the ``whole`` of what was chosen; ``None`` where the window was left by escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close"),
        Binding("up,ctrl+p", "move(-1)", "Up", show=False, priority=True),
        Binding("down,ctrl+n", "move(1)", "Down", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Pick OptionList { height: 1fr; border: none; margin-top: 1; }
    Pick #look { height: auto; max-height: 40%; margin-top: 1; color: $text-muted; }
    """

    def __init__(self, title: str, choices: Sequence[Pickable], *, empty: str) -> None:
        super().__init__(classes="asking wide")
        self._title, self._choices, self._empty = title, choices, empty
        self._found: list[Pickable] = []

    def compose(self) -> ComposeResult:
        """A line to write on, the list, and the whole of what the cursor is on."""
        with Vertical():
            yield Static(self._title, classes="title", markup=False)
            yield Input(placeholder="a part of it; up and down choose, enter takes, escape closes")
            yield OptionList()
            yield Static(id="look")

    def on_mount(self) -> None:
        """Everything, until something is written."""
        self._narrow("")

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def action_move(self, step: int) -> None:
        """Move in the list while the line has the keys."""
        choices = self.query_one(OptionList)
        if step < 0:
            choices.action_cursor_up()
        else:
            choices.action_cursor_down()

    @on(Input.Changed)
    def _written(self, event: Input.Changed) -> None:
        self._narrow(event.value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        number = self.query_one(OptionList).highlighted
        if number is not None and number < len(self._found):
            self.dismiss(self._found[number].whole)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index].whole)

    @on(OptionList.OptionHighlighted)
    def _look(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._found):
            self.query_one("#look", Static).update(block(self._found[event.option_index].whole, longest=2000))

    def _narrow(self, wanted: str) -> None:
        words = wanted.lower().split()
        self._found = [one for one in self._choices if all(word in one.text for word in words)]
        choices = self.query_one(OptionList)
        choices.set_options([Option(_described(one)) for one in self._found])
        if self._found:
            choices.highlighted = 0
        else:
            said = "Nothing has that in it." if self._choices else self._empty
            self.query_one("#look", Static).update(Content(said))


def _described(one: Pickable) -> Content:
    return Content.assemble(line(one.head).stylize("bold"), "  ", line(one.about))
