"""What became of the answers, whether or not anything is known to be true."""

from __future__ import annotations

import numpy as np

from elena_wb.analysis.bootstrap import Numbers, estimates, merged, named
from elena_wb.core import ABSTAINED, REFUSED, UNPARSED, Answers, Resampling, Scores

FIGURES = ("parse_rate", "refusal_rate", "abstention_rate")


def rates(answers: Answers, resampling: Resampling) -> Scores:
    """Shares of all answers: read, refused, and read but naming no label. Needs the column ``emotion``."""
    kinds = [answers.emotion != UNPARSED, answers.emotion == REFUSED, answers.emotion == ABSTAINED]
    kinds[0] &= answers.emotion != REFUSED
    k = len(answers.stimuli)
    sums = np.column_stack(
        [np.bincount(answers.pattern, weights=kind, minlength=k) for kind in (*kinds, np.ones(len(kinds[0])))]
    ).astype(np.float64)
    patterns, stimuli = merged(sums, answers.stimuli)

    def figures(sums: Numbers) -> Numbers:
        with np.errstate(invalid="ignore"):
            return np.asarray(sums[:, :-1] / sums[:, -1:], dtype=np.float64)

    return Scores(
        "Answers", answers.n, named(FIGURES, estimates(patterns, stimuli, figures, resampling), answers.n)
    )
