"""The bar at the top: every screen by number, to be clicked or reached by its key, and the store's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from elena_wb.tui.screen import WorkbenchScreen


class NavigationBar(Horizontal):
    """Lists the screens; the one shown is marked by brackets as well as colour."""

    DEFAULT_CSS = """
    NavigationBar { height: 1; background: $panel; }
    NavigationBar > Static { width: auto; padding: 0 1; }
    NavigationBar > .current { background: $primary; color: $text; text-style: bold; }
    NavigationBar > .store { width: 1fr; text-align: right; color: $text-muted; }
    """

    def __init__(self, screen: WorkbenchScreen) -> None:
        super().__init__()
        self._of = screen

    def compose(self) -> ComposeResult:
        """A tab for each screen, then the store."""
        from elena_wb.tui.app import SCREENS

        for number, (mode, screen) in enumerate(SCREENS.items(), start=1):
            yield Tab(number, mode, screen.name_of, current=screen is type(self._of))
        yield Static(Content(self._of.workbench.store.path.name), classes="store", markup=False)


class Tab(Static):
    """Leads to a screen."""

    def __init__(self, number: int, mode: str, name: str, *, current: bool) -> None:
        label = Content.styled(f"{number}", "bold") + Content(f" {name}" if not current else f" {name}●")
        super().__init__(label, classes="current" if current else "")
        self._mode = mode

    def on_click(self, event: events.Click) -> None:
        """Go there."""
        event.stop()
        self.app.run_worker(self.app.run_action(f"show('{self._mode}')"))
