"""The tables and charts of a comparison of two runs."""

from __future__ import annotations

from collections.abc import Sequence

from elena_wb.analysis.comparing import DIMENSIONS
from elena_wb.core import Crosstab, Estimate
from elena_wb.findings import comparing_sql as sql
from elena_wb.findings.comparing import Compared
from elena_wb.findings.confusions import shortened
from elena_wb.findings.pieces import Chart, Mark, Series, Table
from elena_wb.findings.words import (
    number,
    p_value,
    percent,
    percent_interval,
    points,
    points_interval,
)

SHOWN_FLIPS = 20
FIGURES = {"accuracy": "accuracy", "uar": "UAR", "macro_f1": "macro-F1", "weighted_f1": "weighted-F1"}
"""Names of figures as they are told."""
_SHOWN_TURNS = 15
_WIDTH = 78
"""A matrix that is wider is told as a list: so much is left of a terminal of 80 columns."""
_INTERVAL = "95 % interval"


def differences(of: Compared) -> Table:
    """What is not the same in the two runs."""
    told = any(not one.matters for one in of.differences)
    rows = tuple(
        (one.aspect, one.first, one.second, *((("yes" if one.matters else "no"),) if told else ()))
        for one in of.differences
    )
    columns = ("", *sides(of), *(("can change answers",) if told else ()))
    return Table("What differs", columns, rows, len(columns))


def changed(of: Compared) -> Table:
    """How many pairs changed in emotion, words and parts of the body."""
    changes = of.changes
    rows = [
        ("emotion", "read on both sides", changes.flips),
        ("words", "all", changes.words),
        ("body parts", "read, and some named", changes.parts),
    ]
    if changes.one_read:
        share = changes.one_read / changes.pairs
        rows.append(("read or not", "all", Estimate(share, float("nan"), float("nan"), changes.pairs)))
    told = tuple(
        (
            what,
            among,
            f"{share.n:,}",
            f"{round(share.value * share.n):,}" if share.n else "0",
            percent(share.value),
            percent_interval(share),
        )
        for what, among, share in rows
    )
    columns = ("", "among pairs", "pairs", "changed", "share", _INTERVAL)
    query = sql.changed(of.first.run_id, of.second.run_id, one_read=bool(changes.one_read))
    return Table("What changed", columns, told, 2, query)


def right(of: Compared) -> Table:
    """The right answers of both sides."""
    correct = of.changes.correct
    rows = tuple(
        (name, f"{round(share.value * share.n):,}", percent(share.value), percent_interval(share))
        for name, share in zip(sides(of), (correct.first, correct.second), strict=True)
    )
    columns = ("", "right", "share", _INTERVAL)
    return Table("Right answers", columns, rows, sql=sql.right(of.first.run_id, of.second.run_id))


def scores(of: Compared) -> Table:
    """Accuracy, UAR, macro-F1, weighted-F1 of both sides, and their changes."""
    found = of.scores.figures if of.scores else {}
    rows = tuple(
        (
            FIGURES[name],
            number(one.first.value),
            number(one.second.value),
            signed(one.change.value),
            signed_interval(one.change),
        )
        for name, one in found.items()
    )
    columns = ("", *sides(of), "change", _INTERVAL)
    return Table("Scores of the pairs", columns, rows, sql=sql.scores(of.first.run_id, of.second.run_id))


def of_labels(of: Compared) -> Table:
    """F1 of each true label on both sides, and its change."""
    found = of.scores.classes if of.scores else {}
    rows = tuple(
        (
            of.answers.labels[code],
            f"{one.change.n:,}",
            number(one.first.value),
            number(one.second.value),
            signed(one.change.value),
            signed_interval(one.change),
        )
        for code, one in found.items()
    )
    columns = ("true label", "pairs", *sides(of), "change", _INTERVAL)
    return Table("F1 of each label", columns, rows, sql=sql.of_labels(of.first.run_id, of.second.run_id))


def of_labels_chart(of: Compared) -> Chart:
    """The change of F1 of each true label."""
    found = of.scores.classes if of.scores else {}
    marks = tuple(Mark.of(of.answers.labels[code], one.change) for code, one in found.items())
    name = f"{sides(of)[1]} less {sides(of)[0]}"
    return Chart(
        "Change of F1", "points", "change of F1", "true label", (Series(name, marks),), reference=0.0
    )


def named(of: Compared) -> Table:
    """How often each emotion is named on both sides."""
    found = of.changes.named
    rows = tuple(
        (
            one.emotion,
            f"{one.first:,}",
            f"{one.second:,}",
            points(one.change.value),
            points_interval(one.change),
            p_cell(one.p),
            p_cell(one.p_holm),
        )
        for one in found
    )
    columns = ("", *sides(of), "points", _INTERVAL, "p", "p, Holm")
    query = sql.named(of.first.run_id, of.second.run_id, [one.emotion for one in found]) if found else ""
    return Table("Emotions named, among pairs read on both sides", columns, rows, sql=query)


def named_chart(of: Compared) -> Chart:
    """The change of the share of each emotion."""
    marks = tuple(Mark.of(one.emotion, one.change) for one in of.changes.named)
    return Chart(
        "Change of how often each emotion is named",
        "points",
        "change of its share of answers",
        "emotion",
        (Series(f"{sides(of)[1]} less {sides(of)[0]}", marks),),
        reference=0.0,
        shares=True,
    )


def ratings(of: Compared) -> Table:
    """How far valence, arousal and dominance moved; only those that both sides state somewhere."""
    stated = [name for name in DIMENSIONS if of.changes.shifts[name].n]
    rows = tuple(
        (
            name,
            f"{shift.n:,}",
            f"{shift.mean:+.2f}",
            _moved(of.ratings[name].change),
            f"{shift.mean_size:.2f}",
            signed(of.ratings[name].test.effect, 2),
        )
        for name in stated
        for shift in (of.changes.shifts[name],)
    )
    columns = ("", "pairs", "mean change", _INTERVAL, "mean size", "effect")
    query = sql.ratings(of.first.run_id, of.second.run_id, stated) if stated else ""
    return Table("Ratings, 1 to 10", columns, rows, sql=query)


def ratings_chart(of: Compared) -> Chart:
    """The mean change of each rating."""
    marks = tuple(Mark.of(name, shift.change) for name, shift in of.ratings.items() if shift.n)
    name = f"{sides(of)[1]} less {sides(of)[0]}"
    return Chart(
        "Shift of ratings",
        "points",
        "mean change, of a scale of 1 to 10",
        "rating",
        (Series(name, marks),),
        0.0,
    )


def tests(of: Compared) -> Table:
    """Every test with its p, raw and corrected."""
    rows = tuple((one.of, one.test, f"{one.n:,}", p_cell(one.p), p_cell(one.p_holm)) for one in of.tests)
    return Table("Tests, two-sided", ("", "test", "n", "p", "p, Holm"), rows, 2)


def matrix(of: Compared) -> Table | None:
    """First by second outcomes, or the most frequent turns where that is too wide; ``None`` without a pair."""
    counts = of.changes.matrix
    if not counts.rows:
        return None
    first, second = sides(of)
    runs = of.first.run_id, of.second.run_id
    rows = tuple(
        (name, *(f"{count:,}" if count else "·" for count in row))
        for name, row in zip(counts.rows, counts.counts.tolist(), strict=True)
    )
    for names in (counts.columns, shortened(counts.columns)):
        if _needed(rows, names) <= _WIDTH:
            query = sql.matrix(*runs, counts.rows, list(zip(counts.columns, names, strict=True)))
            return Table(f"Answers in {first} (rows) and {second} (columns)", ("", *names), rows, sql=query)
    listed = _turns(counts)[:_SHOWN_TURNS]
    query = sql.turns(*runs, counts.rows, _SHOWN_TURNS)
    return Table("Most frequent changes", (first, second, "times"), tuple(listed), 2, query)


def flips(of: Compared) -> Table:
    """The first pictures whose emotion changed."""
    shown = of.first_flips(SHOWN_FLIPS)
    persons = any(flip.person_index is not None for flip in shown)
    truths = any(flip.truth is not None for flip in shown)
    found = len(of.changes.flipped)
    columns = (
        "picture",
        *(("person",) if persons else ()),
        *(("repeat",) if of.repeats else ()),
        *sides(of),
        *(("truth",) if truths else ()),
    )
    rows = tuple(
        (
            flip.picture,
            *(("" if flip.person_index is None else str(flip.person_index),) if persons else ()),
            *((str(flip.repeat),) if of.repeats else ()),
            flip.first,
            flip.second,
            *((flip.truth or "",) if truths else ()),
        )
        for flip in shown
    )
    more = f" (the first {len(shown)} of {found:,}; JSON has all)" if found > len(shown) else ""
    query = sql.flips(of.first.run_id, of.second.run_id, SHOWN_FLIPS)
    return Table(f"Pictures whose emotion changed{more}", columns, rows, len(columns), query)


def sides(of: Compared) -> tuple[str, str]:
    """What the two runs are called in tables."""
    return f"run {of.first.run_id}", f"run {of.second.run_id}"


def p_cell(p: float) -> str:
    """``.077``, ``< .001``; a dash where it is not defined."""
    return "–" if p != p else p_value(p).removeprefix("p ").removeprefix("= ")


def signed(value: float, decimals: int = 3) -> str:
    """``+.012``; a dash where there is none."""
    told = number(value, decimals)
    return f"+{told}" if value > 0 and told.strip("0.") else told


def signed_interval(of: Estimate, decimals: int = 3) -> str:
    """``-.031 to +.007``; empty without one."""
    return "" if of.low != of.low else f"{signed(of.low, decimals)} to {signed(of.high, decimals)}"


def _moved(of: Estimate) -> str:
    return "" if of.low != of.low else f"{of.low:+.2f} to {of.high:+.2f}"


def _needed(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> int:
    widths = (max(len(name), *(len(row[place]) for row in rows)) for place, name in enumerate(columns, 1))
    return 2 + max(len(row[0]) for row in rows) + sum(2 + width for width in widths)


def _turns(of: Crosstab) -> list[tuple[str, str, str]]:
    size = range(len(of.rows))
    found = sorted(
        (-int(of.counts[before, after]), before, after)
        for before in size
        for after in size
        if before != after and of.counts[before, after]
    )
    return [(of.rows[before], of.columns[after], f"{-count:,}") for count, before, after in found]
