"""Single-label scores of a list of answers, for studies that hold theirs in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bootstrap import Counts
from elena_wb.analysis.single_label import SingleLabel
from elena_wb.core import ABSTAINED, Answers, Estimate, Resampling

_NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 0)


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
        return self._figure("accuracy", Resampling(resamples, seed))

    def macro_f1(self, *, resamples: int = 2000, seed: int = 0) -> Estimate:
        """Unweighted mean over labels of 2·TP / (2·TP + FP + FN), with a bootstrap interval."""
        return self._figure("macro_f1", Resampling(resamples, seed))

    def _figure(self, name: str, resampling: Resampling) -> Estimate:
        scores = SingleLabel().score(self._answers(), resampling)
        return _NOTHING if scores is None else scores.figures[name]

    def _answers(self) -> Answers:
        truth, answer = np.nonzero(self.counts)
        k, labels = len(truth), len(self.labels)
        nothing = np.full((k, max(labels, 3)), np.nan)
        return Answers(
            labels=self.labels,
            stimuli=self.counts[truth, answer],
            truth=np.eye(labels, dtype=np.bool_)[truth],
            truth_vad=nothing[:, :3],
            pattern=np.arange(k, dtype=np.int32),
            emotion=np.where(answer < labels, answer, ABSTAINED).astype(np.int32),
            vad=nothing[:, :3],
            scores=nothing[:, :labels],
        )


def confusion(truth: Sequence[str], answers: Sequence[str | None]) -> Confusion:
    """Count answers against the truth; ``None`` and labels that never occur in the truth count as wrong.

    Raises:
        ValueError: the two differ in length.
    """
    labels = tuple(sorted(set(truth)))
    index = {label: position for position, label in enumerate(labels)}
    counts: npt.NDArray[np.int64] = np.zeros((len(labels), len(labels) + 1), dtype=np.int64)
    rows = [index[label] for label in truth]
    columns = [index.get(answer, len(labels)) if answer is not None else len(labels) for answer in answers]
    if len(rows) != len(columns):
        raise ValueError(f"{len(rows)} true labels but {len(columns)} answers")
    np.add.at(counts, (rows, columns), 1)
    return Confusion(labels, counts)
