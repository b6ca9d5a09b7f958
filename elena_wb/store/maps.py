"""Attention maps in Parquet files beside the store: one file for each batch, so that the database stays small."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from elena_wb.core import Block, SetupError
from elena_wb.store.database import DuckDBConnection, Store

Weights = npt.NDArray[np.float32]

SCHEMA = pa.schema(
    [
        ("extraction_id", pa.string()),
        ("generation_id", pa.string()),
        ("target", pa.string()),
        ("layer", pa.int32()),
        ("head", pa.int32()),
        ("block", pa.string()),
        ("rows", pa.int32()),
        ("columns", pa.int32()),
        ("scale", pa.float32()),
        ("values", pa.list_(pa.float16())),
    ]
)
_ROWS_A_GROUP = 2048
_SETTLED_S = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """The maps of one answer: float32 ``[targets, layers, heads, places]``, the places of all blocks in a row."""

    targets: tuple[str, ...]
    layers: tuple[int, ...]
    heads: tuple[int | None, ...]
    blocks: tuple[Block, ...]
    weights: Weights


def attention_folder(store: Store) -> Path:
    """Where the maps of a store lie."""
    return store.path.with_name(store.path.name + ".attention")


def write_maps(store: Store, batch: Iterable[tuple[str, str, Maps]]) -> str:
    """Write the maps of ``(extraction_id, generation_id, maps)`` into one new file; its name.

    A weight is ``values * scale``, where ``scale`` is a power of two that brings the largest of the row between 1/2
    and 1. Values are half-precision numbers: a weight of at least 1/8,000 of the row's largest is kept within
    1/2,000 of itself, a smaller one within 1/16,000,000 of the row's largest.

    Raises:
        SetupError: the file cannot be written.
    """
    folder = attention_folder(store)
    name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(6)}.parquet"
    draft = folder / f".{name}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("wb") as file:
                with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
                    for extraction_id, generation_id, maps in batch:
                        writer.write_table(
                            _table(extraction_id, generation_id, maps), row_group_size=_ROWS_A_GROUP
                        )
                file.flush()
                os.fsync(file.fileno())
            draft.replace(folder / name)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as problem:
        raise SetupError(
            f"The attention maps cannot be written to {folder}: {problem.strerror or problem}.",
            hint="Free some space, or choose another place with `--store`.",
        ) from problem
    return name


def read_maps_of(
    store: Store, name: str, extraction_id: str, blocks: Sequence[Block], *, target: str | None = None
) -> Maps:
    """The maps of one extraction from the file ``name``, or of one target of it; ``blocks`` are its grids.

    Raises:
        SetupError: the file is gone or damaged.
    """
    path = attention_folder(store) / Path(name).name
    try:
        wanted = [
            ("extraction_id", "=", extraction_id),
            *([] if target is None else [("target", "=", target)]),
        ]
        table = pq.read_table(path, filters=wanted)
        return _maps(table, blocks)
    except (OSError, ValueError, KeyError, pa.ArrowException) as problem:
        raise SetupError(
            f"The attention maps in {path} cannot be read: {problem}",
            hint="`elena-wb attend RUN --fresh` makes them again.",
        ) from problem


def unnamed(store: Store, connection: DuckDBConnection, candidates: Iterable[str]) -> list[Path]:
    """Those of the files ``candidates`` that no extraction names.

    They can go (:func:`remove`) once the transaction is committed.
    """
    wanted = sorted(set(candidates))
    rows = connection.execute(
        "SELECT DISTINCT maps FROM extractions WHERE maps IN (SELECT unnest(?))", [wanted]
    ).fetchall()
    named = {name for (name,) in rows}
    return [attention_folder(store) / Path(name).name for name in wanted if name not in named]


def abandoned(store: Store, connection: DuckDBConnection) -> list[Path]:
    """Files of maps that no extraction names and that are an hour old: whoever wrote them was killed meanwhile."""
    rows = connection.execute("SELECT DISTINCT maps FROM extractions WHERE maps IS NOT NULL").fetchall()
    named = {name for (name,) in rows}
    found: list[Path] = []
    with suppress(OSError):
        for path in attention_folder(store).iterdir():
            ours = path.suffix == ".parquet" or (path.name.startswith(".") and path.suffix == ".new")
            if ours and path.name not in named and time.time() - path.stat().st_mtime > _SETTLED_S:
                found.append(path)
    return found


def remove(paths: Iterable[Path]) -> None:
    """Remove files that nothing names any more; one that will not go does no harm."""
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _table(extraction_id: str, generation_id: str, maps: Maps) -> pa.Table:
    """A row for each target, layer, head and block."""
    rows = list(_rows(maps))
    count = len(rows)
    keys = [*zip(*(key for key, _ in rows), strict=True)] or [()] * 6
    scaled = [_scaled(weights) for _, weights in rows]
    values = [half for _, half in scaled]
    offsets = np.cumsum([0, *(len(half) for half in values)], dtype=np.int32)
    flat = np.concatenate(values) if values else np.zeros(0, dtype=np.float16)
    columns = [
        pa.array([extraction_id] * count, pa.string()),
        pa.array([generation_id] * count, pa.string()),
        *(pa.array(column, field.type) for column, field in zip(keys, list(SCHEMA)[2:8], strict=True)),
        pa.array([scale for scale, _ in scaled], pa.float32()),
        pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat)),
    ]
    return pa.table(columns, schema=SCHEMA)


def _rows(maps: Maps) -> Iterator[tuple[tuple[object, ...], Weights]]:
    for t, target in enumerate(maps.targets):
        for at, layer in enumerate(maps.layers):
            for h, head in enumerate(maps.heads):
                start = 0
                for block in maps.blocks:
                    end = start + block.places
                    key = (target, layer, head, block.name, block.rows, block.columns)
                    yield key, maps.weights[t, at, h, start:end]
                    start = end


def _scaled(weights: Weights) -> tuple[float, npt.NDArray[np.float16]]:
    largest = float(np.max(np.abs(weights), initial=0.0))
    scale = float(2.0 ** np.clip(np.ceil(np.log2(largest)), -120, 120)) if largest > 0 else 1.0
    return scale, (weights / np.float32(scale)).astype(np.float16)


def _maps(table: pa.Table, blocks: Sequence[Block]) -> Maps:
    columns = {name: table[name].to_pylist() for name in ("target", "layer", "head", "block", "scale")}
    targets = tuple(dict.fromkeys(columns["target"]))
    layers = tuple(dict.fromkeys(columns["layer"]))
    heads = tuple(dict.fromkeys(columns["head"]))
    starts, total = {}, 0
    for block in blocks:
        starts[block.name] = total
        total += block.places
    weights = np.zeros((len(targets), len(layers), len(heads), total), dtype=np.float32)
    place = [{key: at for at, key in enumerate(keys)} for keys in (targets, layers, heads)]
    values = table["values"].combine_chunks()
    edges = values.offsets.to_numpy()
    flat = values.values.to_numpy(zero_copy_only=False).astype(np.float32)
    for row, (target, layer, head, block, scale) in enumerate(zip(*columns.values(), strict=True)):
        here = flat[edges[row] : edges[row + 1]] * np.float32(scale)
        start = starts[block]
        weights[place[0][target], place[1][layer], place[2][head], start : start + len(here)] = here
    return Maps(targets, layers, heads, tuple(blocks), weights)
