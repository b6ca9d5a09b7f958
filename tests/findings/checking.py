"""Checks of what findings tell, as their reader makes them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from elena_wb.findings import Section, Table
from elena_wb.store import Store
from elena_wb.store.query import ask


def checked_tables(store: Store, sections: Iterable[Section]) -> list[str]:
    """Have every table's query run in the sandbox and give the table's numbers; the titles of those that have one."""
    titles = []
    for section in sections:
        for table in section.pieces:
            if isinstance(table, Table) and table.sql:
                _check(store, table)
                titles.append(table.title)
    return titles


def _check(store: Store, table: Table) -> None:
    with ask(store, table.sql) as run:
        found = run(lambda answer: answer.relation.to_arrow_table())
    assert found.num_rows == len(table.rows), (table.title, found.to_pylist(), table.rows)
    shared = [name for name in table.columns if name in found.column_names]
    assert shared, (table.title, table.columns, found.column_names)
    for name in shared:
        place = table.columns.index(name)
        for row, value in zip(table.rows, found[name].to_pylist(), strict=True):
            assert _same(row[place], value), (table.title, name, row, value)


def _same(cell: str, value: object) -> bool:
    if value is None:
        return cell in ("–", "")
    if isinstance(value, str):
        return cell == value
    number = float(value)  # type: ignore[arg-type]
    if math.isnan(number):
        return cell == "–"
    if cell == "·":
        return number == 0
    text = cell.replace(",", "")
    if text.endswith(" %"):
        return float(text[:-2]) == pytest.approx(100 * number, abs=0.0501)
    decimals = len(text.partition(".")[2])
    return float(text) == pytest.approx(number, abs=0.501 * 10**-decimals if decimals else 1e-9)
