"""Parts named but not found, named though hidden, and found but never named: told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from elena_wb.findings.mentions import Mention, Mentions, RunMentions, State
from elena_wb.findings.parts_told import CLUSTERED, WILSON
from elena_wb.findings.pieces import Chart, Mark, Piece, Section, Series, Table
from elena_wb.findings.words import listed, percent, percent_interval

_STATES: tuple[State, ...] = ("missed", "hidden", "found")
_TITLES: dict[State, str] = {
    "missed": "Parts that nobody found in the picture, named all the same",
    "hidden": "Parts that the condition hides, named all the same",
    "found": "Parts found in the picture, and how often they are named",
}

_AMISS: tuple[tuple[State, str], ...] = (
    ("missed", "are of parts that nobody found"),
    ("hidden", "are of parts that the condition hides"),
)
_DRAWN = 8
"""Of so many series at most, a chart is drawn."""


def sections(found: Mentions) -> tuple[Section, ...]:
    """What answers name beside what is in their pictures; nothing where nobody looked and nothing was hidden."""
    runs = [of for of in found.runs if of.mentions]
    if not runs:
        return ()
    pieces: list[Piece] = [
        *_looked(runs),
        "Named is the share of the answers about such pictures that name the part; never, in how many of the pictures "
        "no answer does.",
    ]
    for state in _STATES:
        rows = [(one, of) for of in runs for one in of.of(state)]
        if rows:
            pieces.append(_table(found, sorted(rows, key=lambda row: row[0].part), state))
    chart = _chart(runs)
    if chart is not None:
        pieces.append(chart)
    if told := _whole(found):
        pieces.append(f"Counted with what they belong to: {told}.")
    clustered = any(one.pictures < one.named.n for of in runs for one in of.mentions)
    return (
        Section(
            "parts-in-the-picture",
            "Parts that answers name and parts that are in the picture",
            " ".join(_lead(of) for of in runs),
            tuple(pieces),
            "Not found says as much as whoever looked can see: a detector overlooks parts, and a data set may leave "
            "some unmarked. A part that is found and not named need not have been overlooked by the model. A part "
            "that is hidden may be named for what shows around the mask.",
            (WILSON, CLUSTERED) if clustered else (WILSON,),
        ),
    )


def _lead(of: RunMentions) -> str:
    times = {state: sum(one.named.n for one in of.of(state)) for state in _STATES}
    named = {state: sum(round(one.named.value * one.named.n) for one in of.of(state)) for state in _STATES}
    told = []
    total = sum(named.values())
    if total:
        among = [
            f"{named[state]:,} ({percent(named[state] / total)}) {what}"
            for state, what in _AMISS
            if times[state]
        ]
        told = [f"of {total:,} mentions of parts that were looked for, {listed(among)}"] if among else []
    if times["found"]:
        unnamed = percent(1 - named["found"] / times["found"])
        told.append(f"of {times['found']:,} times that a part was found, it is not named in {unnamed}")
    return f"Run {of.asked.run_id}: {'; '.join(told) or 'no part that was looked for is named'}."


def _looked(runs: Sequence[RunMentions]) -> Iterator[str]:
    said: dict[str, list[str]] = {}
    for of in runs:
        by: dict[tuple[str, ...], list[str]] = {}
        for one in of.mentions:
            if one.locators and one.part not in by.setdefault(one.locators, []):
                by[one.locators].append(one.part)
        told = "; ".join(
            f"{listed(sorted(parts))} by {listed([_who(name) for name in who])}" for who, parts in by.items()
        )
        said.setdefault(told or "nothing: what is counted is what was hidden", []).append(
            str(of.asked.run_id)
        )
    for told, ids in said.items():
        yield f"Looked for in the pictures of run{'s' if len(ids) > 1 else ''} {listed(ids)}: {told}."


def _who(locator: str) -> str:
    return "the data set's regions" if locator == "annotated" else locator


def _table(found: Mentions, rows: Sequence[tuple[Mention, RunMentions]], state: State) -> Table:
    return Table(
        _TITLES[state],
        ("part", "run", "answers", "named", "95 % interval", "pictures", "never"),
        tuple(
            (
                one.part,
                str(of.asked.run_id),
                f"{one.named.n:,}",
                percent(one.named.value),
                percent_interval(one.named),
                f"{one.pictures:,}",
                f"{one.never:,}",
            )
            for one, of in rows
        ),
        2,
        found.check([(one.part, of.asked.run_id) for one, of in rows], state),
    )


def _chart(runs: Sequence[RunMentions]) -> Chart | None:
    parts = sorted({one.part for of in runs for one in of.mentions})
    states: tuple[tuple[State, str], ...] = (
        ("found", "found"),
        ("missed", "not found"),
        ("hidden", "hidden"),
    )
    series = []
    for of in runs:
        for state, called in states:
            marks = {one.part: one for one in of.of(state)}
            if marks:
                series.append(
                    Series(
                        f"run {of.asked.run_id}, {called}",
                        tuple(
                            Mark.of(part, marks[part].named) if part in marks else Mark(part, math.nan)
                            for part in parts
                        ),
                    )
                )
    if len(series) > _DRAWN:
        return None
    return Chart(
        "How often a part is named, by whether it was found",
        "points",
        "share of answers that name it",
        "part",
        tuple(series),
        shares=True,
    )


def _whole(found: Mentions) -> str:
    by: dict[str, list[str]] = {}
    for part, whole in found.within.items():
        if part != whole:
            by.setdefault(whole, []).append(part)
    return "; ".join(f"{listed(parts)} with {whole}" for whole, parts in sorted(by.items()))
