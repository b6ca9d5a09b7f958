"""What findings are told in: tables of text, charts and paragraphs, whatever draws them in the end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from elena_wb.core import Crosstab, Estimate


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be drawn; cells of all columns after ``names`` first ones are numbers.

    ``sql`` is a query over the store from which a reader can check it, as ``elena-wb query`` runs it: its rows are, in
    order, those of the table, and those of its columns that bear the name of a column of the table give the same
    numbers, unrounded, shares as 0 to 1. Intervals and tests, which SQL does not have, follow from the others.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One point of a chart with its 95 % interval, NaN where there is none; ``label`` says what it is of."""

    label: str
    value: float
    low: float = math.nan
    high: float = math.nan

    @classmethod
    def of(cls, label: str, estimate: Estimate) -> Mark:
        """The mark of an estimate."""
        return cls(label, estimate.value, estimate.low, estimate.high)


@dataclass(frozen=True, slots=True)
class Series:
    """Marks that belong together, in order; the marks of a chart's series bear the same labels."""

    name: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers that a table beside it has too, to be looked at.

    ``kind``: ``bars`` and ``points`` have a line for each label, ``lines`` join the marks of a series in the order of
    their labels. ``measures`` names what is measured with its unit, ``over`` what the labels are. ``reference`` is
    where nothing is the matter, such as 0 for a change or 1 for a ratio; ``None`` where there is no such value.
    ``shares`` says that the numbers are shares and are shown as per cent.
    """

    title: str
    kind: Literal["bars", "points", "lines"]
    measures: str
    over: str
    series: tuple[Series, ...]
    reference: float | None = None
    shares: bool = False


Piece: TypeAlias = Table | Chart | Crosstab | str
"""A table, a chart, a confusion that is drawn as the room allows, or a paragraph."""


@dataclass(frozen=True, slots=True)
class Section:
    """One finding, as a reader goes through it.

    ``name`` is short and stays the same (``face-dependence``): anchors and files are called so. ``shows`` says in a
    plain sentence or two what the numbers show, ``not_shown`` what they do not. ``sources`` are the publications whose
    measures are used, as a reference list has them.
    """

    name: str
    title: str
    shows: str
    pieces: tuple[Piece, ...]
    not_shown: str = ""
    sources: tuple[str, ...] = ()


def flattened(sections: Iterable[Section]) -> Iterator[Piece]:
    """What sections tell, an empty line between them: title and sentence, pieces, what is not shown."""
    for number, section in enumerate(sections):
        if number:
            yield ""
        yield f"{section.title}: {section.shows}" if section.shows else section.title
        yield from section.pieces
        if section.not_shown:
            yield section.not_shown
