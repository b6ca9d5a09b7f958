"""``elena-wb report``: runs as one file to hand on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elena_wb.cli.finding_output import Resamples, Runs, Seed
from elena_wb.cli.options import open_store, settings
from elena_wb.cli.output import say, warn
from elena_wb.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from elena_wb.report.options import Pictures


def report(
    ctx: typer.Context,
    runs: Runs,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")] = Path(
        "report.html"
    ),
    title: Annotated[str, typer.Option(help="Its title.", show_default="the runs")] = "",
    question: Annotated[str, typer.Option(help="The question it answers.", show_default="ELENA's")] = "",
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Show no pictures.")] = False,
    masked_only: Annotated[
        bool,
        typer.Option(
            "--masked-only",
            help="Show only pictures with the face hidden in which another detector finds no face.",
        ),
    ] = False,
    with_local_pictures: Annotated[
        bool,
        typer.Option(
            "--with-local-pictures",
            help="Show also pictures that are to stay on this machine (local-only), or may leave it only masked.",
        ),
    ] = False,
    pairs: Annotated[int, typer.Option(min=0, max=200, help="Show so many telling pairs of answers.")] = 12,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="Score by this metric only (repeatable).",
            show_default="all that apply",
        ),
    ] = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> None:
    """Write everything that runs say into one HTML file that opens offline and can be handed on.

    The set-up with its provenance, scores, comparisons, facial bias, narratives and ratings as far as they apply, the
    most telling pairs of answers with what the models saw and where they looked, what failed, the query behind each
    table, methods and how to repeat it. What cannot be made is said in the report, with exit code 4.

    Pictures are shown as the models saw them. Those that are to stay on this machine by their data set or your word
    (`uploads`) are left out, as are those that may leave it only masked where they are not.
    """
    from elena_wb.core import Resampling
    from elena_wb.plugins import plugin_host
    from elena_wb.report import ReportOptions, write_report
    from elena_wb.report.writing import check_output
    from elena_wb.store import drain_orphans
    from elena_wb.store.scorable import resolve_runs

    if no_pictures and masked_only:
        raise UsageError("`--no-pictures` and `--masked-only` contradict each other.")
    store = open_store(ctx)
    check_output(store, output)
    if store.exists():
        drain_orphans(store)
    shown: Pictures = "none" if no_pictures else "masked-only" if masked_only else "all"
    written = write_report(
        store,
        plugin_host(),
        resolve_runs(store, runs),
        output,
        ReportOptions(
            title=title,
            question=question,
            pictures=shown,
            pairs=pairs,
            resampling=Resampling(resamples, seed),
            metrics=tuple(metric) if metric else None,
            restricted=with_local_pictures,
            uploads=settings(ctx).uploads,
        ),
    )
    say(f"{written.path} written: {written.size / 1e6:.1f} MB, {written.pictures} pictures and maps.")
    for one in written.missing:
        warn(f"{one.what} could not be made: {one.why}")
    if written.missing:
        raise typer.Exit(ExitCode.PARTIAL)
