"""``elena-wb narratives``: what answers say, run by run."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from elena_wb.cli.finding_output import (
    ChosenFormat,
    Output,
    Runs,
    put_sections,
    wanted_format,
)
from elena_wb.cli.options import AsJson, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from elena_wb.core import Resampling
    from elena_wb.findings import Section
    from elena_wb.store import Store


class About(StrEnum):
    """What there is to tell of narratives."""

    PARTS = "parts"
    MENTIONS = "mentions"
    SHARES = "shares"
    EMOTIONS = "emotions"


def narratives(
    ctx: typer.Context,
    runs: Runs,
    about: Annotated[
        list[About] | None,
        typer.Option(
            "--about", help="Tell only this (repeatable).", show_default="all that there is to tell"
        ),
    ] = None,
    chosen: ChosenFormat = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Tell what the answers of runs say, beside one another.

    Which parts of the body are named, with which emotion, and which of these beyond chance. Answers that could not be
    read, refusals and failures count nowhere. A name that several runs bear stands for all of them.
    """
    from elena_wb.core import Resampling
    from elena_wb.findings.plain_data import as_data
    from elena_wb.store import drain_orphans
    from elena_wb.store.scorable import resolve_runs

    store = open_store(ctx)
    kind = wanted_format(chosen, output, store, as_json=as_json)
    if store.exists():
        drain_orphans(store)
    run_ids = resolve_runs(store, runs)
    found: dict[str, object] = {}
    told: list[Section] = []
    for subject in dict.fromkeys(about or About):
        of, sections = _TELLS[subject](store, run_ids, Resampling())
        found[subject.value] = of
        told += sections
    put_sections(kind, output, told, lambda: as_data(found))


def _parts(store: Store, run_ids: Sequence[int], resampling: Resampling) -> tuple[object, Sequence[Section]]:
    from elena_wb.findings.parts import parts_used
    from elena_wb.findings.parts_told import sections

    found = parts_used(store, run_ids)
    return found, sections(found)


def _mentions(
    store: Store, run_ids: Sequence[int], resampling: Resampling
) -> tuple[object, Sequence[Section]]:
    from elena_wb.findings.mentions import parts_mentioned
    from elena_wb.findings.mentions_told import sections

    found = parts_mentioned(store, run_ids)
    return found, sections(found)


def _shares(store: Store, run_ids: Sequence[int], resampling: Resampling) -> tuple[object, Sequence[Section]]:
    from elena_wb.findings.text_shares import explicit_and_implicit
    from elena_wb.findings.text_shares_told import sections

    found = explicit_and_implicit(store, run_ids)
    return found, sections(found)


def _emotions(
    store: Store, run_ids: Sequence[int], resampling: Resampling
) -> tuple[object, Sequence[Section]]:
    from elena_wb.findings.emotion_named import outright
    from elena_wb.findings.emotion_named_told import sections

    found = outright(store, run_ids)
    return found, sections(found)


_TELLS: dict[About, Callable[[Store, Sequence[int], Resampling], tuple[object, Sequence[Section]]]] = {
    About.PARTS: _parts,
    About.MENTIONS: _mentions,
    About.SHARES: _shares,
    About.EMOTIONS: _emotions,
}
