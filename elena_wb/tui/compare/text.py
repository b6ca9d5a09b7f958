"""A comparison of two runs as text for the screen: sentences, a line of it, and tables of numbers."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from elena_wb.core import Crosstab, Estimate
from elena_wb.findings.comparing import Compared, Side
from elena_wb.findings.comparing_told import alone, headline, lost_pairs, right_answers, warnings
from elena_wb.findings.words import p_value, percent, points, points_interval
from elena_wb.plain import plain

_SHORT = {"(no emotion)": "none", "(refused)": "refu", "(not read)": "unrd"}
_LETTERS = 4
_TURNS = 8


def side_line(side: Side) -> str:
    """``run 2: face``, and the status of a run that is not done."""
    unfinished = f" ({side.unfinished})" if side.unfinished else ""
    return plain(f"run {side.run_id}: {side.condition}{unfinished}")


def in_one_line(of: Compared) -> Content:
    """The numbers that matter most."""
    changes, correct = of.changes, of.changes.correct
    told = []
    if changes.flips.n:
        share = f"{len(changes.flipped):,} of {changes.flips.n:,} flip"
        told.append(f"{share}, {_brief(changes.flips)}")
    else:
        told.append(f"no pair of {changes.pairs:,} read on both sides")
    if correct.n:
        told.append(
            f"right only 1st {correct.only_first:,}, 2nd {correct.only_second:,}, {p_value(correct.p)}"
        )
    if changes.lost.total:
        told.append(f"{changes.lost.total:,} lost")
    return Content(" · ".join(told))


def _brief(of: Estimate) -> str:
    """``96 % (80–99)``; without an interval, the share alone."""
    if of.low != of.low:
        return f"{100 * of.value:.0f} %"
    return f"{100 * of.value:.0f} % ({100 * of.low:.0f}–{100 * of.high:.0f})"


def sentences(of: Compared) -> Content:
    """What lies between the runs, flips, McNemar's test, ratings, lost pairs, and what must be said with them."""
    changes = of.changes
    told = [Content.styled(plain(headline(of)), "bold"), Content(plain(right_answers(of)))]
    if changes.correct.n:
        first, second = alone(of)
        gain = changes.correct.gain
        within = points_interval(gain)
        told.append(
            Content(
                plain(
                    f"Right: {percent(changes.correct.first.value)} {first}, {percent(changes.correct.second.value)} "
                    f"{second}; difference {points(gain.value)} points{within and f' ({within})'}."
                )
            )
        )
    ratings = [
        f"{name} {shift.mean:+.2f} {_arrow(shift.mean)} (size {shift.mean_size:.2f}, n {shift.n:,})"
        for name, shift in changes.shifts.items()
        if shift.n
    ]
    if ratings:
        told.append(Content(f"Mean change of ratings: {', '.join(ratings)}."))
    told.append(Content(_other_words(of)))
    told.append(Content(plain(lost_pairs(of))))
    told += [Content.styled(plain(warning), "$text-warning") for warning in warnings(of)]
    minor = [f"{one.aspect} ({one.first} → {one.second})" for one in of.differences if not one.matters]
    if minor:
        told.append(Content.styled(plain(f"Also different: {', '.join(minor)}."), "dim"))
    return Content("\n").join(told)


def _arrow(change: float) -> str:
    return "▲" if change > 0 else "▼" if change < 0 else "="


def _other_words(of: Compared) -> str:
    words, parts = of.changes.words, of.changes.parts
    told = f"Other words: {percent(words.value)} of pairs"
    return (
        f"{told}; other parts of the body: {percent(parts.value)} of {parts.n:,}." if parts.n else f"{told}."
    )


def turns(of: Compared, width: int) -> Content:
    """Outcomes of the first run (down) by those of the second (across), or the most frequent changes."""
    matrix = of.changes.matrix
    title = f"Run {of.first.run_id} ↓  run {of.second.run_id} →"
    table = _matrix(matrix, width)
    if table is not None:
        return Content.styled(title, "bold") + Content("\n") + table
    counts = matrix.counts.tolist()
    found = sorted(
        (-count, before, after)
        for before, row in zip(matrix.rows, counts, strict=True)
        for after, count in zip(matrix.columns, row, strict=True)
        if count and before != after
    )
    lines = [f"{-count:>6,}  {plain(before)} → {plain(after)}" for count, before, after in found[:_TURNS]]
    return Content.styled("Most frequent changes", "bold") + Content("\n" + "\n".join(lines or ["none"]))


def _matrix(of: Crosstab, width: int) -> Content | None:
    heads = [_SHORT.get(name, name[:_LETTERS]) for name in of.columns]
    if not of.rows or len(set(heads)) < len(heads):
        return None
    names = [plain(name) for name in of.rows]
    counts = of.counts.tolist()
    cell = 1 + max(_LETTERS, *(len(f"{count:,}") for row in counts for count in row))
    left = max(map(len, names))
    if left + cell * len(heads) > width:
        return None
    lines = [Content.styled(" " * left + "".join(f"{plain(head):>{cell}}" for head in heads), "dim")]
    for place, (name, row) in enumerate(zip(names, counts, strict=True)):
        line = Content(f"{name:<{left}}")
        for column, count in enumerate(row):
            shown = f"{count or '·':>{cell}}" if not count else f"{count:>{cell},}"
            line += Content.styled(shown, "dim" if column == place or not count else "bold")
        lines.append(line)
    return Content("\n").join(lines)


def named(of: Compared, *, intervals: bool) -> Content:
    """How often each emotion is named on both sides, and the change in points, with its interval if wanted."""
    rows: list[Sequence[str]] = [("", "1st", "2nd", "points", "95 % interval")]
    rows += [
        (
            plain(one.emotion),
            f"{one.first:,}",
            f"{one.second:,}",
            points(one.change.value),
            points_interval(one.change),
        )
        for one in of.changes.named
    ]
    if not intervals:
        rows = [row[:-1] for row in rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        f"{row[0]:<{widths[0]}}"
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
    shown = Content.styled(lines[0], "dim")
    return Content("\n").join([Content.styled("Emotions named", "bold"), shown, *map(Content, lines[1:])])
