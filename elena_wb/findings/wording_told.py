"""The wording of narratives, as a reader goes through it."""

from __future__ import annotations

from collections.abc import Iterator

from elena_wb.analysis.near_duplicates import THRESHOLD
from elena_wb.findings import wording_sql
from elena_wb.findings.pieces import Chart, Mark, Piece, Section, Series, Table
from elena_wb.findings.wording import Wording, WordingOfRun
from elena_wb.findings.words import number, number_interval, percent, percent_interval

_SOURCES = (
    "McCarthy, P. M., & Jarvis, S. (2010). MTLD, vocd-D, and HD-D: A validation study of sophisticated approaches to "
    "lexical diversity assessment. Behavior Research Methods, 42, 381-392.",
    "Li, J., Galley, M., Brockett, C., Gao, J., & Dolan, B. (2016). A Diversity-Promoting Objective Function for "
    "Neural Conversation Models. Proc. NAACL-HLT, 110-119. [distinct-1, distinct-2]",
    "Broder, A. Z. (1997). On the resemblance and containment of documents. Proc. Compression and Complexity of "
    "Sequences, 21-29. [shingles, MinHash]",
)
_EXAMPLE = 160


def sections(found: Wording) -> tuple[Section, ...]:
    """How narratives are worded; nothing where there are none."""
    if not found.runs:
        return ()
    return (
        Section(
            name="wording",
            title="How narratives are worded",
            shows=_shown(found.runs),
            pieces=tuple(_pieces(found)),
            not_shown="Words are rows of letters and digits of any script, in lower case; a language that sets no "
            "blanks between words has few of them. HD-D needs 42 words and bears different lengths; distinct-1 and -2 "
            "fall with the number of words: compare them between runs of equal size only. A near-duplicate shares "
            f"{100 * THRESHOLD:.0f} % of all rows of three words that either has; a family hangs together by them, so "
            "that its ends need not resemble one another. Pictures that show the same may well be told of alike.",
            sources=_SOURCES,
        ),
    )


def _shown(runs: tuple[WordingOfRun, ...]) -> str:
    most = max(runs, key=lambda run: run.near.value)
    return (
        f"In run {most.run_id}, {percent(most.near.value)} of {most.looked_at:,} narratives have a near-duplicate "
        f"about another picture, {percent(most.same.value)} word for word"
        + (", the most of these runs." if len(runs) > 1 else ".")
    )


def _pieces(found: Wording) -> Iterator[Piece]:
    ids = [run.run_id for run in found.runs]
    drawn = [run for run in found.runs if run.looked_at < run.narratives]
    if drawn:
        yield (
            f"Of {sum(run.narratives for run in drawn):,} narratives {sum(run.looked_at for run in drawn):,} were "
            "drawn at random and looked at, the same ones every time. Repetitions are looked for among these alone: "
            "among all there are at least as many."
        )
    yield Table(
        "Length and variety of each narrative",
        ("run", "narratives", "words", "95 % interval", "HD-D", "95 % interval"),
        tuple(
            (
                *(str(run.run_id), f"{run.looked_at:,}"),
                *(number(run.words.value, 1), number_interval(run.words, 1)),
                *(number(run.hdd.value), number_interval(run.hdd)),
            )
            for run in found.runs
        ),
        sql=wording_sql.varied(ids, found.most),
    )
    yield Table(
        "Variety of all narratives together",
        ("run", "narratives", "HD-D of all", "distinct-1", "distinct-2"),
        tuple(
            (
                *(str(run.run_id), f"{run.looked_at:,}", number(run.hdd_together)),
                *(number(run.distinct_1), number(run.distinct_2)),
            )
            for run in found.runs
        ),
        sql=wording_sql.varied(ids, found.most),
    )
    yield Table(
        "Narratives that repeat about another picture",
        ("run", "narratives", "word for word", "95 % interval", "nearly", "95 % interval"),
        tuple(
            (
                *(str(run.run_id), f"{run.looked_at:,}"),
                *(percent(run.same.value), percent_interval(run.same)),
                *(percent(run.near.value), percent_interval(run.near)),
            )
            for run in found.runs
        ),
        sql=wording_sql.repeated(ids, found.most),
    )
    rows = tuple(row for run in found.runs for row in _families(run))
    if rows:
        yield Table(
            "The largest families of near-duplicates",
            ("run", "begins", "narratives", "pictures"),
            rows,
            names=2,
        )
    yield Chart(
        "Narratives with a near-duplicate about another picture",
        "bars",
        "share of narratives",
        "run",
        (
            Series("nearly", tuple(Mark.of(_name(run), run.near) for run in found.runs)),
            Series("word for word", tuple(Mark.of(_name(run), run.same) for run in found.runs)),
        ),
        shares=True,
    )


def _name(run: WordingOfRun) -> str:
    return f"run {run.run_id}, {run.condition}"


def _families(run: WordingOfRun) -> Iterator[tuple[str, ...]]:
    for family in run.families:
        begins = " ".join(family.example.split())
        shown = begins if len(begins) <= _EXAMPLE else begins[: _EXAMPLE - 1] + "…"
        yield str(run.run_id), shown, f"{family.narratives:,}", f"{family.pictures:,}"
