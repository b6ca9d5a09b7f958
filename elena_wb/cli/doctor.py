"""``elena-wb doctor``: what works on this machine, what does not, and the command that mends it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from elena_wb.cli.options import AsJson
from elena_wb.cli.output import print_json, print_table, say
from elena_wb.errors import ExitCode, WorkbenchError

if TYPE_CHECKING:
    from elena_wb.config import Settings
    from elena_wb.engine.health import Finding

_SIGNS = {"ok": "✓", "warn": "!", "fail": "✗"}
_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Tell what works on this machine, what does not, and the command that mends it.

    Looks at the program and its packages, the store, the configuration, plugins, devices, face detectors, keys (names
    alone) and the terminal. Changes nothing and uses no network. Exits with 3 if something fails that everyone needs.
    """
    from elena_wb.engine.health import State, examine, worst
    from elena_wb.plugins import plugin_host

    settings, problem = _settings(ctx)
    findings = examine(settings, plugin_host(), problem=problem, pictures=_pictures())
    if as_json:
        print_json([{**_row(one), "mend": one.mend} for one in findings])
    elif sys.stdout.isatty():
        _draw(findings)
    else:
        print_table(
            ("state", "area", "name", "says", "mend"),
            [(one.state, one.area, one.name, one.says, one.mend) for one in findings],
        )
    counted = {state: sum(one.state is state for one in findings) for state in State}
    if not as_json:
        say(f"{counted[State.OK]} ok, {counted[State.WARN]} to look at, {counted[State.FAIL]} failed.")
    if worst(findings) is State.FAIL:
        raise typer.Exit(ExitCode.ENVIRONMENT)


def _settings(ctx: typer.Context) -> tuple[Settings, WorkbenchError | None]:
    """The settings in force; where they cannot be read, what the command line and the defaults give, and why."""
    from elena_wb.cli.options import State
    from elena_wb.config import Settings

    state: State = ctx.find_root().obj
    try:
        return state.configuration.settings, None
    except WorkbenchError as error:
        given = {name: value for name, value in state.overrides.items() if value is not None}
        try:
            return Settings.model_validate(given), error
        except ValueError:  # what the command line gives is the problem itself
            return Settings.model_validate({}), error


def _pictures() -> str | None:
    """The method by which pictures are drawn here; ``None`` without a terminal, or where it cannot be told."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    try:
        from elena_wb.tui.graphics import settle

        return settle("auto").method
    except Exception:  # noqa: BLE001 - the interface may be what is broken
        return None


def _row(one: Finding) -> dict[str, Any]:
    return {"area": one.area, "name": one.name, "state": str(one.state), "says": one.says}


def _draw(findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from elena_wb.plain import plain

    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column()
    area = ""
    for one in findings:
        says = Text(plain(one.says))
        if one.mend:
            says.append(f"\n$ {plain(one.mend)}", style="bold" if one.state != "ok" else "dim")
        head = Text(f"{_SIGNS[one.state]} {one.state}", style=_STYLES[one.state])
        table.add_row(head, one.area if one.area != area else "", Text(plain(one.name)), says)
        area = one.area
    Console().print(table)
