"""Scores written as text: drawn tables, Markdown, LaTeX, CSV, JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from elena_wb.analysis.scoring import Failed
from elena_wb.cli.score_tables import Piece, ScoredRun, Table, confusion_table, shortened
from elena_wb.core import Crosstab, Estimate, Resampling, Scores
from elena_wb.plain import plain

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "·": r"$\cdot$",
    **{character: f"\\{character}" for character in "&%$#_"},
}
_NARROWEST, _ROOM_FOR_TEXT = 2, 5
"""Characters across a column of a plot: at least, and for a share to be written into it."""
_GREYS = " ░▒▓█"
"""Shades where there is no colour."""
_TALL = 12
"""Up to so many rows of a plot are two lines high."""
_PAGE = 10_000
"""No table is too wide for a file."""


def drawn(found: Iterable[Piece], *, plots: bool) -> str:
    """Tables as a terminal of this width shows them."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console()
    with console.capture() as captured:
        for piece in found:
            if isinstance(piece, str):
                console.print(Text(plain(piece)))
                continue
            table = confusion_table(piece, console.width) if isinstance(piece, Crosstab) else piece
            rich = RichTable(
                title=Text(plain(table.title)),
                title_justify="left",
                title_style="bold",
                box=box.SIMPLE_HEAD,
                padding=(0, 1, 0, 0),
            )
            for place, column in enumerate(table.columns):
                named = place < table.names
                rich.add_column(
                    Text(plain(column)),
                    justify="left" if named else "right",
                    no_wrap=not named,
                    overflow="fold",
                )
            for row in table.rows:
                rich.add_row(*(Text("\n".join(map(plain, cell.split("\n")))) for cell in row))
            console.print(rich)
            if plots and isinstance(piece, Crosstab):
                console.print(Text.from_ansi(confusion_plot(piece, console.width)))
    return captured.get()


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


def markdown(found: Iterable[Piece]) -> str:
    """Paragraphs and pipe tables."""
    parts = []
    for piece in found:
        if isinstance(piece, str):
            parts.append(_marked(piece))
            continue
        table = confusion_table(piece, _PAGE) if isinstance(piece, Crosstab) else piece
        rule = ["---" if place < table.names else "---:" for place in range(len(table.columns))]
        lines = [list(map(_marked, table.columns)), rule, *(list(map(_marked, row)) for row in table.rows)]
        parts.append(
            f"**{_marked(table.title)}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)
        )
    return "\n\n".join(parts) + "\n"


def latex(found: Iterable[Piece]) -> str:
    """Tables for a document that loads booktabs; what is said beside them stands in comments."""
    parts = ["% needs \\usepackage{booktabs} and, for quotation marks, \\usepackage[T1]{fontenc}"]
    for piece in found:
        if isinstance(piece, str):
            parts.append("% " + plain(piece))
            continue
        table = confusion_table(piece, _PAGE) if isinstance(piece, Crosstab) else piece
        parts.append(_latex_table(table))
    return "\n".join(parts) + "\n"


def tidy_csv(scored: Sequence[ScoredRun]) -> str:
    """One row per run, group, metric, class and figure; ``class`` is empty for figures over all classes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    fixed = ("run_id", "run", "model", "prompt", "condition", "scheme")
    by = scored[0].by if scored else ()
    writer.writerow(
        [*fixed, *(f"by_{column}" for column in by), "metric", "class", "figure", "value", "low", "high", "n"]
    )
    for of in scored:
        run = [getattr(of.run, name) for name in fixed]
        for group in of.groups:
            for metric, scores in {"answers": group.rates, **group.metrics}.items():
                for label, figures in {"": scores.figures, **scores.classes}.items():
                    for figure, found in figures.items():
                        numbers = [_csv_number(value) for value in (found.value, found.low, found.high)]
                        writer.writerow([*run, *group.group, metric, label, figure, *numbers, found.n])
    return out.getvalue()


def as_json(scored: Sequence[ScoredRun], failed: Sequence[Failed], resampling: Resampling) -> str:
    """Everything in full precision; what is not defined is null."""
    runs = [
        {
            **asdict(of.run),
            "groups": [
                {
                    "by": dict(zip(of.by, group.group, strict=True)),
                    "rates": _scores(group.rates),
                    "metrics": {name: _scores(scores) for name, scores in group.metrics.items()},
                }
                for group in of.groups
            ],
        }
        for of in scored
    ]
    whole = {
        "resamples": resampling.resamples,
        "seed": resampling.seed,
        "runs": runs,
        "failed": [asdict(one) for one in failed],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _scores(of: Scores) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": of.title,
        "n": of.n,
        "figures": _figures(of.figures),
        "classes": {label: _figures(figures) for label, figures in of.classes.items()},
        "notes": list(of.notes),
    }
    if of.confusion is not None:
        found["confusion"] = {
            "truth": of.confusion.rows,
            "answers": of.confusion.columns,
            "counts": of.confusion.counts.tolist(),
        }
    return found


def _figures(of: Mapping[str, Estimate]) -> dict[str, dict[str, float | int | None]]:
    return {
        name: {
            "value": _finite(one.value),
            "low": _finite(one.low),
            "high": _finite(one.high),
            "n": one.n,
        }
        for name, one in of.items()
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _csv_number(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else ""


def _marked(text: str) -> str:
    return "".join(f"\\{character}" if character in r"\|*_`<[" else character for character in plain(text))


def _latex_table(table: Table) -> str:
    alignment = "l" * table.names + "r" * (len(table.columns) - table.names)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_escaped(table.title)}}}",
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        " & ".join(map(_cell, table.columns)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_cell, row)) + r" \\" for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """A cell; one that begins with a bracket would be taken for the option of the line break before it."""
    escaped = _escaped(text)
    return "{" + escaped + "}" if escaped.startswith(("[", "*")) else escaped


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in plain(text))
