"""Answers of the store as numbers, the same for the same emotion whatever the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from elena_wb.analysis.repeats import Codes

if TYPE_CHECKING:
    import pyarrow as pa

FEELINGS = ("valence", "arousal", "dominance")


def emotions_of(tables: Sequence[pa.Table]) -> tuple[str | None, ...]:
    """The emotions that the answers name; ``None``, an answer without one, is the first."""
    named = {label for table in tables for label in table["emotion"].unique().to_pylist()} - {None}
    return (None, *sorted(named))


def emotion_codes(table: pa.Table, names: Sequence[str | None]) -> Codes:
    """The place of each answer's emotion among ``names``: int64 ``[answers]``."""
    encoded = table["emotion"].combine_chunks().dictionary_encode()
    place = {name: number for number, name in enumerate(names)}
    of = np.array([place[label] for label in encoded.dictionary.to_pylist()] or [0], dtype=np.int64)
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(indices < 0, 0, of[indices])
