"""``elena-wb query``: SQL over the store, in a sandbox, in any format."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from elena_wb.cli.options import AsJson, open_store
from elena_wb.cli.output import print_listing, say
from elena_wb.errors import ExitCode, UsageError
from elena_wb.plain import plain

if TYPE_CHECKING:
    from rich.text import Text

    from elena_wb.store.query import Answer

TABLE_ROWS = 200


class Format(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    MD = "md"
    PARQUET = "parquet"
    ARROW = "arrow"


def query(
    ctx: typer.Context,
    sql: Annotated[
        str | None, typer.Argument(help="SQL; `-` reads it from stdin.", show_default=False)
    ] = None,
    named: Annotated[
        str | None, typer.Option("--named", metavar="NAME", help="A question that ships with the program.")
    ] = None,
    chosen: Annotated[
        Format | None,
        typer.Option(
            "--format",
            "-f",
            help="Default: what FILE is called; else a table on a terminal, and csv in a pipe.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", show_default=False),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Let the query change the store.")] = False,
    allow_external: Annotated[
        bool,
        typer.Option(
            "--allow-external", help="Let it reach other files, extensions, settings and any memory."
        ),
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the named questions.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the store a question in SQL (DuckDB's dialect).

    Views to start from: narratives, pairs, flips, scores, progress; `SHOW TABLES` names all. The query can
    read the store and nothing else, unless `--write` or `--allow-external` says so. Of several statements,
    all are run and the answer of the last is shown. A table shows the first 200 rows; other formats hold all.
    """
    from elena_wb.store.query import ask, named_queries, named_query
    from elena_wb.store.saving import refuse_own_files, save

    if listing or (sql is None and named is None and sys.stdin.isatty()):
        rows = [{"name": q.name, "question": q.question, "sql": q.sql} for q in named_queries()]
        print_listing(rows, ["name", "question"], as_json=as_json, empty="There are no named queries.")
        return
    if (sql is None) == (named is None):
        raise UsageError(
            "Give either SQL or `--named NAME`.", hint="`elena-wb query --list` shows the names."
        )
    text = named_query(named).sql if named else sys.stdin.read() if sql == "-" else str(sql)
    kind = _format(Format.JSON if as_json and chosen is None else chosen, output)
    store = open_store(ctx)
    if output is not None:
        refuse_own_files(store, output)

    def show(answer: Answer) -> None:
        if answer.relation is None:
            if answer.changed is not None:
                say(f"{answer.changed} rows changed.")
        elif output is not None:
            save(output, lambda out: _write(answer, kind, out))
        else:
            _write(answer, kind, sys.stdout.buffer)

    try:
        with ask(store, text, write=write, allow_external=allow_external) as answer:
            answer(show)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _format(chosen: Format | None, output: Path | None) -> str:
    from elena_wb.store.formats import BINARY
    from elena_wb.store.saving import format_of

    if chosen is None and output is not None:
        return format_of(output) or ("table" if output.suffix.lower() in (".txt", ".table") else "csv")
    if output is None and sys.stdout.isatty():
        if chosen in BINARY:
            raise UsageError(
                f"{chosen} cannot be shown on a terminal.", hint="Write it to a file with `-o FILE`."
            )
        return chosen or "table"
    return chosen or "csv"


def _write(answer: Answer, kind: str, out: BinaryIO) -> None:
    from elena_wb.store.formats import WRITERS

    assert answer.relation is not None
    if kind == "table":
        _draw(answer, out)
    else:
        WRITERS[kind](answer.relation, out)
    out.flush()


def _draw(answer: Answer, out: BinaryIO) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from elena_wb.store.formats import text_rows

    relation = answer.relation
    assert relation is not None
    numbers = ("INT", "DOUBLE", "FLOAT", "DECIMAL")
    table = Table(box=box.SIMPLE_HEAD)
    for name, kind in zip(relation.columns, relation.types, strict=True):
        numeric = any(number in str(kind) and "[" not in str(kind) for number in numbers)
        table.add_column(Text(plain(name)), justify="right" if numeric else "left", overflow="fold")
    rows = list(text_rows(relation.limit(TABLE_ROWS + 1)))
    kinds = [str(kind) for kind in relation.types]
    for row in rows[:TABLE_ROWS]:
        table.add_row(*map(_cell, row, kinds))
    console = Console()
    with console.capture() as captured:
        console.print(table)
    out.write(captured.get().encode())
    if len(rows) > TABLE_ROWS:
        say(f"Only the first {TABLE_ROWS} rows; `-f csv` or `-o FILE` gives all.")


def _cell(cell: str | None, kind: str) -> Text:
    """A cell of a drawn table: text is never markup, and a fraction is shown to four digits."""
    from rich.text import Text

    if cell is None:
        return Text("NULL", style="dim")
    return Text(plain(float(cell) if kind in ("DOUBLE", "FLOAT") else cell))
