"""The ratio of each part by layer, as lines told apart by letters; one goes through 1. Importing plotext takes time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from textual.app import RenderResult
from textual_plotext import Plot, PlotextPlot

from elena_wb.tui.attention.text import letters

_COLOURS = ((86, 180, 233), (213, 94, 0), (0, 158, 115), (204, 121, 167), (240, 228, 66), (0, 114, 178))
"""Of Okabe and Ito (2008), which are told apart by colour-blind people."""
_LEAST_WIDE, _LEAST_HIGH = 30, 8
_EVEN = "·"
_LAYER_WIDTH = 5


class LayersPlot(PlotextPlot):
    """Draws at the size there is; nothing where there are fewer than two layers, or no room."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._layers: tuple[int, ...] = ()
        self._lines: Mapping[str, Sequence[float]] = {}
        self._current: int | None = None

    def show(self, layers: Sequence[int], lines: Mapping[str, Sequence[float]], current: int | None) -> None:
        """Draw ``lines`` (parts in the order of their letters) over ``layers``, the ``current`` one marked."""
        self._layers, self._lines, self._current = tuple(layers), lines, current
        self.refresh()

    def render(self) -> RenderResult:
        """The plot."""
        if len(self._layers) < 2 or self.size.width < _LEAST_WIDE or self.size.height < _LEAST_HIGH:
            return ""
        draw(self.plt, self._layers, self._lines, self._current, self.size.width)
        return super().render()


def draw(
    plot: Plot, layers: Sequence[int], lines: Mapping[str, Sequence[float]], current: int | None, wide: int
) -> None:
    """Draw on an empty ``plot`` that is so many characters ``wide``."""
    plot.clear_figure()
    named = letters(list(lines))
    most = max([1.0, *(value for of in lines.values() for value in of if math.isfinite(value))])
    plot.plot([layers[0], layers[-1]], [1, 1], marker=_EVEN)
    for place, (part, values) in enumerate(lines.items()):
        points = [(layer, value) for layer, value in zip(layers, values, strict=True) if math.isfinite(value)]
        if points:
            colour = _COLOURS[place % len(_COLOURS)]
            plot.plot(*zip(*points, strict=True), marker="braille", color=colour)
            plot.scatter(*zip(*points, strict=True), marker=named[part], color=colour)
    plot.ylim(0, most * 1.05)
    every = math.ceil(len(layers) / max(2, (wide - 2 * _LAYER_WIDTH) // _LAYER_WIDTH))
    shown = [layer for layer in layers[::every] if layer != current]
    ticks = sorted({*shown, *([current] if current is not None else [])})
    plot.xticks(
        [float(layer) for layer in ticks],
        [f"[{layer}]" if layer == current else str(layer) for layer in ticks],
    )
    plot.title("ratio by layer; ·· 1 is even")
