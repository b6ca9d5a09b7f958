"""How much more or less often each emotion is named, as bars with intervals. Importing plotext takes time."""

from __future__ import annotations

from collections.abc import Sequence

from textual_plotext import PlotextPlot

from elena_wb.analysis.comparing import Named
from elena_wb.plain import plain

_AROUND = 4
"""Lines of a chart that are not bars: title, frame and axis."""


class EmotionChart(PlotextPlot):
    """One bar for each emotion, in points of per cent; ``[`` and ``]`` are the ends of the 95 % interval."""

    def show(self, named: Sequence[Named]) -> None:
        """Draw ``named``, in order from above; those that change most where there is no room for all."""
        self._named = tuple(named)
        self._drawn = 0
        self.refresh()

    _named: tuple[Named, ...] = ()
    _drawn = 0

    def render(self) -> object:  # type: ignore[override]
        """The chart for the room there is."""
        rows = max(1, self.size.height - _AROUND)
        if rows != self._drawn:
            self._drawn = rows
            self._draw(rows)
        return super().render()

    def _draw(self, rows: int) -> None:
        shown = self._named
        if len(shown) > rows:
            most = sorted(shown, key=lambda one: -abs(one.change.value))[:rows]
            shown = tuple(one for one in shown if one in most)
        plot = self.plt
        plot.clear_figure()
        plot.title("Named by the second less the first, points; [ ] 95 % interval")
        places = [float(place) for place in range(len(shown))]
        for place, one in zip(reversed(places), shown, strict=True):
            value, low, high = (100 * share for share in (one.change.value, one.change.low, one.change.high))
            plot.plot([0.0, value], [place, place], marker="█", color="green" if value > 0 else "red")
            if low == low:  # there is an interval
                plot.scatter([low], [place], marker="[", color="blue+")
                plot.scatter([high], [place], marker="]", color="blue+")
        plot.yticks(places, [plain(one.emotion)[:14] for one in reversed(shown)])
        if shown:
            ends = (end for one in shown for end in (one.change.value, one.change.low, one.change.high))
            reach = max(1.0, *(100 * abs(end) for end in ends if end == end))
            plot.xlim(-reach, reach)
            plot.ylim(-0.5, len(shown) - 0.5)
        plot.vline(0)
