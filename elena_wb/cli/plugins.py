"""``elena-wb plugins``: what is installed, what it provides, what failed."""

from __future__ import annotations

import typer

from elena_wb.cli import plugins_new
from elena_wb.cli.options import AsJson
from elena_wb.cli.output import print_listing, say

app = typer.Typer(help="Show installed plugins.")
app.command("new")(plugins_new.new)


@app.callback(invoke_without_command=True)
def default(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show installed plugins."""
    if ctx.invoked_subcommand is None:
        list_(as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Each plugin, its distribution, what it provides and whether it works."""
    from elena_wb.engine.installed import installed_plugins
    from elena_wb.plugins import plugin_host

    found = installed_plugins(plugin_host())
    rows = [
        {
            "plugin": one.plugin,
            "distribution": one.distribution,
            "provides": one.provides,
            "state": one.state,
        }
        for one in found
    ]
    shown = rows if as_json else [{**row, "provides": _one_line(row["provides"])} for row in rows]
    print_listing(
        shown, ("plugin", "distribution", "provides", "state"), as_json=as_json, empty="No plugins."
    )
    if any(one.failures for one in found) and not as_json:
        say("What failed was skipped; everything else works.")


def _one_line(provided: object) -> str:
    assert isinstance(provided, dict)
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in provided.items())
