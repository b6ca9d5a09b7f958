"""A confusion as a table or a plot, as far as there is room for it."""

from __future__ import annotations

import os

from elena_wb.core import Crosstab
from elena_wb.findings.confusions import confusion_table, shortened
from elena_wb.plain import plain

__all__ = ["confusion_plot", "confusion_table", "shortened"]

_NARROWEST, _ROOM_FOR_TEXT = 2, 5
"""Characters across a column of a plot: at least, and for a share to be written into it."""
_GREYS = " ░▒▓█"
"""Shades where there is no colour."""
_TALL = 12
"""Up to so many rows of a plot are two lines high."""


def confusion_plot(of: Crosstab, width: int) -> str:
    """Shares of each truth's answers as shades, drawn by plotext: truth downwards, answers across.

    Empty where ``width`` is too little for as many columns.
    """
    import plotext

    margin = max(map(len, of.rows)) + 2
    cell = min(9, (width - margin) // len(of.columns))
    if cell < _NARROWEST:
        return ""
    grey = bool(os.environ.get("NO_COLOR"))
    high = 2 if len(of.rows) <= _TALL else 1
    canvas = (cell * len(of.columns), high * len(of.rows))
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)  # a plot may be higher than the terminal, which scrolls
    # Room for the axes and their labels; then one point is one character.
    plotext.plot_size(canvas[0] + margin, canvas[1] + 3)
    plotext.xlim(0, canvas[0] - 1)
    plotext.ylim(0, canvas[1] - 1)
    for row, counts in enumerate(of.counts.tolist()):
        total = sum(counts)
        for column, count in enumerate(counts):
            share = count / total if total else 0.0
            shade = (round(250 - 220 * share), round(250 - 170 * share), round(250 - 60 * share))
            places = [(column * cell + x, row * high + y) for x in range(cell) for y in range(high)]
            marker = _GREYS[min(int(share * len(_GREYS)), len(_GREYS) - 1)] if grey else "sd"
            plotext.scatter(*zip(*places, strict=True), color=shade, marker=marker)
            if cell >= _ROOM_FOR_TEXT and count:
                ink = (255, 255, 255) if share > 0.5 else (20, 20, 20)
                middle = column * cell + cell // 2
                plotext.text(
                    f"{share:.0%}", middle, row * high, color=ink, background=shade, alignment="center"
                )
    names = shortened([plain(name) for name in of.columns])
    plotext.xticks(
        [column * cell + cell // 2 for column in range(len(names))],
        [name[: max(1, cell - 1)] for name in names],
    )
    plotext.yticks([row * high for row in range(len(of.rows))], [plain(name) for name in of.rows])
    plotext.yreverse(True)
    drawn = str(plotext.build())
    return "Share of each truth's answers\n" + (str(plotext.uncolorize(drawn)) if grey else drawn)
