"""The rows of two runs side by side as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.comparing import FAILED, MISSING, UNKNOWN, Codes, SideBySide
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED

if TYPE_CHECKING:
    import pyarrow as pa

_STATUSES = {"refused": REFUSED, "unparsed": UNPARSED, "error": FAILED}


def arranged(table: pa.Table) -> SideBySide:
    """The rows of :func:`elena_wb.store.pairing.side_by_side` as arrays."""
    labels = _labels(table)
    return SideBySide(
        labels=labels,
        first=_codes(table, "first", labels),
        second=_codes(table, "second", labels),
        truth=_places(table["truth"], labels, UNKNOWN),
        text_changed=_flags(table, "text_changed"),
        parts_named=_flags(table, "parts_named"),
        parts_changed=_flags(table, "parts_changed"),
        first_vad=_vad(table, "first_vad"),
        second_vad=_vad(table, "second_vad"),
    )


def stimuli(table: pa.Table) -> npt.NDArray[np.int64]:
    """A number for the stimulus of each row of a table whose rows about one stimulus follow one another."""
    import pyarrow.compute as pc

    ids = table["stimulus_id"].combine_chunks()
    if len(ids) < 2:
        return np.zeros(len(ids), dtype=np.int64)
    other = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.cumsum(other)]).astype(np.int64)


def _labels(table: pa.Table) -> tuple[str, ...]:
    named: set[str | None] = set()
    for column in ("first_emotion", "second_emotion", "truth"):
        named.update(table[column].unique().to_pylist())
    return tuple(sorted(label for label in named if label is not None))


def _places(column: pa.ChunkedArray, labels: tuple[str, ...], otherwise: int) -> Codes:
    """The position of each value in ``labels``, ``otherwise`` where it is none of them: int32."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(column, value_set=pa.array(labels, pa.string()))
    codes: Codes = np.asarray(pc.fill_null(found, otherwise).to_numpy(), dtype=np.int32)
    return codes


def _codes(table: pa.Table, side: str, labels: tuple[str, ...]) -> Codes:
    """Positions of labels where an answer could be read, else what stands for there being none."""
    statuses = _places(table[f"{side}_status"], ("ok", *_STATUSES), -1)
    without = np.array([ABSTAINED, *_STATUSES.values(), MISSING], dtype=np.int32)[statuses]
    named = _places(table[f"{side}_emotion"], labels, ABSTAINED)
    return np.where(statuses == 0, named, without)


def _flags(table: pa.Table, name: str) -> Any:
    return table[name].to_numpy().astype(np.bool_)


def _vad(table: pa.Table, name: str) -> Any:
    flat = table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float64).reshape(table.num_rows, 3)
