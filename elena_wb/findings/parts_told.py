"""Which parts of the body answers name, told: beside one another by run, and by emotion."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from elena_wb.findings import parts_sql
from elena_wb.findings.parts import ALPHA, PartsUsed, RunParts, Used, UsedWith
from elena_wb.findings.pieces import Chart, Mark, Piece, Section, Series, Table
from elena_wb.findings.words import listed, number, p_value, percent, percent_interval
from elena_wb.store.parts import AskedRun

SHOWN = 12
"""So many parts, the most named, stand in a table."""
DETAILED = 6
"""Of so many runs at most, emotions are told apart."""
_WIDTH = 78
"""So many characters wide is a table at most: the most answered emotions that fit are its columns."""
_LONGEST = 30
"""An emotion is cut after so many characters where it heads a column."""
_TELLING = 12
"""So many pairs of part and emotion of a run, the clearest, stand in a table."""

WILSON = (
    "Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the "
    "American Statistical Association, 22, 209-212."
)
CLUSTERED = (
    "Korn, E. L., & Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of "
    "positive counts estimated from survey data. Survey Methodology, 24, 193-201. [several answers to one picture]"
)
_HABERMAN = (
    "Haberman, S. J. (1973). The analysis of residuals in cross-classified tables. Biometrics, 29, 205-220."
)
_BOOS = (
    "Boos, D. D. (1992). On generalized score tests. The American Statistician, 46, 327-333. [residuals where several "
    "answers are about one picture]"
)
_HOLM = (
    "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, 6, "
    "65-70."
)


def sections(found: PartsUsed) -> tuple[Section, ...]:
    """Which parts answers name, in all and by emotion; nothing where no answer names a part."""
    runs = [of for of in found.runs if of.parts]
    if not runs:
        return ()
    return (_in_all(found, runs), *_by_emotion(runs))


def about(asked: AskedRun) -> str:
    """A run in a sentence: who answered what, and what is left out."""
    left = [
        (asked.refused, "refused"),
        (asked.unparsed, "could not be read"),
        (asked.failed, "failed"),
    ]
    lost = [f"{count:,} {what}" for count, what in left if count]
    return (
        f"Run {asked.run_id}: {asked.model}, prompt {asked.prompt}, condition {asked.condition}; {asked.read:,} "
        f"{'answer' if asked.read == 1 else 'answers'} about {asked.pictures:,} "
        f"{'picture' if asked.pictures == 1 else 'pictures'}"
        + (f" ({listed(lost)}: left out)." if lost else ".")
    )


def shared(runs: Sequence[RunParts]) -> tuple[str, ...]:
    """The publications of intervals of shares, as far as these runs need them."""
    return (WILSON, CLUSTERED) if any(of.repeats for of in runs) else (WILSON,)


def _in_all(found: PartsUsed, runs: Sequence[RunParts]) -> Section:
    top = most_named(runs)
    rows = [(part, of) for part in top for of in runs]
    left = len({used.part for of in runs for used in of.parts}) - len(top)
    table = Table(
        "Answers that name a part of the body",
        ("part", "run", "answers", "naming", "share", "95 % interval"),
        tuple((part, str(of.asked.run_id), *_cells(of, part)) for part, of in rows),
        2,
        parts_sql.by_run([(part, of.asked.run_id) for part, of in rows]),
    )
    chart = Chart(
        "Answers that name a part of the body",
        "points",
        "share of answers",
        "part",
        tuple(
            Series(f"run {of.asked.run_id}", tuple(Mark.of(part, _used(of, part).named) for part in top))
            for of in runs
        ),
        shares=True,
    )
    pieces: list[Piece] = [about(of.asked) for of in found.runs]
    pieces += [line for of in runs for line in _unnamed(of)]
    pieces += [table, *([f"{left:,} rarer parts are in the JSON."] if left else []), chart]
    return Section(
        "parts-named",
        "Parts of the body that answers name",
        " ".join(_lead(of) for of in runs[:DETAILED]),
        tuple(pieces),
        "A part counts once in each answer, however often it is named, under the name that the vocabulary has for "
        "it. That it is named says neither that it is in the picture nor that the answer rests on it.",
        shared(runs),
    )


def most_named(runs: Sequence[RunParts]) -> list[str]:
    """The parts that most answers of all these runs name."""
    times: dict[str, float] = {}
    for of in runs:
        for used in of.parts:
            times[used.part] = times.get(used.part, 0) + used.named.value * of.asked.read
    return sorted(times, key=lambda part: (-round(times[part]), part))[:SHOWN]


def _lead(of: RunParts) -> str:
    top = [f"{used.part} ({percent(used.named.value)})" for used in of.parts[:3]]
    return f"What the answers of run {of.asked.run_id} name most often: {listed(top)}."


def _unnamed(of: RunParts) -> Iterator[str]:
    asked = of.asked
    if asked.silent:
        yield f"In run {asked.run_id}, {asked.silent:,} of {asked.read:,} answers name no part."
    if asked.unknown:
        yield (
            f"In run {asked.run_id}, {asked.unknown:,} of {asked.phrases:,} phrases are about no part that the "
            "vocabulary knows; they count nowhere."
        )


def _used(of: RunParts, part: str) -> Used:
    from elena_wb.analysis.clustered import share

    found = next((used for used in of.parts if used.part == part), None)
    if found is not None:
        return found
    pictures = of.asked.pictures if of.repeats else of.asked.read
    return Used(part, "", share(0, of.asked.read, pictures, 0.0))


def _cells(of: RunParts, part: str) -> tuple[str, ...]:
    named = _used(of, part).named
    return (
        f"{named.n:,}",
        f"{round(named.value * named.n):,}",
        percent(named.value),
        percent_interval(named),
    )


def _by_emotion(runs: Sequence[RunParts]) -> Iterator[Section]:
    told = [of for of in runs if of.emotions][:DETAILED]
    if not told:
        return
    pieces: list[Piece] = []
    for of in told:
        counts = listed([f"{emotion[:_LONGEST]} {count:,}" for emotion, count in of.emotions.items()])
        none = f"; {of.abstained:,} name none" if of.abstained else ""
        pieces += [
            f"Answers of run {of.asked.run_id} by emotion: {counts}{none}.",
            *_matrices(of),
            _chart(of),
        ]
    if len(runs) > len(told):
        pieces.append(f"Emotions are told apart for {len(told)} runs; those of the others are in the JSON.")
    rows = [(of, one) for of in runs for one in _clearest(of)]
    if rows:
        pieces.append(_telling(rows))
    pieces += [line for of in runs for line in _untold(of)]
    yield Section(
        "parts-by-emotion",
        "Parts of the body by the emotion that the answer names",
        " ".join(_speaking(of) for of in told),
        tuple(pieces),
        "The emotion is the one that the answer names, whatever is true. A part that goes with an emotion is what the "
        "model says of it: neither the reason for its answer nor how people express the emotion. Tested is each part "
        "and emotion of a run against all its other answers, corrected together (Holm) at .05; shares whose expected "
        "counts are below five are not tested.",
        (*shared(runs), _HABERMAN, *([_BOOS] if any(of.repeats for of in runs) else []), _HOLM),
    )


def _matrices(of: RunParts) -> Iterator[Table]:
    run = of.asked.run_id
    emotions = _columns(of)
    for what, rows, column in (
        ("group of parts", [used.part for used in of.groups], "part_group"),
        ("part", [used.part for used in of.parts[:SHOWN]], "part"),
    ):
        shares = {
            (one.emotion, one.part): one.named.value
            for one in (of.groups_by_emotion if column == "part_group" else of.parts_by_emotion)
        }
        yield Table(
            f"Run {run}: share of the answers with an emotion that name a {what}",
            (what, *emotions.values()),
            tuple((part, *(number(shares[emotion, part]) for emotion in emotions)) for part in rows),
            1,
            parts_sql.by_emotion(run, emotions, rows, column=column),
        )


def _columns(of: RunParts) -> dict[str, str]:
    """The emotions for which there is room, in the order of the scheme, and what heads their columns."""
    left = _WIDTH - max(len("group of parts"), *(len(used.part) for used in of.parts[:SHOWN])) - 2
    heads: dict[str, str] = {}
    for emotion in sorted(of.emotions, key=lambda one: -of.emotions[one]):
        head = emotion[:_LONGEST]
        if len(head) + 2 <= left and head not in heads.values():
            heads[emotion] = head
            left -= len(head) + 2
    return {emotion: heads[emotion] for emotion in of.emotions if emotion in heads}


def _chart(of: RunParts) -> Chart:
    return Chart(
        f"Run {of.asked.run_id}: answers that name a group of parts, by emotion",
        "points",
        "share of the answers with the emotion",
        "group of parts",
        tuple(
            Series(
                emotion,
                tuple(
                    Mark.of(used.part, one.named)
                    for used in of.groups
                    for one in of.groups_by_emotion
                    if (one.emotion, one.part) == (emotion, used.part)
                ),
            )
            for emotion in _columns(of)
        ),
        shares=True,
    )


def _clearest(of: RunParts) -> list[UsedWith]:
    telling = sorted((one for one in of.parts_by_emotion if one.telling), key=lambda one: -abs(one.residual))
    emotions = list(of.emotions)
    return sorted(telling[:_TELLING], key=lambda one: (emotions.index(one.emotion), -one.residual))


def _telling(rows: Sequence[tuple[RunParts, UsedWith]]) -> Table:
    return Table(
        "Parts that go with an emotion beyond chance",
        ("run", "emotion", "part", "answers", "share", "others", "residual", "p (Holm)"),
        tuple(
            (
                str(of.asked.run_id),
                one.emotion,
                one.part,
                f"{one.named.n:,}",
                percent(one.named.value),
                percent(one.elsewhere),
                f"{one.residual:+.1f}",
                _bare(one.p_holm),
            )
            for of, one in rows
        ),
        3,
        parts_sql.telling([(of.asked.run_id, one.emotion, one.part) for of, one in rows]),
    )


def _bare(p: float) -> str:
    return p_value(p).removeprefix("p ").removeprefix("= ")


def _speaking(of: RunParts) -> str:
    more = [one for one in of.parts_by_emotion if one.telling and one.residual > 0]
    if not any(not math.isnan(one.p_holm) for one in of.parts_by_emotion):
        return (
            f"Whether parts go with emotions cannot be told of run {of.asked.run_id}: no part is named with, and left "
            "out with, an emotion often enough to be tested."
        )
    if not more:
        return f"In run {of.asked.run_id}, no part is named more often with one emotion than chance explains."
    top = sorted(more, key=lambda one: -one.residual)[:3]
    told = [
        f"{one.part} with {one.emotion} ({percent(one.named.value)}, else {percent(one.elsewhere)})"
        for one in top
    ]
    pairs = "pair of part and emotion goes" if len(more) == 1 else "pairs of part and emotion go"
    return (
        f"In run {of.asked.run_id}, {len(more):,} {pairs} together beyond chance: "
        f"{'first' if len(more) > len(told) else 'namely'} {listed(told)}."
    )


def _untold(of: RunParts) -> Iterator[str]:
    telling = sum(one.telling for one in of.parts_by_emotion)
    tested = sum(not math.isnan(one.p_holm) for one in of.parts_by_emotion)
    yield (
        f"Run {of.asked.run_id}: of {len(of.parts_by_emotion):,} pairs of part and emotion {tested:,} could be "
        f"tested; {telling:,} differ{'s' if telling == 1 else ''} from chance at {ALPHA:.2f}"
        + (f", the {_TELLING} clearest of which are shown." if telling > _TELLING else ".")
    )
    columns = _columns(of)
    if len(of.emotions) > len(columns):
        yield (
            f"Run {of.asked.run_id} answers with {len(of.emotions)} emotions; {len(columns)} frequent ones are shown "
            "as columns, all are in the JSON."
        )
