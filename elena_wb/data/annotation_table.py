"""The dataset ``table``: any CSV or Parquet file that names pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elena_wb.core import NOTHING_KNOWN, Collection, KnownFile, Label, Problem, UsageError
from elena_wb.data.cells import BadRowError, checked_scheme, in_scheme, likeliest_scheme
from elena_wb.data.columns import (
    AFFECT,
    LABEL,
    PICTURE,
    SPLIT,
    BoxColumns,
    box_columns,
    first_of,
    read_affect,
    read_labels,
)
from elena_wb.data.persons import MOST_ATTRIBUTES, Annotation, bounded, stimuli_of
from elena_wb.data.pictures import Pictures, folder_given
from elena_wb.data.rows import TABLE_SUFFIXES, Row, Sheet, column_name, peek
from elena_wb.data.walk import PICTURE_SUFFIXES, FoundFile
from elena_wb.nearest import nearest

NAME = "table"
_ROWS_LOOKED_AT = 50
_LISTED_COLUMNS = 12
_ROWS_FOR_SCHEME = 2000


class TableDataset:
    """A CSV or Parquet file with a row for each picture or person, in columns of any name.

    The source is the table. Pictures are named by a path relative to its folder. Columns with usual names are found by
    themselves (`path`, `image`, `filename`; `label`, `emotion`, `category`; `valence` …; `x1,y1,x2,y2`, `xmin` …,
    `x,y,w,h`); the options name others. Rows with a box are persons. The first 32 columns that are not used become
    attributes.

    `path`, `label`, `valence`, `arousal`, `dominance`, `split`, `person`, `source` and `x`,`y`,`w`,`h` or
    `x1`,`y1`,`x2`,`y2` name columns. `scheme` is the label scheme, else the one that knows most of the labels.
    `images` names the folder of the pictures, and `links=yes` takes pictures that a link leads to outside the folder.
    """

    def __init__(
        self,
        *,
        path: str | None = None,
        label: str | None = None,
        scheme: str | None = None,
        valence: str | None = None,
        arousal: str | None = None,
        dominance: str | None = None,
        split: str | None = None,
        x: str | None = None,
        y: str | None = None,
        w: str | None = None,
        h: str | None = None,
        x1: str | None = None,
        y1: str | None = None,
        x2: str | None = None,
        y2: str | None = None,
        person: str | None = None,
        source: str | None = None,
        images: str | None = None,
        links: bool = False,
    ) -> None:
        self._scheme = None if scheme is None else checked_scheme(scheme)
        self._images = images
        self._links = links
        self._named = {"path": path, "label": label, "split": split, "person": person, "source": source}
        self._affect = (valence, arousal, dominance)
        self._sides = _all_or_none("x,y,w,h", (x, y, w, h))
        self._corners = _all_or_none("x1,y1,x2,y2", (x1, y1, x2, y2))
        if self._sides and self._corners:
            raise ValueError("a box is given by x,y,w,h or by x1,y1,x2,y2, not by both")

    def recognises(self, root: Path) -> bool:
        """Whether ``root`` is a table in which a column of a usual name holds pictures in most of the first rows."""
        try:
            if not root.is_file():
                return False
        except (OSError, ValueError):
            return False
        columns, rows = peek(root, _ROWS_LOOKED_AT)
        picture = first_of(columns, PICTURE)
        named = [Path(name).suffix.lower() for row in rows if picture and (name := row.cells[picture])]
        return 2 * sum(suffix in PICTURE_SUFFIXES for suffix in named) > len(named)

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        """Every picture or person that a row names.

        Raises:
            UsageError: ``root`` is no table, or lacks a column that an option names.
        """
        root = root.absolute()
        if root.is_dir():
            found = sorted(path.name for path in root.iterdir() if path.suffix.lower() in TABLE_SUFFIXES)
            raise UsageError(
                f"{root} is a folder, and the dataset `table` reads a table.",
                hint=f"Name the file: there is {', '.join(found[:5])}."
                if found
                else "Name a CSV or Parquet file.",
            )
        sheet = Sheet.open(root)
        columns = self._columns(sheet)
        scheme = self._scheme or _scheme_of(root, columns.label)
        annotations: list[Annotation] = []
        problems: list[Problem] = []
        if columns.left_out:
            named = ", ".join(columns.left_out[:_LISTED_COLUMNS])
            more = len(columns.left_out) - _LISTED_COLUMNS
            note = f"{MOST_ATTRIBUTES} columns become attributes; left out: {named}"
            note += f" and {more} more" if more > 0 else ""
            problems.append(Problem(sheet.name, note, excludes=False, kind="note"))
        for row in sheet.rows():
            try:
                annotations.append(columns.read(row, scheme))
            except BadRowError as error:
                problems.append(Problem(row.where, str(error), excludes=False, kind="row"))
        pictures = Pictures(
            [folder_given(self._images) or root.parent], links=self._links, column=columns.picture
        )
        find = pictures.find if self._images else _relative_to(root.parent, pictures)
        stimuli, unfound = stimuli_of(annotations, find, dataset=NAME, known=known)
        return Collection(tuple(stimuli), (*problems, *sheet.problems, *unfound))

    def _columns(self, sheet: Sheet) -> _Columns:
        named = {what: _column(sheet, what, name) for what, name in self._named.items() if name}
        picture = named.get("path") or first_of(sheet.columns, PICTURE)
        if picture is None:
            raise UsageError(
                f"{sheet.path} has no column for the picture: it has {_listed(sheet)}.",
                hint="Name it: --dataset table,path=COLUMN.",
            )
        wanted = self._sides or self._corners
        if wanted:
            names = tuple(_column(sheet, "box", name) for name in wanted)
            box: BoxColumns | None = BoxColumns(names, sides=bool(self._sides))
        else:
            box = box_columns(sheet.columns)
        affect = tuple(
            _column(sheet, what, name) if name else first_of(sheet.columns, (what,))
            for what, name in zip(AFFECT, self._affect, strict=True)
        )
        label = named.get("label") or first_of([name for name in sheet.columns if name != picture], LABEL)
        split = named.get("split") or first_of(sheet.columns, SPLIT)
        used = {picture, label, split, *affect, *(box.names if box else ()), *named.values()} - {
            named.get("person")
        }
        others = tuple(name for name in dict.fromkeys(sheet.columns) if name and name not in used)
        person = named.get("person")
        kept = [name for name in others if name != person][: MOST_ATTRIBUTES - (person is not None)]
        return _Columns(
            picture=picture,
            label=label,
            affect=affect,
            box=box,
            split=split,
            person=person,
            source=named.get("source"),
            others=kept,
            left_out=[name for name in others if name not in {*kept, person}],
        )


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column holds what; ``others`` become attributes, and ``left_out`` nothing."""

    picture: str
    label: str | None
    affect: tuple[str | None, ...]
    box: BoxColumns | None
    split: str | None
    person: str | None
    source: str | None
    others: Sequence[str]
    left_out: Sequence[str]

    def read(self, row: Row, scheme: str) -> Annotation:
        cells = row.cells
        attributes = [("person", cells[self.person])] if self.person else []
        attributes += [(name, cells[name]) for name in self.others]
        return Annotation(
            where=row.where,
            picture=cells[self.picture],
            labels=self._labels(cells, scheme),
            box=None if self.box is None else self.box.read(cells),
            split=(cells[self.split] or None) if self.split else None,
            attributes=bounded(attributes),
        )

    def _labels(self, cells: Mapping[str, str], scheme: str) -> tuple[Label, ...]:
        """Of one label, valence, arousal and dominance are part; several have them apart."""
        source = (cells[self.source] if self.source else "") or NAME
        affect = read_affect(cells, self.affect)
        try:
            names = [in_scheme(written, scheme) for written in read_labels(cells, self.label)]
        except BadRowError as error:
            raise BadRowError(f"{self.label}: {error}") from error
        rated = any(value is not None for value in affect)
        if len(names) == 1:
            return (Label(source, scheme, names[0], *affect),)
        found = [Label(source, scheme, name) for name in dict.fromkeys(names)]
        return (*found, *([Label(source, scheme, None, *affect)] if rated else []))


def _relative_to(folder: Path, pictures: Pictures) -> Callable[[str], FoundFile]:
    """``pictures.find``, for which an absolute path into ``folder`` is a path relative to it."""

    def find(written: str) -> FoundFile:
        inside = os.path.normpath(written) if written.startswith(os.sep) and "\0" not in written else ""
        prefix = os.path.join(folder, "")  # noqa: PTH118
        return pictures.find(inside.removeprefix(prefix) if inside.startswith(prefix) else written)

    return find


def _column(sheet: Sheet, what: str, name: str) -> str:
    """The column of ``sheet`` that is called ``name``, however it is spelt there.

    Raises:
        UsageError: there is none.
    """
    wanted = column_name(name)
    if wanted not in sheet.columns:
        raise UsageError(
            f"{sheet.path} has no column `{name}` for {what}: it has {_listed(sheet)}.",
            hint=nearest(name, [column for column in sheet.written if column]),
        )
    return wanted


def _listed(sheet: Sheet) -> str:
    names = [name for name in sheet.written if name.strip()]
    return ", ".join(names[:40]) + (f" and {len(names) - 40} more" if len(names) > 40 else "")


def _all_or_none(what: str, names: tuple[str | None, ...]) -> tuple[str, ...]:
    given = tuple(name for name in names if name is not None)
    if given and len(given) < len(names):
        raise ValueError(f"of {what} all four are needed")
    return given


def _scheme_of(table: Path, label: str | None) -> str:
    """The likeliest scheme of the labels in the first rows."""
    if label is None:
        return "ekman7"
    written: set[str] = set()
    for row, _ in zip(Sheet.open(table).rows(), range(_ROWS_FOR_SCHEME), strict=False):
        try:
            written |= set(read_labels(row.cells, label))
        except BadRowError:
            continue
    return likeliest_scheme(written).name
