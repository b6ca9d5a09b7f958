"""Start a run."""

from __future__ import annotations

from textual.app import ComposeResult

from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.empty import Empty


class NewRunScreen(WorkbenchScreen):
    """Start a run."""

    name_of = "New"
    about = "Start a run."

    def content(self) -> ComposeResult:
        """Nothing yet."""
        yield Empty("There is nothing here yet.", "")
