"""Read answers beside their pictures."""

from __future__ import annotations

from textual.app import ComposeResult

from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.empty import Empty


class NarrativesScreen(WorkbenchScreen):
    """Read answers beside their pictures."""

    name_of = "Narratives"
    about = "Read answers beside their pictures."

    def content(self) -> ComposeResult:
        """Nothing yet."""
        yield Empty("There is nothing here yet.", "")
