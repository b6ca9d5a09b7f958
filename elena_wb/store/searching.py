"""Finding answers: the numbers of the rows that pass a filter, in order, by and by where that takes long.

A million numbers of rows are 8 MB, and found in a few tenths of a second. Nothing here holds a connection, and a search
that takes long lets go of the store between its pieces, so that writers come to their turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from elena_wb.store.conditions import Where, explained
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.filtering import Condition, Filter, Order, condition_of, joined, with_pictures
from elena_wb.store.query import SANDBOX

Rows = npt.NDArray[np.int64]
"""Numbers of rows of ``generations``. They hold until an answer is removed: read them again when the store changes."""

LIMITS: Mapping[str, str | bool | int] = {"memory_limit": "160MB", "threads": 2}
"""Of reading within a program that leaves memory to others."""
_GUARDED: Mapping[str, str | bool | int] = {**SANDBOX, **LIMITS}
"""Of those that run what a user wrote."""
_GROUP = 122_880
"""DuckDB keeps rows in groups of so many, and reads them whole."""
_ORDERED: Mapping[Order, str] = {
    "run": "g.run_id, g.rowid",
    "picture": "p.place, g.repeat, g.run_id, g.rowid",
    "emotion": "g.emotion, g.rowid",
    "newest": "g.created_at DESC, g.rowid DESC",
}
_ORDER_JOINS: Mapping[Order, frozenset[str]] = {"picture": frozenset({"p"})}


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search has found in the ``searched`` share (0 to 1) of all answers, in order."""

    rows: Rows
    searched: float

    @property
    def complete(self) -> bool:
        """Whether all answers were looked at."""
        return self.searched >= 1


def matching(store: Store, wanted: Filter, order: Order = "run") -> Rows:
    """The rows of all answers that pass, in order; none where there is no store.

    Raises:
        UsageError: ``wanted.where`` is no condition, or names what there is not.
    """
    rows: Rows = np.empty(0, np.int64)
    for found in searching(store, wanted, order):
        rows = found.rows
    return rows


def searching(store: Store, wanted: Filter, order: Order = "run") -> Iterator[Found]:
    """As :func:`matching`, giving what is found so far again and again; the last is complete.

    Only words and a condition in SQL are searched for in pieces; anything else is found at once.
    """
    if not store.exists():
        yield Found(np.empty(0, np.int64), 1)
        return
    where = Where.of(wanted.where)
    condition = condition_of(wanted)
    if not (wanted.text or where):
        yield Found(_all_at_once(store, condition, order), 1)
        return
    end = 0
    with store.read() as connection:
        for (last,) in connection.execute("SELECT max(rowid) FROM generations").fetchall():
            end = 0 if last is None else last + 1
        if wanted.text:
            condition = with_pictures(condition, _pictures(connection, condition))
    parts = []
    for start, stop in _pieces(end, where):
        parts.append(_piece(store, condition, where, start, stop))
        yield Found(_in_order(store, parts, order), stop / end if end else 1)


def _pieces(end: int, where: Where | None) -> Iterator[tuple[int, int]]:
    """Where to look first and next: at little, so that something is seen soon, then at more at a time."""
    if where is not None and not where.divisible:
        yield 0, end
        return
    largest = 3 if where is None else 1 if where.heavy else 12
    start, groups = 0, 1
    while start < end or not start:
        stop = min(end, start + groups * _GROUP)
        yield start, stop
        if stop == end:
            return
        start, groups = stop, min(largest, 2 * groups if where is None else largest)


def _all_at_once(store: Store, condition: Condition, order: Order) -> Rows:
    source = joined(condition.joins | _ORDER_JOINS.get(order, frozenset()))
    sql = f"SELECT g.rowid AS row FROM {source} WHERE {condition.sql} ORDER BY {_ORDERED[order]}"
    with store.read() as connection:
        found = connection.execute(sql, dict(condition.values)).fetchnumpy()
    return np.ascontiguousarray(found["row"], np.int64)


def _pictures(connection: DuckDBConnection, condition: Condition) -> list[str]:
    """The stimuli whose picture is named as the text says."""
    found = connection.execute(
        "SELECT stimulus_id FROM stimuli WHERE regexp_matches(parse_filename(path), $text)",
        {"text": condition.values["text"]},
    ).fetchall()
    return [stimulus for (stimulus,) in found]


def _piece(
    store: Store, condition: Condition, where: Where | None, start: int, stop: int
) -> tuple[Rows, npt.NDArray[np.int32]]:
    """Rows and runs of those from ``start`` up to ``stop`` that pass."""
    values = dict(condition.values)
    if where is None:
        sql = f"""SELECT g.rowid AS row, g.run_id FROM {joined(condition.joins)}
                  WHERE g.rowid >= {start} AND g.rowid < {stop} AND {condition.sql}"""
        with store.read() as connection:
            found = connection.execute(sql, values).fetchnumpy()
    else:
        sql = where.select(condition.sql, condition.joins, start, stop)
        try:
            with store.read(_GUARDED) as connection:
                found = connection.execute(sql, values).fetchnumpy()
        except duckdb.Error as problem:
            raise explained(store, problem, _GUARDED["memory_limit"]) from problem
    return np.asarray(found["row"], np.int64), np.asarray(found["run_id"], np.int32)


def _in_order(store: Store, parts: Sequence[tuple[Rows, npt.NDArray[np.int32]]], order: Order) -> Rows:
    """The rows of all ``parts`` in ``order``; those that are gone meanwhile may be left out."""
    rows = np.concatenate([rows for rows, _ in parts])
    if order == "run":
        return rows[np.lexsort((rows, np.concatenate([runs for _, runs in parts])))]
    if not len(rows):
        return rows
    source = joined(_ORDER_JOINS.get(order, frozenset()))
    with store.read() as connection:
        connection.register("found", pa.table({"row": rows}))
        found = connection.execute(
            f"SELECT g.rowid AS row FROM {source} JOIN found ON found.row = g.rowid ORDER BY {_ORDERED[order]}"
        ).fetchnumpy()
    return np.ascontiguousarray(found["row"], np.int64)


def still_passing(store: Store, wanted: Filter, rows: Sequence[int]) -> frozenset[int]:
    """Those of a few ``rows`` whose answers, as they are now, fulfil the condition in SQL, if there is one."""
    where = Where.of(wanted.where)
    if not rows or where is None:
        return frozenset(rows)
    within = Condition(f"g.rowid IN ({', '.join(map(str, rows))})", {}, frozenset())
    found, _ = _piece(store, within, where, min(rows), max(rows) + 1)
    return frozenset(found.tolist())
