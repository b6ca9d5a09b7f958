"""Queries: the sandbox holds, every format reads back, errors help."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from elena_wb.core import UsageError
from elena_wb.store import Store
from elena_wb.store.formats import WRITERS, text_rows
from elena_wb.store.query import ask

SECRET = "/etc/passwd"
ATTACKS = [
    f"SELECT * FROM '{SECRET}'",
    f"SELECT * FROM read_csv('{SECRET}')",
    f"SELECT * FROM read_text('{SECRET}')",
    f"SELECT * FROM read_blob('{SECRET}')",
    f"SELECT * FROM sniff_csv('{SECRET}')",
    f"FROM query('SELECT * FROM read_text(''{SECRET}'')')",
    f"SELECT * FROM query_table('{SECRET}')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM read_json('/etc/hostname')",
    "SELECT * FROM read_parquet('https://example.org/x.parquet')",
    "COPY runs TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '/dev/stderr'",
    f"COPY runs FROM '{SECRET}'",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}/out'",
    "ATTACH '{folder}/out.duckdb' AS other",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/out.duckdb_extension'",
    "SET enable_external_access = true",
    "SET threads = 64",
    "RESET memory_limit",
    "SET VARIABLE x = 1",
    "PRAGMA enable_profiling",
    "PRAGMA memory_limit = '99GB'",
    "CALL enable_logging(storage = 'file', storage_config = {{'path': '{folder}/out'}})",
    "FROM enable_logging(storage = 'file', storage_config = {{'path': '{folder}/out'}})",
    "SELECT getenv('HOME')",
    "SELECT * FROM duckdb_secrets()",
    "CREATE SECRET s (TYPE s3)",
    "SELECT * FROM store",
    "COMMIT",
    "CHECKPOINT",
    "SELECT 1; COPY runs TO '{folder}/out.csv'",
    "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
    "CREATE TABLE loot AS SELECT * FROM read_text('/etc/passwd')",
    "CREATE VIEW loot AS SELECT * FROM '{folder}/study.duckdb'",
    "SELECT list(i) FROM range(1000000000) r(i)",
]


def rows(store: Store, sql: str, **allow: bool) -> object:
    with ask(store, sql, **allow) as answer:
        return answer(lambda a: list(text_rows(a.relation)) if a.relation is not None else a.changed)


@pytest.mark.parametrize("write", [False, True])
def test_no_pasted_query_reaches_beyond_the_store(
    study: Store, write: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = study.path.parent
    before = {path.name for path in folder.iterdir()}
    through = []
    for attack in ATTACKS:
        with contextlib.suppress(UsageError):
            through.append((attack, rows(study, attack.format(folder=folder), write=write)))
    assert through == []
    assert {path.name for path in folder.iterdir()} == before
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "sql", ["DELETE FROM runs", "DROP TABLE runs", "UPDATE runs SET name = 'x'", "CREATE TABLE t (i INT)"]
)
def test_a_query_changes_nothing_unless_told(study: Store, sql: str) -> None:
    with pytest.raises(UsageError) as caught:
        rows(study, sql)
    assert "--write" in (caught.value.hint or "")


def test_write_changes_the_store_and_counts(study: Store) -> None:
    assert rows(study, "UPDATE runs SET name = 'x'", write=True) == 2
    assert rows(study, "DELETE FROM runs WHERE run_id = 1 RETURNING name", write=True) == [("x",)]
    assert rows(study, "SELECT count(*) FROM runs") == [("1",)]


def test_a_failing_write_changes_nothing(study: Store) -> None:
    with pytest.raises(UsageError):
        rows(study, "DELETE FROM runs; SELECT nonsense", write=True)
    assert rows(study, "SELECT count(*) FROM runs") == [("2",)]


def test_external_access_is_lifted_by_name(study: Store, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("a\n1\n")
    sql = f"SELECT a FROM read_csv('{tmp_path}/more.csv')"
    assert rows(study, sql, allow_external=True) == [("1",)]
    with pytest.raises(UsageError) as caught:
        rows(study, sql)
    assert "--allow-external" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT * FROM naratives", "narratives"),
        ("SELECT emotoin FROM narratives", "emotion"),
        ("SELEC 1", "SELEC"),
    ],
)
def test_a_mistake_is_explained(study: Store, sql: str, names: str) -> None:
    with pytest.raises(UsageError) as caught:
        rows(study, sql)
    assert names in caught.value.message + (caught.value.hint or "")


def test_of_several_statements_the_last_answers(study: Store) -> None:
    assert rows(study, "SELECT 1; SELECT 2 -- done") == [("2",)]
    assert rows(study, "SHOW TABLES")
    assert rows(study, "EXPLAIN SELECT 1")


VALUES = """SELECT * FROM (VALUES
    (1, 'plain', 1.5::DOUBLE, [1, 2], {'k': 'v'}, TIMESTAMP '2026-01-02 03:04:05', INTERVAL 1 DAY),
    (NULL, 'a,"b"' || chr(10) || '|' || chr(9) || chr(8238), 'nan'::DOUBLE, NULL, NULL, NULL, NULL)
    ) AS t(n, n, d, l, s, w, i)"""


def written(store: Store, kind: str, sql: str = VALUES) -> bytes:
    out = io.BytesIO()
    with ask(store, sql) as answer:
        answer(lambda a: WRITERS[kind](a.relation, out))
    return out.getvalue()


@pytest.mark.parametrize(("kind", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_separated_values_read_back(study: Store, kind: str, delimiter: str) -> None:
    header, first, second = csv.reader(
        io.StringIO(written(study, kind).decode(), newline=""), delimiter=delimiter
    )
    assert len(header) == 7
    assert first == ["1", "plain", "1.5", "[1, 2]", "{'k': v}", "2026-01-02 03:04:05", "1 day"]
    assert second[0] == ""
    assert second[1] == 'a,"b"\n|\t\u202e'


def test_json_reads_back(study: Store) -> None:
    as_array = json.loads(written(study, "json"), parse_constant=lambda name: pytest.fail(name))
    assert as_array == [json.loads(line) for line in written(study, "jsonl").splitlines()]
    assert as_array[0]["l"] == [1, 2]
    assert as_array[0]["s"] == {"k": "v"}
    assert as_array[1]["d"] is None
    assert json.loads(written(study, "json", "SELECT 1 WHERE false")) == []


def test_parquet_and_arrow_read_back(study: Store) -> None:
    table = pq.read_table(io.BytesIO(written(study, "parquet")))
    assert table.column("l").to_pylist() == [[1, 2], None]
    assert table.num_rows == pa.ipc.open_file(written(study, "arrow")).read_all().num_rows == 2


def test_markdown_keeps_rows_on_one_line(study: Store) -> None:
    lines = written(study, "md").decode().splitlines()
    assert len(lines) == 4
    assert "<br>\\|" in lines[3]


def test_a_million_rows_need_no_gigabytes(study: Store) -> None:
    class Sink(io.RawIOBase):
        size = 0

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.size += len(data)
            return len(data)

    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sink = Sink()
    with ask(study, "SELECT i, repeat('x', 300) || i AS s FROM range(1000000) r(i)") as answer:
        answer(lambda a: WRITERS["csv"](a.relation, sink))
    assert sink.size > 300_000_000
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 300_000


def test_ctrl_c_stops_a_long_query(study: Store) -> None:
    # A process started in the background ignores SIGINT, and so would the tests it runs.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            rows(study, "SELECT count(*) FROM range(10000000000000) r(i) WHERE i % 7 = 3")
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - started < 15
    assert rows(study, "SELECT 1") == [("1",)]
