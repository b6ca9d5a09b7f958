"""Scores where several labels may be true of a stimulus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, hstack

from elena_wb.analysis.bootstrap import Counts, Numbers, draws, estimates, interval, named
from elena_wb.analysis.classification import from_sums, macro_f1
from elena_wb.core import Answers, Column, Estimate, Resampling, Scores

FIGURES = ("hit_rate", "set_f1", "macro_f1")
OF_CLASS = ("precision", "recall", "f1")
_EXACT = 2**24


class MultiLabel:
    """Hit rate, set F1 and macro-F1 of single answers; average precision where the model scored every label.

    Over the answers to stimuli with at least one true label, where some stimulus has several. An answer is a
    set of one label; an abstention, a refusal and one that could not be read are the empty set.
    """

    reads: ClassVar[frozenset[Column]] = frozenset({"emotion", "scores"})

    def score(self, answers: Answers, resampling: Resampling) -> Scores | None:
        """The scores; ``None`` where no stimulus has several true labels."""
        true = answers.truth.sum(axis=1)
        if not (true > 1).any():
            return None
        figures, classes, n = _of_answers(answers, resampling)
        notes: tuple[str, ...] = ()
        ranked = _scored(answers)
        if ranked.any():
            scored, precision, notes = _of_scores(answers, ranked, resampling)
            figures = {**scored, **figures}
            classes = {label: {**precision.get(label, {}), **of} for label, of in classes.items()}
        return Scores("Several labels", n, figures, classes, notes=notes)


def _of_answers(
    answers: Answers, resampling: Resampling
) -> tuple[dict[str, Estimate], dict[str, dict[str, Estimate]], int]:
    """Hit rate and set F1 (2·|Y∩Ŷ| / (|Y|+|Ŷ|), mean over answers: Godbole & Sarawagi 2004), and F1 by class."""
    labelled = answers.truth.sum(axis=1) > 0
    rows = labelled[answers.pattern]
    pattern = (np.cumsum(labelled) - 1)[answers.pattern[rows]]
    stimuli, truth = answers.stimuli[labelled], answers.truth[labelled]
    emotion = answers.emotion[rows]
    named_one = emotion >= 0
    hit = named_one & truth[pattern, emotion]
    set_f1 = 2 * hit / (truth.sum(axis=1)[pattern] + named_one)
    occurring = np.flatnonzero(truth.any(axis=0))
    place = np.full(truth.shape[1], -1)
    place[occurring] = np.arange(len(occurring))
    k, count = len(stimuli), len(occurring)

    def table(which: npt.NDArray[np.bool_]) -> csr_array:
        which = which & (place[emotion] >= 0)
        cells = (pattern[which], place[emotion[which]])
        return csr_array((np.ones(int(which.sum())), cells), shape=(k, count))

    answers_each = np.bincount(pattern, minlength=k)
    overall = np.column_stack(
        [answers_each, np.bincount(pattern, hit, minlength=k), np.bincount(pattern, set_f1, minlength=k)]
    )
    support = csr_array(truth[:, occurring] * answers_each[:, None].astype(np.float64))
    sums = hstack([csr_array(overall), table(hit), table(named_one), support], format="csr")

    def figures(sums: Numbers) -> Numbers:
        of = from_sums(*np.split(sums[:, 3:], 3, axis=1))
        return np.column_stack([sums[:, 1:3] / sums[:, :1], macro_f1(of), of.precision, of.recall, of.f1])

    found = estimates(sums, stimuli, figures, resampling)
    by_class = np.array(found[len(FIGURES) :]).reshape(len(OF_CLASS), count, 3)
    supported = np.rint(stimuli @ support).astype(int)
    n = int(stimuli @ answers_each)
    classes = {
        answers.labels[code]: named(OF_CLASS, [tuple(one) for one in by_class[:, place[code]]], int(times))
        for code, times in zip(occurring, supported, strict=True)
    }
    return named(FIGURES, found[: len(FIGURES)], n), classes, n


def _scored(answers: Answers) -> npt.NDArray[np.bool_]:
    """Which answers score every label that is scored at all, of stimuli with a true label: bool ``[answers]``."""
    there = ~np.isnan(answers.scores)
    complete = there[:, there.any(axis=0)]
    labelled = answers.truth.sum(axis=1) > 0
    return np.asarray(complete.all(axis=1) & complete.any(axis=1) & labelled[answers.pattern], dtype=np.bool_)


def _of_scores(
    answers: Answers, scored: npt.NDArray[np.bool_], resampling: Resampling
) -> tuple[dict[str, Estimate], Mapping[str, dict[str, Estimate]], tuple[str, ...]]:
    """Average precision of each label, and their mean (mAP), over the answers that are ``scored``."""
    pattern, scores = answers.pattern[scored], answers.scores[scored]
    truth = answers.truth[pattern]
    patterns, place_of = np.unique(pattern, return_inverse=True)
    stimuli = answers.stimuli[patterns]
    codes = np.flatnonzero(truth.any(axis=0) & ~np.isnan(scores).any(axis=0))
    if not len(codes):
        return {}, {}, ()
    rankings = [_ranking(scores[:, code], truth[:, code], place_of) for code in codes]
    # Single precision holds every whole number up to 2**24 as it is.
    most = int(stimuli.sum()) * int(np.bincount(place_of).max())
    kind: type[np.floating[Any]] = np.float32 if most <= _EXACT else np.float64

    def precisions(drawn: Counts) -> Numbers:
        weights = np.ascontiguousarray(drawn.T, dtype=kind)
        return np.column_stack([_average_precision(weights, ranking) for ranking in rankings])

    values = precisions(stimuli[None])[0]
    samples = np.concatenate([values[None][:0], *map(precisions, draws(stimuli, resampling))])
    weights = stimuli[place_of]
    n = int(weights.sum())
    with np.errstate(invalid="ignore"):
        means = np.nansum(samples, axis=1) / (~np.isnan(samples)).sum(axis=1)
    classes = {
        answers.labels[code]: {
            "average_precision": Estimate(
                float(values[place]),
                *interval(samples[:, place]),
                int(weights[truth[:, code]].sum()),
            )
        }
        for place, code in enumerate(codes)
    }
    note = () if n == answers.n else (f"Average precision is over the {n} answers that score every label.",)
    return {"map": Estimate(float(values.mean()), *interval(means), n)}, classes, note


@dataclass(frozen=True, slots=True)
class _Ranking:
    """Answers from the highest score of a label down, summed between the scores at which recall can rise.

    Both are float32 ``[scores, patterns]``: of each distinct score that an answer with the label true has, how
    many answers of a pattern lie between the one before it and it (``more``), and how many of these have the
    label true (``gained``).
    """

    more: csr_array
    gained: csr_array


def _ranking(scores: Numbers, true: npt.NDArray[np.bool_], place_of: npt.NDArray[np.int64]) -> _Ranking:
    order = np.argsort(-scores, kind="stable")
    ranked, hit = scores[order], np.flatnonzero(true[order])
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) + 1
    of_hit = ends[np.searchsorted(ends, hit, side="right")]
    steps, first = np.unique(of_hit, return_index=True)

    def summed(which: npt.NDArray[np.int64], until: npt.NDArray[np.int64]) -> csr_array:
        ones = np.ones(len(which), dtype=np.float32)
        rows = np.append(0, until)
        return csr_array((ones, place_of[which], rows), shape=(len(until), int(place_of.max()) + 1))

    return _Ranking(summed(order[: steps[-1]], steps), summed(order[hit], np.append(first[1:], len(hit))))


def _average_precision(weights: npt.NDArray[np.floating[Any]], of: _Ranking) -> Numbers:
    """Σ (Rᵢ − Rᵢ₋₁)·Pᵢ over the distinct scores (Zhu 2004; the definition that scikit-learn follows), ``[samples]``.

    Where recall does not rise a score adds nothing and is passed over. ``weights`` (``[patterns, samples]``) is
    how often each stimulus counts; NaN where nothing is true.
    """
    above = np.cumsum(of.more @ weights, axis=0, dtype=np.float64)
    gained = np.asarray(of.gained @ weights, dtype=np.float64)
    hits = gained.cumsum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(above > 0, hits / above, 0.0)
        return np.asarray((gained * precision).sum(axis=0) / hits[-1], dtype=np.float64)
