"""Writing to people and to programs: stdout is data, stderr is talk."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from elena_wb.plain import plain
from elena_wb.remote.redaction import redact

if TYPE_CHECKING:
    from rich.console import Console


def say(message: str, *, style: str | None = None) -> None:
    """Talk on stderr; ``message`` is never read as markup, and control characters in it are shown."""
    lines = "\n".join(plain(line) for line in message.splitlines())
    stderr_console().print(lines, style=style, markup=False, highlight=False, soft_wrap=True)


def warn(message: str) -> None:
    """A warning on stderr."""
    say(f"Warning: {message}", style="yellow")


def stderr_console() -> Console:
    """The console for talk and progress."""
    from rich.console import Console

    return Console(stderr=True)


def print_json(value: object) -> None:
    """``value`` on stdout as indented JSON, without keys."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    typer.echo(redact(text.encode("utf-8", "backslashreplace").decode()))


_KEPT_WHOLE = 8
"""The longest cells, in characters, that stay on one line where a table is wider than the terminal."""


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
) -> None:
    """A table on stdout: drawn on a terminal, tab-separated in a pipe. Cells are never read as markup."""
    if not sys.stdout.isatty():
        typer.echo("\t".join(columns))
        for row in rows:
            typer.echo("\t".join(plain(cell) for cell in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = [[plain(cell) for cell in row] for row in rows]
    console = Console()
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")  # a name that is cut off could not be typed
    for cells in shown:
        table.add_row(*map(Text, cells))
    boundless = console.options.update_width(sys.maxsize)
    if console.measure(table, options=boundless).maximum > console.width:
        table.padding = (0, 1, 0, 0)
        table.pad_edge = False
        for one, inside in zip(table.columns, zip(*shown, strict=True), strict=False):
            one.header = str(one.header).replace("_", " ")
            one.no_wrap = max(map(len, inside)) <= _KEPT_WHOLE
    console.print(table)


def print_listing(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str
) -> None:
    """A listing as JSON, or as a table of ``columns``; ``empty`` is said where there is nothing to list."""
    if as_json:
        print_json(list(rows))
    elif not rows:
        say(empty)
    else:
        print_table(columns, ([row.get(column) for column in columns] for row in rows))


def dollars(amount: float | None) -> str:
    """US dollars for people: cents, and finer where there are few; nothing where nothing is known."""
    if amount is None:
        return ""
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"
