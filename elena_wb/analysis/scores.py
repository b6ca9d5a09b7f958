"""Single-label scores: one true label and at most one answer for each stimulus.

An abstention, a refusal and an answer that could not be parsed count as wrong; they are no class of
their own, so macro-F1 averages over the labels of the scheme that occur in the truth and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.interval import Estimate

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each true label got each answer.

    ``counts`` is int64 ``[len(labels), len(labels) + 1]``: rows are the truth, columns the answers in
    the order of ``labels``, the last column everything that is none of them.
    """

    labels: tuple[str, ...]
    counts: Counts

    @property
    def n(self) -> int:
        """How many stimuli were counted."""
        return int(self.counts.sum())

    def accuracy(self, *, resamples: int = 2000, seed: int = 0) -> Estimate:
        """Share of answers that equal the truth (also called WAR), with a bootstrap interval."""
        return self._estimate(_accuracy, resamples, seed)

    def macro_f1(self, *, resamples: int = 2000, seed: int = 0) -> Estimate:
        """Unweighted mean over labels of 2·TP / (2·TP + FP + FN), with a bootstrap interval."""
        return self._estimate(_macro_f1, resamples, seed)

    def _estimate(
        self, statistic: Callable[[Counts], npt.NDArray[np.float64]], resamples: int, seed: int
    ) -> Estimate:
        """The statistic with its percentile bootstrap interval over stimuli (Efron & Tibshirani 1993, ch. 13).

        Drawing n stimuli with replacement is drawing the cells' counts from a multinomial distribution,
        which costs the same for any n.
        """
        if self.n == 0:
            return Estimate(float("nan"), float("nan"), float("nan"), 0)
        shares = self.counts.ravel() / self.n
        drawn = np.random.default_rng(seed).multinomial(self.n, shares, size=resamples)
        values = statistic(drawn.reshape(resamples, *self.counts.shape))
        low, high = np.quantile(values, [0.025, 0.975])
        return Estimate(float(statistic(self.counts[None])[0]), float(low), float(high), self.n)


def confusion(truth: Sequence[str], answers: Sequence[str | None]) -> Confusion:
    """Count answers against the truth; ``None`` and labels that never occur in the truth count as wrong.

    Raises:
        ValueError: the two differ in length.
    """
    labels = tuple(sorted(set(truth)))
    index = {label: position for position, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels) + 1), dtype=np.int64)
    rows = [index[label] for label in truth]
    columns = [index.get(answer, len(labels)) if answer is not None else len(labels) for answer in answers]
    if len(rows) != len(columns):
        raise ValueError(f"{len(rows)} true labels but {len(columns)} answers")
    np.add.at(counts, (rows, columns), 1)
    return Confusion(labels, counts)


def _accuracy(counts: Counts) -> npt.NDArray[np.float64]:
    """``counts`` is ``[samples, labels, labels + 1]``; the result ``[samples]``."""
    hits = np.trace(counts[:, :, :-1], axis1=1, axis2=2)
    return np.asarray(hits / counts.sum(axis=(1, 2)), dtype=np.float64)


def _macro_f1(counts: Counts) -> npt.NDArray[np.float64]:
    """As :func:`_accuracy`; a label with neither truth nor answers in a sample scores 0 there."""
    square = counts[:, :, :-1]
    hits = np.diagonal(square, axis1=1, axis2=2)
    total = counts.sum(axis=2) + square.sum(axis=1)
    return np.asarray(
        np.where(total > 0, 2 * hits / np.maximum(total, 1), 0.0).mean(axis=1), dtype=np.float64
    )
