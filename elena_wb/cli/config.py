"""``elena-wb config``: what is settled, and where."""

from __future__ import annotations

from typing import Annotated

import typer

from elena_wb.cli.options import AsJson, State
from elena_wb.cli.output import print_json, print_table, say

app = typer.Typer(help="Show and change settings.")


@app.callback(invoke_without_command=True)
def default(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show and change settings."""
    if ctx.invoked_subcommand is None:
        show(ctx, as_json)


@app.command()
def show(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every setting, its value and the layer it comes from."""
    from elena_wb.config import Settings

    state: State = ctx.find_root().obj
    configuration = state.configuration
    values = configuration.settings.model_dump(mode="json")
    if as_json:
        print_json({key: {"value": values[key], "from": configuration.origins[key]} for key in values})
        return
    print_table(
        ("setting", "value", "from", "meaning"),
        [
            (key, values[key], configuration.origins[key], Settings.model_fields[key].description)
            for key in values
        ],
    )


@app.command()
def path() -> None:
    """The path of the configuration file, whether or not it exists."""
    from elena_wb.config import config_path

    typer.echo(config_path())


@app.command("set")
def set_(
    key: Annotated[str, typer.Argument(help="A setting, aliases.NAME or uploads.FOLDER.")],
    value: Annotated[str | None, typer.Argument(help="Its value; left out, the setting is removed.")] = None,
) -> None:
    """Settle a value in the configuration file."""
    from elena_wb.config import write_setting

    say(f"Written to {write_setting(key, value)}.")
