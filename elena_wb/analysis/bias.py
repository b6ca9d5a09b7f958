"""How far answers go by the face: each question asked with nothing hidden, the face hidden, and as much elsewhere.

What is measured of a question is measured of the same questions on every side, and stimuli are drawn with all that
belongs to them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bias_sides import (
    CONTROL,
    HIDDEN,
    NOTHING,
    UNMASKED,
    Codes,
    Flags,
    LeftOut,
    Questions,
    Sides,
)
from elena_wb.analysis.bootstrap import Statistic, merged
from elena_wb.analysis.clustered import share_of
from elena_wb.analysis.clusters import over_stimuli, patterns, summed
from elena_wb.analysis.comparing import FAILED, MISSING
from elena_wb.analysis.paired import mcnemar
from elena_wb.analysis.paired_scores import ScoreChange, score_change
from elena_wb.analysis.swapping import swapped
from elena_wb.core import ABSTAINED, Estimate, Resampling

Numbers: TypeAlias = npt.NDArray[np.float64]

__all__ = [
    "NOTHING",
    "Dependence",
    "Followed",
    "LeftOut",
    "Questions",
    "Sides",
    "dependence",
    "follows",
    "follows_face",
    "parts",
    "words",
]


@dataclass(frozen=True, slots=True)
class Dependence:
    """What hiding the face does to right answers and to answers.

    Scores are over the questions with one true label, an answer that could not be read being wrong; ``flips`` over
    those whose answers could be read on every side: ``hidden`` and ``control`` are the shares that name another emotion
    than with nothing hidden, ``beyond`` their difference.
    """

    left: LeftOut
    unread: int
    macro_f1: Sides
    accuracy: Sides
    flips: Sides


@dataclass(frozen=True, slots=True)
class Followed:
    """Which of two labels answers follow, over ``n`` answers about stimuli whose face and body are labelled
    differently.

    Shares of all answers, and ``face_of_either``: of those that follow one of the two, the share that follows the face.
    ``p`` is the exact binomial test of one half, two-sided, over the ``stimuli`` of which more answers follow one than
    the other.
    """

    n: int
    face: Estimate
    body: Estimate
    neither: Estimate
    face_of_either: Estimate
    p: float
    stimuli: int


def dependence(of: Questions, resampling: Resampling = Resampling()) -> Dependence:  # noqa: B008
    """The change by hiding the face, and beside it that by hiding as much elsewhere where that was asked."""
    kept, left = _counted(of)
    sides = [side for side in (UNMASKED, HIDDEN, CONTROL) if of.asked[side]]
    readable = kept & (of.answers[:, sides] >= ABSTAINED).all(axis=1)
    scored = np.flatnonzero(kept & (of.truth >= 0))
    macro_f1, accuracy = _scores(of, scored, resampling)
    return Dependence(
        left,
        int((kept & ~readable).sum()),
        macro_f1,
        accuracy,
        _flips(of, np.flatnonzero(readable), resampling),
    )


def parts(of: Questions, resampling: Resampling = Resampling()) -> Sides:  # noqa: B008
    """The share of the named parts that are of the face: all parts of a side together, not the mean of shares.

    ``n`` of the estimates counts answers that name a part. The change is over questions both of whose answers do.
    """
    sides = [side for side in (UNMASKED, HIDDEN) if of.asked[side]]
    rows = np.flatnonzero(of.hidden_well() & of.read() & (of.known[:, sides] > 0).all(axis=1))
    n, stimulus = len(rows), of.stimulus[rows]
    if not n:
        return Sides()
    counts = np.stack([of.facial[rows], of.known[rows]], axis=2).reshape(n, 4)
    base = int(counts.max()) + 1
    code = np.asarray(np.ravel_multi_index(tuple(counts.T), (base,) * 4), dtype=np.int64)

    def adds(codes: Codes) -> Numbers:
        return np.stack(np.unravel_index(codes, (base,) * 4), axis=1).astype(np.float64)

    def ratios(sums: Numbers) -> Numbers:
        with np.errstate(invalid="ignore", divide="ignore"):
            before, after = sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 3]
        return np.stack([before, after, after - before], axis=1)

    sums, stimuli = _added(stimulus, code, adds)
    found = _estimated(sums, stimuli, ratios, resampling, n)
    if len(sides) < 2:
        return _alone(sides[0], found[sides[0]], int(stimuli.sum()))
    p = swapped(sums[:, :2], sums[:, 2:], stimuli, _ratio_apart, resampling)
    return Sides(unmasked=found[0], hidden=found[1], change=found[2], p=p, stimuli=int(stimuli.sum()))


def words(of: Questions, resampling: Resampling = Resampling()) -> Sides:  # noqa: B008
    """The share of answers whose words speak of a face, over questions whose answers have words on both sides."""
    sides = [side for side in (UNMASKED, HIDDEN) if of.asked[side]]
    rows = np.flatnonzero(of.hidden_well() & of.read() & (of.speaks[:, sides] >= 0).all(axis=1))
    if not len(rows):
        return Sides()
    said = of.speaks[rows] > 0
    stimulus = of.stimulus[rows]
    if len(sides) < 2:
        return _alone(sides[0], share_of(stimulus, said[:, sides[0]]), len(np.unique(stimulus)))
    return _two_shares(stimulus, said[:, 0], said[:, 1], resampling)


def follows(of: Questions) -> tuple[Followed | None, Followed | None]:
    """What answers follow where face and body differ, with nothing hidden and with the face hidden."""
    differing = (
        of.hidden_well() & of.read() & (of.of_face >= 0) & (of.of_body >= 0) & (of.of_face != of.of_body)
    )
    rows = np.flatnonzero(differing)
    if not len(rows):
        return None, None
    first, second = (
        _followed(of.stimulus[rows], of.answers[rows, side], of.of_face[rows], of.of_body[rows])
        if of.asked[side]
        else None
        for side in (UNMASKED, HIDDEN)
    )
    return first, second


def follows_face(of: Questions, resampling: Resampling = Resampling()) -> Sides:  # noqa: B008
    """The share of answers that follow the face where it differs from the body."""
    differing = (
        of.hidden_well() & of.read() & (of.of_face >= 0) & (of.of_body >= 0) & (of.of_face != of.of_body)
    )
    rows = np.flatnonzero(differing)
    if not len(rows):
        return Sides()
    stimulus = of.stimulus[rows]
    face = of.answers[rows] == of.of_face[rows, None]
    if not (of.asked[UNMASKED] and of.asked[HIDDEN]):
        side = UNMASKED if of.asked[UNMASKED] else HIDDEN
        return _alone(side, share_of(stimulus, face[:, side]), len(np.unique(stimulus)))
    return _two_shares(stimulus, face[:, UNMASKED], face[:, HIDDEN], resampling)


def _followed(stimulus: Codes, answers: Codes, face: Codes, body: Codes) -> Followed:
    of_face, of_body = answers == face, answers == body
    either = of_face | of_body
    _, place = np.unique(stimulus, return_inverse=True)
    more = np.bincount(place, weights=of_face.astype(np.float64) - of_body)
    faces, bodies = int((more > 0).sum()), int((more < 0).sum())
    return Followed(
        n=len(answers),
        face=share_of(stimulus, of_face),
        body=share_of(stimulus, of_body),
        neither=share_of(stimulus, ~either),
        face_of_either=share_of(stimulus[either], of_face[either]) if either.any() else NOTHING,
        p=mcnemar(faces, bodies) if faces + bodies else math.nan,
        stimuli=faces + bodies,
    )


def _counted(of: Questions) -> tuple[Flags, LeftOut]:
    """The questions that count on every side there is, and why others do not."""
    sides = [side for side in (UNMASKED, HIDDEN, CONTROL) if of.asked[side]]
    answers = of.answers[:, sides]
    left = np.zeros(len(answers), dtype=np.bool_)
    counts = []
    for reason in (
        (answers == MISSING).any(axis=1),
        (answers == FAILED).any(axis=1),
        of.unfound,
        of.face_left,
        of.unaudited,
        of.no_room,
    ):
        counts.append(int((reason & ~left).sum()))
        left |= reason
    return ~left, LeftOut(*counts)


def _scores(of: Questions, rows: Codes, resampling: Resampling) -> tuple[Sides, Sides]:
    """Macro-F1 over the labels that are true of some stimulus, and the share of right answers.

    Each change is :func:`elena_wb.analysis.paired_scores.score_change` of two sides. That by the face less that by
    elsewhere is the change from elsewhere to the face: what is unmasked counts for neither.
    """
    if not len(rows):
        return Sides(), Sides()
    truth, stimulus = of.truth[rows], of.stimulus[rows]

    def change(first: int, second: int) -> ScoreChange | None:
        if not (of.asked[first] and of.asked[second]):
            return None
        return score_change(of.answers[rows, first], of.answers[rows, second], truth, stimulus, resampling)

    by_face, by_elsewhere = change(UNMASKED, HIDDEN), change(UNMASKED, CONTROL)
    beyond = change(CONTROL, HIDDEN)
    assert by_face is not None
    first = CONTROL if of.asked[CONTROL] else UNMASKED
    p = _score_tests(of, rows, first, resampling)
    macro_f1, accuracy = (
        Sides(
            unmasked=by_face.figures[name].first,
            hidden=by_face.figures[name].second,
            control=by_elsewhere.figures[name].second if by_elsewhere else NOTHING,
            change=by_face.figures[name].change,
            control_change=by_elsewhere.figures[name].change if by_elsewhere else NOTHING,
            beyond=beyond.figures[name].change if beyond else NOTHING,
            p=p[name],
            stimuli=by_face.stimuli,
        )
        for name in ("macro_f1", "accuracy")
    )
    return macro_f1, accuracy


def _score_tests(of: Questions, rows: Codes, first: int, resampling: Resampling) -> dict[str, float]:
    """The p-values of tests of the face hidden against the ``first`` side, by figure."""
    truth = of.truth[rows]
    answers = np.maximum(of.answers[rows][:, [first, HIDDEN]], -1) + 1
    shape = (of.labels, of.labels + 1, of.labels + 1)
    code = np.asarray(np.ravel_multi_index((truth, *answers.T), shape), dtype=np.int64)
    labels = np.arange(of.labels)

    def adds(codes: Codes) -> Numbers:
        truth, *given = np.unravel_index(codes, shape)
        true = truth[:, None] == labels
        named = [side[:, None] - 1 == labels for side in given]
        return np.concatenate([true, *(part for one in named for part in (one & true, one))], axis=1).astype(
            np.float64
        )

    sums, stimuli = _added(of.stimulus[rows], code, adds)
    support, a, b = np.split(sums, [of.labels, 3 * of.labels], axis=1)
    whole = stimuli @ support
    true = whole > 0

    def f1(side: Numbers) -> Numbers:
        """2·TP / (2·TP + FP + FN), the mean over labels that are true of something (Opitz & Burst 2019)."""
        hits, given = side[:, : of.labels][:, true], side[:, of.labels :][:, true]
        return np.asarray((2 * hits / (given + whole[true])).mean(axis=1))

    def right(side: Numbers) -> Numbers:
        return np.asarray(side[:, : of.labels].sum(axis=1) / len(rows))

    def apart(figure: Callable[[Numbers], Numbers]) -> Callable[[Numbers, Numbers], Numbers]:
        return lambda one, other: np.asarray(figure(other) - figure(one))

    return {
        name: swapped(a, b, stimuli, apart(figure), resampling)
        for name, figure in (("macro_f1", f1), ("accuracy", right))
    }


def _flips(of: Questions, rows: Codes, resampling: Resampling) -> Sides:
    if not len(rows):
        return Sides()
    stimulus, answers = of.stimulus[rows], of.answers[rows]
    changed = answers != answers[:, [UNMASKED]]
    hidden = share_of(stimulus, changed[:, HIDDEN])
    stimuli = len(np.unique(stimulus))
    if not of.asked[CONTROL]:
        return Sides(hidden=hidden, stimuli=stimuli)
    two = _two_shares(stimulus, changed[:, CONTROL], changed[:, HIDDEN], resampling)
    return Sides(hidden=hidden, control=two.unmasked, beyond=two.change, p=two.p, stimuli=stimuli)


def _two_shares(stimulus: Codes, first: Flags, second: Flags, resampling: Resampling) -> Sides:
    """Two shares of the same answers: Wilson's intervals, a bootstrap one of the difference, and a test of it.

    The test is McNemar's where each stimulus was asked about once, else a randomisation test that keeps repeats
    together.
    """
    code = first * 2 + second.astype(np.int64)

    def adds(codes: Codes) -> Numbers:
        return np.stack([codes // 2, codes % 2, np.ones(len(codes))], axis=1).astype(np.float64)

    def mean(sums: Numbers) -> Numbers:
        return (sums[:, 0] / sums[:, 1])[:, None]

    n = len(stimulus)
    sums, counts = _added(stimulus, code, adds)
    stimuli = int(counts.sum())
    differences = np.stack([sums[:, 1] - sums[:, 0], sums[:, 2]], axis=1)
    (change,) = _estimated(*merged(differences, counts), mean, resampling, n)
    if stimuli == n:
        p = mcnemar(int((first & ~second).sum()), int((second & ~first).sum()))
    else:
        p = swapped(sums[:, :1], sums[:, 1:2], counts, lambda a, b: (b - a)[:, 0], resampling)
    return Sides(
        unmasked=share_of(stimulus, first),
        hidden=share_of(stimulus, second),
        change=change,
        p=p,
        stimuli=stimuli,
    )


def _ratio_apart(first: Numbers, second: Numbers) -> Numbers:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(second[:, 0] / second[:, 1] - first[:, 0] / first[:, 1])


def _alone(side: int, value: Estimate, stimuli: int) -> Sides:
    if side == UNMASKED:
        return Sides(unmasked=value, stimuli=stimuli)
    return Sides(hidden=value, stimuli=stimuli)


def _added(stimulus: Codes, code: Codes, adds: Callable[[Codes], Numbers]) -> tuple[Numbers, Codes]:
    """What one stimulus of each pattern adds (float64 ``[patterns, k]``), and how many stimuli are of it.

    ``adds`` says what an answer of each code adds: int64 ``[m]`` → float64 ``[m, k]``.
    """
    found = patterns(stimulus, code)
    return summed(found.pattern, adds(code[found.rows])), found.stimuli


def _estimated(
    sums: Numbers, counts: Codes, statistic: Statistic, resampling: Resampling, n: int
) -> list[Estimate]:
    return [Estimate(*figure, n) for figure in over_stimuli(sums, statistic, resampling, counts)]
