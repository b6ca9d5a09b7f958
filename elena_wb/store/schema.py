"""Migrations and views: the SQL files of ``store/`` and the vocabulary's mappings, applied to a database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from elena_wb.core import SetupError
from elena_wb.paths import packaged
from elena_wb.store.word_views import emotion_views
from elena_wb.vocabulary import find_mapping, label_mappings

_BOOKKEEPING = """
CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER, name VARCHAR, applied_at TIMESTAMP);
COMMENT ON TABLE schema_migrations IS 'Which migrations this store has seen.';
COMMENT ON COLUMN schema_migrations.version IS 'Number of the migration.';
COMMENT ON COLUMN schema_migrations.name IS 'What it does.';
COMMENT ON COLUMN schema_migrations.applied_at IS 'When it was applied, UTC.';
CREATE TABLE IF NOT EXISTS schema_views (digest VARCHAR);
COMMENT ON TABLE schema_views IS 'Which text the views were made from.';
COMMENT ON COLUMN schema_views.digest IS 'sha256 over all of them.';
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step; ``sql`` runs once in the life of a store."""

    version: int
    name: str
    sql: str


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Apply what is missing, within the transaction that ``connection`` is in.

    Raises:
        SetupError: the store at ``path`` is newer than this program, or no store of ours.
    """
    if not check(connection, path):
        return
    connection.execute(_BOOKKEEPING)
    done = _version(connection)
    for migration in migrations():
        if migration.version > done:
            connection.execute(migration.sql)
            connection.execute(
                "INSERT INTO schema_migrations VALUES (?, ?, ?)",
                [migration.version, migration.name, utc_now()],
            )
    sql, digest = views()
    connection.execute(sql)
    connection.execute("DELETE FROM schema_views")
    connection.execute("INSERT INTO schema_views VALUES (?)", [digest])


def check(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether the store lacks a migration or the views of this program.

    Raises:
        SetupError: the store at ``path`` is newer than this program, or a database of someone else's.
    """
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if "schema_migrations" not in tables:
        if tables:
            raise SetupError(
                f"{path} is a DuckDB database, but not a store of elena-wb.",
                hint="Name another file with `--store`; this one was left as it is.",
            )
        return True
    version, newest = _version(connection), migrations()[-1].version
    if version > newest:
        raise SetupError(
            f"The store {path} was written by a newer elena-wb (schema {version}, this one knows {newest}).",
            hint="pip install --upgrade elena-wb",
        )
    row = first_row(connection, "SELECT digest FROM schema_views")
    return version < newest or row is None or row[0] != views()[1]


def has_bookkeeping(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the database was ever made a store."""
    return (
        first_row(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'schema_migrations'")
        is not None
    )


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations of this program in order."""
    found = []
    for file in sorted((packaged("store") / "migrations").glob("*.sql")):
        number, _, name = file.stem.partition("_")
        found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return tuple(found)


@cache
def views() -> tuple[str, str]:
    """The SQL that makes every view, in the order of their file names, and its sha256.

    What is made of the vocabulary's data (``label_mappings``, words for emotions) comes first: the others use it.
    """
    files = sorted((packaged("store") / "views").glob("*.sql"))
    sql = "\n".join(
        [_label_mappings(), emotion_views(), *(file.read_text(encoding="utf-8") for file in files)]
    )
    return sql, hashlib.sha256(sql.encode()).hexdigest()


def _label_mappings() -> str:
    """The view ``label_mappings``: every mapping of the vocabulary, and ekman7 to itself, which needs no one's word."""
    found = [find_mapping("ekman7", "ekman7"), *label_mappings()]
    rows = [(of.scheme, label, of.to, to, of.source) for of in found if of for label, to in of.labels.items()]
    values = ",\n".join(f"    ({', '.join(map(_quoted, row))})" for row in rows)
    return f"""
CREATE OR REPLACE VIEW label_mappings AS
SELECT * FROM (VALUES
{values}
) AS mapped(scheme, label, to_scheme, to_label, source);
COMMENT ON VIEW label_mappings IS 'Which label corresponds to which of another scheme; one not listed to none.';
COMMENT ON COLUMN label_mappings.scheme IS 'The scheme mapped from.';
COMMENT ON COLUMN label_mappings.label IS 'A label of that scheme.';
COMMENT ON COLUMN label_mappings.to_scheme IS 'The scheme mapped to.';
COMMENT ON COLUMN label_mappings.to_label IS 'What the label corresponds to there.';
COMMENT ON COLUMN label_mappings.source IS 'Who says so: a publication, elena-wb for ours, identity within a scheme.';
"""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def first_row(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()
) -> tuple[Any, ...] | None:
    """The first row of a small result. Fetched whole: a result half read would block the connection."""
    rows = connection.execute(sql, list(parameters)).fetchall()
    return rows[0] if rows else None


def utc_now() -> datetime:
    """The present as the store writes times: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    row = first_row(connection, "SELECT max(version) FROM schema_migrations")
    return 0 if row is None or row[0] is None else int(row[0])
