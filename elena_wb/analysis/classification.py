"""Figures that follow from a confusion matrix, for many matrices at once.

``counts`` is throughout ``[samples, labels, columns]``: rows are the truth; the first ``labels`` columns are
answers in the same order, the others everything else (labels that are never true, abstentions, refusals,
answers that could not be read). What is in those counts as wrong and is no class of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PerClass:
    """Precision, recall and F1 of each label, and how often it is true: float64 ``[samples, labels]``."""

    precision: Numbers
    recall: Numbers
    f1: Numbers
    support: Numbers


def per_class(counts: npt.NDArray[np.float64]) -> PerClass:
    """Precision TP/(TP+FP), recall TP/(TP+FN), F1 = 2·TP/(2·TP+FP+FN) (van Rijsbergen 1979, ch. 7).

    Precision is 0 where a label is never answered, as scikit-learn has it with ``zero_division=0``. Recall
    and F1 are NaN where the label is never true: there it is no class.
    """
    labels = counts.shape[1]
    square = counts[:, :, :labels]
    return from_sums(np.diagonal(square, axis1=1, axis2=2), square.sum(axis=1), counts.sum(axis=2))


def from_sums(hits: Numbers, given: Numbers, support: Numbers) -> PerClass:
    """As :func:`per_class`, from true positives, answers and truths of each label: ``[samples, labels]``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(given > 0, hits / given, 0.0)
        recall = np.where(support > 0, hits / support, np.nan)
        f1 = np.where(support > 0, 2 * hits / (given + support), np.nan)
    return PerClass(precision, recall, f1, support)


def accuracy(of: PerClass) -> Numbers:
    """Share of answers that are true, ``[samples]``; also called weighted average recall (WAR)."""
    return _weighted(of.recall, of.support)


def uar(of: PerClass) -> Numbers:
    """Unweighted average recall over the labels that occur in the truth, ``[samples]`` (Schuller et al. 2009)."""
    return _mean(of.recall)


def macro_f1(of: PerClass) -> Numbers:
    """Unweighted mean of F1 over the labels that occur in the truth, ``[samples]``.

    The mean of the F1 values, not the F1 of the means (Opitz & Burst 2019, arXiv:1911.03347).
    """
    return _mean(of.f1)


def weighted_f1(of: PerClass) -> Numbers:
    """Mean of F1 weighted by how often each label is true, ``[samples]``; the measure of MER2023."""
    return _weighted(of.f1, of.support)


def _mean(values: Numbers) -> Numbers:
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(defined, values, 0.0).sum(axis=1) / defined.sum(axis=1), dtype=np.float64)


def _weighted(values: Numbers, support: Numbers) -> Numbers:
    with np.errstate(invalid="ignore"):
        total = np.where(support > 0, values, 0.0) * support
        return np.asarray(total.sum(axis=1) / support.sum(axis=1), dtype=np.float64)
