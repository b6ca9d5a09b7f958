"""Where the model looked."""

from __future__ import annotations

from textual.app import ComposeResult

from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.empty import Empty


class AttentionScreen(WorkbenchScreen):
    """Where the model looked."""

    name_of = "Attention"
    about = "Where the model looked."

    def content(self) -> ComposeResult:
        """Nothing yet."""
        yield Empty("There is nothing here yet.", "")
