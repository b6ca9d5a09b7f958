"""``elena-wb ratings``: what people said of answers."""

from __future__ import annotations

from typing import Annotated

import typer

from elena_wb.cli.finding_output import ChosenFormat, Output, Resamples, Seed, put_sections, wanted_format
from elena_wb.cli.options import AsJson, open_store


def ratings(
    ctx: typer.Context,
    wanted: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SESSION…]", help="Numbers or names of sessions; all without.", show_default=False
        ),
    ] = None,
    chosen: ChosenFormat = None,
    output: Output = None,
    as_json: AsJson = False,
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> None:
    """Tell what people said of answers in sessions of blind rating, which it lifts the blind of.

    Of single answers: means by scale and run, how runs differ (within raters and stimuli where these rated both), and
    of pairs which run's answers are preferred, each with 95 % intervals over pictures and over raters, and with tests
    corrected by Holm; whether raters lean to a side; agreement between raters and of each with himself (Krippendorff's
    alpha); which automatic measures go with what was said (Spearman's rho); what was skipped, and why. Raters are told
    by number.
    """
    from elena_wb.core import Resampling, UsageError
    from elena_wb.findings.plain_data import as_data
    from elena_wb.findings.rating import RatedSession
    from elena_wb.findings.rating import ratings as rated
    from elena_wb.findings.rating_told import sections

    store = open_store(ctx)
    kind = wanted_format(chosen, output, store, as_json=as_json)
    resampling = Resampling(resamples, seed)
    found: dict[int, RatedSession] = {}
    for one in wanted or (None,):
        found |= {session.session_id: session for session in rated(store, one, resampling)}
    if not found:
        raise UsageError(
            "Nobody has rated anything in this store.",
            hint="Sessions of rating are made in the interface: `elena-wb`, then 5.",
        )
    sessions = tuple(found.values())
    put_sections(
        kind,
        output,
        sections(sessions),
        lambda: {"resampling": as_data(resampling), "sessions": as_data(sessions)},
    )
