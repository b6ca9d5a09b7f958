"""What changed between two lists of answers to the same questions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.clustered import share_of
from elena_wb.analysis.clusters import mean_over_stimuli
from elena_wb.analysis.corrections import holm
from elena_wb.analysis.interval import proportion
from elena_wb.analysis.paired import difference, mcnemar, oftener
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED, Crosstab, Estimate, Resampling

FAILED, MISSING = -4, -5
"""Stand where :data:`elena_wb.core.ABSTAINED` and its like do: the model failed, or was not asked."""
UNKNOWN = ABSTAINED
"""Stands in :attr:`SideBySide.truth` where not exactly one label is true."""

DIMENSIONS = ("valence", "arousal", "dominance")
OUTCOMES = {ABSTAINED: "(no emotion)", REFUSED: "(refused)", UNPARSED: "(not read)"}
"""How answers that name no label are called beside labels."""

Codes: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]
Numbers: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The answers of two runs, one row for each of *n* questions (stimulus and repeat) that either was asked.

    ``first`` and ``second`` (int32 ``[n]``) are positions in ``labels``, or what stands for no label; ``truth`` (int32
    ``[n]``) is the position of the one label that is true, or :data:`UNKNOWN`.
    ``text_changed`` (bool ``[n]``): the words differ; ``parts_named`` (bool ``[n]``): either names a part of the
    body; ``parts_changed`` (bool ``[n]``): they name different sets of parts. ``first_vad`` and ``second_vad``
    (float64 ``[n, 3]``) are valence, arousal and dominance, NaN where not stated.
    """

    labels: tuple[str, ...]
    first: Codes
    second: Codes
    truth: Codes
    text_changed: Flags
    parts_named: Flags
    parts_changed: Flags
    first_vad: Numbers
    second_vad: Numbers


@dataclass(frozen=True, slots=True)
class Lost:
    """Questions without a pair of answers, each counted once: not asked of one run, or failed."""

    missing_first: int
    missing_second: int
    failed_first: int
    failed_second: int
    failed_both: int

    @property
    def total(self) -> int:
        """All of them."""
        return (
            self.missing_first
            + self.missing_second
            + self.failed_first
            + self.failed_second
            + self.failed_both
        )


@dataclass(frozen=True, slots=True)
class Shift:
    """How a number moved from the first answers to the second, over ``n`` pairs that both state it.

    ``mean`` is of second less first, ``mean_size`` of the distance; NaN where ``n`` is 0.
    """

    n: int
    mean: float
    mean_size: float


@dataclass(frozen=True, slots=True)
class Correctness:
    """Which answers are right, over the pairs of answers about stimuli of which exactly one label is true.

    A refusal, an answer that cannot be read and one that names no emotion are wrong. ``first`` and ``second`` are the
    shares that are right, ``gain`` the second less the first. ``p`` is the exact test of the two runs being right
    equally often, two-sided; NaN where there is no such pair.
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    first: Estimate
    second: Estimate
    gain: Estimate
    p: float

    @property
    def n(self) -> int:
        """How many pairs there are."""
        return self.both + self.only_first + self.only_second + self.neither


@dataclass(frozen=True, slots=True)
class Named:
    """How often an emotion is named, among pairs that could be read on both sides.

    ``first`` and ``second`` count answers; ``change`` is the second run's share less the first's. ``p`` is
    the exact test of both naming it equally often, two-sided, and ``p_holm`` the same corrected for as many emotions as
    are named.
    """

    emotion: str
    first: int
    second: int
    change: Estimate
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed between the answers of the ``pairs`` that both runs have.

    ``flips`` is the share of ``flips.n`` pairs, those that could be read on both sides, that name another
    emotion (or none where the other names one); ``one_read`` counts pairs that could be read on one side only.
    ``words`` is the share of all pairs whose text differs, ``parts`` the share that names other parts of the
    body, of the pairs read on both sides in which either answer names one. ``matrix`` counts all pairs:
    outcome of the first answer by outcome of the second. ``named`` has the emotions that either run names, in the
    order of the labels, and "(no emotion)" last. ``flipped`` are the rows of the flips.
    """

    pairs: int
    lost: Lost
    flips: Estimate
    one_read: int
    words: Estimate
    parts: Estimate
    shifts: Mapping[str, Shift]
    correct: Correctness
    named: tuple[Named, ...]
    matrix: Crosstab
    flipped: npt.NDArray[np.intp]


def compare(
    answers: SideBySide,
    stimulus: npt.NDArray[Any] | None = None,
    resampling: Resampling = Resampling(),  # noqa: B008
) -> Changes:
    """Count what changed; ``stimulus`` (integers ``[n]``) says which rows are about the same one, none if not given.

    Where each row is about another stimulus, intervals are Wilson's and Newcombe's, tests McNemar's. Else those of
    shares are Wilson's at the number of independent answers (:func:`elena_wb.analysis.clustered.share`), of differences
    a bootstrap over stimuli, and each stimulus counts once in a test (:func:`elena_wb.analysis.paired.oftener`).
    """
    every = np.arange(len(answers.first)) if stimulus is None else np.asarray(stimulus)
    beside = _Beside(every, resampling, repeats=len(every) > len(np.unique(every)))
    first, second = answers.first, answers.second
    paired = (first > FAILED) & (second > FAILED)
    read_first, read_second = first >= ABSTAINED, second >= ABSTAINED
    both_read = paired & read_first & read_second
    flipped = both_read & (first != second)
    with_parts = both_read & answers.parts_named
    pairs = int(paired.sum())
    return Changes(
        pairs=pairs,
        lost=_lost(first, second),
        flips=beside.share(flipped, both_read),
        one_read=int((paired & (read_first != read_second)).sum()),
        words=beside.share(answers.text_changed, paired),
        parts=beside.share(answers.parts_changed, with_parts),
        shifts={
            name: _shift(answers.first_vad[both_read, place], answers.second_vad[both_read, place])
            for place, name in enumerate(DIMENSIONS)
        },
        correct=_correctness(answers, paired & (answers.truth != UNKNOWN), beside),
        named=_named(answers, both_read, beside),
        matrix=_matrix(answers.labels, first[paired], second[paired]),
        flipped=np.flatnonzero(flipped),
    )


def outcome(labels: tuple[str, ...], code: int) -> str:
    """The label that ``code`` stands for, or what there is in place of one."""
    return labels[code] if code >= 0 else OUTCOMES[code]


def _lost(first: Codes, second: Codes) -> Lost:
    def count(where: Flags) -> int:
        return int(where.sum())

    return Lost(
        missing_first=count(first == MISSING),
        missing_second=count((second == MISSING) & (first != MISSING)),
        failed_first=count((first == FAILED) & (second > FAILED)),
        failed_second=count((second == FAILED) & (first > FAILED)),
        failed_both=count((first == FAILED) & (second == FAILED)),
    )


def _shift(first: Numbers, second: Numbers) -> Shift:
    apart = second - first
    apart = apart[np.isfinite(apart)]
    if not len(apart):
        return Shift(0, math.nan, math.nan)
    return Shift(len(apart), float(apart.mean()), float(np.abs(apart).mean()))


def _fourfold(first: Flags, second: Flags) -> tuple[int, int, int, int]:
    """In how many pairs both say yes, the first alone, the second alone, neither."""
    both, a, b = int((first & second).sum()), int(first.sum()), int(second.sum())
    return both, a - both, b - both, len(first) - a - b + both


@dataclass(frozen=True, slots=True)
class _Beside:
    """How shares and their differences are estimated, over rows of these stimuli."""

    stimulus: npt.NDArray[Any]
    resampling: Resampling
    repeats: bool

    def share(self, yes: Flags, among: Flags) -> Estimate:
        """The share of ``yes`` among some rows."""
        if self.repeats:
            return share_of(self.stimulus[among], yes[among])
        return proportion(int((yes & among).sum()), int(among.sum()))

    def change(self, first: Flags, second: Flags, among: Flags) -> tuple[Estimate, float]:
        """The share of ``second`` less that of ``first``, and the p-value of its being 0."""
        _, only_first, only_second, _ = counts = _fourfold(first[among], second[among])
        if not self.repeats:
            return difference(*counts), mcnemar(only_first, only_second)
        gain = second[among].astype(np.int64) - first[among]
        stimulus = self.stimulus[among]
        return mean_over_stimuli(stimulus, gain, self.resampling), oftener(gain, stimulus)[1]


def _correctness(answers: SideBySide, known: Flags, beside: _Beside) -> Correctness:
    first, second = answers.first == answers.truth, answers.second == answers.truth
    gain, p = beside.change(first, second, known)
    return Correctness(
        *_fourfold(first[known], second[known]),
        beside.share(first, known),
        beside.share(second, known),
        gain,
        p if known.any() else math.nan,
    )


def _named(answers: SideBySide, read: Flags, beside: _Beside) -> tuple[Named, ...]:
    found = []
    for code in (*range(len(answers.labels)), ABSTAINED):
        first, second = answers.first == code, answers.second == code
        of_first, of_second = int((first & read).sum()), int((second & read).sum())
        if of_first or of_second:
            found.append(
                (outcome(answers.labels, code), of_first, of_second, *beside.change(first, second, read))
            )
    corrected = holm([p for *_, p in found])
    return tuple(Named(*one, p_holm) for one, p_holm in zip(found, corrected, strict=True))


def _matrix(labels: tuple[str, ...], first: Codes, second: Codes) -> Crosstab:
    """Both sides have the same outcomes in the same order: labels that occur on either, then the others."""
    codes = np.array([*range(len(labels)), *OUTCOMES], dtype=np.int32)
    place = {int(code): index for index, code in enumerate(codes)}
    positions = np.array([place[code] for code in range(UNPARSED, len(labels))], dtype=np.intp)
    size = len(codes)
    cells = positions[first - UNPARSED] * size + positions[second - UNPARSED]
    counts = np.bincount(cells, minlength=size * size).reshape(size, size).astype(np.int64)
    used = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    names = tuple(outcome(labels, int(codes[index])) for index in used)
    return Crosstab(names, names, counts[np.ix_(used, used)])
