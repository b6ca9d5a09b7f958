"""All that a store knows of some runs, table by table, as another store can take it in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from elena_wb.core import SetupError
from elena_wb.store import schema
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.exporting import each_without_folders, reading, without_folders
from elena_wb.store.formats import batches
from elena_wb.store.leaving import bare_json, bare_uri, shortest_names
from elena_wb.store.maps import attention_folder

Batches: TypeAlias = Iterator[pa.RecordBatch]
_ANSWERS = "generation_id IN (SELECT generation_id FROM generations WHERE run_id IN ({runs}))"
_STIMULI = "stimulus_id IN (SELECT stimulus_id FROM generations WHERE run_id IN ({runs}))"

TABLES: Mapping[str, str] = {
    "runs": "run_id IN ({runs})",
    "stimuli": _STIMULI,
    "labels": _STIMULI,
    "regions": _STIMULI,
    "searches": _STIMULI,
    "mask_audits": _STIMULI,
    "generations": "run_id IN ({runs})",
    "body_parts": _ANSWERS,
    "label_scores": _ANSWERS,
    "extractions": _ANSWERS,
    "attention": _ANSWERS,
    "marks": _ANSWERS,
}
"""What goes with runs, in an order in which each row finds what it is about; what raters said stays."""

_WITH_FOLDERS = ("model_uri", "model_card", "options", "environment")


@dataclass(frozen=True, slots=True)
class Bundled:
    """Some runs in one state of the store: its schema's version, and readers of the tables and of the maps."""

    version: int
    connection: DuckDBConnection
    store: Store
    run_ids: tuple[int, ...]
    paths: bool

    def table(self, name: str) -> tuple[pa.Schema, Batches]:
        """The rows of a table; JSON is text, and folders are left out but for ``paths``."""
        relation = self.connection.sql(self._sql(name))
        if name == "runs":
            table = self._runs(batches(relation).read_all())
            return table.schema, iter(table.to_batches())
        short = self._short() if name == "stimuli" and not self.paths else None
        reader = batches(relation)
        return reader.schema, iter(reader) if short is None else map(short, reader)

    def maps(self) -> Iterator[tuple[str, pa.Schema, Batches]]:
        """Name and rows of each file of attention maps, those of these runs alone.

        Raises:
            SetupError: a file is gone or damaged.
        """
        rows = self.connection.execute(
            f"""SELECT maps, list(extraction_id) FROM extractions
                WHERE maps IS NOT NULL AND {self._wanted("extractions")} GROUP BY maps ORDER BY maps"""
        ).fetchall()
        for name, ids in rows:
            path = attention_folder(self.store) / Path(name).name
            try:
                file = pq.ParquetFile(path)
            except (OSError, pa.ArrowException) as problem:
                raise SetupError(
                    f"The attention maps in {path} cannot be read: {problem}",
                    hint="`elena-wb attend RUN --fresh` makes them again.",
                ) from problem
            yield str(name), file.schema_arrow, _of_extractions(file, pa.array(ids, pa.string()))

    def _wanted(self, table: str) -> str:
        return TABLES[table].format(runs=", ".join(map(str, self.run_ids)))

    def _sql(self, table: str) -> str:
        columns = self.connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
            [table],
        ).fetchall()
        terms = [
            f'"{name}"::VARCHAR AS "{name}"' if kind == "JSON" else self._term(table, name, kind)
            for name, kind in columns
        ]
        source = table
        if table == "generations" and not self.paths:
            source = "generations LEFT JOIN (SELECT stimulus_id, path FROM stimuli) USING (stimulus_id)"
        return f"SELECT {', '.join(terms)} FROM {source} WHERE {self._wanted(table)}"

    def _term(self, table: str, name: str, kind: str) -> str:
        if not self.paths and kind == "VARCHAR[]":
            return f"{each_without_folders(name)} AS {name}"
        if not self.paths and (table, name) == ("generations", "error"):
            return f"{without_folders('error', 'path')} AS error"
        if (table, name) == ("regions", "score"):
            return "CASE WHEN isfinite(score) THEN score END AS score"
        return f'"{name}"'

    def _short(self) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
        """What gives each picture the name of its file, with folders only where these tell pictures apart."""
        rows = self.connection.execute(
            f"SELECT DISTINCT path FROM stimuli WHERE {self._wanted('stimuli')}"
        ).fetchall()
        paths = [path for (path,) in rows]
        names = dict(zip(paths, shortest_names(paths), strict=True))

        def named(batch: pa.RecordBatch) -> pa.RecordBatch:
            column = batch.schema.get_field_index("path")
            short = [names[path] for path in batch.column(column).to_pylist()]
            return batch.set_column(column, "path", pa.array(short, batch.schema.field(column).type))

        return named

    def _runs(self, table: pa.Table) -> pa.Table:
        if self.paths:
            return table
        for name in _WITH_FOLDERS:
            cleaned = [
                bare_uri(value) if name == "model_uri" else bare_json(value)
                for value in table[name].to_pylist()
            ]
            table = table.set_column(table.column_names.index(name), name, pa.array(cleaned, pa.string()))
        return table


@contextmanager
def bundled(store: Store, run_ids: Sequence[int], *, paths: bool = False) -> Iterator[Bundled]:
    """The store opened to take runs out of it, all in one state.

    Raises:
        SetupError: the store cannot be read.
    """
    with reading(store) as connection:
        yield Bundled(schema.migrations()[-1].version, connection, store, tuple(map(int, run_ids)), paths)


def _of_extractions(file: pq.ParquetFile, wanted: pa.Array) -> Batches:
    for batch in file.iter_batches(batch_size=64):
        yield batch.filter(pc.is_in(batch["extraction_id"], value_set=wanted))
