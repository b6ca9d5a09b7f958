"""``elena-wb compare``: the answers of two runs, pair by pair."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from elena_wb.cli.options import AsJson, open_store
from elena_wb.cli.output import print_json


def compare(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(metavar="RUN", help="Number or name of a run.")],
    second: Annotated[str, typer.Argument(metavar="RUN", help="Number or name of another.")],
    as_json: AsJson = False,
) -> None:
    """Compare two runs, paired by stimulus and repeat: what lies between them, and which answers changed.

    Runs that differ in one thing alone, such as the quantisation of the model, show what that one thing does. Shares
    have Wilson's 95 % interval, differences of shares Newcombe's for pairs. Right answers of the two runs are compared
    by McNemar's exact test where exactly one label is true. Failed calls, and pictures that only one of the two was
    asked about, are counted and left out.
    """
    from elena_wb.cli.compare_tables import as_data, pieces
    from elena_wb.cli.written import drawn
    from elena_wb.findings.comparing import compare_runs
    from elena_wb.store import drain_orphans

    store = open_store(ctx)
    if store.exists():
        drain_orphans(store)
    compared = compare_runs(store, first, second)
    if as_json:
        print_json(as_data(compared))
    else:
        sys.stdout.write(drawn(pieces(compared), plots=False))
        sys.stdout.flush()
