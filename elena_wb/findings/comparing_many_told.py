"""Several runs compared, told in sections."""

from __future__ import annotations

import math
from collections.abc import Iterator

from elena_wb.core import Estimate
from elena_wb.findings import comparing_many_sql as sql
from elena_wb.findings import comparing_sources as sources
from elena_wb.findings.comparing_many import ComparedMany
from elena_wb.findings.comparing_tables import p_cell, signed, signed_interval
from elena_wb.findings.pieces import Chart, Mark, Piece, Section, Series, Table
from elena_wb.findings.words import listed, number, number_interval, percent, percent_interval

_ALPHA = 0.05
_INTERVAL = "95 % interval"


def sections(of: ComparedMany) -> tuple[Section, ...]:
    """What the runs are, how far all agree, and every pair of them."""
    return (_runs(of), *([_agreement(of)] if of.alpha else []), _pairs(of))


def _runs(of: ComparedMany) -> Section:
    aspects = _aspects(of)
    told = listed(aspects) if aspects else "nothing that is recorded"
    if of.conditions:
        title = f"Conditions {listed(of.conditions)} compared"
        lead = (
            f"{_counted(len(of.pairs), 'pair')} of runs {'is' if len(of.pairs) == 1 else 'are'} alike in all but the "
            "condition (and what a prompt says of it)."
        )
    else:
        title = f"{len(of.runs)} runs compared"
        lead = f"They differ in {told}."
    return Section("runs", title, lead, tuple(_about(of, aspects)))


def _about(of: ComparedMany, aspects: tuple[str, ...]) -> Iterator[Piece]:
    unfinished = [f"run {side.run_id} is {side.unfinished}" for side in of.runs if side.unfinished]
    if unfinished:
        yield f"Not done: {listed(unfinished)}."
    several = sum(len(pair.causes) > 1 for pair in of.pairs)
    if several:
        yield (
            f"Warning: {several:,} of {_counted(len(of.pairs), 'pair')} differ in more than one thing that can change "
            "answers, so that no change can be put down to one of them."
        )
    columns = ("run", "model", "prompt", "condition", *aspects)
    rows = []
    for place, side in enumerate(of.runs):
        found = {} if not place else {one.aspect: one.second for one in of.differing[place - 1]}
        named = f"{side.run_id} ({side.name})" if side.name else str(side.run_id)
        others = (found.get(aspect, _of_first(of, aspect)) for aspect in aspects)
        rows.append((named, side.model, side.prompt, side.condition, *others))
    shown = [place for place, name in enumerate(columns) if place not in (1, 2, 3) or name not in aspects]
    told = tuple(tuple(row[place] for place in shown) for row in rows)
    yield Table("Runs", tuple(columns[place] for place in shown), told, len(shown))


def _aspects(of: ComparedMany) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.aspect for differing in of.differing for one in differing))


def _of_first(of: ComparedMany, aspect: str) -> str:
    """What the first run has; where it is told otherwise beside different runs, all of that."""
    told = dict.fromkeys(one.first for differing in of.differing for one in differing if one.aspect == aspect)
    return "; ".join(told)


def _agreement(of: ComparedMany) -> Section:
    alpha = of.alpha["emotion"]
    shows = (
        f"Krippendorff's α of the emotions is {number(alpha.value)}{_within(number_interval(alpha))}, where 1 is the "
        "same emotion in every run and 0 what chance would give."
        if not math.isnan(alpha.value)
        else "Krippendorff's α of the emotions is not defined: too few questions were answered by two runs, or all "
        "answers name the same emotion."
    )
    rows = tuple(
        (
            name,
            "nominal" if name == "emotion" else "interval",
            f"{one.n:,}",
            number(one.value),
            number_interval(one),
        )
        for name, one in of.alpha.items()
    )
    run_ids = [side.run_id for side in of.runs]
    table = Table(
        "Agreement of all runs",
        ("", "level", "questions", "α", _INTERVAL),
        rows,
        2,
        sql.alpha(run_ids, list(of.alpha)),
    )
    return Section(
        "agreement",
        "Agreement of all runs",
        shows,
        (table,),
        f"Questions are pictures and repeats that two runs or more answered; {of.answered_by_all:,} of "
        f"{of.questions:,} were answered by all so that it could be read. A failure, a refusal and an answer that "
        "could not be read are missing, naming no emotion is a category. Intervals are over pictures. Runs that agree "
        "may be wrong alike.",
        (sources.KRIPPENDORFF, sources.HAYES, sources.BOOTSTRAP),
    )


def _pairs(of: ComparedMany) -> Section:
    tested = [pair for pair in of.pairs if not math.isnan(pair.p)]
    sure = [f"{pair.first} and {pair.second}" for pair in tested if pair.p_holm < _ALPHA]
    if not tested:
        shows = "Nothing is known to be true of these pictures, so that right answers cannot be counted."
    elif sure:
        shows = (
            f"How many answers are right differs between runs {'; '.join(sure[:8])}"
            f"{f' and {len(sure) - 8:,} more pairs' if len(sure) > 8 else ''} (p, corrected for "
            f"{_counted(len(tested), 'pair')}, below {number(_ALPHA, 2)})."
        )
    else:
        shows = (
            "Of no pair can be told that one run is right more often (p, corrected for "
            f"{_counted(len(tested), 'pair')}, is nowhere below {number(_ALPHA, 2)})."
        )
    pieces: list[Piece] = [_pairs_table(of, scored=bool(tested)), _intervals(of, scored=bool(tested))]
    scored = ""
    if tested:
        pieces.append(_chart(of))
        test = (
            "the sign test of pictures, some asked about repeatedly" if of.repeats else "McNemar's exact test"
        )
        scored = (
            "Accuracy and macro-F1 are the second run's less the first's, with paired bootstrap intervals over "
            f"pictures. p is of {test}, beside it after Holm's correction. "
        )
    return Section(
        "pairs",
        "Pairs of runs",
        shows,
        tuple(pieces),
        "Changed is the share of pairs, read on both sides, that name another emotion, κ Cohen's. "
        f"{scored}Lost are questions that one of the two was not asked or failed at.",
        (sources.COHEN, sources.MCNEMAR, sources.HOLM, sources.BOOTSTRAP, sources.WILSON),
    )


def _pairs_table(of: ComparedMany, *, scored: bool) -> Table:
    columns = ("1st", "2nd", "pairs", "lost", "changed", "κ", "accuracy", "macro-F1", "p", "p, Holm")
    rows = tuple(
        (
            str(pair.first),
            str(pair.second),
            f"{pair.pairs:,}",
            f"{pair.lost:,}",
            percent(pair.flips.value),
            number(pair.kappa.value),
            signed(pair.accuracy.value),
            signed(pair.macro_f1.value),
            p_cell(pair.p),
            p_cell(pair.p_holm),
        )
        for pair in of.pairs
    )
    kept = len(columns) if scored else 6
    query = sql.pairs([(pair.first, pair.second) for pair in of.pairs])
    return Table("Pairs of runs", columns[:kept], tuple(row[:kept] for row in rows), 2, query)


def _intervals(of: ComparedMany, *, scored: bool) -> Table:
    columns = ("1st", "2nd", "changed", "κ", "accuracy", "macro-F1")
    rows = tuple(
        (
            str(pair.first),
            str(pair.second),
            percent_interval(pair.flips),
            number_interval(pair.kappa),
            signed_interval(pair.accuracy),
            signed_interval(pair.macro_f1),
        )
        for pair in of.pairs
    )
    kept = len(columns) if scored else 4
    return Table("95 % intervals", columns[:kept], tuple(row[:kept] for row in rows), 2)


def _chart(of: ComparedMany) -> Chart:
    def series(name: str, found: list[Estimate]) -> Series:
        labels = [f"{pair.first} → {pair.second}" for pair in of.pairs]
        return Series(name, tuple(map(Mark.of, labels, found)))

    return Chart(
        "Change of macro-F1",
        "points",
        "change of macro-F1",
        "pair of runs",
        (series("second less first", [pair.macro_f1 for pair in of.pairs]),),
        reference=0.0,
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _within(interval: str) -> str:
    return f" (95 % interval {interval})" if interval else ""
