"""Scores where one label is true of each stimulus."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bootstrap import Counts, Numbers, estimates, named
from elena_wb.analysis.classification import accuracy, macro_f1, per_class, uar, weighted_f1
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED, Answers, Column, Crosstab, Resampling, Scores

FIGURES = ("accuracy", "uar", "macro_f1", "weighted_f1")
OF_CLASS = ("precision", "recall", "f1")
NO_LABEL = {ABSTAINED: "abstained", REFUSED: "refused", UNPARSED: "unparsed"}


class SingleLabel:
    """Accuracy, UAR, macro-F1 and weighted-F1; precision, recall and F1 of each label; the confusion.

    Over the answers to stimuli of which exactly one label is true. The labels that occur in that truth are
    the classes; an abstention, a refusal and an answer that could not be read are wrong and no class.
    """

    reads: ClassVar[frozenset[Column]] = frozenset({"emotion"})

    def score(self, answers: Answers, resampling: Resampling) -> Scores | None:
        """The scores; ``None`` where no stimulus has exactly one true label."""
        single = answers.truth.sum(axis=1) == 1
        if not single.any():
            return None
        rows = single[answers.pattern]
        pattern = (np.cumsum(single) - 1)[answers.pattern[rows]]
        stimuli, emotion = answers.stimuli[single], answers.emotion[rows]
        truth = answers.truth[single].argmax(axis=1)
        true = np.unique(truth)
        columns = np.concatenate([true, np.setdiff1d(emotion[emotion >= 0], true), list(NO_LABEL)])
        place = np.zeros(len(answers.labels) - UNPARSED, dtype=np.int64)  # negative codes count from the end
        place[columns] = np.arange(len(columns))
        cell = place[truth[pattern]] * len(columns) + place[emotion]
        shape = (len(true), len(columns))
        from scipy.sparse import csr_array

        sums = csr_array((np.ones(len(cell)), (pattern, cell)), shape=(len(stimuli), shape[0] * shape[1]))

        def figures(sums: Numbers) -> Numbers:
            of = per_class(sums.reshape(-1, *shape))
            overall = (accuracy(of), uar(of), macro_f1(of), weighted_f1(of))
            return np.column_stack([*overall, of.precision, of.recall, of.f1])

        found = estimates(sums, stimuli, figures, resampling)
        counts = np.rint(stimuli @ sums).astype(np.int64).reshape(shape)
        n = int(counts.sum())
        labels = [answers.labels[code] for code in true]
        support = counts.sum(axis=1)
        by_class = np.array(found[len(FIGURES) :]).reshape(len(OF_CLASS), len(labels), 3)
        several = int(answers.stimuli[answers.truth.sum(axis=1) > 1].sum())
        return Scores(
            title="Single label",
            n=n,
            figures=named(FIGURES, found[: len(FIGURES)], n),
            classes={
                label: named(OF_CLASS, [tuple(one) for one in by_class[:, position]], int(support[position]))
                for position, label in enumerate(labels)
            },
            confusion=_crosstab(answers.labels, labels, columns, counts),
            notes=(f"Stimuli with several true labels, left out: {several:,}.",) if several else (),
        )


def _crosstab(
    labels: tuple[str, ...], true: list[str], columns: npt.NDArray[np.int64], counts: Counts
) -> Crosstab:
    """The counts by name; what is no label has a column where it occurs."""
    kept = (columns >= 0) | (counts.sum(axis=0) > 0)
    names = [labels[code] if code >= 0 else NO_LABEL[int(code)] for code in columns[kept]]
    return Crosstab(tuple(true), tuple(names), counts[:, kept])
