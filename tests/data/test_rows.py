"""Rows of tables: which are read and which are reported where quotation marks are astray."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.data.records import records_of
from elena_wb.data.rows import Sheet

HEADER = "path,label,note\n"


def read(path: Path, text: str) -> tuple[list[str], list[tuple[int, str]]]:
    path.write_text(text, "utf-8", newline="")
    sheet = Sheet.open(path)
    rows = [row.cells["path"] for row in sheet.rows()]
    return rows, [(int(p.where.rpartition(":")[2]), p.reason) for p in sheet.problems]


@pytest.mark.parametrize(
    "stray", ['{n}.png,joy,"1', '{n}.png,"joy,1', '"{n}.png,joy,1'], ids=["last", "middle", "first"]
)
@pytest.mark.parametrize("places", [(100,), (100, 200), (9999,), (0, 1, 2)])
def test_a_stray_quotation_mark_costs_its_own_row(
    tmp_path: Path, stray: str, places: tuple[int, ...]
) -> None:
    lines = [f"{n}.png,joy,{n}" for n in range(10_000)]
    for place in places:
        lines[place] = stray.format(n=place)
    rows, problems = read(tmp_path / "rows.csv", HEADER + "\n".join(lines) + "\n")
    assert rows == [f"{n}.png" for n in range(10_000) if n not in places]
    assert [line for line, _ in problems] == [place + 2 for place in places]
    assert all("a quotation mark is not closed" in reason for _, reason in problems)


def test_how_many_lines_the_record_would_take_is_told(tmp_path: Path) -> None:
    _, problems = read(tmp_path / "rows.csv", HEADER + 'a.png,"joy,1\nb.png,joy,1\nc.png,joy,1\n')
    assert problems == [(2, "the row cannot be read: a quotation mark is not closed and would take 3 lines")]


def test_cells_with_line_breaks_on_purpose_are_read_whole(tmp_path: Path) -> None:
    text = (
        HEADER.replace("\n", "\r\n")
        + 'a.png,joy,"two\r\nlines"\r\nb.png,joy,"say ""so"",\r\n\r\nthen"\r\nc.png\r\nd.png,joy,\r\n'
    )
    path = tmp_path / "rows.csv"
    rows, problems = read(path, text)
    assert rows == ["a.png", "b.png", "d.png"]
    assert problems == [(7, "1 cells, where the header has 3 columns")]
    assert [row.where.rpartition(":")[2] for row in Sheet.open(path).rows()] == ["2", "4", "8"]


@given(st.lists(st.lists(st.text('ab",;\n\t é', min_size=1), min_size=3, max_size=3), min_size=1))
def test_whatever_is_written_as_a_table_is_read_as_it_was(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([["x", "y", "z"], *rows])
    stream.seek(0)
    read_again = [list(record.cells) for record in records_of(stream, 3)]
    assert read_again == [row for row in rows if any(map(str.strip, row))]


@given(st.lists(st.text('a", \\', max_size=6), max_size=30))
def test_every_line_is_read_or_reported(lines: list[str]) -> None:
    stream = io.StringIO("x\n" + "".join(f"{line}\n" for line in lines), newline="")
    records = list(records_of(stream, 1))
    numbers = [record.line for record in records]
    assert numbers == sorted(set(numbers))
    covered = {n for r in records for n in range(r.line, r.line + 1 + sum(c.count("\n") for c in r.cells))}
    assert covered >= {n for n, line in enumerate(lines, 2) if line.strip(' ",')}
