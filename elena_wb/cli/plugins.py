"""``elena-wb plugins``: what is installed and how it is; installing more, and taking it out again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elena_wb.cli import plugins_check, plugins_install, plugins_new
from elena_wb.cli.options import AsJson
from elena_wb.cli.output import print_json, print_listing, say

if TYPE_CHECKING:
    from elena_wb.engine.installed import Installed

app = typer.Typer(help="Show, install and uninstall plugins; write and check your own.")
app.command("install")(plugins_install.install)
app.command("uninstall")(plugins_install.uninstall)
app.command("new")(plugins_new.new)
app.command("check")(plugins_check.check)


@app.callback(invoke_without_command=True)
def default(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show, install and uninstall plugins; write and check your own."""
    if ctx.invoked_subcommand is None:
        list_(None, as_json)


@app.command("list")
def list_(
    name: Annotated[
        str | None,
        typer.Argument(help="A plugin or its distribution, to be told in full.", show_default="all"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Each plugin, its distribution, what it provides and how it is.

    A plugin is `ok`, `doubtful` (it works, or a part of it does, and something is to be looked at: slow to load, a
    name that another plugin has, a package that is missing) or `broken` (it was skipped; all else works).
    """
    from elena_wb.engine.installed import find_installed, installed_plugins
    from elena_wb.plugins import plugin_host

    if name is not None:
        found = find_installed(name, plugin_host())
        if as_json:
            print_json([_row(one) for one in found])
        else:
            for one in found:
                _tell(one)
        return
    found = installed_plugins(plugin_host())
    if as_json:
        print_json([_row(one) for one in found])
    elif not sys.stdout.isatty():
        print_listing(
            [{**_row(one), "provides": _one_line(one), "says": "; ".join(one.troubles)} for one in found],
            ("plugin", "distribution", "version", "provides", "health", "says"),
            as_json=False,
            empty="No plugins.",
        )
    else:
        _draw(found)
    if any(one.failures for one in found) and not as_json:
        say("What failed was skipped; all else works. `elena-wb plugins list NAME` tells the whole of it.")


def _row(one: Installed) -> dict[str, Any]:
    return {
        "plugin": one.plugin,
        "distribution": one.distribution,
        "version": one.version,
        "provides": one.provides,
        "health": str(one.health),
        "says": list(one.troubles),
        "details": list(one.details),
        "place": one.place,
    }


def _one_line(one: Installed) -> str:
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in one.provides.items())


def _draw(plugins: Sequence[Installed]) -> None:
    """The table, and below it a line for each thing that is to be said, no wider than the terminal."""
    import shutil

    from elena_wb.cli.output import print_table
    from elena_wb.plain import plain

    print_table(
        ("plugin", "distribution", "provides", "health"),
        [(one.plugin, one.label, _one_line(one), str(one.health)) for one in plugins],
    )
    width = shutil.get_terminal_size().columns
    for one in plugins:
        for trouble in one.troubles:
            line = plain(f"{one.plugin}: {trouble}")
            typer.echo(line if len(line) <= width else f"{line[: width - 1]}…")


def _tell(one: Installed) -> None:
    """All that is known of one plugin."""
    from elena_wb.plain import plain, plain_lines

    lines = [
        ("plugin", one.plugin),
        ("distribution", one.label),
        ("place", one.place or "the program itself"),
        *((kind, ", ".join(names)) for kind, names in one.provides.items()),
        ("health", str(one.health)),
        *(("says", trouble) for trouble in one.troubles),
    ]
    for label, text in lines:
        typer.echo(f"{label:<12}  {plain(text)}")
    for detail in one.details:
        typer.echo("\n" + plain_lines(detail.rstrip()))
