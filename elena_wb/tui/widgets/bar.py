"""The bar at the top: every screen by number, to be clicked or reached by its key, and the store's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.widget import Widget

from elena_wb.tui.text import line

if TYPE_CHECKING:
    from elena_wb.tui.screen import WorkbenchScreen


@dataclass(frozen=True, slots=True)
class Tab:
    """The words of one screen in the bar, in columns from ``start`` to before ``end``."""

    mode: str
    words: str
    current: bool
    start: int

    @property
    def end(self) -> int:
        """The first column after it."""
        return self.start + len(self.words)


def tabs(names: Mapping[str, str], current: str, width: int) -> list[Tab]:
    """What the bar says in ``width`` columns: all names, else all numbers and the current name, else that alone.

    The current one stands in ‹ ›, which take the places of the blanks around it.
    """
    for named in (True, False):
        found = []
        column = 1
        for number, (mode, name) in enumerate(names.items(), start=1):
            words = f"{number} {name}" if named or mode == current else f"{number}"
            found.append(Tab(mode, words, mode == current, column))
            column += len(words) + 1
        if column <= width:
            return found
    return [Tab(current, names[current][: max(1, width - 2)], True, 1)]


class NavigationBar(Widget):
    """Lists the screens; the one shown is marked by brackets as well as colour. A click leads there."""

    DEFAULT_CSS = """
    NavigationBar { height: 1; background: $panel; color: $foreground; }
    """

    def __init__(self, screen: WorkbenchScreen) -> None:
        super().__init__()
        self._of = screen
        self._tabs: list[Tab] = []

    def render(self) -> Content:
        """The tabs, then the store's name where there is room for it."""
        from elena_wb.tui.directory import SCREENS

        width = self.size.width
        names = {mode: screen.name for mode, screen in SCREENS.items()}
        self._tabs = tabs(names, self._of.mode, width)
        drawn = Content("")
        for tab in self._tabs:
            if tab.current:
                drawn = drawn[:-1] if drawn.cell_length >= tab.start else drawn
                drawn += Content.styled(
                    f"‹{tab.words}›", "bold $block-cursor-foreground on $block-cursor-background"
                )
            else:
                drawn += Content(" " if drawn.cell_length < tab.start else "")
                number, _, name = tab.words.partition(" ")
                drawn += Content.styled(number, "bold") + Content(f" {name} " if name else " ")
        store = line(self._of.workbench.store.path.name)
        room = width - drawn.cell_length - 2
        if store.cell_length > room >= 8:
            store = store.truncate(room, ellipsis=True)
        if store.cell_length <= room:
            drawn += Content(" " * (room - store.cell_length + 1)) + store.stylize("$text-muted")
        return drawn

    def on_click(self, event: events.Click) -> None:
        """Go where the click was."""
        event.stop()
        hit = next((tab for tab in self._tabs if tab.start <= event.x < tab.end), None)
        if hit is not None:
            self._of.workbench.action_show(hit.mode)
