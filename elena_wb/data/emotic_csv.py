"""EMOTIC as CSV: the layouts that people have converted ``Annotations.mat`` to.

They differ in how they write categories (a Python list, words parted by ``|``, a single word, or 26 columns of 0
and 1), boxes (a list, or four columns), and valence, arousal and dominance (a list, or three columns; of 1 to 10
as in EMOTIC, or in tenths). Columns may come in any order and case.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elena_wb.core import Label, Problem
from elena_wb.data.cells import BadRowError, in_scheme, literal, number
from elena_wb.data.columns import (
    AFFECT,
    LABEL,
    PICTURE,
    SPLIT,
    BoxColumns,
    box_columns,
    first_of,
    read_labels,
    size_columns,
)
from elena_wb.data.identify import storable
from elena_wb.data.persons import Annotation, bounded
from elena_wb.data.rows import Row, Sheet
from elena_wb.vocabulary import load_scheme

NAME = "emotic"
SCHEME = "emotic26"
DATABASES = ("mscoco", "framesdb", "emodb_small", "ade20k")
"""The collections that EMOTIC's pictures come from, and the folders that they lie in."""

_LIST_OF_AFFECT = "continuous_labels"
_ENOUGH_FLAGS = 20
_SPLITS = {"train": "train", "training": "train", "val": "val", "validation": "val", "test": "test"}
_YES = frozenset(("1", "1.0", "true"))
_NO = frozenset(("", "0", "0.0", "false"))


def is_emotic(columns: Sequence[str], rows: Sequence[Row]) -> bool:
    """Whether a table with these columns, which begins with these rows, is one of EMOTIC.

    Where the columns leave it open, most rows name pictures where EMOTIC's lie, and at least half have its labels:
    a misspelt label costs its row and not the table.
    """
    layout = _Layout.of(columns)
    if layout is None:
        return False
    if layout.flags:
        return True
    if layout.folder and layout.file == "filename" and layout.label in ("categories", "categorical_labels"):
        return not rows or any(map(layout.has_labels, rows))
    placed = sum(map(layout.lies_in_emotic, rows))
    return 2 * placed > len(rows) and 2 * sum(map(layout.has_labels, rows)) >= len(rows)


def read_csv(path: Path) -> tuple[list[Annotation], list[Problem]]:
    """What the table says, and the rows that cannot be used.

    Raises:
        UsageError: it is no table.
    """
    sheet = Sheet.open(path)
    layout = _Layout.of(sheet.columns)
    if layout is None:
        lacking = Problem(
            f"{path}:1", "there is no column for the picture, or none for labels", excludes=False, kind="row"
        )
        return [], [lacking]
    problems: list[Problem] = []
    scale = 10 if layout.in_tenths(Sheet.open(path).rows()) else 1
    if scale != 1:
        note = "valence, arousal and dominance are written as 0 to 1: read as tenths of EMOTIC's 1 to 10"
        problems.append(Problem(storable(path), note, excludes=False, kind="note"))
    annotations: list[Annotation] = []
    split = split_in(path.stem)
    for row in sheet.rows():
        try:
            annotations.append(layout.read(row, split, scale))
        except BadRowError as error:
            problems.append(Problem(row.where, str(error), excludes=False, kind="row"))
    return annotations, [*problems, *sheet.problems]


def labels_of(
    categories: Iterable[str], affect: tuple[float | None, float | None, float | None], column: str
) -> tuple[Label, ...]:
    """A label for each category, and one for valence, arousal and dominance.

    Raises:
        BadRowError: there is neither, or a category is none of EMOTIC's.
    """
    try:
        labels = [Label(NAME, SCHEME, in_scheme(written, SCHEME)) for written in categories]
    except BadRowError as error:
        raise BadRowError(f"{column}: {error}") from error
    if any(value is not None for value in affect):
        labels.append(Label(NAME, SCHEME, None, *affect))
    if not labels:
        raise BadRowError(f"neither a category in {column} nor valence, arousal or dominance")
    return tuple(dict.fromkeys(labels))


def attributes_of(gender: str, age: str, picture: str) -> dict[str, str]:
    """What EMOTIC says of a person, in lower case, and the collection that the picture is from."""
    database = next((name for name in DATABASES if name in picture.split("/")), "")
    said = (("gender", gender.lower()), ("age", age.lower()), ("database", database))
    return bounded((name, value) for name, value in said if value not in ("unknown", "nan", "none"))


def split_in(text: str) -> str | None:
    """The split that a file's name or a cell speaks of."""
    words = re.split(r"[^a-z]+", text.lower())
    return next((_SPLITS[word] for word in words if word in _SPLITS), None)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which columns of a table hold what."""

    folder: str | None
    file: str
    label: str | None
    flags: Mapping[str, str]
    box: BoxColumns | None
    size: tuple[str, str] | None
    affect: tuple[str | None, ...]
    split: str | None

    @classmethod
    def of(cls, columns: Sequence[str]) -> _Layout | None:
        file = first_of(columns, ("filename", *PICTURE))
        flags = _flags(columns)
        label = None if len(flags) >= _ENOUGH_FLAGS else first_of(columns, ("categorical_labels", *LABEL))
        if file is None or (label is None and len(flags) < _ENOUGH_FLAGS):
            return None
        box = box_columns(columns)
        return cls(
            folder="folder" if "folder" in columns else None,
            file=file,
            label=label,
            flags={} if label else flags,
            box=box,
            size=size_columns(columns, box),
            affect=tuple(first_of(columns, (name,)) for name in AFFECT),
            split=first_of(columns, SPLIT),
        )

    def read(self, row: Row, split: str | None, scale: int) -> Annotation:
        cells = row.cells
        picture = self.picture(cells)
        return Annotation(
            where=row.where,
            picture=picture,
            labels=labels_of(
                self._categories(cells), self._affect(cells, scale), self.label or "the 26 columns"
            ),
            box=None if self.box is None else self.box.read(cells, self._size(cells)),
            split=(split_in(cells[self.split]) or cells[self.split] if self.split else None) or split,
            attributes=attributes_of(cells.get("gender", ""), cells.get("age", ""), picture),
        )

    def picture(self, cells: Mapping[str, str]) -> str:
        file = cells[self.file].replace("\\", "/")
        folder = cells[self.folder].replace("\\", "/").strip("/") if self.folder else ""
        return f"{folder}/{file}" if folder and file and not file.startswith(f"{folder}/") else file

    def has_labels(self, row: Row) -> bool:
        """Whether the labels of ``row`` are EMOTIC's."""
        try:
            return all(in_scheme(written, SCHEME) for written in self._categories(row.cells))
        except BadRowError:
            return False

    def lies_in_emotic(self, row: Row) -> bool:
        """Whether ``row`` names a picture where EMOTIC's lie."""
        return bool(set(self.picture(row.cells).split("/")[:-1]) & set(DATABASES))

    def in_tenths(self, rows: Iterable[Row]) -> bool:
        """Whether valence, arousal and dominance are all within 0 to 1, and some between."""
        between = False
        for row in rows:
            try:
                values = [value for _, value in self._written_affect(row.cells) if value is not None]
            except BadRowError:
                continue
            if any(value > 1 for value in values):
                return False
            between = between or any(0 < value < 1 for value in values)
        return between

    def _categories(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        if self.label is not None:
            return read_labels(cells, self.label)
        for column in self.flags:
            if cells[column].lower() not in _YES | _NO:
                raise BadRowError(f"{column} is `{cells[column][:20]}`, neither 0 nor 1")
        return tuple(label for column, label in self.flags.items() if cells[column].lower() in _YES)

    def _affect(
        self, cells: Mapping[str, str], scale: int
    ) -> tuple[float | None, float | None, float | None]:
        found: list[float | None] = []
        for column, value in self._written_affect(cells):
            scaled = None if value is None else round(value * scale, 6)
            if scaled is not None and not 1 <= scaled <= 10:
                raise BadRowError(f"{column} is {value:g}, outside {1 / scale:g} to {10 / scale:g}")
            found.append(scaled)
        valence, arousal, dominance = found
        return valence, arousal, dominance

    def _written_affect(self, cells: Mapping[str, str]) -> list[tuple[str, float | None]]:
        listed = cells.get(_LIST_OF_AFFECT, "")
        if not any(self.affect) and listed:
            values = literal(_LIST_OF_AFFECT, listed)
            if len(values) != len(AFFECT):
                raise BadRowError(f"{_LIST_OF_AFFECT} has {len(values)} numbers, not {len(AFFECT)}")
            return [
                (_LIST_OF_AFFECT, None if value is None else number(_LIST_OF_AFFECT, str(value)))
                for value in values
            ]
        texts = [(column or "", cells[column] if column else "") for column in self.affect]
        return [
            (column, None if text.lower() in ("", "nan", "none") else number(column, text))
            for column, text in texts
        ]

    def _size(self, cells: Mapping[str, str]) -> tuple[float, float] | None:
        if self.size is None or not all(cells[name] for name in self.size):
            return None
        width, height = (number(name, cells[name]) for name in self.size)
        return (width, height) if min(width, height) >= 1 else None


def _flags(columns: Collection[str]) -> dict[str, str]:
    """The columns that are called as a category is, and the category."""
    scheme = load_scheme(SCHEME)
    return {name: label for name in columns if name and (label := scheme.canonical(name)) is not None}
