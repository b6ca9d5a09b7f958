"""Explicit against implicit: told by run and by emotion."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from elena_wb.core import Estimate
from elena_wb.findings.parts_sql import text, values
from elena_wb.findings.parts_told import CLUSTERED, DETAILED, WILSON, about
from elena_wb.findings.pieces import Chart, Mark, Piece, Section, Series, Table
from elena_wb.findings.text_shares import RunText, TextShare, TextShares
from elena_wb.findings.words import percent, percent_interval
from elena_wb.store.text_shares import KINDS, counted

_ALL = "(all)"
_NONE = "(no emotion)"
_COCHRAN = "Cochran, W. G. (1977). Sampling Techniques (3rd ed.), ch. 6. Wiley. [shares of words]"
Row = tuple[RunText, TextShare, str]


def sections(found: TextShares) -> tuple[Section, ...]:
    """What the texts of answers consist of; nothing where no answer has any."""
    runs = [of for of in found.runs if of.whole is not None and of.whole.per_answer > 0]
    if not runs:
        return ()
    rows = [row for of in runs for row in _rows(of, by_emotion=len(runs) <= DETAILED)]
    pieces: list[Piece] = [
        *(about(of.asked) for of in found.runs),
        *_of_text(rows),
        *_against(rows),
        _having(runs),
        *_internal(rows),
        *_chart(runs),
    ]
    if len(runs) > DETAILED:
        pieces.append("Of so many runs, emotions are told apart in the JSON alone.")
    return (
        Section(
            "explicit-and-implicit",
            "Explicit and implicit",
            " ".join(map(_lead, runs)),
            tuple(pieces),
            "Counted is under which heading the model wrote something, not what it is about: what is said to be felt "
            "may be read off the picture, and a story may describe. Words are what blanks separate; a language that "
            "writes none has longer ones.",
            (WILSON, CLUSTERED, _COCHRAN),
        ),
    )


def _lead(of: RunText) -> str:
    whole = of.whole
    assert whole is not None
    only = [kind for kind in KINDS if whole.words[kind].value == 1]
    if only:
        what = "narratives" if only == ["narrative"] else f"{only[0]} descriptions"
        return f"The texts of run {of.asked.run_id} are {what} alone, of {whole.per_answer:.0f} words on average."
    shares = ", ".join(
        f"{percent(whole.words[kind].value)} {called}"
        for kind, called in zip(
            KINDS, ("explicit description", "implicit description", "narrative"), strict=True
        )
    )
    return f"An answer of run {of.asked.run_id} has {whole.per_answer:.0f} words on average in its texts: {shares}."


def _rows(of: RunText, *, by_emotion: bool) -> Iterator[Row]:
    assert of.whole is not None
    yield of, of.whole, _ALL
    if by_emotion:
        for one in of.emotions:
            yield of, one, one.emotion if one.emotion is not None else _NONE


def _of_text(rows: Sequence[Row]) -> Iterator[Table]:
    if all(
        row[1].words[kind].value in (0, 1) for row in rows for kind in KINDS if row[1].per_answer
    ):  # of one kind
        return
    yield Table(
        "Share of the words that are",
        ("run", "emotion", "answers", "words each", *KINDS),
        tuple(
            (*_names(row), f"{row[1].per_answer:.1f}", *(percent(row[1].words[kind].value) for kind in KINDS))
            for row in rows
        ),
        2,
        _sql(
            rows,
            'sum(explicit_words + implicit_words + narrative_words) / count(*) AS "words each", '
            + ", ".join(
                f"sum({kind}_words) / nullif(sum(explicit_words + implicit_words + narrative_words), 0) AS {kind}"
                for kind in KINDS
            ),
        ),
    )


def _against(rows: Sequence[Row]) -> Iterator[Piece]:
    told = [row for row in rows if not math.isnan(row[1].implicit.value)]
    if not any(0 < row[1].implicit.value < 1 for row in told):
        return
    yield Table(
        "Words of the two descriptions that are of the implicit one",
        ("run", "emotion", "answers", "share", "95 % interval"),
        tuple((*_names(row), *_with_interval(row[1].implicit)) for row in told),
        2,
        _sql(told, "sum(implicit_words) / sum(explicit_words + implicit_words) AS share"),
    )


def _having(runs: Sequence[RunText]) -> Table:
    wholes = [(of, of.whole, kind) for kind in KINDS for of in runs if of.whole is not None]
    listed = values((place, of.asked.run_id, kind) for place, (of, _, kind) in enumerate(wholes))
    return Table(
        "Answers that have each text",
        ("text", "run", "answers", "share", "95 % interval"),
        tuple(
            (kind, str(of.asked.run_id), f"{whole.answers:,}", *_with_interval(whole.having[kind]))
            for of, whole, kind in wholes
        ),
        2,
        f"""WITH answers AS (
    {counted([of.asked.run_id for of in runs])}
),
texts(run_id, kind, has) AS (
    {" UNION ALL ".join(f"SELECT run_id, '{kind}', {kind}_words > 0 FROM answers" for kind in KINDS)}
),
wanted(place, run_id, kind) AS (VALUES {listed})
SELECT kind AS text, run_id AS run, count(*) AS answers, count(*) FILTER (has) / count(*) AS share
FROM wanted JOIN texts USING (run_id, kind) GROUP BY place, kind, run_id ORDER BY place""",
    )


def _internal(rows: Sequence[Row]) -> Iterator[Piece]:
    told = [row for row in rows if row[1].internal.n]
    if not told:
        return
    if not any(row[1].internal.value for row in told):
        yield "No answer names a part inside the body, such as the heart or the breath."
        return
    listed = values((place, of.asked.run_id, name) for place, (of, _, name) in enumerate(told))
    yield Table(
        "Parts named that are inside the body",
        ("run", "emotion", "parts", "share", "95 % interval"),
        tuple(
            (
                str(of.asked.run_id),
                name,
                f"{one.internal.n:,}",
                *_with_interval(one.internal),
            )
            for of, one, name in told
        ),
        2,
        f"""WITH wanted(place, run_id, felt) AS (VALUES {listed})
SELECT run_id AS run, felt AS emotion, count(*) AS parts,
       count(*) FILTER (part_group = 'internal') / count(*) AS share
FROM wanted JOIN generations USING (run_id) JOIN body_parts USING (generation_id)
WHERE status = 'ok' AND part_group IS NOT NULL AND felt IN ({text(_ALL)}, coalesce(emotion, {text(_NONE)}))
GROUP BY place, run_id, felt ORDER BY place""",
    )


def _chart(runs: Sequence[RunText]) -> Iterator[Chart]:
    told = [of for of in runs[:DETAILED] if any(0 < one.implicit.value < 1 for one in of.emotions)]
    names = list(dict.fromkeys(one.emotion or _NONE for of in told for one in of.emotions))
    if not told:
        return
    nothing = Estimate(math.nan, math.nan, math.nan, 0)
    yield Chart(
        "Implicit words among those of both descriptions",
        "points",
        "share of words",
        "emotion that the answer names",
        tuple(
            Series(
                f"run {of.asked.run_id}",
                tuple(
                    Mark.of(
                        name,
                        next(
                            (one.implicit for one in of.emotions if (one.emotion or _NONE) == name), nothing
                        ),
                    )
                    for name in names
                ),
            )
            for of in told
        ),
        shares=True,
    )


def _names(row: Row) -> tuple[str, str, str]:
    of, one, name = row
    return str(of.asked.run_id), name, f"{one.answers:,}"


def _with_interval(of: Estimate) -> tuple[str, str]:
    return percent(of.value), percent_interval(of)


def _sql(rows: Sequence[Row], figures: str) -> str:
    listed = values((place, of.asked.run_id, name) for place, (of, _, name) in enumerate(rows))
    return f"""WITH answers AS (
    {counted(list(dict.fromkeys(of.asked.run_id for of, _, _ in rows)))}
),
wanted(place, run_id, felt) AS (VALUES {listed})
SELECT run_id AS run, felt AS emotion, count(*) AS answers, {figures}
FROM wanted JOIN answers USING (run_id)
WHERE felt IN ({text(_ALL)}, coalesce(emotion, {text(_NONE)}))
GROUP BY place, run_id, felt ORDER BY place"""
