"""``elena-wb models``: providers, their options, aliases and the default."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from elena_wb.cli.options import AsJson, settings
from elena_wb.cli.output import print_json, print_listing, print_table, say

app = typer.Typer(help="Show models and their options; aliases, the default, weights of locators.")


@app.callback(invoke_without_command=True)
def default_listing(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show models and their options; aliases, the default, weights of locators."""
    if ctx.invoked_subcommand is None:
        list_(ctx, as_json)


@app.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Model schemes that plugins provide, and your aliases for model URIs."""
    from elena_wb.plugins import plugin_host

    chosen = settings(ctx)
    rows: list[dict[str, object]] = [
        {"model": f"{scheme}:", "kind": "provider", "stands for": f"plugin {claim.plugin}"}
        for scheme, claim in sorted(plugin_host().claims["models"].items())
    ]
    rows += [
        {"model": name, "kind": "alias", "stands for": uri} for name, uri in sorted(chosen.aliases.items())
    ]
    for row in rows:
        row["default"] = "yes" if row["model"] == chosen.model else ""
    print_listing(
        rows,
        ("model", "kind", "stands for", "default"),
        as_json=as_json,
        empty="No model plugin is installed. `pip install elena-wb-hf` brings Hugging Face models.",
    )


@app.command()
def info(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(help="A scheme (hf), a URI (hf:folder) or an alias.")],
    as_json: AsJson = False,
) -> None:
    """A scheme's options, or the card of one model (without loading its weights)."""
    from elena_wb.config import resolve_model
    from elena_wb.engine.models import describe
    from elena_wb.plugins import plugin_host

    host = plugin_host()
    if model in host.claims["models"]:
        _print_options(host.find("models", model), as_json=as_json)
        return
    card = asdict(describe(resolve_model(model, settings(ctx), host.claims["models"]), host))
    if as_json:
        print_json(card)
    else:
        print_table(("property", "value"), list(card.items()))


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
    name: Annotated[str, typer.Argument(help="What to pull: yunet, the face detector.")],
    source: Annotated[Path | None, typer.Option("--from", help="A file that is already here.")] = None,
) -> None:
    """Fetch weights that a locator needs, check their digest and keep them."""
    from elena_wb.masking.weights import pull

    settings(ctx)  # an offline setting counts here too
    typer.echo(pull(name, source))


def _print_options(provider: type, *, as_json: bool) -> None:
    schema = provider.options_model.model_json_schema()  # type: ignore[attr-defined]
    if as_json:
        print_json(schema)
        return
    rows = []
    for name, field in provider.options_model.model_fields.items():  # type: ignore[attr-defined]
        described = schema["properties"][name]
        kind = described.get("type") or "|".join(
            str(option.get("type") or "|".join(map(str, option.get("enum", ["?"]))))
            for option in described.get("anyOf", [{"enum": described.get("enum", ["?"])}])
        )
        rows.append((name, kind, field.get_default(call_default_factory=True), field.description or ""))
    print_table(("option", "type", "default", "meaning"), rows)
