"""Reading tables row by row, CSV or Parquet, so that one bad row is reported and the others are read.

Text is UTF-8, or UTF-16 with its mark; columns are parted by commas, semicolons or tabs, whichever the header
has most of (:mod:`elena_wb.data.records`). Nothing is held but the row that is read.
"""

from __future__ import annotations

import codecs
import csv
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from elena_wb.core import Problem, UsageError
from elena_wb.data.identify import storable
from elena_wb.data.records import header_of, records_of

TABLE_SUFFIXES = frozenset((".csv", ".tsv", ".parquet", ".pq"))
"""Endings of files that can be read as tables."""

_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Row:
    """One row: ``where`` (``file:line``; in a Parquet file the number of the row) and cells by column."""

    where: str
    cells: Mapping[str, str]


@dataclass(slots=True)
class Sheet:
    """A table that is being read.

    ``name`` is the path as it can be printed. ``columns`` are as :func:`column_name` spells them and ``written`` as
    the file does. ``problems`` grows while :meth:`rows` is read.
    """

    path: Path
    name: str = ""
    columns: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path) -> Sheet:
        """Read the header of ``path``.

        Raises:
            UsageError: it is no table that can be read.
        """
        sheet = cls(path, storable(path))
        try:
            if not path.is_file():
                raise UsageError(f"{path} is no file.")
            sheet.written = sheet._parquet_header() if sheet._is_parquet else sheet._text_header()
        except UnicodeError as error:
            raise UsageError(f"{path} is no text in UTF-8.", hint="Save it as UTF-8.") from error
        except (OSError, csv.Error) as error:
            raise UsageError(f"{path} cannot be read as a table: {error}.") from error
        sheet.columns = tuple(map(column_name, sheet.written))
        if not any(sheet.columns):
            raise UsageError(f"{path} has no header.", hint="The first row of a table names its columns.")
        return sheet

    def rows(self) -> Iterator[Row]:
        """Every row with as many cells as the header has columns; the others are problems."""
        yield from self._parquet_rows() if self._is_parquet else self._text_rows()

    @property
    def _is_parquet(self) -> bool:
        return self.path.suffix.lower() in (".parquet", ".pq")

    def _text_header(self) -> tuple[str, ...]:
        with _opened(self.path) as stream:
            return header_of(stream)

    def _text_rows(self) -> Iterator[Row]:
        try:
            with _opened(self.path) as stream:
                for record in records_of(stream, len(self.columns)):
                    if record.trouble is None:
                        cells = self._by_column([cell.strip() for cell in record.cells])
                        yield Row(f"{self.name}:{record.line}", cells)
                    else:
                        self._report(record.line, record.trouble)
        except UnicodeError:
            self._report(None, "not UTF-8 text; it was not read to its end")
        except (OSError, csv.Error) as error:
            self._report(None, f"not read to its end: {error}")

    def _by_column(self, cells: Sequence[str]) -> Mapping[str, str]:
        """Cells by the name of their column; of columns of the same name the first counts."""
        last_to_first = zip(reversed(self.columns), reversed(cells[: len(self.columns)]), strict=True)
        named = dict(last_to_first)
        named.pop("", None)
        return named

    def _parquet_header(self) -> tuple[str, ...]:
        return tuple(_parquet(self.path).schema_arrow.names)

    def _parquet_rows(self) -> Iterator[Row]:
        line = 0
        try:
            for batch in _parquet(self.path).iter_batches(batch_size=_BATCH):
                columns = [[_as_text(value) for value in column.to_pylist()] for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    line += 1
                    yield Row(f"{self.name}:{line}", self._by_column(cells))
        except Exception as error:  # noqa: BLE001 - whatever a damaged file makes the decoder raise
            self._report(None, f"not read to its end: {error}")

    def _report(self, line: int | None, reason: str) -> None:
        where = self.name if line is None else f"{self.name}:{line}"
        self.problems.append(Problem(where, reason, excludes=False, kind="row"))


def column_name(written: str) -> str:
    """``written`` in lower case, with underscores for blanks and hyphens."""
    return re.sub(r"[\s-]+", "_", written.strip().lower())


def peek(path: Path, rows: int = 5) -> tuple[tuple[str, ...], list[Row]]:
    """The columns of a table and its first rows; nothing where it is none. Never raises."""
    try:
        if path.suffix.lower() not in TABLE_SUFFIXES:
            return (), []
        sheet = Sheet.open(path)
        return sheet.columns, list(islice(sheet.rows(), rows))
    except Exception:  # noqa: BLE001 - a file that cannot be looked into is no table
        return (), []


def encoding_of(path: Path) -> str:
    """UTF-16 where the file has its mark, else UTF-8 with or without one."""
    with path.open("rb") as stream:
        start = stream.read(2)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _opened(path: Path) -> TextIO:
    return path.open(encoding=encoding_of(path), newline="")


def _parquet(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, memory_map=os.name != "nt")
    except pa.ArrowException as error:
        raise UsageError(f"{path} is no Parquet file: {error}.") from error


def _as_text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value).strip()
