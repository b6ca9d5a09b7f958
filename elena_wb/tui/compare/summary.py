"""The numbers of a comparison: one line when folded, else sentences, turns, and the change of each emotion."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from elena_wb.findings.comparing import Compared
from elena_wb.tui.compare import text as compare_text

_ROOM_FOR_CHART = 50
"""Columns left beside sentences, turns and numbers from which a chart stands in place of the numbers."""
_NUMBERS = 48


class CompareSummary(VerticalScroll):
    """What changed between two runs; ``open`` or folded to one line."""

    DEFAULT_CSS = """
    CompareSummary { height: auto; padding: 0 1; }
    CompareSummary #parts { height: auto; }
    CompareSummary #sentences { width: 1fr; min-width: 36; }
    CompareSummary #turns, CompareSummary #named { width: auto; margin-left: 2; }
    CompareSummary #chart { width: 60; height: 12; margin-left: 3; }
    CompareSummary.stacked #parts { layout: vertical; }
    CompareSummary.stacked #sentences { width: 100%; margin-bottom: 1; }
    CompareSummary.stacked #turns, CompareSummary.stacked #named { margin: 0 0 1 0; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, can_focus=True)
        self._of: Compared | None = None
        self._open = False

    def compose(self) -> ComposeResult:
        """The line, and what unfolds."""
        yield Static(id="line", markup=False)
        with Horizontal(id="parts"):
            yield Static(id="sentences", markup=False)
            yield Static(id="turns", markup=False)
            yield Static(id="named", markup=False)

    def show(self, of: Compared, *, unfolded: bool) -> None:
        """Show a comparison."""
        self._of, self._open = of, unfolded
        self._lay_out()

    def unfold(self, unfolded: bool) -> None:
        """Unfold, or fold to one line."""
        self._open = unfolded
        self._lay_out()

    def on_resize(self) -> None:
        """Use the room there is."""
        if self._of is not None:
            self._lay_out()

    def _lay_out(self) -> None:
        of = self._of
        if of is None:
            return
        self.query_one("#line").display = not self._open
        self.query_one("#parts").display = self._open
        self.query_one("#line", Static).update(compare_text.in_one_line(of))
        if not self._open:
            return
        width = self.size.width or self.app.size.width
        stacked = width < 110
        self.set_class(stacked, "stacked")
        turns = compare_text.turns(of, width - 2 if stacked else 56)
        self.query_one("#sentences", Static).update(compare_text.sentences(of))
        self.query_one("#turns", Static).update(turns)
        beside = width - max(map(len, turns.plain.splitlines())) - 50
        charted = not stacked and beside > _NUMBERS + 10 and bool(of.changes.named)
        self.query_one("#named").display = not charted
        self.query_one("#named", Static).update(
            compare_text.named(of, intervals=stacked or beside > _NUMBERS)
        )
        self._chart(of, beside if charted else 0)

    def _chart(self, of: Compared, width: int) -> None:
        """Draw the chart where there is room; it is made when it is first needed."""
        found = self.query("#chart")
        if not width:
            found.remove()
            return
        from elena_wb.tui.compare.emotion_chart import EmotionChart

        chart = found.first(EmotionChart) if found else EmotionChart(id="chart")
        if not found:
            self.query_one("#parts", Widget).mount(chart)
        chart.styles.width = min(width, 90)
        chart.styles.height = min(len(of.changes.named), 10) + 4
        chart.show(of.changes.named)
