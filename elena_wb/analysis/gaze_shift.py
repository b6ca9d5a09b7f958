"""Where attention goes from one condition to another, paired by stimulus and repeat.

Shares of the picture add up to 1, so what one part loses others get. That attention moved is no cause of anything:
what an answer hangs on is told by hiding and by knock-out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from elena_wb.analysis.gaze_profile import Gaze, profile
from elena_wb.analysis.gaze_rows import (
    ENTROPY,
    POINTING,
    SHARE,
    WITHOUT_SINKS,
    Codes,
    Numbers,
    Rows,
    cells,
    group_means,
    read_rows,
)
from elena_wb.core import Estimate, Resampling
from elena_wb.core.metric import brief

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FEWEST", "Gaze", "GazeShift", "PartShift", "Verdict", "profile", "shift"]

Verdict = Literal["rises", "falls", "cannot be told"]

FEWEST = 6
"""Stimuli it takes for a verdict: with 5 pairs that all go one way an exact sign test still gives p = .0625."""
_COMPARED = (SHARE, WITHOUT_SINKS, POINTING, ENTROPY)


@dataclass(frozen=True, slots=True)
class PartShift:
    """How attention to one part changed, second less first, in one layer or with ``layer is None`` over all.

    ``share`` is the change of its share of the attention on the picture, from ``first`` to ``second`` on average;
    ``pointing`` of how often the peak lies in it, ``entropy`` in bits (of the part ``picture`` only). Intervals are
    for 95 %, by paired bootstrap over the ``share.n`` stimuli, within which ``pairs`` of answers were averaged; each
    stands for itself, uncorrected for how many there are.
    """

    target: str
    part: str
    layer: int | None
    pairs: int
    first: float
    second: float
    share: Estimate
    share_without_sinks: Estimate
    pointing: Estimate
    entropy: Estimate

    @property
    def verdict(self) -> Verdict:
        """Whether the interval of ``share`` leaves no doubt of the direction."""
        if self.share.n >= FEWEST and self.share.low > 0:
            return "rises"
        if self.share.n >= FEWEST and self.share.high < 0:
            return "falls"
        return "cannot be told"

    def __str__(self) -> str:
        """The verdict as one line for people."""
        numbers = f"{brief(self.first, 2)} → {brief(self.second, 2)}, {self.share}, n = {self.share.n}"
        if self.verdict != "cannot be told":
            return f"The share of attention on {self.part} {self.verdict} ({numbers})."
        why = f"fewer than {FEWEST} stimuli" if self.share.n < FEWEST else "the interval holds 0"
        return f"Whether the share of attention on {self.part} changes cannot be told: {why} ({numbers})."


@dataclass(frozen=True, slots=True)
class GazeShift:
    """What became of the attention of ``pairs`` of answers, those of the same stimulus and repeat.

    ``only_first`` and ``only_second`` count answers without a counterpart. A part counts in those pairs in both of
    which it was found. ``parts`` has each target and part over all layers first, then in each.
    """

    pairs: int
    only_first: int
    only_second: int
    parts: tuple[PartShift, ...]

    @property
    def over_layers(self) -> tuple[PartShift, ...]:
        """The changes over all layers."""
        return tuple(part for part in self.parts if part.layer is None)


def shift(first: pa.Table, second: pa.Table, resampling: Resampling = Resampling()) -> GazeShift:  # noqa: B008
    """Compare two runs; the tables have the columns that :func:`profile` reads, of one run each.

    Layers that only one of them has are left out, as are targets and parts.

    Raises:
        ValueError: a table holds more than one run.
    """
    sides = [read_rows(first), read_rows(second)]
    for rows in sides:
        if len(np.unique(rows.of["run_id"])) > 1:
            raise ValueError("attention of several runs cannot be paired with that of others")
    answers = [_answers(rows) for rows in sides]
    pairs = len(answers[0] & answers[1])
    found: list[PartShift] = []
    theirs = dict(sides[1].groups("target", "part"))
    for (target, part), rows in sides[0].groups("target", "part"):
        if (target, part) in theirs:
            found += _changes(target, part, rows, theirs[target, part], resampling)
    return GazeShift(pairs, len(answers[0]) - pairs, len(answers[1]) - pairs, tuple(found))


def _answers(rows: Rows) -> set[tuple[str, int]]:
    names = rows.names["stimulus_id"]
    both = np.unique(np.stack([rows.of["stimulus_id"], rows.repeat], axis=1), axis=0)
    return {(names[stimulus], int(repeat)) for stimulus, repeat in both}


def _changes(
    target: str, part: str, first: Rows, second: Rows, resampling: Resampling
) -> Sequence[PartShift]:
    """The changes of one part, as far as rows have a counterpart."""
    keys, before, after = _paired(first, second)
    if not len(keys):
        return ()
    stimulus, layer = keys[:, 0], keys[:, 2]
    compared = (after - before)[:, _COMPARED]
    means = cells(stimulus, layer, np.column_stack([compared, before[:, SHARE], after[:, SHARE]]))
    changes = []
    for number, figures in zip(means.layers, means.estimated(lambda of: of, resampling), strict=True):
        *shifts, was, becomes = figures
        here = keys[:, :2] if number is None else keys[layer == number, :2]
        pairs = len(np.unique(here, axis=0))
        changes.append(PartShift(target, part, number, pairs, was.value, becomes.value, *shifts))
    return changes


def _paired(first: Rows, second: Rows) -> tuple[Codes, Numbers, Numbers]:
    """Stimulus, repeat and layer (int64 ``[n, 3]``) that both have, and the figures (``[n, 5]``) of each."""
    place = {name: code for code, name in enumerate(first.names["stimulus_id"])}
    moved = np.array([place.get(name, -1) for name in second.names["stimulus_id"]], dtype=np.int64)
    keys = np.concatenate(
        [
            np.stack([stimulus, rows.repeat, rows.layer], axis=1)
            for stimulus, rows in (
                (first.of["stimulus_id"], first),
                (moved[second.of["stimulus_id"]], second),
            )
        ]
    )
    unique, where = np.unique(keys, axis=0, return_inverse=True)
    where = where.ravel()
    n = len(first.layer)
    before = group_means(where[:n], first.figures, len(unique))
    after = group_means(where[n:], second.figures, len(unique))
    both = np.isfinite(before[:, SHARE]) & np.isfinite(after[:, SHARE])
    return unique[both], before[both], after[both]
