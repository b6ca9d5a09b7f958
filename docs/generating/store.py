"""The store, from the comments of its schema."""

from __future__ import annotations

import tempfile
from pathlib import Path

from elena_wb.store import Store


def page() -> str:
    """Tables and views with the comments that the schema itself carries."""
    lines = ["# The store", "", "One DuckDB file. Generated from the comments in `store/`.", ""]
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(Path(scratch) / "store.duckdb")
        with store.write():
            pass
        with store.read() as connection:
            tables = connection.execute(
                """SELECT table_name, comment, 'table' FROM duckdb_tables() WHERE NOT internal
                   UNION ALL
                   SELECT view_name, comment, 'view' FROM duckdb_views() WHERE NOT internal
                   ORDER BY 3, 1"""
            ).fetchall()
            for name, comment, kind in tables:
                columns = connection.execute(
                    """SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns()
                       WHERE table_name = ? ORDER BY column_index""",
                    [name],
                ).fetchall()
                lines += [
                    f"## {kind} `{name}`",
                    "",
                    comment or "",
                    "",
                    "| column | type | meaning |",
                    "|---|---|---|",
                ]
                lines += [f"| `{column}` | {kind} | {meaning} |" for column, kind, meaning in columns]
                lines.append("")
    return "\n".join(lines).rstrip() + "\n"
