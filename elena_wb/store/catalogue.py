"""What can be asked about: the tables and views of a store, their columns, and DuckDB's functions and keywords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from elena_wb.store.database import Store


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or view."""

    name: str
    kind: str
    about: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view, with its columns in order."""

    name: str
    is_view: bool
    about: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Relations by name, names of functions, and words of the language in upper case."""

    relations: Mapping[str, Relation] = field(default_factory=dict)
    functions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


def catalogue(store: Store) -> Catalogue:
    """What the store holds; nothing where there is no store yet.

    Raises:
        SetupError: the store cannot be read.
    """
    if not store.exists():
        return Catalogue()
    with store.read() as connection:
        relations = connection.execute(
            """SELECT table_name, false, coalesce(comment, '') FROM duckdb_tables() WHERE NOT internal
               UNION ALL
               SELECT view_name, true, coalesce(comment, '') FROM duckdb_views() WHERE NOT internal
               ORDER BY ALL"""
        ).fetchall()
        columns = connection.execute(
            """SELECT table_name, column_name, data_type, coalesce(comment, '') FROM duckdb_columns()
               WHERE NOT internal ORDER BY table_name, column_index"""
        ).fetchall()
        functions = connection.execute(
            """SELECT DISTINCT function_name FROM duckdb_functions()
               WHERE function_type IN ('scalar', 'aggregate', 'macro', 'table', 'table_macro')
                 AND regexp_full_match(function_name, '[a-z][a-z0-9_]*') ORDER BY ALL"""
        ).fetchall()
        keywords = connection.execute(
            "SELECT upper(keyword_name) FROM duckdb_keywords() WHERE keyword_category <> 'unreserved' ORDER BY ALL"
        ).fetchall()
    of: dict[str, list[Column]] = {}
    for table, name, kind, about in columns:
        of.setdefault(table, []).append(Column(name, kind, about))
    return Catalogue(
        {name: Relation(name, is_view, about, tuple(of.get(name, ()))) for name, is_view, about in relations},
        tuple(name for (name,) in functions),
        tuple(sorted({*(name for (name,) in keywords), *_WORDS})),
    )


_WORDS = (
    *("BY", "OVER", "PARTITION", "VALUES", "EXPLAIN", "SUMMARIZE"),
    *("DESCRIBE", "SHOW", "TABLES", "FILTER", "ROWS", "RANGE"),
)
"""Of the words that may also be names, those that questions are made of."""
