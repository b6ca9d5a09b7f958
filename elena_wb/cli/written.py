"""What is found, written as text: drawn for a terminal, Markdown, CSV; LaTeX is written where exports have it too.

Charts are left out: the tables beside them have the same numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from elena_wb.cli.confusions import confusion_plot, confusion_table
from elena_wb.core import Crosstab
from elena_wb.findings import Chart, Piece, Table
from elena_wb.findings.latex import latex
from elena_wb.findings.pieces import flattened
from elena_wb.plain import plain

__all__ = ["as_csv", "drawn", "flattened", "latex", "markdown"]

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
            if isinstance(piece, Chart):
                continue
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


def markdown(found: Iterable[Piece]) -> str:
    """Paragraphs and pipe tables."""
    parts = []
    for piece in found:
        if isinstance(piece, Chart) or piece == "":
            continue
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


def as_csv(found: Iterable[Piece]) -> str:
    """The cells of all tables as they are told, a row each: title of the table, first cell, column, cell.

    Where a table has several columns of names, these are joined by ``; ``; one that has nothing else is told by its
    first column. Control characters are shown, as on a terminal.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["table", "row", "column", "value"])
    for piece in found:
        table = confusion_table(piece, _PAGE) if isinstance(piece, Crosstab) else piece
        if not isinstance(table, Table):
            continue
        names = table.names if table.names < len(table.columns) else 1
        for row in table.rows:
            name = "; ".join(row[:names])
            for column, cell in zip(table.columns[names:], row[names:], strict=True):
                writer.writerow([plain(text) for text in (table.title, name, column, cell)])
    return out.getvalue()


def _marked(text: str) -> str:
    return "".join(f"\\{character}" if character in r"\|*_`<[" else character for character in plain(text))
