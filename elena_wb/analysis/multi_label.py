"""Scores where several labels may be true of a stimulus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, hstack

from elena_wb.analysis.bootstrap import Counts, Numbers, draws, estimates, interval, named
from elena_wb.analysis.classification import from_sums, macro_f1
from elena_wb.core import Answers, Column, Estimate, Resampling, Scores

FIGURES = ("hit_rate", "set_f1", "macro_f1")
OF_CLASS = ("precision", "recall", "f1")


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
    ranked = [_ranking(scores[:, code], truth[:, code]) for code in codes]

    def precisions(drawn: Counts) -> Numbers:
        of_class = [_average_precision(drawn[:, place_of], *ranking) for ranking in ranked]
        return np.array(of_class, dtype=np.float64).reshape(len(codes), len(drawn)).T

    if not len(codes):
        return {}, {}, ()
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


def _ranking(
    scores: Numbers, true: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], Numbers, npt.NDArray[np.bool_]]:
    """The order from the highest score down, what is true in that order, and which is the last of equal scores."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(ranked[1:] != ranked[:-1], True)
    return order, true[order].astype(np.float64), last


def _average_precision(
    weights: Counts, order: npt.NDArray[np.int64], true: Numbers, last: npt.NDArray[np.bool_]
) -> Numbers:
    """Σ (Rᵢ − Rᵢ₋₁)·Pᵢ over the distinct scores (Zhu 2004; the definition that scikit-learn follows), ``[samples]``.

    ``weights`` (``[samples, answers]``) is how often each answer counts; NaN where nothing is true.
    """
    weighted = weights[:, order].astype(np.float64)
    above = np.cumsum(weighted, axis=1)[:, last]
    hits = np.cumsum(weighted * true, axis=1)[:, last]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(above > 0, hits / above, 0.0)
        gained = np.diff(hits, axis=1, prepend=0.0)
        return np.asarray((gained * precision).sum(axis=1) / hits[:, -1], dtype=np.float64)
