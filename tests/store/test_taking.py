"""An answer taken into memory: bounded, stoppable, every value as text, and errors with their place."""

from __future__ import annotations

import threading
import time

import pytest

from elena_wb.errors import UsageError
from elena_wb.store import Store
from elena_wb.store.catalogue import Catalogue, catalogue
from elena_wb.store.query import QueryError, StoppedError
from elena_wb.store.taking import take


@pytest.fixture
def store(tmp_path) -> Store:
    store = Store(tmp_path / "s.duckdb")
    with store.write():
        pass
    return store


def ask(store: Store, sql: str, **bounds: int):
    return take(store, sql, threading.Event(), **bounds)


def test_every_value_is_text_as_duckdb_writes_it(store: Store) -> None:
    taken = ask(
        store,
        "SELECT [1, 2] AS l, 170141183460469231731::HUGEINT AS h, INTERVAL 3 DAY AS i, NULL AS n, 1 AS n",
    )
    assert taken.names[:4] == ("l", "h", "i", "n")
    assert len(set(taken.names)) == 5
    assert [taken.cell(0, column) for column in range(5)] == [
        "[1, 2]",
        "170141183460469231731",
        "3 days",
        None,
        "1",
    ]
    assert [taken.is_number(column) for column in range(5)] == [False, True, False, False, True]
    assert taken.complete


def test_more_rows_than_are_taken_are_left_and_it_says_so(store: Store) -> None:
    assert ask(store, "FROM range(5000)", most_rows=5000).complete
    cut = ask(store, "FROM range(5001)", most_rows=5000)
    assert (cut.rows.num_rows, cut.complete) == (5000, False)
    assert cut.cell(4999, 0) == "4999"


def test_long_values_are_bounded_by_their_bytes_and_one_row_is_always_taken(store: Store) -> None:
    cut = ask(store, "SELECT repeat('x', 100000) AS x FROM range(300)", most_bytes=1_000_000)
    assert 5 <= cut.rows.num_rows <= 10
    assert not cut.complete
    assert cut.rows.nbytes <= 1_100_000
    assert ask(store, "SELECT repeat('x', 100000) AS x FROM range(3)", most_bytes=10).rows.num_rows == 1


def test_a_query_is_stopped_from_another_thread(store: Store) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with pytest.raises(StoppedError):
        take(store, "SELECT count(*) FROM range(100000000) AS a, range(100000) AS b", stop)
    assert time.monotonic() - began < 20
    assert ask(store, "SELECT 1").cell(0, 0) == "1"


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("SELECT 1\nFORM x", (2, 6)),
        ("SELECT 1;\n\nSELECT nope,\n  1 FROM runs", (3, 8)),
        ("SELECT 1,\n  2 FROM runz", (2, 10)),
        ("SELECT\n  'a'::INT", (2, 6)),
        ("SELECT 1;\nSELECT range,\n ('é' || range)::INT FROM range(9)", (3, 16)),
        ("SELECT error('bad')", None),
        ("SELECT nope, nope FROM runs", None),
    ],
)
def test_an_error_says_where_in_the_whole_text_it_is(
    store: Store, sql: str, place: tuple[int, int] | None
) -> None:
    with pytest.raises(QueryError) as caught:
        ask(store, sql)
    assert caught.value.place == place


@pytest.mark.parametrize(
    "sql", ["DELETE FROM runs", "COPY runs TO 'x.csv'", "ATTACH 'x'", "SET memory_limit = '9GB'", " "]
)
def test_nothing_but_reading_is_done(store: Store, sql: str) -> None:
    with pytest.raises(UsageError):
        ask(store, sql)


def test_an_error_amid_the_rows_is_one_of_the_query(store: Store) -> None:
    with pytest.raises(QueryError, match="late"):
        ask(store, "SELECT CASE WHEN range = 99999 THEN error('late') ELSE range END AS x FROM range(100000)")


def test_the_catalogue_has_tables_views_columns_and_what_they_mean(store: Store, tmp_path) -> None:
    known = catalogue(store)
    narratives = known.relations["narratives"]
    assert narratives.is_view
    assert not known.relations["runs"].is_view
    assert "emotion" in [column.name for column in narratives.columns]
    assert all(column.about for column in narratives.columns)
    assert "count" in known.functions
    assert {"SELECT", "FROM", "PARTITION"} <= {*known.keywords}
    assert catalogue(Store(tmp_path / "none.duckdb")) == Catalogue()
