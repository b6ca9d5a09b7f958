"""Attention summed over rows while llama.cpp computes it, so that none of its matrices is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from elena_wb.core import Heads
from elena_wb_gguf.native import EngineError
from elena_wb_gguf.tensors import Scores

_STRAY = 0.01
"""How far a row may be from 1 in sum, and what may lie on what it cannot know yet: float32 stays below 0.0001."""


class Tally:
    """Means of attention over sets of rows.

    ``rows`` has a set of row numbers (places of the context) for each mean; ``places`` are the columns whose weights
    are wanted one by one, ``groups`` columns whose sum is. Heads are reduced row by row, before the mean. ``read`` is
    how many columns there are in all; columns beyond are llama.cpp's padding.
    """

    def __init__(
        self,
        rows: Sequence[Sequence[int]],
        places: Sequence[int],
        groups: Sequence[Sequence[int]],
        layers: Sequence[int],
        heads: Heads,
        read: int,
    ) -> None:
        self._picks = np.zeros((len(rows), read), np.float32)
        for number, chosen in enumerate(rows):
            self._picks[number, list(chosen)] = 1.0
        self._places = np.asarray(places, np.intp)
        self._groups = [np.asarray(group, np.intp) for group in groups]
        self._slots = {layer: slot for slot, layer in enumerate(layers)}
        self._reduction = heads
        self._read = read
        self._sums: npt.NDArray[np.float64] | None = None

    def take(self, layer: int, scores: Scores, start: int) -> None:
        """Count the rows of one layer that were just computed, the first of which is that of place ``start``.

        Raises:
            EngineError: they are not the attention of these places.
        """
        if scores.keys < start + scores.queries:
            raise EngineError(f"llama.cpp gave attention to {scores.keys} places in layer {layer}")
        each = self._reduction == "each"
        if self._sums is None:
            width = len(self._places) + len(self._groups)
            shape = (len(self._picks), len(self._slots), scores.heads if each else 1, width)
            self._sums = np.zeros(shape, np.float64)
        if each and scores.heads != self._sums.shape[2]:
            raise EngineError("the layers of this model differ in their number of heads; ask for one of them")
        slot = self._slots[layer]
        picks = self._picks[:, start : start + scores.queries]
        for first, count in _runs(picks.sum(0) > 0):
            chosen = picks[:, first : first + count]
            reduced: npt.NDArray[np.float32] | None = None
            for head in range(scores.heads):
                found = self._columns(scores.rows(head, first, count), layer, start + first)
                if each:
                    self._sums[:, slot, head] += _summed(chosen, found)
                elif reduced is None:
                    reduced = found
                elif self._reduction == "max":
                    np.maximum(reduced, found, out=reduced)
                else:
                    reduced += found
            if reduced is not None:
                if self._reduction == "mean":
                    reduced /= scores.heads
                self._sums[:, slot, 0] += _summed(chosen, reduced)

    def means(self) -> npt.NDArray[np.float32]:
        """Float32 ``[sets of rows, layers, heads, places and groups]``; NaN for a set without rows."""
        if self._sums is None:
            raise EngineError("llama.cpp gave no attention")
        counts = self._picks.sum(1)
        counts[counts == 0] = np.nan
        means: npt.NDArray[np.float32] = (self._sums / counts[:, None, None, None]).astype(np.float32)
        return means

    def _columns(self, rows: npt.NDArray[np.float32], layer: int, first: int) -> npt.NDArray[np.float32]:
        """Of rows of one head, float32 ``[rows, keys]``, the places and the sums of the groups."""
        later = np.arange(rows.shape[1]) > first + np.arange(len(rows))[:, None]
        known = rows.sum(1, where=~later, dtype=np.float64)
        if not (np.abs(known - 1.0) <= _STRAY).all() or (np.abs(rows) * later).max() > _STRAY:
            raise EngineError(
                f"what llama.cpp gave for layer {layer} is not the attention of words to what they follow"
            )
        here = (group[group < rows.shape[1]] for group in self._groups)  # the rest was not read yet
        groups = [rows[:, group].sum(1, keepdims=True) for group in here]
        return np.concatenate([rows[:, self._places], *groups], 1)


def _summed(chosen: npt.NDArray[np.float32], rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Sums of the chosen rows; without BLAS, whose threads would be in llama.cpp's way."""
    summed: npt.NDArray[np.float64] = np.einsum("sr,rc->sc", chosen, rows, dtype=np.float64)
    return summed


def _runs(wanted: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where ``True`` stands in a row: first and how many, for each run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]).astype(np.int8)))
    return [(int(start), int(end - start)) for start, end in edges.reshape(-1, 2)]
