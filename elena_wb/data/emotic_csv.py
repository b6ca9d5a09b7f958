"""EMOTIC as CSV: the layouts that people have converted ``Annotations.mat`` to.

They differ in how they write categories (a Python list, words parted by ``|``, a single word, or 26 columns of 0
and 1), boxes (a list, or four columns), the size of the picture (two columns, or a list in either order), and
valence, arousal and dominance (a list, or three columns; of 1 to 10 as in EMOTIC, or in tenths). Columns may come in
any order and case.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
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
from elena_wb.data.emotic_survey import Survey
from elena_wb.data.identify import storable
from elena_wb.data.persons import Annotation, bounded
from elena_wb.data.rows import Row, Sheet
from elena_wb.vocabulary import load_scheme

NAME = "emotic"
SCHEME = "emotic26"
DATABASES = ("mscoco", "framesdb", "emodb_small", "ade20k")
"""The collections that EMOTIC's pictures come from, and the folders that they lie in."""

_LIST_OF_AFFECT = "continuous_labels"
_LISTS_OF_SIZE = ("image_size", "img_size", "size")
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
    survey = layout.surveyed(Sheet.open(path).rows())
    if survey.scale != 1:
        note = "valence, arousal and dominance are written as 0 to 1: read as tenths of EMOTIC's 1 to 10"
        problems.append(Problem(storable(path), note, excludes=False, kind="note"))
    if survey.turned:
        note = f"{layout.listed_size} is read as rows, columns: most boxes lie within that"
        problems.append(Problem(storable(path), note, excludes=False, kind="note"))
    annotations: list[Annotation] = []
    split = split_in(path.stem)
    for row in sheet.rows():
        try:
            annotation, left_out = layout.read(row, split, survey)
        except BadRowError as error:
            problems.append(Problem(row.where, str(error), excludes=False, kind="row"))
            continue
        annotations.append(annotation)
        problems += [
            Problem(row.where, f"{reason}; left out", excludes=False, kind="row") for reason in left_out
        ]
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
    listed_size: str | None
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
            listed_size=first_of(columns, _LISTS_OF_SIZE),
            affect=tuple(first_of(columns, (name,)) for name in AFFECT),
            split=first_of(columns, SPLIT),
        )

    def read(self, row: Row, split: str | None, survey: Survey) -> tuple[Annotation, list[str]]:
        """What ``row`` says, and what is wrong with ratings that are left out.

        Raises:
            BadRowError: it cannot be used.
        """
        cells = row.cells
        picture = self.picture(cells)
        affect, left_out = self._affect(cells, survey.scale)
        categories = self._categories(cells)
        if left_out and not categories and not any(value is not None for value in affect):
            raise BadRowError(left_out[0])
        annotation = Annotation(
            where=row.where,
            picture=picture,
            labels=labels_of(categories, affect, self.label or "the 26 columns"),
            box=None if self.box is None else self.box.read(cells, self._size(cells, survey.turned)),
            split=(split_in(cells[self.split]) or cells[self.split] if self.split else None) or split,
            attributes=attributes_of(cells.get("gender", ""), cells.get("age", ""), picture),
        )
        return annotation, left_out

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

    def surveyed(self, rows: Iterable[Row]) -> Survey:
        """What ``rows`` tell of the scale of ratings and of the order in sizes; those that are wrong tell nothing."""
        survey = Survey()
        for row in rows:
            with suppress(BadRowError):
                survey.rated(number(column, text) for column, text in self._written_affect(row.cells) if text)
            with suppress(BadRowError):
                size = self._written_size(row.cells)
                box = self.box.read(row.cells) if size and self.box else None
                if size and box:
                    survey.sized(size, box)
        return survey

    def _categories(self, cells: Mapping[str, str]) -> tuple[str, ...]:
        if self.label is not None:
            return read_labels(cells, self.label)
        for column in self.flags:
            if cells[column].lower() not in _YES | _NO:
                raise BadRowError(f"{column} is `{cells[column][:20]}`, neither 0 nor 1")
        return tuple(label for column, label in self.flags.items() if cells[column].lower() in _YES)

    def _affect(
        self, cells: Mapping[str, str], scale: int
    ) -> tuple[tuple[float | None, float | None, float | None], list[str]]:
        """The ratings on EMOTIC's scale, ``None`` for each that is absent or wrong, and what is wrong."""
        found: list[float | None] = [None, None, None]
        wrong: list[str] = []
        try:
            written = self._written_affect(cells)
        except BadRowError as error:
            written, wrong = [], [str(error)]
        for place, (column, text) in enumerate(written):
            try:
                value = number(column, text) if text else None
            except BadRowError as error:
                wrong.append(str(error))
                continue
            scaled = None if value is None else round(value * scale, 6)
            if scaled is None or 1 <= scaled <= 10:
                found[place] = scaled
            else:
                wrong.append(f"{column} is {value:g}, outside {1 / scale:g} to {10 / scale:g}")
        valence, arousal, dominance = found
        return (valence, arousal, dominance), wrong

    def _written_affect(self, cells: Mapping[str, str]) -> list[tuple[str, str]]:
        """Three columns and what they say; empty where nothing is said."""
        listed = cells.get(_LIST_OF_AFFECT, "")
        if not any(self.affect) and listed:
            values = literal(_LIST_OF_AFFECT, listed)
            if len(values) != len(AFFECT):
                raise BadRowError(f"{_LIST_OF_AFFECT} has {len(values)} numbers, not {len(AFFECT)}")
            return [(_LIST_OF_AFFECT, "" if value is None else str(value)) for value in values]
        texts = [(column or "", cells[column] if column else "") for column in self.affect]
        return [(column, "" if text.lower() in ("nan", "none") else text) for column, text in texts]

    def _size(self, cells: Mapping[str, str], turned: bool) -> tuple[float, float] | None:
        """Width and height, where they are written."""
        if self.size is not None and all(cells[name] for name in self.size):
            width, height = (number(name, cells[name]) for name in self.size)
        elif written := self._written_size(cells):
            width, height = reversed(written) if turned else written
        else:
            return None
        return (width, height) if min(width, height) >= 1 else None

    def _written_size(self, cells: Mapping[str, str]) -> tuple[float, float] | None:
        """The first two numbers of a list; ``None`` where there is no such list (a size of a file, for one)."""
        column = self.listed_size or ""
        text = cells.get(column, "")
        if not text.startswith(("[", "(")):
            return None
        try:
            first, second = (number(column, str(value)) for value in literal(column, text)[:2])
        except ValueError:
            return None
        return first, second


def _flags(columns: Collection[str]) -> dict[str, str]:
    """The columns that are called as a category is, and the category."""
    scheme = load_scheme(SCHEME)
    return {name: label for name in columns if name and (label := scheme.canonical(name)) is not None}
