"""The tables that may lie beside pictures: ``labels.csv`` and ``regions.csv``.

A row names its picture by a path relative to the table. A row that cannot be used is reported with file
and line, and the others are read. Formats: ``labels.csv`` has ``path`` and ``label``, and may have
``source``, ``scheme``, ``valence``, ``arousal`` and ``dominance``; ``regions.csv`` has ``path,part,x,y,w,h``
in pixels of the picture as displayed, from its top left.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar

from elena_wb.core import Box, Label, Problem, Region

LABELS = "labels.csv"
REGIONS = "regions.csv"

_Row = Mapping[str, str]
_T = TypeVar("_T")


class _BadRowError(ValueError):
    """What is wrong with one row, in words."""


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
        if not table.is_file():
            return
        for line, row in self._rows(table, columns):
            where = f"{table}:{line}"
            try:
                picture = _inside(table.parent, row["path"])
                value = convert(row)
            except _BadRowError as error:
                self.problems.append(Problem(where, str(error), excludes=False))
                continue
            self.mentioned.setdefault(picture, where)
            values = into.setdefault(picture, [])
            if value not in values:
                values.append(value)

    def _rows(self, table: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, _Row]]:
        try:
            with table.open(encoding="utf-8-sig", newline="") as stream:
                reader = csv.DictReader(stream, restval="", skipinitialspace=True)
                header = [name.strip().lower() for name in reader.fieldnames or ()]
                reader.fieldnames = header
                missing = [name for name in columns if name not in header]
                if missing:
                    self._give_up(table, 1, f"there is no column {', '.join(missing)}")
                    return
                for row in reader:
                    yield reader.line_num, {name: (row[name] or "").strip() for name in header}
        except UnicodeDecodeError:
            self._give_up(table, None, "not UTF-8 text; it was not read to its end")
        except (OSError, csv.Error) as error:
            self._give_up(table, None, f"not read to its end: {error}")

    def _give_up(self, table: Path, line: int | None, reason: str) -> None:
        where = str(table) if line is None else f"{table}:{line}"
        self.problems.append(Problem(where, reason, excludes=False))


def _inside(folder: Path, written: str) -> Path:
    relative = PurePosixPath(written.replace("\\", "/"))
    if not written or relative == PurePosixPath():
        raise _BadRowError("no picture is named")
    if relative.is_absolute() or ".." in relative.parts or ":" in relative.parts[0] or "\0" in written:
        raise _BadRowError(f"`{written}` lies outside the folder of the table")
    return Path(os.path.normpath(folder / relative))


def _label(row: _Row) -> Label:
    values = {name: _affect(name, row.get(name, "")) for name in ("valence", "arousal", "dominance")}
    label = row["label"].lower() or None
    if label is None and not any(value is not None for value in values.values()):
        raise _BadRowError("neither a label nor valence, arousal or dominance")
    return Label(row.get("source") or "folder", row.get("scheme", "").lower() or "ekman7", label, **values)


def _affect(name: str, text: str) -> float | None:
    if not text:
        return None
    value = _number(name, text)
    if not 1 <= value <= 10:
        raise _BadRowError(f"{name} is {text}, outside 1 to 10")
    return value


def _region(row: _Row) -> Region:
    part = row["part"].lower()
    if not part:
        raise _BadRowError("no part is named")
    x, y, w, h = (_number(name, row[name]) for name in ("x", "y", "w", "h"))
    if w <= 0 or h <= 0:
        raise _BadRowError(f"the box of `{part}` is empty ({row['w']} x {row['h']})")
    return Region(part, Box(x, y, w, h), locator="annotated")


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _BadRowError(f"{name} is `{text}`, which is no number") from None
    if not math.isfinite(value):
        raise _BadRowError(f"{name} is {text}")
    return value
