"""The tables that may lie beside pictures: ``labels.csv`` and ``regions.csv``.

A row names its picture by a path inside the table's folder. A row that cannot be used is reported with
file and line, and the others are read. Text is UTF-8, or UTF-16 with its mark; columns are parted by
commas, semicolons or tabs. Labels of a scheme that is known are spelt as the scheme spells them.

Formats: ``labels.csv`` has ``path`` and ``label``, and may have ``source``, ``scheme``, ``valence``,
``arousal`` and ``dominance``; ``regions.csv`` has ``path,part,x,y,w,h`` in pixels of the picture as
displayed, from its top left.
"""

from __future__ import annotations

import codecs
import csv
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TypeVar

from elena_wb.core import Box, Label, Problem, Region
from elena_wb.vocabulary import LabelScheme, load_scheme, scheme_names

LABELS = "labels.csv"
REGIONS = "regions.csv"
_DELIMITERS = ",;\t"

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
            except _BadRowError as error:
                self.problems.append(Problem(where, str(error), excludes=False))
                continue
            self.mentioned.setdefault(picture, where)
            values = into.setdefault(picture, [])
            if value not in values:
                values.append(value)

    def _rows(self, table: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, _Row]]:
        try:
            with table.open(encoding=_encoding(table), newline="") as stream:
                delimiter = _delimiter(stream.readline())
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
        self.problems.append(Problem(where, reason, excludes=False))


def _encoding(table: Path) -> str:
    with table.open("rb") as stream:
        start = stream.read(2)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _delimiter(header: str) -> str:
    """Whichever of the usual ones stands in the header most often."""
    return max(_DELIMITERS, key=header.count)


def _inside(folder: Path, written: str) -> Path:
    whole = Path(os.path.normpath(written))
    if whole.is_absolute() and whole != folder and whole.is_relative_to(folder) and "\0" not in written:
        return whole
    relative = PurePosixPath(written.replace("\\", "/"))
    if not written or relative == PurePosixPath():
        raise _BadRowError("no picture is named")
    if relative.is_absolute() or ".." in relative.parts or ":" in relative.parts[0] or "\0" in written:
        raise _BadRowError(f"`{written}` lies outside the folder of the table")
    return Path(os.path.normpath(folder / relative))


def _label(row: _Row) -> Label:
    values = {name: _affect(name, row.get(name, "")) for name in ("valence", "arousal", "dominance")}
    scheme = row.get("scheme", "").lower() or "ekman7"
    label = _in_scheme(row["label"], scheme) if row["label"] else None
    if label is None and not any(value is not None for value in values.values()):
        raise _BadRowError("neither a label nor valence, arousal or dominance")
    return Label(row.get("source") or "folder", scheme, label, **values)


def _in_scheme(written: str, name: str) -> str:
    """``written`` as the scheme spells it; of a scheme that is not known, in lower case."""
    scheme = _scheme(name)
    if scheme is None:
        return written.lower()
    label = scheme.canonical(written)
    if label is None:
        raise _BadRowError(f"`{written}` is no label of {name}, which has {', '.join(scheme.names)}")
    return label


@cache
def _scheme(name: str) -> LabelScheme | None:
    return load_scheme(name) if name in scheme_names() else None


def _affect(name: str, text: str) -> float | None:
    if not text:
        return None
    value = _number(name, text)
    if not 1 <= value <= 10:
        raise _BadRowError(f"{name} is {text}, outside 1 to 10")
    return value


def _region(row: _Row) -> Region:
    part = re.sub(r"[\s-]+", "_", row["part"].lower())
    if not part:
        raise _BadRowError("no part is named")
    x, y, w, h = (_number(name, row[name]) for name in ("x", "y", "w", "h"))
    if w <= 0 or h <= 0:
        raise _BadRowError(f"the box of `{part}` is empty ({row['w']} x {row['h']})")
    if max(x + w, y + h) <= 1:
        raise _BadRowError(f"the numbers of `{part}` look like shares of the picture; pixels are needed")
    return Region(part, Box(x, y, w, h), locator="annotated")


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _BadRowError(f"{name} is `{text}`, which is no number") from None
    if not math.isfinite(value):
        raise _BadRowError(f"{name} is {text}")
    return value
