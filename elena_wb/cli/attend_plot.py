"""The profile of a part over the layers, as a small plot for a terminal."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence

from elena_wb.plain import plain

_MARKERS = "●○x+*◆◇#"
"""Told apart also where there is no colour."""
_COLOURS = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167))
"""Of Okabe and Ito (2008), which are told apart by colour-blind people."""
_HEIGHT, _WIDEST, _NARROWEST = 13, 76, 30


def profile_plot(title: str, lines: Mapping[str, Sequence[tuple[int, float]]], width: int) -> str:
    """Attention on a part over its area by layer, one line a run, and a line at 1, which is no preference.

    ``lines`` maps names to ``(layer, ratio)``; ratios that are not defined are left out. Empty where there are fewer
    than two layers, or ``width`` characters are too few.
    """
    drawn = {
        name: [(layer, ratio) for layer, ratio in points if math.isfinite(ratio)]
        for name, points in lines.items()
    }
    drawn = {name: points for name, points in drawn.items() if points}
    layers = sorted({layer for points in drawn.values() for layer, _ in points})
    if len(layers) < 2 or width < _NARROWEST:
        return ""
    import plotext

    grey = bool(os.environ.get("NO_COLOR"))
    most = max(1.0, *(ratio for points in drawn.values() for _, ratio in points))
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    plotext.plot_size(min(width, _WIDEST), _HEIGHT)
    plotext.plot([layers[0], layers[-1]], [1, 1], marker="·")
    for place, (_, points) in enumerate(drawn.items()):
        marker, colour = _MARKERS[place % len(_MARKERS)], _COLOURS[place % len(_COLOURS)]
        plotext.plot(*zip(*points, strict=True), marker="braille", color=colour)
        plotext.scatter(*zip(*points, strict=True), marker=marker, color=colour)
    plotext.ylim(0, most * 1.05)
    every = math.ceil(len(layers) / 12)
    plotext.xticks(layers[::every], [str(layer) for layer in layers[::every]])
    plotext.xlabel("layer")
    picture = str(plotext.build())
    if grey:
        picture = str(plotext.uncolorize(picture))
    key = "   ".join(f"{_MARKERS[place % len(_MARKERS)]} {plain(name)}" for place, name in enumerate(drawn))
    return f"{title}\n{picture}\n{key}   · 1: no preference\n"
