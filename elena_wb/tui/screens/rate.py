"""Blind rating of narratives by people."""

from __future__ import annotations

from textual.app import ComposeResult

from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.empty import Empty


class RateScreen(WorkbenchScreen):
    """Blind rating of narratives by people."""

    name_of = "Rate"
    about = "Blind rating of narratives by people."

    def content(self) -> ComposeResult:
        """Nothing yet."""
        yield Empty("There is nothing here yet.", "")
