"""Two runs or conditions, pair by pair."""

from __future__ import annotations

from textual.app import ComposeResult

from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.empty import Empty


class CompareScreen(WorkbenchScreen):
    """Two runs or conditions, pair by pair."""

    name_of = "Compare"
    about = "Two runs or conditions, pair by pair."

    def content(self) -> ComposeResult:
        """Nothing yet."""
        yield Empty("There is nothing here yet.", "")
