"""Rows into tables, many at a time: Arrow columns on one side, set operations in SQL on the other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from elena_wb.core import Region, Stimulus

_FILES = pa.schema(
    [
        ("path", pa.string()),
        ("stimulus_id", pa.string()),
        ("file_size", pa.int64()),
        ("file_mtime_ns", pa.int64()),
    ]
)
_STIMULI = pa.schema(
    [
        ("stimulus_id", pa.string()),
        ("path", pa.string()),
        ("dataset", pa.string()),
        ("split", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("picture_id", pa.string()),
        ("person_index", pa.int32()),
        ("person_box", pa.struct([(side, pa.float64()) for side in "xywh"])),
        ("attributes", pa.string()),
        ("upload", pa.string()),
    ]
)
_LABELS = pa.schema(
    [
        ("stimulus_id", pa.string()),
        ("source", pa.string()),
        ("scheme", pa.string()),
        ("label", pa.string()),
        ("valence", pa.float64()),
        ("arousal", pa.float64()),
        ("dominance", pa.float64()),
    ]
)
_REGIONS = pa.schema(
    [
        ("stimulus_id", pa.string()),
        ("locator", pa.string()),
        ("part", pa.string()),
        ("x", pa.float64()),
        ("y", pa.float64()),
        ("w", pa.float64()),
        ("h", pa.float64()),
        ("score", pa.float64()),
        ("landmarks", pa.string()),
    ]
)


@contextmanager
def incoming(
    connection: duckdb.DuckDBPyConnection, schema: pa.Schema, rows: Iterable[Sequence[Any]]
) -> Iterator[int]:
    """Make ``rows`` a relation named ``incoming`` inside the block; gives their number."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    table = pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )
    connection.register("incoming", table)
    try:
        yield table.num_rows
    finally:
        connection.unregister("incoming")


def put_stimuli(connection: duckdb.DuckDBPyConnection, stimuli: Sequence[Stimulus]) -> None:
    """Insert or update stimuli, their files, labels and annotated regions; unchanged rows stay untouched.

    What a source says of a stimulus takes the place of what it said before. A source that says nothing now
    keeps what it said: the table in which it stands may lie in a folder that was not read this time.
    """
    unique = list({stimulus.stimulus_id: stimulus for stimulus in stimuli}.values())
    files = {storable(item.path): (item.picture_id, item.file_size, item.file_mtime_ns) for item in stimuli}
    with incoming(connection, _FILES, ((path, *rest) for path, rest in files.items())):
        connection.execute("""
            DELETE FROM files WHERE path IN (
                SELECT path FROM incoming EXCEPT
                SELECT path FROM (SELECT * FROM incoming INTERSECT SELECT * FROM files))""")
        connection.execute("INSERT INTO files SELECT * FROM incoming ANTI JOIN files USING (path)")
    with incoming(connection, _STIMULI, map(_stimulus_row, unique)):
        connection.execute("""
            UPDATE stimuli AS s
            SET path = i.path, dataset = i.dataset, split = i.split,
                width = coalesce(i.width, s.width), height = coalesce(i.height, s.height),
                picture_id = i.picture_id, person_index = i.person_index, person_box = i.person_box,
                attributes = i.attributes, upload = i.upload
            FROM incoming AS i
            WHERE s.stimulus_id = i.stimulus_id
              AND (s.path, s.dataset, s.split, s.width, s.height, s.picture_id, s.person_index, s.person_box,
                   s.attributes::VARCHAR, s.upload) IS DISTINCT FROM
                  (i.path, i.dataset, i.split, coalesce(i.width, s.width), coalesce(i.height, s.height),
                   i.picture_id, i.person_index, i.person_box, i.attributes, i.upload)""")
        connection.execute("""
            INSERT INTO stimuli BY NAME SELECT * FROM incoming ANTI JOIN stimuli USING (stimulus_id)""")
    labels = (
        (s.stimulus_id, of.source, of.scheme, of.label, of.valence, of.arousal, of.dominance)
        for s in unique
        for of in s.labels
    )
    with incoming(connection, _LABELS, labels) as count:
        if count:
            _replace_sets(connection, "labels", "source")
    put_regions(connection, {s.stimulus_id: s.regions for s in unique if s.regions})


def _stimulus_row(item: Stimulus) -> tuple[Any, ...]:
    box = item.person_box
    return (
        item.stimulus_id,
        storable(item.path),
        item.dataset,
        item.split,
        item.width,
        item.height,
        item.picture_id,
        item.person_index,
        None if box is None else {"x": box.x, "y": box.y, "w": box.w, "h": box.h},
        json.dumps(dict(item.attributes), sort_keys=True) if item.attributes else None,
        item.upload,
    )


def put_regions(
    connection: duckdb.DuckDBPyConnection, found: Mapping[str, Sequence[Region]], locator: str | None = None
) -> None:
    """Replace what each locator found in each of these stimuli.

    With ``locator``, it is the name they are all stored under, and the search itself is recorded, so
    that a picture without any region is not searched again.
    """
    rows = (
        (stimulus_id, locator or of.locator, of.part, of.box.x, of.box.y, of.box.w, of.box.h, of.score)
        + ((json.dumps(of.landmarks),) if of.landmarks else (None,))
        for stimulus_id, regions in found.items()
        for of in regions
    )
    if locator is not None:
        searched = pa.schema([("stimulus_id", pa.string()), ("locator", pa.string()), ("found", pa.int32())])
        with incoming(connection, searched, ((key, locator, len(of)) for key, of in found.items())):
            for table in ("searches", "regions"):
                connection.execute(f"""
                    DELETE FROM {table} WHERE (stimulus_id, locator) IN
                        (SELECT (stimulus_id, locator) FROM incoming)""")
            connection.execute("INSERT INTO searches SELECT * FROM incoming")
    with incoming(connection, _REGIONS, rows) as count:
        if count:
            _replace_sets(connection, "regions", "locator")


def storable(value: object) -> str:
    """Text as the store can hold it: a file name that is no UTF-8 keeps its bytes as escapes."""
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _replace_sets(connection: duckdb.DuckDBPyConnection, table: str, source: str) -> None:
    """Replace the rows of each (stimulus, source) in ``incoming`` where they differ from those stored."""
    key = f"stimulus_id, {source}"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE changed AS
        WITH stored AS (SELECT * FROM {table} SEMI JOIN incoming USING ({key}))
        SELECT DISTINCT {key} FROM (
            (SELECT * FROM incoming EXCEPT ALL SELECT * FROM stored) UNION ALL
            (SELECT * FROM stored EXCEPT ALL SELECT * FROM incoming))""")
    connection.execute(f"DELETE FROM {table} WHERE ({key}) IN (SELECT ({key}) FROM changed)")
    connection.execute(f"INSERT INTO {table} SELECT * FROM incoming SEMI JOIN changed USING ({key})")
    connection.execute("DROP TABLE changed")
