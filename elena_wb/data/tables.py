"""The tables that may lie beside pictures: ``labels.csv`` and ``regions.csv``.

A row names its picture by a path inside the table's folder. A row that cannot be used is reported with
file and line, and the others are read. Text is UTF-8, or UTF-16 with its mark; columns are parted by
commas, semicolons or tabs. Labels of a scheme that is known are spelt as the scheme spells them.

Formats: ``labels.csv`` has ``path`` and ``label``, and may have ``source``, ``scheme``, ``valence``,
``arousal`` and ``dominance``; ``regions.csv`` has ``path,part,x,y,w,h`` in pixels of the picture as
displayed, from its top left.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar

from elena_wb.core import Box, Label, Problem, Region
from elena_wb.data.cells import BadRowError, affect, in_scheme, number
from elena_wb.data.records import delimiter_of
from elena_wb.data.rows import encoding_of

LABELS = "labels.csv"
REGIONS = "regions.csv"

_Row = Mapping[str, str]
_T = TypeVar("_T")


@dataclass(slots=True)
class Tables:
    """Labels and regions by absolute path of the picture, and the rows that could not be used."""

    labels: dict[Path, list[Label]] = field(default_factory=dict)
    regions: dict[Path, list[Region]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    mentioned: dict[Path, str] = field(default_factory=dict)
    """Every picture that a row names → where it is first named."""

    def read_folder(self, folder: Path) -> None:
        """Add the tables of ``folder``, if it has any."""
        self._read(folder / LABELS, ("path", "label"), _label, self.labels)
        self._read(folder / REGIONS, ("path", "part", "x", "y", "w", "h"), _region, self.regions)

    def _read(
        self,
        table: Path,
        columns: tuple[str, ...],
        convert: Callable[[_Row], _T],
        into: dict[Path, list[_T]],
    ) -> None:
        if not os.path.lexists(table):
            return
        if not table.is_file():
            self._give_up(table, None, "cannot be read: it is no file, or a link that leads nowhere")
            return
        for line, row in self._rows(table, columns):
            where = f"{table}:{line}"
            try:
                picture = _inside(table.parent, row["path"])
                value = convert(row)
            except BadRowError as error:
                self.problems.append(Problem(where, str(error), excludes=False, kind="row"))
                continue
            self.mentioned.setdefault(picture, where)
            values = into.setdefault(picture, [])
            if value not in values:
                values.append(value)

    def _rows(self, table: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, _Row]]:
        try:
            with table.open(encoding=encoding_of(table), newline="") as stream:
                delimiter = delimiter_of(stream.readline())
                stream.seek(0)
                reader = csv.DictReader(stream, restval="", skipinitialspace=True, delimiter=delimiter)
                header = [name.strip().lower() for name in reader.fieldnames or ()]
                reader.fieldnames = header
                missing = [name for name in columns if name not in header]
                if missing:
                    self._give_up(table, 1, f"there is no column {', '.join(missing)}")
                    return
                for row in reader:
                    yield reader.line_num, {name: (row[name] or "").strip() for name in header}
        except UnicodeError:
            self._give_up(table, None, "not UTF-8 text; it was not read to its end")
        except (OSError, csv.Error) as error:
            self._give_up(table, None, f"not read to its end: {error}")

    def _give_up(self, table: Path, line: int | None, reason: str) -> None:
        where = str(table) if line is None else f"{table}:{line}"
        self.problems.append(Problem(where, reason, excludes=False, kind="row"))


def left_alone(folders: Iterable[Path], read: Iterable[Path] = ()) -> list[Problem]:
    """A note for each ``labels.csv`` and ``regions.csv`` in ``folders`` that is none of those ``read``."""
    tables = (folder / name for folder in folders for name in (LABELS, REGIONS))
    taken = set(read)
    reason = "left alone with this dataset; --dataset folder reads it"
    return [
        Problem(str(table), reason, excludes=False, kind="note")
        for table in tables
        if table not in taken and os.path.lexists(table)
    ]


def _inside(folder: Path, written: str) -> Path:
    whole = Path(os.path.normpath(written))
    if whole.is_absolute() and whole != folder and whole.is_relative_to(folder) and "\0" not in written:
        return whole
    relative = PurePosixPath(written.replace("\\", "/"))
    if not written or relative == PurePosixPath():
        raise BadRowError("no picture is named")
    if relative.is_absolute() or ".." in relative.parts or ":" in relative.parts[0] or "\0" in written:
        raise BadRowError(f"`{written}` lies outside the folder of the table")
    return Path(os.path.normpath(folder / relative))


def _label(row: _Row) -> Label:
    values = {name: affect(name, row.get(name, "")) for name in ("valence", "arousal", "dominance")}
    scheme = row.get("scheme", "").lower() or "ekman7"
    label = in_scheme(row["label"], scheme) if row["label"] else None
    if label is None and not any(value is not None for value in values.values()):
        raise BadRowError("neither a label nor valence, arousal or dominance")
    return Label(row.get("source") or "folder", scheme, label, **values)


def _region(row: _Row) -> Region:
    part = re.sub(r"[\s-]+", "_", row["part"].lower())
    if not part:
        raise BadRowError("no part is named")
    x, y, w, h = (number(name, row[name]) for name in ("x", "y", "w", "h"))
    if w <= 0 or h <= 0:
        raise BadRowError(f"the box of `{part}` is empty ({row['w']} x {row['h']})")
    if max(x + w, y + h) <= 1:
        raise BadRowError(f"the numbers of `{part}` look like shares of the picture; pixels are needed")
    return Region(part, Box(x, y, w, h), locator="annotated")
