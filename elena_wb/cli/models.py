"""``elena-wb models``: providers, their options, aliases and the default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elena_wb.cli.options import AsJson, settings
from elena_wb.cli.output import print_json, print_listing, say, warn
from elena_wb.errors import UsageError

app = typer.Typer(help="Show models and their options; aliases, the default; fetch and export them.")


@app.callback(invoke_without_command=True)
def default_listing(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show models and their options; aliases, the default; fetch and export them."""
    if ctx.invoked_subcommand is None:
        list_(ctx, as_json)


@app.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Model schemes that plugins provide, your aliases for model URIs, and models that lie on this machine."""
    from elena_wb.cli.model_pages import as_rows, print_local_models
    from elena_wb.engine.inventory import local_models
    from elena_wb.plugins import plugin_host

    chosen, host = settings(ctx), plugin_host()
    rows: list[dict[str, object]] = [
        {"model": f"{scheme}:", "kind": "provider", "stands for": f"plugin {claim.plugin}"}
        for scheme, claim in sorted(host.claims["models"].items())
    ]
    rows += [
        {"model": name, "kind": "alias", "stands for": uri} for name, uri in sorted(chosen.aliases.items())
    ]
    inventory = local_models(host)
    for row in rows:
        row["default"] = "yes" if row["model"] == chosen.model else ""
    if as_json:
        print_json(rows + as_rows(inventory.models, chosen.model))
    else:
        print_listing(
            rows,
            ("model", "kind", "stands for", "default"),
            as_json=False,
            empty="No model plugin is installed. `pip install elena-wb-hf` brings Hugging Face models.",
        )
        print_local_models(inventory.models)
    for failure in inventory.failures:
        warn(f"plugin `{failure.plugin}` cannot list its models: {failure.reason}")


@app.command()
def info(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(help="A scheme (hf), a URI (hf:folder) or an alias.")],
    as_json: AsJson = False,
) -> None:
    """A scheme's options and what its plugin can do, or the card of one model (without loading its weights)."""
    from elena_wb.cli.model_pages import print_card, print_scheme
    from elena_wb.config import resolve_model
    from elena_wb.engine.models import ModelAddress
    from elena_wb.plugins import plugin_host

    host = plugin_host()
    if model in host.claims["models"]:
        print_scheme(model, host.find("models", model), as_json=as_json)
        return
    address = ModelAddress.parse(resolve_model(model, settings(ctx), host.claims["models"]), host)
    print_card(address, as_json=as_json)


@app.command()
def alias(
    name: Annotated[str, typer.Argument(help="The short name.")],
    uri: Annotated[
        str | None, typer.Argument(help="What it stands for; left out, the alias is removed.")
    ] = None,
) -> None:
    """Give a model URI a short name."""
    from elena_wb.config import write_setting

    say(f"Written to {write_setting(f'aliases.{name}', uri)}.")


@app.command()
def default(
    ctx: typer.Context,
    model: Annotated[str | None, typer.Argument(help="URI or alias; left out, the default is shown.")] = None,
) -> None:
    """Show or settle the model that `run` uses without -m."""
    from elena_wb.config import resolve_model, write_setting
    from elena_wb.plugins import plugin_host

    if model is None:
        typer.echo(resolve_model(None, settings(ctx), plugin_host().claims["models"]))
        return
    resolve_model(model, settings(ctx), plugin_host().claims["models"])
    say(f"Written to {write_setting('model', model)}.")


@app.command()
def pull(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|URI", help="yunet (the face detector), or a model's URI (gguf:owner/repo:Q4_0)."
        ),
    ],
    source: Annotated[Path | None, typer.Option("--from", help="A file that is already here.")] = None,
) -> None:
    """Fetch a model, or the weights that a locator needs, and say where they lie."""
    from elena_wb.config import resolve_model
    from elena_wb.core import Pulls
    from elena_wb.engine import inventory
    from elena_wb.masking.weights import pull
    from elena_wb.plugins import plugin_host

    chosen, host = settings(ctx), plugin_host()  # an offline setting counts here too
    if ":" not in name and name not in chosen.aliases:
        try:
            typer.echo(pull(name, source))
        except UsageError as error:
            models = inventory.what_can(host, Pulls, "can be pulled")
            raise UsageError(error.message, hint=" ".join(filter(None, [error.hint, models]))) from error
        return
    if source is not None:
        raise UsageError(
            f"`--from` is for weights by name, and `{name}` is a model.",
            hint="A model that is already here needs no pulling: name its file or folder in the URI.",
        )
    typer.echo(inventory.pull(resolve_model(name, chosen, host.claims["models"]), host))


@app.command()
def export(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(help="URI or alias of the model.")],
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write.")],
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="`models info SCHEME` names them.",
            show_default="the first",
        ),
    ] = None,
) -> None:
    """Write a model in another format, and print the files written."""
    from elena_wb.config import resolve_model
    from elena_wb.engine import inventory
    from elena_wb.plugins import plugin_host

    host = plugin_host()
    uri = resolve_model(model, settings(ctx), host.claims["models"])
    for path in inventory.export(uri, out.expanduser(), format_name, host):
        typer.echo(path)
