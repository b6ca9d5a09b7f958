"""A comparison of two runs in words and tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from elena_wb.analysis.comparing import Correctness
from elena_wb.cli.confusions import shortened
from elena_wb.core import Crosstab, Estimate
from elena_wb.findings import Piece, Table
from elena_wb.findings.comparing import Compared, Side
from elena_wb.findings.comparing_told import headline, lost_pairs, right_answers, warnings
from elena_wb.findings.words import percent, percent_interval, points, points_interval

SHOWN_FLIPS = 20
_SHOWN_TURNS = 15


def pieces(of: Compared) -> Iterator[Piece]:
    """Everything there is to say, in order."""
    for side in (of.first, of.second):
        yield _about(side)
    yield ""
    yield headline(of)
    yield from warnings(of)
    if of.differences:
        yield _differences(of)
    yield lost_pairs(of)
    yield _changes(of)
    yield right_answers(of)
    if of.changes.correct.n:
        yield _right(of)
    if of.changes.named:
        yield _named(of)
    shifts = _shifts(of)
    if shifts.rows:
        yield shifts
    yield from _matrix(of)
    if of.flips:
        yield _flips(of)


def as_data(of: Compared) -> dict[str, Any]:
    """Everything as JSON has it; what is not defined is null."""
    changes = of.changes
    return {
        "first": asdict(of.first),
        "second": asdict(of.second),
        "differences": [asdict(one) for one in of.differences],
        "differs_in": [one.aspect for one in of.causes],
        "headline": headline(of),
        "pairs": changes.pairs,
        "lost": {**asdict(changes.lost), "total": changes.lost.total},
        "one_read": changes.one_read,
        "emotion_changed": _estimate(changes.flips),
        "words_changed": _estimate(changes.words),
        "body_parts_changed": _estimate(changes.parts),
        "shifts": {
            name: {"n": shift.n, "mean": _finite(shift.mean), "mean_size": _finite(shift.mean_size)}
            for name, shift in changes.shifts.items()
        },
        "right": _correctness(changes.correct),
        "named": [
            {
                "emotion": one.emotion,
                "first": one.first,
                "second": one.second,
                "difference": _apart(one.change),
            }
            for one in changes.named
        ],
        "matrix": {
            "first": changes.matrix.rows,
            "second": changes.matrix.columns,
            "counts": changes.matrix.counts.tolist(),
        },
        "changed": [asdict(flip) for flip in of.flips],
    }


def _about(side: Side) -> str:
    name = f"Run {side.run_id} ({side.name})" if side.name else f"Run {side.run_id}"
    unfinished = f"; {side.unfinished}" if side.unfinished else ""
    return f"{name}: {side.model}, prompt {side.prompt}, condition {side.condition}{unfinished}"


def _differences(of: Compared) -> Table:
    told = any(not one.matters for one in of.differences)
    rows = tuple(
        (one.aspect, one.first, one.second, *((("yes" if one.matters else "no"),) if told else ()))
        for one in of.differences
    )
    columns = ("", *_sides(of), *(("can change answers",) if told else ()))
    return Table("What differs", columns, rows, len(columns))


def _changes(of: Compared) -> Table:
    changes = of.changes
    rows = [
        ("emotion", "read on both sides", changes.flips),
        ("words", "all", changes.words),
        ("body parts", "read, and some named", changes.parts),
    ]
    table = [
        (
            what,
            among,
            f"{of_pairs.n:,}",
            f"{round(of_pairs.value * of_pairs.n):,}" if of_pairs.n else "–",
            percent(of_pairs.value) if of_pairs.n else "–",
            percent_interval(of_pairs) if of_pairs.n else "",
        )
        for what, among, of_pairs in rows
    ]
    if changes.one_read:
        table.append(
            (
                "read or not",
                "all",
                f"{changes.pairs:,}",
                f"{changes.one_read:,}",
                percent(changes.one_read / changes.pairs),
                "",
            )
        )
    return Table(
        "What changed", ("", "among pairs", "pairs", "changed", "share", "95 % interval"), tuple(table), 2
    )


def _right(of: Compared) -> Table:
    correct, (first, second) = of.changes.correct, _sides(of)
    rows = [
        (name, f"{round(share.value * share.n):,}", percent(share.value), percent_interval(share))
        for name, share in ((first, correct.first), (second, correct.second))
    ]
    rows.append(
        ("difference", f"{correct.only_second - correct.only_first:+,}", *_apart_in_points(correct.gain))
    )
    return Table("Right answers", ("", "right", "share", "95 % interval"), tuple(rows))


def _named(of: Compared) -> Table:
    rows = tuple(
        (one.emotion, f"{one.first:,}", f"{one.second:,}", *_apart_in_points(one.change))
        for one in of.changes.named
    )
    columns = ("", *_sides(of), "points", "95 % interval")
    return Table("Emotions named, among pairs read on both sides", columns, rows)


def _apart_in_points(of: Estimate) -> tuple[str, str]:
    return points(of.value), points_interval(of)


def _shifts(of: Compared) -> Table:
    rows = tuple(
        (name, f"{shift.n:,}", f"{shift.mean:+.2f}", f"{shift.mean_size:.2f}")
        for name, shift in of.changes.shifts.items()
        if shift.n
    )
    return Table("Ratings, 1 to 10", ("", "pairs", "mean change", "mean size of change"), rows)


def _matrix(of: Compared) -> Iterator[Table]:
    """Where there is room, a table of first by second outcomes; the most frequent turns otherwise."""
    matrix, (first, second) = of.changes.matrix, _sides(of)
    if matrix.rows:
        from rich.console import Console

        yield _flip_matrix(matrix, first, second, Console().width)


def _flip_matrix(of: Crosstab, first: str, second: str, width: int) -> Table:
    rows = tuple(
        (name, *(f"{count:,}" if count else "·" for count in counts))
        for name, counts in zip(of.rows, of.counts.tolist(), strict=True)
    )
    for columns in (of.columns, shortened(of.columns)):
        needed = (
            2
            + max(map(len, of.rows))
            + sum(
                2 + max(len(column), *(len(row[place]) for row in rows))
                for place, column in enumerate(columns, 1)
            )
        )
        if needed <= width:
            return Table(f"Answers in {first} (rows) and {second} (columns)", ("", *columns), rows)
    turns = sorted(
        (-count, before, after)
        for before, counts in zip(of.rows, of.counts.tolist(), strict=True)
        for after, count in zip(of.columns, counts, strict=True)
        if count and before != after
    )
    listed = tuple((before, after, f"{-count:,}") for count, before, after in turns[:_SHOWN_TURNS])
    return Table("Most frequent changes", (first, second, "times"), listed, 2)


def _flips(of: Compared) -> Table:
    persons = any(flip.person_index is not None for flip in of.flips)
    truths = any(flip.truth is not None for flip in of.flips)
    shown = of.flips[:SHOWN_FLIPS]
    columns = (
        "picture",
        *(("person",) if persons else ()),
        *(("repeat",) if of.repeats else ()),
        *_sides(of),
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
    more = (
        f" (the first {len(shown)} of {len(of.flips):,}; --json has all)"
        if len(of.flips) > len(shown)
        else ""
    )
    return Table(f"Pictures whose emotion changed{more}", columns, rows, len(columns))


def _sides(of: Compared) -> tuple[str, str]:
    return f"run {of.first.run_id}", f"run {of.second.run_id}"


def _estimate(of: Estimate) -> dict[str, float | int | None]:
    return {
        "n": of.n,
        "changed": round(of.value * of.n) if of.n else 0,
        "share": _finite(of.value),
        "low": _finite(of.low),
        "high": _finite(of.high),
    }


def _correctness(of: Correctness) -> dict[str, Any]:
    return {
        "n": of.n,
        "both": of.both,
        "only_first": of.only_first,
        "only_second": of.only_second,
        "neither": of.neither,
        "first": _apart(of.first),
        "second": _apart(of.second),
        "difference": _apart(of.gain),
        "test": "McNemar, exact, two-sided",
        "p": _finite(of.p),
    }


def _apart(of: Estimate) -> dict[str, float | None]:
    return {"value": _finite(of.value), "low": _finite(of.low), "high": _finite(of.high)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
