"""``elena-wb compare``: the answers of runs, pair by pair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elena_wb.cli.finding_output import (
    ChosenFormat,
    Format,
    Output,
    Resamples,
    Seed,
    put_sections,
    wanted_format,
)
from elena_wb.cli.options import AsJson, open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elena_wb.core import Resampling
    from elena_wb.findings.comparing_what import Meant
    from elena_wb.store import Store


def compare(
    ctx: typer.Context,
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN…", help="Numbers or names of two runs or more, or conditions.", show_default=False
        ),
    ],
    chosen: ChosenFormat = None,
    output: Output = None,
    resamples: Resamples = 1000,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare runs, paired by stimulus and repeat: what lies between them, and which answers changed.

    Of two runs: which emotions, words, parts of the body and ratings changed; accuracy, UAR and F1 of both with paired
    bootstrap intervals of the changes; McNemar's exact test of right answers and Wilcoxon's of ratings, corrected for
    one another (Holm); Cohen's kappa. Runs that differ in one thing alone, such as the quantisation of the model, show
    what that one thing does. Of three runs or more, or a name that several bear: Krippendorff's alpha, and every pair.
    Two conditions, such as `none face`, stand for every pair of runs alike in all else. Failed calls, and pictures that
    only one of two was asked about, are counted and left out.
    """
    from elena_wb.core import Resampling
    from elena_wb.findings.comparing_what import meant_by
    from elena_wb.store import drain_orphans

    store = open_store(ctx)
    kind = wanted_format(chosen, output, store, as_json=as_json)
    if store.exists():
        drain_orphans(store)
    meant = meant_by(store, runs)
    resampling = Resampling(resamples, seed)
    pairs = meant.pairs or ((meant.run_ids,) if len(meant.run_ids) == 2 else ())
    if len(pairs) == 1:
        _tell_two(store, pairs[0], resampling, kind, output)
    else:
        _tell_many(store, meant, resampling, kind, output)


def _tell_two(
    store: Store, run_ids: Sequence[int], resampling: Resampling, kind: Format, output: Path | None
) -> None:
    from elena_wb.findings.comparing import compare_runs
    from elena_wb.findings.comparing_data import as_data
    from elena_wb.findings.comparing_told import sections

    first, second = map(str, run_ids)
    compared = compare_runs(store, first, second, resampling=resampling)
    put_sections(kind, output, () if kind is Format.JSON else sections(compared), lambda: as_data(compared))


def _tell_many(store: Store, meant: Meant, resampling: Resampling, kind: Format, output: Path | None) -> None:
    from elena_wb.findings.comparing_many import compare_many, compare_pairs
    from elena_wb.findings.comparing_many_told import sections
    from elena_wb.findings.plain_data import as_data

    if meant.pairs:
        compared = compare_pairs(store, meant.pairs, meant.conditions, resampling)
    else:
        compared = compare_many(store, meant.run_ids, resampling)
    put_sections(kind, output, sections(compared), lambda: as_data(compared))
