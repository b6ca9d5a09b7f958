"""One answer as it was looked at: the ways in which it was, what fell on each part, and the map of one target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elena_wb.core import AttentionMethod, Block, Heads
from elena_wb.store.attention import blocks_of, sinks_of
from elena_wb.store.database import Store
from elena_wb.store.maps import Maps, read_maps_of

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One way in which an answer was looked at.

    ``layers`` and ``tokens`` are as asked for; ``blocks`` are in pixels of the whole picture, of which the model was
    shown ``width`` times ``height`` from ``left``, ``top`` on. ``sinks`` counts the places that are attended to
    whatever is said, ``sink_places`` are these, over all blocks; ``None`` where only their number was kept. ``maps`` is
    their file; ``None`` where none were kept.
    """

    extraction_id: str
    generation_id: str
    method: AttentionMethod
    heads: Heads
    layers: str
    tokens: str
    sinks: int
    sink_places: tuple[int, ...] | None
    width: int
    height: int
    left: int
    top: int
    blocks: tuple[Block, ...]
    notes: tuple[str, ...]
    maps: str | None
    created_at: datetime

    @property
    def places(self) -> int:
        """How many the map has."""
        return sum(block.places for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Word:
    """A target that was looked for and found: its first words, and which and how many tokens of the answer it is."""

    target: str
    words: str
    token_index: int
    token_count: int


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What fell on each part: arrays are float64 ``[words, layers, heads, parts]``, NaN where nothing is said.

    ``words`` are in the order in which they stand in the answer. The last of ``parts`` may be what is no part of the
    picture; these have a ``mass`` and nothing else. ``area`` is ``[parts]``.
    """

    words: tuple[Word, ...]
    layers: tuple[int, ...]
    heads: tuple[int | None, ...]
    parts: tuple[str, ...]
    mass: Numbers
    share: Numbers
    without_sinks: Numbers
    peak: Numbers
    area: Numbers


def looks_of(store: Store, generation_id: str) -> tuple[Look, ...]:
    """The ways in which an answer was looked at, the latest first."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT extraction_id, generation_id, method, heads, layers, tokens, sinks, blocks, width, height,
                      left_edge, top_edge, notes, maps, created_at
               FROM extractions WHERE generation_id = ? ORDER BY created_at DESC, extraction_id""",
            [generation_id],
        ).fetchall()
    return tuple(_look(*row) for row in rows)


def measured(store: Store, look: Look) -> Measured:
    """What fell on each part in one look; without words where it is gone."""
    with store.read() as connection:
        table = connection.sql(
            """SELECT layer, head, target, token_index, token_count, token, part, mass, share, share_without_sinks,
                      area_fraction, peak_inside::DOUBLE AS peak
               FROM attention WHERE extraction_id = $id""",
            params={"id": look.extraction_id},
        ).to_arrow_table()
    return _measured(table)


def read_target(store: Store, look: Look, target: str) -> Maps | None:
    """The maps of one target, of all layers and heads; ``None`` where none were kept.

    Raises:
        SetupError: their file is gone or damaged.
    """
    if look.maps is None:
        return None
    found = read_maps_of(store, look.maps, look.extraction_id, look.blocks, target=target)
    return found if found.targets else None


def looked_rows(store: Store) -> Rows:
    """The row of ``generations`` of each answer that was looked at, the latest first."""
    if not store.exists():
        return np.empty(0, np.int64)
    with store.read() as connection:
        found = connection.execute(
            """SELECT g.rowid FROM generations AS g
               JOIN (SELECT generation_id, max(created_at) AS looked FROM extractions GROUP BY ALL)
                 USING (generation_id)
               ORDER BY looked DESC, g.rowid"""
        ).fetchnumpy()["rowid"]
    return np.ascontiguousarray(found, dtype=np.int64)


def _look(*row: Any) -> Look:
    """From the columns as :func:`looks_of` asks for them."""
    key, generation_id, method, heads, layers, tokens, sinks, blocks, *place, notes, maps, created_at = row
    width, height, left, top = place
    return Look(
        extraction_id=key,
        generation_id=generation_id,
        method=method,
        heads=heads,
        layers=layers,
        tokens=tokens,
        sinks=sinks,
        sink_places=sinks_of(blocks),
        width=width,
        height=height,
        left=left,
        top=top,
        blocks=blocks_of(blocks),
        notes=tuple(notes or ()),
        maps=maps,
        created_at=created_at,
    )


def _measured(table: pa.Table) -> Measured:
    if not table.num_rows:
        nothing = np.full((0, 0, 0, 0), np.nan)
        return Measured((), (), (), (), nothing, nothing, nothing, nothing, np.empty(0))
    target, targets = _coded(table, "target")
    part, parts = _coded(table, "part")
    layers, layer = np.unique(table["layer"].to_numpy(), return_inverse=True)
    heads, head = np.unique(table["head"].fill_null(-1).to_numpy(), return_inverse=True)
    first = np.array([int(np.argmax(target == at)) for at in range(len(targets))])
    told = table.select(["token_index", "token_count", "token"]).take(first).to_pylist()
    order = sorted(range(len(targets)), key=lambda at: (told[at]["token_index"], told[at]["token_count"], at))
    place = np.empty(len(targets), dtype=np.int64)
    place[order] = np.arange(len(targets))
    words = tuple(
        Word(targets[at], told[at]["token"] or "", told[at]["token_index"], told[at]["token_count"])
        for at in order
    )
    where = (place[target], layer, head, part)
    shape = (len(targets), len(layers), len(heads), len(parts))

    def figures(name: str) -> Numbers:
        values = np.full(shape, np.nan)
        values[where] = table[name].to_numpy()
        return values

    area = np.full(len(parts), np.nan)
    area[part] = table["area_fraction"].to_numpy()
    return Measured(
        words,
        tuple(int(one) for one in layers),
        tuple(None if one < 0 else int(one) for one in heads),
        parts,
        figures("mass"),
        figures("share"),
        figures("share_without_sinks"),
        figures("peak"),
        area,
    )


def _coded(table: pa.Table, name: str) -> tuple[Rows, tuple[str, ...]]:
    column = table[name].combine_chunks().dictionary_encode()
    codes: Rows = np.asarray(column.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    return codes, tuple(column.dictionary.to_pylist())
