"""The command line, from the program's own help."""

from __future__ import annotations

from typing import Any

import typer

from elena_wb.plugins import plugin_host


def page() -> str:
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
    text = " ".join((parameter.help or "").split())
    return "| {} | {} |".format(*(cell.replace("|", "\\|") for cell in (f"`{shown}`", text)))
