"""Writes the reference pages that follow from the code: ``python docs/generate.py`` (a test keeps them in step)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import typer

from elena_wb.plugins import plugin_host
from elena_wb.store import Store

HERE = Path(__file__).parent


def pages() -> dict[str, str]:
    """File name → text of every generated page."""
    return {"cli.md": cli_page(), "store.md": store_page()}


def cli_page() -> str:
    """Every verb with its arguments and options, those of the first-party plugins included."""
    from elena_wb.cli import app

    plugin_host().add_commands(app)
    root: Any = typer.main.get_command(app)
    lines = [
        "# Command line",
        "",
        "Generated from the program's own help. Every listing takes `--json`; data goes to stdout, talk to stderr.",
        "Exit codes: 0 ok, 1 the work failed, 2 usage, 3 store or environment, 4 partly done, 130 interrupted.",
        "",
    ]
    _describe(root, "elena-wb", lines)
    return "\n".join(lines).rstrip() + "\n"


def _describe(command: Any, name: str, lines: list[str]) -> None:
    lines += [f"## `{name}`", "", (command.help or "").strip(), ""]
    rows = [row for parameter in command.params if (row := _row(parameter))]
    if rows:
        lines += ["| | |", "|---|---|", *rows, ""]
    for child_name, child in sorted(getattr(command, "commands", {}).items()):
        _describe(child, f"{name} {child_name}", lines)


def _row(parameter: Any) -> str | None:
    if parameter.name in ("help", "install_completion", "show_completion"):
        return None
    is_option = parameter.param_type_name == "option"
    shown = ", ".join(parameter.opts) if is_option else (parameter.metavar or parameter.name.upper())
    text = " ".join((parameter.help or "").split()).replace("|", "\\|")
    return f"| `{shown}` | {text} |"


def store_page() -> str:
    """Tables and views with the comments that the schema itself carries."""
    lines = ["# The store", "", "One DuckDB file. Generated from the comments in `store/`.", ""]
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(Path(scratch) / "store.duckdb")
        with store.write():
            pass
        with store.read() as connection:
            tables = connection.execute(
                """SELECT table_name, comment, 'table' FROM duckdb_tables() WHERE NOT internal
                   UNION ALL
                   SELECT view_name, comment, 'view' FROM duckdb_views() WHERE NOT internal
                   ORDER BY 3, 1"""
            ).fetchall()
            for name, comment, kind in tables:
                columns = connection.execute(
                    """SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns()
                       WHERE table_name = ? ORDER BY column_index""",
                    [name],
                ).fetchall()
                lines += [
                    f"## {kind} `{name}`",
                    "",
                    comment or "",
                    "",
                    "| column | type | meaning |",
                    "|---|---|---|",
                ]
                lines += [f"| `{column}` | {kind} | {meaning} |" for column, kind, meaning in columns]
                lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    for page, text in pages().items():
        (HERE / page).write_text(text, "utf-8")
