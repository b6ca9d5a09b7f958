"""From a model's record of its attention to what is stored of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from elena_wb.analysis.gaze import PICTURE, Coverage, Measures
from elena_wb.core import AttentionRecord, Block, Box, Target
from elena_wb.store.attention import ROWS, Maps

_LONGEST_TOKEN = 200


def usable(record: AttentionRecord, targets: Sequence[Target]) -> tuple[int, ...]:
    """Which targets have a row of attention: those with tokens, and finite weights."""
    return tuple(
        at
        for at in range(len(targets))
        if record.tokens[at] > 0 and bool(np.isfinite(record.weights[at]).all())
    )


def only(record: AttentionRecord, kept: tuple[int, ...]) -> AttentionRecord:
    """The record of some of its targets."""
    if len(kept) == len(record.tokens):
        return record
    at = list(kept)
    return AttentionRecord(
        record.blocks,
        record.layers,
        record.heads,
        tuple(record.tokens[one] for one in at),
        tuple(record.first_token[one] for one in at),
        record.weights[at],
        {name: of[at] for name, of in record.elsewhere.items()},
        record.baseline,
        record.notes,
    )


def rows_of(
    record: AttentionRecord, coverage: Coverage, measures: Measures, targets: Sequence[Target], text: str
) -> pa.Table:
    """A row for each target, layer, head, and part or whatever else was attended to.

    Raises:
        ValueError: the record has a weight that is no number.
    """
    elsewhere = {name: of for name, of in measures.elsewhere.items() if name not in coverage.parts}
    parts = (*coverage.parts, *elsewhere)
    shape = (*record.weights.shape[:3], len(parts))
    target, layer, head, part = (index.ravel() for index in np.indices(shape))
    outside = np.full((*shape[:3], len(elsewhere)), np.nan)
    mass = np.concatenate([measures.mass, *(of[..., None] for of in elsewhere.values())], axis=-1)
    if not np.isfinite(mass).all():
        raise ValueError("the model tells of a weight that is not finite")
    area = np.concatenate([coverage.area_fraction, np.full(len(elsewhere), np.nan)])
    entropy = np.where(part == parts.index(PICTURE), measures.entropy[target, layer, head], np.nan)
    peak = np.concatenate([measures.peak_inside, outside > 0], axis=-1)
    words = [text[slice(*one.spans[0])][:_LONGEST_TOKEN] for one in targets]
    columns = {
        "layer": _taken(record.layers, layer, pa.int32()),
        "head": _taken(record.heads, head, pa.int32()),
        "target": _taken([one.name for one in targets], target, pa.string()),
        "token_index": _taken(record.first_token, target, pa.int32()),
        "token_count": _taken(record.tokens, target, pa.int32()),
        "token": _taken(words, target, pa.string()),
        "part": _taken(parts, part, pa.string()),
        "mass": _numbers(mass),
        "share": _numbers(np.concatenate([measures.share, outside], axis=-1)),
        "share_without_sinks": _numbers(np.concatenate([measures.share_without_sinks, outside], axis=-1)),
        "area_fraction": _numbers(area[part]),
        "peak_inside": pa.array(peak.ravel(), pa.bool_(), mask=part >= len(coverage.parts)),
        "entropy": _numbers(entropy),
    }
    return pa.table(columns, schema=ROWS)


def _taken(values: Sequence[object], at: npt.NDArray[np.int64], kind: pa.DataType) -> pa.Array:
    return pa.array(values, kind).take(pa.array(at))


def _numbers(values: npt.NDArray[np.float64]) -> pa.Array:
    """NaN becomes NULL."""
    return pa.array(values.ravel(), pa.float64(), from_pandas=True)


def maps_of(record: AttentionRecord, targets: Sequence[Target], blocks: tuple[Block, ...]) -> Maps:
    """The maps of a record, whose blocks lie where ``blocks`` says."""
    return Maps(tuple(one.name for one in targets), record.layers, record.heads, blocks, record.weights)


def moved_out(blocks: Sequence[Block], shown: Box) -> tuple[Block, ...]:
    """Blocks in pixels of what is ``shown`` of a picture, in pixels of the picture."""
    return tuple(
        Block(
            of.name,
            of.rows,
            of.columns,
            Box(of.box.x + shown.x, of.box.y + shown.y, of.box.w, of.box.h),
        )
        for of in blocks
    )


def as_text(layers: Sequence[int] | None) -> str:
    """Layers as the store spells them."""
    return "all" if layers is None else ",".join(str(layer) for layer in layers)
