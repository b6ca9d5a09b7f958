"""Ask the store."""

from __future__ import annotations

from textual.app import ComposeResult

from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.empty import Empty


class SqlScreen(WorkbenchScreen):
    """Ask the store."""

    name_of = "SQL"
    about = "Ask the store."

    def content(self) -> ComposeResult:
        """Nothing yet."""
        yield Empty("There is nothing here yet.", "")
