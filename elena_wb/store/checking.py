"""Whether tables that come from elsewhere may be taken in: looked through in a database of their own, in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from elena_wb.core import UsageError
from elena_wb.store import schema
from elena_wb.store.bundling import TABLES
from elena_wb.store.exporting import quoted
from elena_wb.store.query import SANDBOX
from elena_wb.store.schema import first_row

_ROWS_ANYWAY, _ROWS_A_BYTE = 10_000, 100
_TEXT_ANYWAY, _TEXT_A_BYTE = 256 << 20, 256
_KEYS = {
    "runs": ("run_id", "run_key"),
    "stimuli": ("stimulus_id",),
    "generations": ("generation_id",),
    "extractions": ("extraction_id",),
    "marks": ("generation_id",),
}
_BELONGS = {
    "generations": ("run_id", "runs"),
    **dict.fromkeys(("labels", "regions", "searches", "mask_audits"), ("stimulus_id", "stimuli")),
    **dict.fromkeys(("body_parts", "label_scores", "extractions", "marks"), ("generation_id", "generations")),
    "attention": ("extraction_id", "extractions"),
}
_JSON = {
    "runs": {"model_card": "OBJECT", "options": "OBJECT", "environment": "OBJECT"},
    "stimuli": {"attributes": "OBJECT"},
    "regions": {"landmarks": "OBJECT"},
    "mask_audits": {"faces": "ARRAY"},
    "extractions": {"blocks": "ARRAY", "environment": "OBJECT"},
}
_FINITE = {
    "generations": ("valence", "arousal", "dominance", "latency_ms", "cost_usd"),
    "regions": ("x", "y", "w", "h", "score"),
    "label_scores": ("logprob",),
}
_AMONG = {
    ("runs", "status"): ("running", "done", "partial", "failed", "interrupted"),
    ("generations", "status"): ("ok", "unparsed", "refused", "error"),
    ("stimuli", "upload"): ("allowed", "masked-only", "local-only"),
}


def check_tables(files: Mapping[str, Path], rows: Mapping[str, int], *, newest: bool) -> None:
    """Look through the Parquet files of all :data:`~elena_wb.store.bundling.TABLES` that ``files`` has.

    ``rows`` says how many each should have. Unless they are of the ``newest`` schema, columns may be missing.

    Raises:
        UsageError: they are damaged, or hold what no export writes; says which table and what.
    """
    connection = duckdb.connect(":memory:", config={key: SANDBOX[key] for key in ("memory_limit", "threads")})
    try:
        for migration in schema.migrations():
            connection.execute(migration.sql)
        with incoming_tables(connection, files):
            for table in files:
                try:
                    _check(connection, table, files[table], rows[table], newest=newest)
                except duckdb.Error as problem:
                    raise _unreadable(table, problem) from problem
    finally:
        connection.close()


@contextmanager
def incoming_tables(connection: duckdb.DuckDBPyConnection, files: Mapping[str, Path]) -> Iterator[None]:
    """Each file as ``incoming_TABLE`` inside the block.

    Raises:
        UsageError: a file is no Parquet.
    """
    for table, path in files.items():
        try:
            connection.execute(
                f"CREATE OR REPLACE TEMP VIEW incoming_{table} AS FROM read_parquet({quoted(str(path))})"
            )
        except duckdb.Error as problem:
            raise _unreadable(table, problem) from problem
    yield
    for table in files:
        connection.execute(f"DROP VIEW incoming_{table}")


def _check(connection: duckdb.DuckDBPyConnection, table: str, path: Path, rows: int, *, newest: bool) -> None:
    assert table in TABLES
    columns = _check_columns(connection, table, newest=newest)
    counted = _one(connection, f"SELECT count(*) FROM incoming_{table}")
    if counted != rows:
        raise _wrong(table, f"it has {counted:,} rows, not {rows:,}")
    size = path.stat().st_size
    if rows > _ROWS_ANYWAY + _ROWS_A_BYTE * size:
        raise _wrong(table, f"{rows:,} rows are more than fit into {size:,} bytes")
    texts = [f'coalesce(sum(strlen("{name}")), 0)' for name, kind in columns.items() if kind == "VARCHAR"]
    others = [f'count("{name}")' for name, kind in columns.items() if kind != "VARCHAR"]
    length = _one(connection, f"SELECT {' + '.join(texts)} FROM incoming_{table}")
    if length > _TEXT_ANYWAY + _TEXT_A_BYTE * size:
        raise _wrong(table, f"{length:,} characters are more than fit into {size:,} bytes")
    if others:
        connection.execute(f"SELECT {', '.join(others)} FROM incoming_{table}").fetchall()
    for key in _KEYS.get(table, ()):
        if _one(connection, f"SELECT count(*) - count(DISTINCT {key}) FROM incoming_{table}"):
            raise _wrong(table, f"the same `{key}` stands there twice, or none does")
    if table in _BELONGS:
        key, parent = _BELONGS[table]
        strays = _one(
            connection, f"SELECT count(*) FROM incoming_{table} ANTI JOIN incoming_{parent} USING ({key})"
        )
        if strays:
            raise _wrong(table, f"{strays:,} rows belong to nothing in `{parent}`")
    for name, kind in _JSON.get(table, {}).items():
        if name in columns and _one(
            connection,
            f"""SELECT count(*) FROM incoming_{table} WHERE {name} IS NOT NULL
                AND NOT coalesce(CASE WHEN json_valid({name}) THEN json_type({name}) = '{kind}' END, false)""",
        ):
            raise _wrong(table, f"`{name}` is no JSON {kind.lower()}")
    for name in _FINITE.get(table, ()):
        if name in columns and _one(
            connection, f"SELECT count(*) FROM incoming_{table} WHERE NOT isfinite({name})"
        ):
            raise _wrong(table, f"`{name}` is no number")
    for (of, name), allowed in _AMONG.items():
        if of == table and _one(
            connection, f"SELECT count(*) FROM incoming_{table} WHERE coalesce({name} NOT IN {allowed}, true)"
        ):
            raise _wrong(table, f"`{name}` is not among {', '.join(allowed)}")


def _check_columns(connection: duckdb.DuckDBPyConnection, table: str, *, newest: bool) -> Mapping[str, str]:
    """Name → type of the columns that came."""
    known = connection.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE table_name = ?", [table]
    ).fetchall()
    came = {
        row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM incoming_{table}").fetchall()
    }
    for name in came:
        if name not in {of for of, _, _ in known}:
            raise _wrong(table, f"no column is called `{name}`")
    for name, kind, nullable in known:
        kind = "VARCHAR" if kind == "JSON" else kind
        if name not in came:
            if newest or not nullable:
                raise _wrong(table, f"the column `{name}` is missing")
        elif came[name] != kind:
            raise _wrong(table, f"the column `{name}` is {came[name]}, not {kind}")
        elif not nullable and _one(connection, f"SELECT count(*) FROM incoming_{table} WHERE {name} IS NULL"):
            raise _wrong(table, f"a row lacks its `{name}`")
    return came


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = first_row(connection, sql)
    assert row is not None
    return int(row[0])


def _unreadable(table: str, problem: duckdb.Error) -> UsageError:
    if isinstance(problem, duckdb.OutOfMemoryException):
        return _wrong(table, "it unpacks to more than memory holds")
    first = str(problem).partition("\n")[0]
    return _wrong(table, re.sub(r"'[^']*\.parquet'", "it", first))


def _wrong(table: str, reason: str) -> UsageError:
    return UsageError(f"Its table `{table}` cannot be taken in: {reason}.")
