"""What is installed, and what works on this machine."""

from __future__ import annotations

from textual.app import ComposeResult

from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.empty import Empty


class PluginsScreen(WorkbenchScreen):
    """What is installed, and what works on this machine."""

    name_of = "Plugins"
    about = "What is installed, and what works on this machine."

    def content(self) -> ComposeResult:
        """Nothing yet."""
        yield Empty("There is nothing here yet.", "")
