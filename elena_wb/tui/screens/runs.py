"""Every run, how far it got and how well it did."""

from __future__ import annotations

from textual.app import ComposeResult

from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.empty import Empty


class RunsScreen(WorkbenchScreen):
    """Every run, how far it got and how well it did."""

    name_of = "Runs"
    about = "Every run, how far it got and how well it did."

    def content(self) -> ComposeResult:
        """Nothing yet."""
        yield Empty("There is nothing here yet.", "")
