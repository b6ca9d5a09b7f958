"""A confusion as a table, as far as there is room for it."""

from __future__ import annotations

from collections.abc import Sequence

from elena_wb.core import Crosstab
from elena_wb.findings.pieces import Table

_LISTED_CONFUSIONS = 15


def confusion_table(of: Crosstab, width: int) -> Table:
    """Truth by answer; with shorter headings, or as a list of the most frequent confusions, where it is wide."""
    first = max(map(len, of.rows), default=0)
    rows = tuple(
        (label, *(str(count) if count else "·" for count in counts))
        for label, counts in zip(of.rows, of.counts.tolist(), strict=True)
    )
    for columns in (of.columns, shortened(of.columns)):
        needed = first + sum(
            2 + max(len(column), *(len(row[place]) for row in rows))
            for place, column in enumerate(columns, 1)
        )
        if needed + 2 <= width:
            return Table("Truth (rows) by answer (columns)", ("", *columns), rows)
    wrong = sorted(
        (-count, truth, answer)
        for truth, counts in zip(of.rows, of.counts.tolist(), strict=True)
        for answer, count in zip(of.columns, counts, strict=True)
        if count and truth != answer
    )
    listed = tuple((truth, answer, f"{-count:,}") for count, truth, answer in wrong[:_LISTED_CONFUSIONS])
    return Table("Most frequent confusions", ("truth", "answer", "times"), listed, 2)


def shortened(names: Sequence[str]) -> tuple[str, ...]:
    """The names cut to the shortest length, four at least, at which they differ."""
    longest = max(map(len, names), default=0)
    length = next((n for n in range(4, longest) if len({name[:n] for name in names}) == len(names)), longest)
    return tuple(name[:length] for name in names)
