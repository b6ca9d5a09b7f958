"""``elena-wb narratives``: what answers say, run by run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

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
from elena_wb.cli.output import say

if TYPE_CHECKING:
    from elena_wb.core import Resampling
    from elena_wb.findings import Section
    from elena_wb.store import Store
    from elena_wb.store.parts import AskedRun

Told: TypeAlias = "tuple[str, object, Sequence[Section]]"
"""What is found as JSON calls it, and its sections."""


class About(StrEnum):
    """What there is to tell of narratives."""

    PARTS = "parts"
    MENTIONS = "mentions"
    WORDS = "words"
    VOCABULARY = "vocabulary"
    REPEATS = "repeats"


def narratives(
    ctx: typer.Context,
    runs: Runs,
    about: Annotated[
        list[About] | None,
        typer.Option(
            "--about",
            help="Tell only this (repeatable). parts: parts of the body by emotion. mentions: parts named beside those "
            "in the picture. words: explicit against implicit, emotions named outright, how varied the narratives "
            "are. vocabulary: words for emotions against labels. repeats: repeats and paraphrases.",
            show_default="all that apply",
        ),
    ] = None,
    taxonomy: Annotated[
        str, typer.Option(metavar="NAME", help="To whose labels words for emotions are mapped.")
    ] = "ekman7",
    chosen: ChosenFormat = None,
    output: Output = None,
    as_json: AsJson = False,
    resamples: Resamples = 1000,
    seed: Seed = 0,
) -> None:
    """Tell what the answers of runs say, beside one another.

    Which parts of the body they name, with which emotion, and which of these beyond chance; parts that are named but
    were not found in the picture, or were hidden, and those found and never named; how much is explicit and how much
    implicit; whether narratives name the emotion outright; how varied they are; how the words for emotions in them go
    with labels; what repeats and paraphrases of the prompt change. Shares have Wilson's 95 % interval, for as many
    independent answers as they are worth where several are about one picture. Answers that could not be read, refusals
    and failures count nowhere. A name that several runs bear stands for all of them.
    """
    from elena_wb.core import Resampling
    from elena_wb.findings.plain_data import as_data
    from elena_wb.store import drain_orphans
    from elena_wb.store.scorable import resolve_runs

    store = open_store(ctx)
    kind = wanted_format(chosen, output, store, as_json=as_json)
    if store.exists():
        drain_orphans(store)
    asked = _Asked(store, resolve_runs(store, runs), Resampling(resamples, seed), taxonomy)
    found: dict[str, object] = {}
    sections: list[Section] = []
    for subject in dict.fromkeys(about or About):
        told = list(_TELLS[subject](asked))
        found |= {name: of for name, of, _ in told}
        new = [section for *_, several in told for section in several]
        sections += new
        if about and not new:
            say(f"{_NOTHING[subject]}: there is nothing to tell of {subject}.")
    if not about and not sections:
        say("These runs have no answers that say anything.")
    put_sections(kind, output, sections, lambda: as_data(found))


@dataclass(frozen=True)
class _Asked:
    store: Store
    run_ids: Sequence[int]
    resampling: Resampling
    taxonomy: str

    @cached_property
    def calls(self) -> tuple[AskedRun, ...]:
        """What became of the calls of these runs, looked up once for several subjects."""
        from elena_wb.store.parts import asked_runs

        return asked_runs(self.store, self.run_ids)


def _parts(of: _Asked) -> Iterator[Told]:
    from elena_wb.findings import parts, parts_told

    used = parts.parts_used(of.store, of.run_ids, asked=of.calls)
    yield "parts", used, parts_told.sections(used)


def _mentions(of: _Asked) -> Iterator[Told]:
    from elena_wb.findings import mentions, mentions_told

    mentioned = mentions.parts_mentioned(of.store, of.run_ids, asked=of.calls)
    yield "mentions", mentioned, mentions_told.sections(mentioned)


def _words(of: _Asked) -> Iterator[Told]:
    from elena_wb.findings import (
        emotion_named,
        emotion_named_told,
        text_shares,
        text_shares_told,
        wording,
        wording_told,
    )

    shares = text_shares.explicit_and_implicit(of.store, of.run_ids, asked=of.calls)
    yield "explicit_and_implicit", shares, text_shares_told.sections(shares)
    named = emotion_named.outright(of.store, of.run_ids, asked=of.calls)
    yield "emotion_named", named, emotion_named_told.sections(named)
    varied = wording.wording(of.store, of.run_ids, of.resampling)
    yield "wording", varied, wording_told.sections(varied)


def _vocabulary(of: _Asked) -> Iterator[Told]:
    from elena_wb.findings import open_vocabulary, open_vocabulary_told

    words = open_vocabulary.open_vocabulary(of.store, of.run_ids, of.taxonomy, of.resampling)
    yield "open_vocabulary", words, open_vocabulary_told.sections(words)


def _repeats(of: _Asked) -> Iterator[Told]:
    from elena_wb.findings import repeating, repeating_told

    repeated = repeating.repeatability(of.store, of.run_ids, of.resampling)
    yield "repeating", repeated, repeating_told.sections(repeated)


_TELLS: dict[About, Callable[[_Asked], Iterator[Any]]] = {
    About.PARTS: _parts,
    About.MENTIONS: _mentions,
    About.WORDS: _words,
    About.VOCABULARY: _vocabulary,
    About.REPEATS: _repeats,
}
_NOTHING = {
    About.PARTS: "No answer names a part of the body",
    About.MENTIONS: "Nobody looked for parts in the pictures of these runs, and none was hidden",
    About.WORDS: "No answer says anything in words",
    About.VOCABULARY: "No answer says anything in words",
    About.REPEATS: "No question was asked repeatedly or in other words",
}
