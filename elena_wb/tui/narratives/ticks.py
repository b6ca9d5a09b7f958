"""A list of which any number can be ticked; a tick is a sign and no mere colour."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from elena_wb.tui.text import line

_LONGEST = 60


class Ticks(OptionList):
    """Shows each value under its name, with ``■`` where it is ticked; enter, space or a click ticks."""

    DEFAULT_CSS = """
    Ticks {
        height: 1fr; width: 1fr; border: round $foreground 30%; border-title-color: $foreground; padding: 0;
        text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1;
    }
    Ticks:focus { border: round $accent; }
    """
    BINDINGS = [Binding("space", "select", "Tick", show=False)]  # noqa: RUF012 - as OptionList has it

    class Changed(Message):
        """Something was ticked, or is no more."""

    def __init__(
        self, title: str, values: Sequence[tuple[Hashable, str]], ticked: Sequence[Hashable], *, id: str
    ) -> None:
        """``values`` with their names; those ``ticked`` and not among them come first, under their own."""
        known = {value for value, _ in values}
        self._values = [*((one, str(one)) for one in ticked if one not in known), *values]
        self._ticked = set(ticked)
        super().__init__(*(Option(self._prompt(number)) for number in range(len(self._values))), id=id)
        self.border_title = Content(title)

    @property
    def ticked(self) -> tuple[Hashable, ...]:
        """The values that are ticked, in the order of the list."""
        return tuple(value for value, _ in self._values if value in self._ticked)

    def clear_ticks(self) -> None:
        """Tick nothing."""
        before, self._ticked = self._ticked, set()
        for number, (value, _) in enumerate(self._values):
            if value in before:
                self.replace_option_prompt_at_index(number, self._prompt(number))
        self.post_message(self.Changed())

    @on(OptionList.OptionSelected)
    def _toggled(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        value, _ = self._values[event.option_index]
        self._ticked ^= {value}
        self.replace_option_prompt_at_index(event.option_index, self._prompt(event.option_index))
        self.post_message(self.Changed())

    @on(OptionList.OptionHighlighted)
    def _not_for_others(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()

    def _prompt(self, number: int) -> Content:
        value, name = self._values[number]
        sign = Content.styled("■ ", "bold") if value in self._ticked else Content("□ ")
        return sign + line(name, longest=_LONGEST)
