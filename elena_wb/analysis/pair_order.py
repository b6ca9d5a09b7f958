"""Which pairs of answers to look at, and in what order."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.comparing import FAILED, UNKNOWN, SideBySide
from elena_wb.core import ABSTAINED

Which = Literal["all", "flips", "only first right", "only second right", "one not read", "lost"]
"""All pairs of answers; those that could be read on both sides and name another emotion; those that one side alone gets
right; those that could be read on one side only; questions without a pair."""
WHICH: tuple[Which, ...] = get_args(Which)
Order = Literal["flips first", "largest shift", "picture"]
"""Flips before the others; by how far valence, arousal and dominance moved together, farthest first; as they come."""
ORDERS: tuple[Order, ...] = get_args(Order)

Places: TypeAlias = npt.NDArray[np.intp]
Numbers: TypeAlias = npt.NDArray[np.float64]


def places(answers: SideBySide, which: Which, order: Order) -> Places:
    """The rows of ``answers`` that are meant, in order; rows of equal standing stay in theirs."""
    found = np.flatnonzero(_meant(answers, which))
    if order == "picture":
        return found
    if order == "flips first":
        return found[np.argsort(~flipped(answers)[found], kind="stable")]
    return found[np.argsort(-distances(answers)[found], kind="stable")]


def flipped(answers: SideBySide) -> npt.NDArray[np.bool_]:
    """Which rows could be read on both sides and name another emotion: bool ``[n]``."""
    first, second = answers.first, answers.second
    return np.asarray((first >= ABSTAINED) & (second >= ABSTAINED) & (first != second), dtype=np.bool_)


def distances(answers: SideBySide) -> Numbers:
    """How far valence, arousal and dominance lie apart (Euclidean, of those that both state): float64 ``[n]``.

    -1 where the two sides have none of them in common.
    """
    apart = answers.second_vad - answers.first_vad
    known = np.isfinite(apart)
    size = np.sqrt(np.where(known, apart, 0.0).astype(np.float64) ** 2 @ np.ones(3))
    return np.where(known.any(axis=1), size, -1.0)


def _meant(answers: SideBySide, which: Which) -> npt.NDArray[np.bool_]:
    first, second, truth = answers.first, answers.second, answers.truth
    paired = (first > FAILED) & (second > FAILED)
    if which == "all":
        return np.asarray(paired)
    if which == "lost":
        return np.asarray(~paired)
    if which == "flips":
        return flipped(answers)
    if which == "one not read":
        return np.asarray(paired & ((first >= ABSTAINED) != (second >= ABSTAINED)))
    right, other = (first, second) if which == "only first right" else (second, first)
    return np.asarray(paired & (truth != UNKNOWN) & (right == truth) & (other != truth))
