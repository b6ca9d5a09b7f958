"""How well sets of labels agree, as open-vocabulary emotion recognition is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.clusters import over_stimuli, summed
from elena_wb.core import Estimate, Resampling

Sets: TypeAlias = npt.NDArray[np.int64]
"""Sets of labels, bit ``1 << place`` for each: ``[n]``."""


@dataclass(frozen=True, slots=True)
class SetAgreement:
    """Means over answers of precision and recall of what is named, and their harmonic mean."""

    precision: Estimate
    recall: Estimate
    f: Estimate


def set_agreement(
    named: Sets, true: Sets, stimulus: npt.NDArray[np.int64], resampling: Resampling
) -> SetAgreement:
    """Set-level precision, recall and F of MER-UniBench (Lian et al. 2025, AffectGPT, ICML).

    Of an answer with true labels Y that names Ŷ: P = |Y∩Ŷ|/|Ŷ| and R = |Y∩Ŷ|/|Y|; where Y is empty the answer is left
    out, where Ŷ is empty both are 0. F = 2·P̄·R̄/(P̄+R̄) of the means, not the mean of F. Intervals draw stimuli with all
    their answers.
    """
    kept = true != 0
    named, true = named[kept], true[kept]
    n = len(named)
    if not n:
        none = Estimate(np.nan, np.nan, np.nan, 0)
        return SetAgreement(none, none, none)
    hits, size, of = (_sizes(sets) for sets in (named & true, named, true))
    columns = np.column_stack([hits / np.maximum(size, 1), hits / of, np.ones(n)])
    found = over_stimuli(summed(stimulus[kept], columns), _figures, resampling)
    return SetAgreement(*(Estimate(*figure, n) for figure in found))


def labels_of(sets: Sets, labels: int) -> npt.NDArray[np.bool_]:
    """Which of so many labels each set has: bool ``[n, labels]``."""
    return np.asarray((sets[:, None] >> np.arange(labels)) & 1, dtype=np.bool_)


def _sizes(sets: Sets) -> npt.NDArray[np.int64]:
    """How many labels each set has: int64 ``[n]``."""
    found = np.zeros(len(sets), dtype=np.int64)
    for place in range(int(sets.max(initial=0)).bit_length()):
        found += sets >> place & 1
    return found


def _figures(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        means = sums[:, :2] / sums[:, 2:]
        f = 2 * means[:, 0] * means[:, 1] / means.sum(axis=1)
    return np.column_stack([means, np.where(means.sum(axis=1) == 0, 0.0, f)])
