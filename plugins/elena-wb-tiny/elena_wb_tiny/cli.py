"""``elena-wb demo`` and ``elena-wb stimuli``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elena_wb.cli.options import settings
from elena_wb.cli.output import say

stimuli = typer.Typer(help="Make labelled pictures of posed figures.", no_args_is_help=True)


@stimuli.callback()
def _group() -> None:
    """Make labelled pictures of posed figures."""


@stimuli.command()
def render(
    out: Annotated[Path, typer.Argument(help="The folder to write; it must be new, empty or ours.")],
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 70,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same pictures.")] = 1,
    incongruent: Annotated[
        bool, typer.Option("--incongruent", help="Face and body express different emotions.")
    ] = False,
    size: Annotated[int, typer.Option(min=64, max=2048, help="Side in pixels.")] = 336,
) -> None:
    """Render posed figures with labels and regions; `elena-wb run OUT` reads the folder as it is."""
    from elena_wb_tiny.stimuli.folder import write_folder

    write_folder(out, count, seed, incongruent, size)
    say(f"{count} pictures with labels.csv, regions.csv and poses.csv written to {out}.")


def demo(
    ctx: typer.Context,
    pictures: Annotated[int, typer.Option(min=14, help="Congruent figures; half as many incongruent.")] = 84,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the figures.")] = 7,
    model: Annotated[
        str, typer.Option("--model", "-m", help="Another model to ask: a URI or an alias.")
    ] = "tiny:",
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.")] = False,
) -> None:
    """A declared study of rendered figures, with its report; with the embedded model, offline and in under a minute."""
    from elena_wb.cli.options import State
    from elena_wb.config import resolve_model
    from elena_wb.paths import user_data_dir
    from elena_wb.plugins import plugin_host
    from elena_wb.store import Store
    from elena_wb_tiny.demo import Stage, run_demo

    state: State = ctx.find_root().obj
    chosen = settings(ctx)
    own = state.configuration.origins["store"] == "default"
    path = user_data_dir() / "demo.duckdb" if own else chosen.store
    uri = resolve_model(model, chosen, plugin_host().claims["models"])
    store = Store(path, lock_timeout=chosen.lock_timeout)
    run_demo(Stage(store, user_data_dir() / "demo", chosen, pictures, seed, uri, not no_report))
