"""What answers hang on: those that change when a part is hidden, beside those that change when as much elsewhere is.

Each question is asked three times: with nothing hidden, with the part hidden, and with as much hidden elsewhere (the
control). Both changes are against the first answer, so that they are paired.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bootstrap import estimates, merged
from elena_wb.analysis.comparing import FAILED, MISSING
from elena_wb.analysis.corrections import holm
from elena_wb.analysis.interval import proportion
from elena_wb.analysis.paired import mcnemar
from elena_wb.core import ABSTAINED, Estimate, Resampling

Codes: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]
Numbers: TypeAlias = npt.NDArray[np.float64]

Verdict = Literal["part", "control", "cannot be told"]

ALPHA = 0.05
UNKNOWN = ABSTAINED
"""Stands in :attr:`Asked.truth` where nothing is known to be true."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The three answers to each of *n* questions about one part.

    ``stimulus`` (int32 ``[n]``) says which are about the same stimulus. ``answers`` (int32 ``[n, 3]``: nothing hidden,
    the part, elsewhere) are positions of labels, or what stands for none: :data:`elena_wb.core.ABSTAINED` and its like,
    ``FAILED``, ``MISSING``. ``truth`` (int32 ``[n]``) is a position or ``UNKNOWN``. ``unfound`` (bool ``[n]``): the
    part was not found in the picture; ``no_room`` (bool ``[n]``): there was no room elsewhere. ``logprobs`` (float64
    ``[n, 3]``) is the natural logarithm of the probability that the model gave, each time, to the label that it named
    with nothing hidden; NaN where it does not tell.
    """

    stimulus: Codes
    answers: Codes
    truth: Codes
    unfound: Flags
    no_room: Flags
    logprobs: Numbers


@dataclass(frozen=True, slots=True)
class Left:
    """Questions that count for nothing, each once: for the first of these reasons that holds.

    One of the three answers is not there; one failed; the part was not found, so that nothing was hidden; there was no
    room for the control; one of the three could not be read, or was a refusal.
    """

    missing: int = 0
    failed: int = 0
    unfound: int = 0
    no_room: int = 0
    unread: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.missing + self.failed + self.unfound + self.no_room + self.unread


@dataclass(frozen=True, slots=True)
class Confidence:
    """How the log-probability of the label named with nothing hidden changes, in nats, over ``difference.n`` questions.

    ``hidden`` is the mean change with the part hidden, ``control`` with as much elsewhere, ``difference`` the first
    less the second. Intervals are paired bootstrap over stimuli.
    """

    hidden: Estimate
    control: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of right answers where the truth is known, of the same questions each time, with Wilson's intervals."""

    unmasked: Estimate
    hidden: Estimate
    control: Estimate


@dataclass(frozen=True, slots=True)
class Effect:
    """What hiding one part does to ``n`` answers, and what hiding as much elsewhere does to the same.

    ``hidden`` and ``control`` are the shares that name another emotion then, with Wilson's intervals. ``difference`` is
    the first less the second, with a paired bootstrap interval over stimuli, NaN where all stimuli have the same, of
    which drawing them again makes no other. ``only_hidden`` answers change with the
    part alone and ``only_control`` with the control alone; ``p`` is McNemar's exact test of the two being equally
    frequent, two-sided, and ``p_holm`` the same corrected for the number of parts. ``confidence`` is ``None`` where the
    model does not tell how probable labels are, and ``accuracy`` where nothing is known to be true. ``repeats``: some
    stimuli were asked about more than once, so that test and Wilson's intervals take answers for independent that
    are not.
    """

    part: str
    n: int
    left: Left
    hidden: Estimate
    control: Estimate
    difference: Estimate
    only_hidden: int
    only_control: int
    p: float
    p_holm: float
    confidence: Confidence | None
    accuracy: Accuracy | None
    repeats: bool

    @property
    def verdict(self) -> Verdict:
        """Which of the two changes more answers, if the corrected test leaves little doubt."""
        if not self.p_holm < ALPHA:
            return "cannot be told"
        return "part" if self.only_hidden > self.only_control else "control"


def effects(parts: Sequence[tuple[str, Asked]], resampling: Resampling = Resampling()) -> tuple[Effect, ...]:  # noqa: B008
    """The effect of each part (its name and its answers), p-values corrected for as many as could be tested."""
    counted = [_counted(asked) for _, asked in parts]
    tested = [mcnemar(*_discordant(rows)) if len(rows.stimulus) else math.nan for rows, _ in counted]
    corrected = holm(tested)
    return tuple(
        _effect(part, rows, left, p, p_holm, resampling)
        for (part, _), (rows, left), p, p_holm in zip(parts, counted, tested, corrected, strict=True)
    )


def _counted(asked: Asked) -> tuple[Asked, Left]:
    """The questions that count, and how many do not for which reason."""
    answers = asked.answers
    left = np.zeros(len(answers), dtype=bool)
    counts = []
    for reason in (
        (answers == MISSING).any(axis=1),
        (answers == FAILED).any(axis=1),
        asked.unfound,
        asked.no_room,
        (answers < ABSTAINED).any(axis=1),
    ):
        counts.append(int((reason & ~left).sum()))
        left |= reason
    kept = ~left
    rows = Asked(
        asked.stimulus[kept],
        answers[kept],
        asked.truth[kept],
        asked.unfound[kept],
        asked.no_room[kept],
        asked.logprobs[kept],
    )
    return rows, Left(*counts)


def _changed(rows: Asked) -> tuple[Flags, Flags]:
    """Which answers change with the part hidden, and which with the control."""
    unmasked, hidden, control = rows.answers.T
    return hidden != unmasked, control != unmasked


def _discordant(rows: Asked) -> tuple[int, int]:
    hidden, control = _changed(rows)
    return int((hidden & ~control).sum()), int((control & ~hidden).sum())


def _effect(part: str, rows: Asked, left: Left, p: float, p_holm: float, resampling: Resampling) -> Effect:
    hidden, control = _changed(rows)
    n = len(hidden)
    difference = Estimate(math.nan, math.nan, math.nan, 0)
    if n:
        (difference,) = _means(
            rows.stimulus, (hidden.astype(np.float64) - control)[:, None], resampling, mergeable=True
        )
    return Effect(
        part,
        n,
        left,
        proportion(int(hidden.sum()), n),
        proportion(int(control.sum()), n),
        difference,
        *_discordant(rows),
        p,
        p_holm,
        _confidence(rows, resampling),
        _accuracy(rows),
        n > len(np.unique(rows.stimulus)),
    )


def _confidence(rows: Asked, resampling: Resampling) -> Confidence | None:
    known = np.isfinite(rows.logprobs).all(axis=1)
    if not known.any():
        return None
    before, hidden, control = rows.logprobs[known].T
    changes = np.column_stack([hidden - before, control - before, hidden - control])
    return Confidence(*_means(rows.stimulus[known], changes, resampling))


def _accuracy(rows: Asked) -> Accuracy | None:
    known = rows.truth >= 0
    n = int(known.sum())
    if not n:
        return None
    right = rows.answers[known] == rows.truth[known, None]
    return Accuracy(*(proportion(int(count), n) for count in right.sum(axis=0)))


def _means(
    stimulus: Codes, values: Numbers, resampling: Resampling, *, mergeable: bool = False
) -> list[Estimate]:
    """The mean of each column of ``values`` (float64 ``[n, columns]``), stimuli drawn with all that belongs to them."""
    _, place = np.unique(stimulus, return_inverse=True)
    columns = (*values.T, np.ones(len(values)))
    sums: Numbers = np.column_stack([np.bincount(place, weights=column) for column in columns]).astype(
        np.float64
    )
    counts = np.ones(len(sums), dtype=np.int64)
    if mergeable:  # few different sums: far fewer patterns to draw from
        sums, counts = merged(sums, counts)

    def means(drawn: Numbers) -> Numbers:
        return np.asarray(drawn[:, :-1] / drawn[:, -1:], dtype=np.float64)

    found = estimates(sums, counts, means, resampling)
    return [
        Estimate(value, low, high, len(values))
        if low < high
        else Estimate(value, math.nan, math.nan, len(values))
        for value, low, high in found
    ]
