"""``elena-wb bias``: whether a model goes by the face."""

from __future__ import annotations

from typing import Annotated

import typer

from elena_wb.cli.finding_output import (
    ChosenFormat,
    Output,
    Resamples,
    Runs,
    Seed,
    put_sections,
    wanted_format,
)
from elena_wb.cli.options import AsJson, open_store


def bias(
    ctx: typer.Context,
    runs: Runs,
    audited_only: Annotated[
        bool,
        typer.Option(
            "--audited-only",
            help="Leave out pictures that show what should be hidden, or whose mask was not audited.",
        ),
    ] = False,
    chosen: ChosenFormat = None,
    output: Output = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Ask of runs whether the model goes by the face: one table for each run that hides it.

    Beside a run that hides the face stand the one with nothing hidden and the control, which hides as much elsewhere;
    those that are not named are taken from the store. Told are scores and answers that change, attention on the face
    over its area, named parts and words that are facial, and which label answers follow where face and body differ,
    each with its 95 % interval. What these runs cannot tell is said with the command that makes it.
    """
    from elena_wb.core import Resampling
    from elena_wb.findings.bias import facial_bias
    from elena_wb.findings.bias_told import data, sections
    from elena_wb.store import drain_orphans
    from elena_wb.store.scorable import resolve_runs

    store = open_store(ctx)
    kind = wanted_format(chosen, output, store, as_json=as_json)
    if store.exists():
        drain_orphans(store)
    found = facial_bias(
        store, resolve_runs(store, runs), Resampling(resamples, seed), audited_only=audited_only
    )
    put_sections(kind, output, sections(found), lambda: data(found))
