"""``elena-wb plugins new``: a plugin that works, to be made into another."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from elena_wb.cli.output import say


class Kind(StrEnum):
    """What a plugin can provide."""

    MODEL = "model"
    MASKER = "masker"
    LOCATOR = "locator"
    DATASET = "dataset"
    METRIC = "metric"
    EXECUTOR = "executor"


def new(
    name: Annotated[str, typer.Argument(help="What to call it, such as my-camera.")],
    kind: Annotated[Kind, typer.Option(help="What it provides.")] = Kind.MODEL,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; elena-wb-NAME if left out.", show_default=False)
    ] = None,
    author: Annotated[
        str | None, typer.Option(help="Your name, or 'Name <address>'.", show_default=False)
    ] = None,
) -> None:
    """Write a whole plugin that works and tests itself, for you to change."""
    from elena_wb.plain import plain
    from elena_wb.plugins import plugin_host
    from elena_wb.plugins.making import shown, write_plugin
    from elena_wb.plugins.making_names import PREFIX, plugin_name, require_free

    called = plugin_name(name)
    require_free(called, plugin_host())
    folder = out if out is not None else Path(f"{PREFIX}{called}")
    paths = write_plugin(called, kind.value, folder, author=author)
    for path in shown(paths):
        typer.echo(plain(path))
    (place,) = shown([folder.expanduser().absolute()])
    say(f"Wrote the {kind.value} plugin `{called}`. It works as it is; try it, then make it yours:")
    say(f"  python -m pip install --editable {shlex.quote(f'{place}[dev]')}")
    say(f"  python -m pytest {shlex.quote(place)}")
    say(f"  elena-wb plugins check {called}")
