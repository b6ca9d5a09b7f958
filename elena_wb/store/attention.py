"""What was extracted of attention: rows of what fell on each part, and maps in files beside the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from elena_wb.core import AttentionMethod, Block, Box, Heads
from elena_wb.store import tables
from elena_wb.store.database import DuckDBConnection, Store
from elena_wb.store.maps import Maps, attention_folder, read_maps_of, remove, unnamed, write_maps
from elena_wb.store.schema import first_row, utc_now

__all__ = [
    "ROWS",
    "Extraction",
    "Maps",
    "add_extractions",
    "attention_folder",
    "blocks_of",
    "drop_attention",
    "extracted",
    "extraction_id",
    "read_gaze",
    "read_maps",
    "sinks_of",
]

ROWS = pa.schema(
    [
        ("layer", pa.int32()),
        ("head", pa.int32()),
        ("target", pa.string()),
        ("token_index", pa.int32()),
        ("token_count", pa.int32()),
        ("token", pa.string()),
        ("part", pa.string()),
        ("mass", pa.float64()),
        ("share", pa.float64()),
        ("share_without_sinks", pa.float64()),
        ("area_fraction", pa.float64()),
        ("peak_inside", pa.bool_()),
        ("entropy", pa.float64()),
    ]
)
"""The columns of the table ``attention`` beside its keys, in order."""
_EXTRACTIONS = pa.schema(
    [
        ("extraction_id", pa.string()),
        ("generation_id", pa.string()),
        ("method", pa.string()),
        ("heads", pa.string()),
        ("layers", pa.string()),
        ("tokens", pa.string()),
        ("sinks", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("left_edge", pa.int32()),
        ("top_edge", pa.int32()),
        ("blocks", pa.string()),
        ("notes", pa.list_(pa.string())),
        ("environment", pa.string()),
        ("maps", pa.string()),
        ("created_at", pa.timestamp("us")),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Extraction:
    """One answer, looked at in one way.

    ``layers`` and ``tokens`` are as asked for (``all`` or ``0,5``; ``emotion,parts``). ``rows`` has the columns of
    :data:`ROWS`. ``width`` and ``height`` are of what the model was shown, whose corner lies at ``left``, ``top`` of
    the picture; ``blocks`` and those of ``maps`` are in pixels of the picture. ``sinks`` are places, counted over all
    blocks.
    """

    generation_id: str
    method: AttentionMethod
    heads: Heads
    layers: str
    tokens: str
    width: int
    height: int
    left: int
    top: int
    sinks: tuple[int, ...]
    blocks: tuple[Block, ...]
    rows: pa.Table
    maps: Maps | None = None
    notes: tuple[str, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime = field(default_factory=utc_now)

    @property
    def extraction_id(self) -> str:
        """Identity of the row."""
        return extraction_id(self.generation_id, self.method, self.heads, self.layers, self.tokens)


def extraction_id(generation_id: str, method: str, heads: str, layers: str, tokens: str) -> str:
    """sha256 (hex) over an answer and the way in which it is looked at."""
    body = json.dumps([generation_id, method, heads, layers, tokens], ensure_ascii=False)
    return hashlib.sha256(body.encode()).hexdigest()


def add_extractions(store: Store, batch: Sequence[Extraction]) -> None:
    """Store extractions in one transaction, each in place of an earlier one of its identity; maps are on disk before.

    Those whose answer has left the store meanwhile are dropped.

    Raises:
        SetupError: the maps cannot be written.
        StoreBusyError: other processes are using the store for too long.
    """
    latest = {of.extraction_id: of for of in batch}
    if not latest:
        return
    with_maps = [(key, of.generation_id, of.maps) for key, of in latest.items() if of.maps is not None]
    file = write_maps(store, with_maps) if with_maps else None
    try:
        with store.write() as connection:
            rows = [_row(key, of, file if of.maps is not None else None) for key, of in latest.items()]
            with tables.incoming(connection, _EXTRACTIONS, rows):
                dropped = _drop(connection, "SELECT extraction_id FROM incoming")
                connection.execute(
                    "INSERT INTO extractions BY NAME SELECT * FROM incoming SEMI JOIN generations USING (generation_id)"
                )
            parts = pa.concat_tables([_keyed(key, of) for key, of in latest.items()])
            connection.register("measured", parts)
            connection.execute(
                "INSERT INTO attention BY NAME SELECT * FROM measured SEMI JOIN extractions USING (extraction_id)"
            )
            connection.unregister("measured")
            gone = unnamed(store, connection, [*dropped, *([file] if file else [])])
    except BaseException:
        if file is not None:
            remove([attention_folder(store) / file])
        raise
    remove(gone)


def drop_attention(connection: DuckDBConnection, generations: str) -> list[str]:
    """Remove what was extracted of the answers that the SQL ``generations`` selects; the files it named.

    Once this is committed, those that nothing else names can go (:func:`elena_wb.store.maps.unnamed`).
    """
    return _drop(connection, f"SELECT extraction_id FROM extractions WHERE generation_id IN ({generations})")


def _drop(connection: DuckDBConnection, extractions: str) -> list[str]:
    files = connection.execute(
        f"SELECT DISTINCT maps FROM extractions WHERE maps IS NOT NULL AND extraction_id IN ({extractions})"
    ).fetchall()
    connection.execute(f"DELETE FROM attention WHERE extraction_id IN ({extractions})")
    connection.execute(f"DELETE FROM extractions WHERE extraction_id IN ({extractions})")
    return [name for (name,) in files]


def extracted(
    store: Store,
    run_id: int,
    *,
    method: AttentionMethod,
    heads: Heads,
    layers: str,
    tokens: str,
    with_maps: bool = False,
) -> set[str]:
    """``generation_id`` of each answer of a run that was looked at in just this way; ``with_maps``, and has maps."""
    if not store.exists():
        return set()
    with store.read() as connection:
        rows = connection.execute(
            """SELECT generation_id FROM extractions SEMI JOIN (FROM generations WHERE run_id = $run)
               USING (generation_id)
               WHERE method = $method AND heads = $heads AND layers = $layers AND tokens = $tokens
                 AND (maps IS NOT NULL OR NOT $with_maps)""",
            {
                "run": run_id,
                "method": method,
                "heads": heads,
                "layers": layers,
                "tokens": tokens,
                "with_maps": with_maps,
            },
        ).fetchall()
    return {generation_id for (generation_id,) in rows}


def read_gaze(
    store: Store,
    run_ids: Sequence[int],
    *,
    method: AttentionMethod = "raw",
    heads: Heads = "mean",
    target: str | None = None,
) -> pa.Table:
    """What fell on each part, a row for each answer, layer, head, target and part.

    Columns: run_id, stimulus_id, repeat, layer, head, target, part, mass, share, share_without_sinks, area_fraction,
    peak_inside, entropy. Where an answer was looked at more than once, the latest look counts.
    """
    with store.read() as connection:
        return connection.sql(
            """SELECT g.run_id, g.stimulus_id, g.repeat, a.layer, a.head, a.target, a.part, a.mass, a.share,
                      a.share_without_sinks, a.area_fraction, a.peak_inside, a.entropy
               FROM attention AS a
               JOIN extractions AS e USING (extraction_id)
               JOIN generations AS g ON g.generation_id = e.generation_id
               WHERE g.run_id IN (SELECT unnest($runs)) AND e.method = $method AND e.heads = $heads
                 AND ($target IS NULL OR a.target = $target)
               QUALIFY rank() OVER (
                   PARTITION BY e.generation_id, a.target, a.layer ORDER BY e.created_at DESC, extraction_id) = 1
               ORDER BY g.run_id, g.stimulus_id, g.repeat, a.target, a.layer, a.head, a.part""",
            params={"runs": list(run_ids), "method": method, "heads": heads, "target": target},
        ).to_arrow_table()


def read_maps(
    store: Store, generation_id: str, *, method: AttentionMethod = "raw", heads: Heads = "mean"
) -> Maps | None:
    """The latest maps of an answer, with blocks in pixels of the whole picture; ``None`` where none were kept.

    Raises:
        SetupError: their file is gone or damaged.
    """
    with store.read() as connection:
        row = first_row(
            connection,
            """SELECT extraction_id, maps, blocks FROM extractions
               WHERE generation_id = ? AND method = ? AND heads = ? AND maps IS NOT NULL
               ORDER BY created_at DESC, extraction_id LIMIT 1""",
            [generation_id, method, heads],
        )
    if row is None:
        return None
    key, file, blocks = row
    return read_maps_of(store, file, key, blocks_of(blocks))


def _row(key: str, of: Extraction, file: str | None) -> tuple[object, ...]:
    blocks, start = [], 0
    for b in of.blocks:
        box = {"x": b.box.x, "y": b.box.y, "w": b.box.w, "h": b.box.h}
        sinks = [place - start for place in of.sinks if start <= place < start + b.places]
        blocks.append({"name": b.name, "rows": b.rows, "columns": b.columns, **box, "sinks": sinks})
        start += b.places
    return (
        *(key, of.generation_id, of.method, of.heads, of.layers, of.tokens, len(of.sinks)),
        *(of.width, of.height, of.left, of.top, json.dumps(blocks), list(of.notes)),
        *(json.dumps(dict(of.environment), sort_keys=True), file, of.created_at),
    )


def _keyed(key: str, of: Extraction) -> pa.Table:
    count = of.rows.num_rows
    keys = [pa.repeat(pa.scalar(value), count) for value in (key, of.generation_id)]
    columns = [*keys, *of.rows.select(ROWS.names).columns]
    return pa.table(columns, names=["extraction_id", "generation_id", *ROWS.names])


def blocks_of(written: str) -> tuple[Block, ...]:
    """The grids that an extraction's column ``blocks`` holds."""
    return tuple(
        Block(of["name"], of["rows"], of["columns"], Box(of["x"], of["y"], of["w"], of["h"]))
        for of in json.loads(written)
    )


def sinks_of(written: str) -> tuple[int, ...] | None:
    """The places, counted over all grids, that the column ``blocks`` says are sinks; ``None`` where it does not say."""
    found: list[int] = []
    start = 0
    for of in json.loads(written):
        if "sinks" not in of:
            return None
        found += [start + place for place in of["sinks"]]
        start += of["rows"] * of["columns"]
    return tuple(found)
