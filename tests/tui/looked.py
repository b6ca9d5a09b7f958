"""Looks at answers that no model gave: every weight is made up here, so that drawings of them never change."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from elena_wb.analysis.gaze import coverage, measure
from elena_wb.core import AttentionRecord, Block, Box, Heads, Target
from elena_wb.engine.attending_measures import maps_of, rows_of
from elena_wb.store import Store
from elena_wb.store.attention import Extraction, add_extractions

WIDE, HIGH = 120, 90
FACE = Box(45, 0, 30, 30)
TEXT = '{"emotion": "fear", "narrative": "The person lifts both arms and looks ahead."}'


def look(
    store: Store,
    generation_id: str,
    *,
    to_face: float = 6.0,
    layers: int = 6,
    heads: int = 1,
    grid: int = 6,
    sinks: tuple[int, ...] = (0,),
    kept: bool = True,
) -> Extraction:
    """Store a look of ``layers`` by ``heads`` maps of ``grid`` × ``grid`` places at two words of an answer.

    The face gets ``to_face`` times what other places get, the more the later the layer; the place 0 gets much.
    """
    blocks = (Block("picture", grid, grid, Box(0, 0, WIDE, HIGH)),)
    parts = coverage(
        blocks, WIDE, HIGH, {"face": (FACE,), "hands": (Box(20, 60, 20, 20), Box(80, 60, 20, 20))}
    )
    on_face = parts.of_part[:, parts.parts.index("face")]
    weights = np.empty((2, layers, heads, grid * grid), dtype=np.float32)
    for layer in range(layers):
        for head in range(heads):
            row = 1.0 + on_face * to_face * (layer + 1) / layers + 0.2 * head
            row[0] = 9.0
            weights[0, layer, head] = 0.5 * row / row.sum()
            weights[1, layer, head] = 0.3 / len(row)
    names = tuple(range(heads)) if heads > 1 else (None,)
    elsewhere = {"question": np.full((2, layers, heads), 0.5, dtype=np.float32)}
    record = AttentionRecord(blocks, tuple(range(layers)), names, (1, 9), (3, 12), weights, elsewhere)
    targets = (Target("emotion", ((13, 17),)), Target("narrative", ((34, 77),)))
    kind: Heads = "each" if heads > 1 else "mean"
    found = Extraction(
        generation_id,
        "raw",
        kind,
        "all",
        "emotion,narrative",
        WIDE,
        HIGH,
        0,
        0,
        sinks,
        blocks,
        rows_of(record, parts, measure(record, parts), targets, TEXT),
        maps_of(record, targets, blocks) if kept else None,
        created_at=datetime(2026, 3, 1, 11, 30),
    )
    add_extractions(store, [found])
    return found


def planted_looks(store: Store) -> str:
    """Have the first answers of runs 1 and 2 of the planted store looked at; the first answer."""
    with store.write() as connection:
        connection.execute("UPDATE generations SET raw_text = ?, emotion_raw = emotion", [TEXT])
        connection.execute(
            "UPDATE generations SET emotion = 'fear', emotion_raw = 'fear' WHERE emotion IS NOT NULL"
        )
        rows = connection.execute(
            """SELECT generation_id, run_id FROM generations
               WHERE run_id < 3 AND stimulus_id IN (SELECT min(stimulus_id) FROM stimuli) ORDER BY run_id"""
        ).fetchall()
    for generation_id, run_id in rows:
        look(store, generation_id, to_face=6.0 if run_id == 1 else 1.0)
    return str(rows[0][0])
