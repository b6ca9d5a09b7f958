"""Whether tables that come from elsewhere may be taken in: looked through in a database of their own, in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
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
_SOON, _LATE = "TIMESTAMP '0001-01-02'", "TIMESTAMP '9999-12-31'"
"""What Python has a time for."""
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
        with incoming_tables(connection, files):
            for table in files:
                try:
                    _check(connection, table, files[table], rows[table], newest=newest)
                except duckdb.Error as problem:
                    raise _unreadable(table, problem) from problem
    finally:
        connection.close()


def too_many_rows(rows: int, size: int) -> bool:
    """Whether no honest file of ``size`` bytes holds so many."""
    return rows > _ROWS_ANYWAY + _ROWS_A_BYTE * size


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


@cache
def _columns() -> Mapping[str, tuple[tuple[str, str, bool], ...]]:
    """Name, type and whether it may be missing, of each column of each table, as this program makes them."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        for migration in schema.migrations():
            connection.execute(migration.sql)
        found: dict[str, tuple[tuple[str, str, bool], ...]] = {}
        for table, *column in connection.execute(
            """SELECT table_name, column_name, CASE data_type WHEN 'JSON' THEN 'VARCHAR' ELSE data_type END, is_nullable
               FROM duckdb_columns() ORDER BY table_name, column_index"""
        ).fetchall():
            found[table] = (*found.get(table, ()), (str(column[0]), str(column[1]), bool(column[2])))
    finally:
        connection.close()
    return found


def _check(connection: duckdb.DuckDBPyConnection, table: str, path: Path, rows: int, *, newest: bool) -> None:
    assert table in TABLES
    columns = _check_columns(connection, table, newest=newest)
    counted = _one(connection, f"SELECT count(*) FROM incoming_{table}")
    if counted != rows:
        raise _wrong(table, f"it has {counted:,} rows, not {rows:,}")
    size = path.stat().st_size
    if too_many_rows(rows, size):
        raise _wrong(table, f"{rows:,} rows are more than fit into {size:,} bytes")
    reasons = {
        **{
            f"count(*) FILTER ({name} IS NULL)": f"a row lacks its `{name}`"
            for name, _, nullable in _columns()[table]
            if name in columns and not nullable
        },
        **_reasons(table, columns),
    }
    # Counted, so that what cannot be read is told by its table, too.
    others = [f'count("{name}")' for name, kind in columns.items() if kind != "VARCHAR"]
    row = first_row(
        connection, f"SELECT {', '.join([_length(columns), *reasons, *others])} FROM incoming_{table}"
    )
    assert row is not None
    if row[0] > _TEXT_ANYWAY + _TEXT_A_BYTE * size:
        raise _wrong(table, f"{row[0]:,} characters are more than fit into {size:,} bytes")
    for found, reason in zip(row[1:], reasons.values(), strict=False):
        if found:
            raise _wrong(table, reason)
    if table in _BELONGS:
        key, parent = _BELONGS[table]
        strays = _one(
            connection, f"SELECT count(*) FROM incoming_{table} ANTI JOIN incoming_{parent} USING ({key})"
        )
        if strays:
            raise _wrong(table, f"{strays:,} rows belong to nothing in `{parent}`")
    if table == "runs":
        _check_depth(connection, [name for name in _JSON["runs"] if name in columns])


def _reasons(table: str, columns: Mapping[str, str]) -> dict[str, str]:
    """Counts of what no export writes → how that is told."""
    reasons = {
        f"count(*) - count(DISTINCT {key})": f"the same `{key}` stands there twice, or none does"
        for key in _KEYS.get(table, ())
    }
    for name, kind in _JSON.get(table, {}).items():
        if name in columns:
            same = f"CASE WHEN json_valid({name}) THEN json_type({name}) = '{kind}' END"
            reasons[f"count(*) FILTER ({name} IS NOT NULL AND NOT coalesce({same}, false))"] = (
                f"`{name}` is no JSON {kind.lower()}"
            )
    for name in _FINITE.get(table, ()):
        if name in columns:
            reasons[f"count(*) FILTER (NOT isfinite({name}))"] = f"`{name}` is no number"
    for name, kind in columns.items():
        if kind == "TIMESTAMP":
            reasons[f"count(*) FILTER ({name} NOT BETWEEN {_SOON} AND {_LATE})"] = f"`{name}` is no time"
    for (of, name), allowed in _AMONG.items():
        if of == table:
            reasons[f"count(*) FILTER (coalesce({name} NOT IN {allowed}, true))"] = (
                f"`{name}` is not among {', '.join(allowed)}"
            )
    return reasons


def _length(columns: Mapping[str, str]) -> str:
    """The SQL that counts the bytes of all texts, and one for each item of a list."""
    texts = [f'sum(strlen("{name}"))' for name, kind in columns.items() if kind == "VARCHAR"]
    for name, kind in columns.items():
        if kind == "VARCHAR[]":
            texts += [f'sum(len("{name}"))', f"""sum(strlen(array_to_string("{name}", '')))"""]
    return " + ".join(f"coalesce({text}, 0)" for text in texts) or "0"


def _check_depth(connection: duckdb.DuckDBPyConnection, names: list[str]) -> None:
    for row in connection.execute(f"SELECT {', '.join(names)} FROM incoming_runs").fetchall():
        for name, text in zip(names, row, strict=True):
            try:
                json.loads(text or "{}")
            except (ValueError, RecursionError) as problem:
                raise _wrong("runs", f"`{name}` cannot be read") from problem


def _check_columns(connection: duckdb.DuckDBPyConnection, table: str, *, newest: bool) -> Mapping[str, str]:
    """Name → type of the columns that came."""
    known = _columns()[table]
    came = {
        row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM incoming_{table}").fetchall()
    }
    for name in came:
        if name not in {of for of, _, _ in known}:
            raise _wrong(table, f"no column is called `{name}`")
    for name, kind, nullable in known:
        if name not in came:
            if newest or not nullable:
                raise _wrong(table, f"the column `{name}` is missing")
        elif came[name] != kind:
            raise _wrong(table, f"the column `{name}` is {came[name]}, not {kind}")
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
