"""How a number that both sides state moved: by how much, how surely, how strongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.clusters import mean_over_stimuli, summed
from elena_wb.analysis.signed_rank import SignedRank, signed_rank
from elena_wb.core import Estimate, Resampling


@dataclass(frozen=True, slots=True)
class RatingShift:
    """``n`` pairs about ``stimuli`` stimuli in which both sides state the number.

    ``change`` is the mean of second less first over the pairs, with the paired bootstrap interval over stimuli.
    ``test`` is Wilcoxon's, of one difference for each stimulus: the mean over its repeats, which are not independent.
    """

    n: int
    stimuli: int
    change: Estimate
    test: SignedRank


def rating_shift(
    differences: npt.NDArray[Any],
    stimulus: npt.NDArray[Any],
    resampling: Resampling = Resampling(),  # noqa: B008
) -> RatingShift:
    """The shift from ``differences`` (float64 ``[n]``, second less first; NaN where one side does not state it).

    ``stimulus`` (integers ``[n]``) says which rows are about the same stimulus.
    """
    known = np.isfinite(differences)
    differences, stimulus = differences[known], stimulus[known]
    sums = summed(stimulus, np.column_stack([differences, np.ones(len(differences))]))
    return RatingShift(
        n=len(differences),
        stimuli=len(sums),
        change=mean_over_stimuli(stimulus, differences, resampling),
        test=signed_rank(sums[:, 0] / sums[:, 1]),
    )
