"""Whether narratives name the emotion outright, told with examples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from elena_wb.findings.emotion_named import EmotionsNamed, NamedWith, RunNamed
from elena_wb.findings.parts_sql import text, values
from elena_wb.findings.parts_told import CLUSTERED, DETAILED, WILSON
from elena_wb.findings.pieces import Chart, Mark, Piece, Section, Series, Table
from elena_wb.findings.words import percent, percent_interval
from elena_wb.plain import plain
from elena_wb.store.emotion_named import per_answer, with_

_ALL = "(all)"
_NONE = "(no emotion)"
_LONGEST = 160
Row = tuple[RunNamed, NamedWith, str]


def sections(found: EmotionsNamed) -> tuple[Section, ...]:
    """How often narratives name the emotion; nothing where no answer has a narrative."""
    runs = [of for of in found.runs if of.whole is not None]
    if not runs:
        return ()
    rows = [row for of in runs for row in _rows(of, by_emotion=len(runs) <= DETAILED)]
    pieces: list[Piece] = [
        f"The scheme in which run {run_id} answers is not installed: it is left out."
        for run_id in found.unknown
    ]
    pieces.append(_shares(found, rows))
    if any(of.words for of in runs):
        pieces.append(_words(found, runs))
    pieces += [line for of in runs[:DETAILED] for line in _examples(of)]
    if any(of.emotions for of in runs[:DETAILED]):
        pieces.append(_chart(runs[:DETAILED]))
    repeated = any(of.whole is not None and of.asked.pictures < of.asked.read for of in runs)
    return (
        Section(
            "emotion-named",
            "Narratives that name the emotion outright",
            " ".join(map(_lead, runs))
            + " ELENA's structured prompt asks for a narrative that shows the emotion and does not name it; whether "
            "that of a run does, `elena-wb runs show` tells.",
            tuple(pieces),
            "Looked for are the labels of the scheme and the words that stand for them anywhere, as whole words in any "
            "case. A narrative that denies an emotion names it, too; one that paraphrases it does not.",
            (WILSON, CLUSTERED) if repeated else (WILSON,),
        ),
    )


def _lead(of: RunNamed) -> str:
    assert of.whole is not None
    own, other = of.whole.own, of.whole.other
    return (
        f"Of {own.n:,} narratives of run {of.asked.run_id}, {round(own.value * own.n):,} ({percent(own.value)}) name "
        f"the emotion that they answer, and {round(other.value * other.n):,} name another."
    )


def _rows(of: RunNamed, *, by_emotion: bool) -> Iterator[Row]:
    assert of.whole is not None
    yield of, of.whole, _ALL
    if by_emotion:
        for one in of.emotions:
            yield of, one, one.emotion if one.emotion is not None else _NONE


def _shares(found: EmotionsNamed, rows: Sequence[Row]) -> Table:
    listed = values((place, of.asked.run_id, name) for place, (of, _, name) in enumerate(rows))
    return Table(
        "Narratives that name the emotion answered, or another",
        ("run", "emotion", "narratives", "its own", "95 % interval", "another", "any"),
        tuple(
            (
                str(of.asked.run_id),
                name,
                f"{one.own.n:,}",
                percent(one.own.value),
                percent_interval(one.own),
                percent(one.other.value),
                percent(one.either.value),
            )
            for of, one, name in rows
        ),
        2,
        f"""{with_(per_answer(found.schemes))},
wanted(place, run_id, felt) AS (VALUES {listed})
SELECT run_id AS run, felt AS emotion, count(*) AS narratives, count(*) FILTER (own) / count(*) AS "its own",
       count(*) FILTER (other) / count(*) AS another, count(*) FILTER (either) / count(*) AS any
FROM wanted JOIN emotion_answers USING (run_id)
WHERE felt IN ({text(_ALL)}, coalesce(emotion, {text(_NONE)}))
GROUP BY place, run_id, felt ORDER BY place""",
    )


def _words(found: EmotionsNamed, runs: Sequence[RunNamed]) -> Table:
    told = [(of, word) for of in runs for word in of.words]
    listed = values((place, of.asked.run_id, word.word, word.label) for place, (of, word) in enumerate(told))
    return Table(
        "Words that name an emotion",
        ("run", "word", "emotion", "narratives", "as answered"),
        tuple(
            (str(of.asked.run_id), word.word, word.label, f"{word.narratives:,}", f"{word.own:,}")
            for of, word in told
        ),
        3,
        f"""{with_(per_answer(found.schemes))},
wanted(place, run_id, word, label) AS (VALUES {listed})
SELECT w.run_id AS run, w.word, w.label AS emotion, count(DISTINCT answer) AS narratives,
       count(DISTINCT answer) FILTER (w.label IS NOT DISTINCT FROM t.emotion) AS "as answered"
FROM wanted AS w JOIN emotion_naming AS n ON n.run_id = w.run_id AND n.word = w.word AND n.label = w.label
JOIN emotion_told AS t USING (answer)
GROUP BY place, w.run_id, w.word, w.label ORDER BY place""",
    )


def _examples(of: RunNamed) -> Iterator[str]:
    for one in of.examples:
        excerpt = plain(one.excerpt).strip()
        cut = excerpt if len(excerpt) <= _LONGEST else excerpt[: _LONGEST - 1] + "…"
        picture = plain(one.picture)[:_LONGEST] or "a picture"
        yield f"Run {of.asked.run_id}, {picture}, answered {plain(one.emotion)}: “{cut}”"


def _chart(runs: Sequence[RunNamed]) -> Chart:
    names = list(dict.fromkeys(one.emotion or _NONE for of in runs for one in of.emotions))
    series = []
    for of in runs:
        own = {one.emotion or _NONE: one.own for one in of.emotions}
        series.append(
            Series(
                f"run {of.asked.run_id}",
                tuple(Mark.of(name, own[name]) if name in own else Mark(name, math.nan) for name in names),
            )
        )
    return Chart(
        "Narratives that name the emotion answered",
        "points",
        "share of narratives",
        "emotion that the answer names",
        tuple(series),
        shares=True,
    )
