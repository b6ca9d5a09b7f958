"""``elena-wb compare``: the answers of runs, pair by pair."""

from __future__ import annotations

from typing import Annotated

import typer

from elena_wb.cli.finding_output import ChosenFormat, Output, Resamples, Seed, put_sections, wanted_format
from elena_wb.cli.options import AsJson, open_store
from elena_wb.errors import UsageError


def compare(
    ctx: typer.Context,
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN…", help="Numbers or names of runs, or two conditions.", show_default=False
        ),
    ],
    chosen: ChosenFormat = None,
    output: Output = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare two runs, paired by stimulus and repeat: what lies between them, and which answers changed.

    Runs that differ in one thing alone, such as the quantisation of the model, show what that one thing does. Shares
    have Wilson's 95 % interval, differences of shares Newcombe's for pairs. Right answers of the two runs are compared
    by McNemar's exact test where exactly one label is true. Failed calls, and pictures that only one of the two was
    asked about, are counted and left out.
    """
    from elena_wb.core import Resampling
    from elena_wb.findings.comparing import compare_runs
    from elena_wb.findings.comparing_data import as_data
    from elena_wb.findings.comparing_told import sections
    from elena_wb.store import drain_orphans

    store = open_store(ctx)
    kind = wanted_format(chosen, output, store, as_json=as_json)
    if store.exists():
        drain_orphans(store)
    if len(runs) != 2:
        raise UsageError("Two runs are compared.")
    compared = compare_runs(store, runs[0], runs[1], resampling=Resampling(resamples, seed))
    put_sections(kind, output, sections(compared), lambda: as_data(compared))
