"""The records of a text table, so that a stray quotation mark costs its own row and not those below it.

A quotation mark that is never closed makes everything up to the next one, or to the end, one cell. Such a record is
told from one that has line breaks in a cell on purpose: it has another number of cells than the header, it goes on
after the mark that closes it, or it never ends. It is given up after its first line, and read on from the second.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

LONGEST_LINE = 1 << 20
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Record:
    """The cells that begin in ``line``, or what is wrong with them."""

    line: int
    cells: Sequence[str] = ()
    trouble: str | None = None


def header_of(stream: TextIO) -> tuple[str, ...]:
    """The cells of the first record.

    Raises:
        csv.Error: it cannot be read.
        UnicodeError: the text is of another encoding.
    """
    return tuple(next(_reader(_Lines(stream), _delimiter(stream)), ()))


def records_of(stream: TextIO, width: int) -> Iterator[Record]:
    """The records after the first, in a table of ``width`` columns.

    Raises:
        UnicodeError: the text is of another encoding.
        OSError: it cannot be read to its end.
    """
    delimiter = _delimiter(stream)
    lines = _Lines(stream)
    reader = _reader(lines, delimiter)
    next(reader, None)
    while True:
        lines.taken.clear()
        first = lines.passed + 1
        cells: Sequence[str] = ()
        trouble = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            trouble = str(error)
        spanned = len(lines.taken)
        if lines.ended or (spanned > 1 and (trouble or not _is_whole(cells, lines.taken, width, delimiter))):
            lines.put_back()
            over = f" and would take {spanned} lines" if spanned > 1 else ""
            yield Record(first, trouble=f"the row cannot be read: a quotation mark is not closed{over}")
        elif trouble:
            yield Record(first, trouble=f"the row cannot be read: {trouble}")
        elif any(map(str.strip, cells)):
            wrong = f"{len(cells)} cells, where the header has {width} columns"
            yield Record(first, cells, None if _fits(cells, width) else wrong)


def delimiter_of(header: str) -> str:
    """Whichever of the usual ones stands in the header most often."""
    return max(_DELIMITERS, key=header.count)


class _Lines:
    """The lines of a stream, those of the record that is read in ``taken``; ``passed`` counts all handed out.

    What goes beyond :data:`LONGEST_LINE` characters of a line is passed over. ``ended`` says that the record wanted
    more lines than there are.
    """

    def __init__(self, stream: TextIO) -> None:
        self.taken: list[str] = []
        self.passed = 0
        self.ended = False
        self._new = _bounded_lines(stream)
        self._again: deque[str] = deque()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._new, None)
        if line is None:
            self.ended = bool(self.taken)
            raise StopIteration
        self.passed += 1
        self.taken.append(line)
        return line

    def put_back(self) -> None:
        """Hand out all lines of the record but the first again."""
        again = self.taken[1:]
        self._again.extendleft(reversed(again))
        self.passed -= len(again)
        self.ended = False


def _is_whole(cells: Sequence[str], lines: Sequence[str], width: int, delimiter: str) -> bool:
    """Whether ``lines`` are one record whose cells have line breaks on purpose."""
    try:
        next(_reader(iter(lines), delimiter, strict=True))
    except csv.Error:
        return False
    return _fits(cells, width)


def _fits(cells: Sequence[str], width: int) -> bool:
    return len(cells) >= width and not any(cells[width:])


def _delimiter(stream: TextIO) -> str:
    delimiter = delimiter_of(stream.readline(LONGEST_LINE))
    stream.seek(0)
    return delimiter


def _reader(lines: Iterator[str], delimiter: str, strict: bool = False) -> Any:
    return csv.reader(lines, skipinitialspace=True, delimiter=delimiter, strict=strict)


def _bounded_lines(stream: TextIO) -> Iterator[str]:
    while line := stream.readline(LONGEST_LINE):
        yield line
        while line and not line.endswith("\n") and len(line) == LONGEST_LINE:
            line = stream.readline(LONGEST_LINE)
