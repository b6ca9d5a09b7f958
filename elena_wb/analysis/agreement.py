"""How far several who answer the same questions agree, beyond chance."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bootstrap import Statistic
from elena_wb.analysis.clusters import equal_rows, over_stimuli, patterns, summed
from elena_wb.core import Estimate, Resampling

Numbers: TypeAlias = npt.NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]

_NONE = Estimate(math.nan, math.nan, math.nan, 0)


def cohen_kappa(
    first: npt.NDArray[Any],
    second: npt.NDArray[Any],
    stimulus: npt.NDArray[Any] | None = None,
    resampling: Resampling = Resampling(),  # noqa: B008
) -> Estimate:
    """Cohen's κ of two lists of answers (Cohen 1960, Educational and Psychological Measurement 20:37-46).

    κ = (p_o - p_e) / (1 - p_e): agreement beyond what two that answer as often with each category would have by chance.
    ``first`` and ``second`` (integers ``[n]``): every different number is a category. ``stimulus`` (integers ``[n]``)
    says which rows are about the same stimulus; these are drawn together. NaN where both always say the same one thing.
    """
    if not len(first):
        return _NONE
    sums, counts = kappa_sums(first, second, np.arange(len(first)) if stimulus is None else stimulus)
    (found,) = over_stimuli(sums, kappa, resampling, counts)
    return Estimate(*found, len(first))


def kappa_sums(
    first: npt.NDArray[Any], second: npt.NDArray[Any], stimulus: npt.NDArray[Any]
) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """What one stimulus of each pattern adds, for :func:`kappa`: answers, agreements, then both margins."""
    names, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    a, b = codes[: len(first)], codes[len(first) :]
    found = patterns(stimulus, a * len(names) + b)
    a, b = a[found.rows], b[found.rows]
    kinds = np.arange(len(names))
    columns = np.column_stack([np.ones(len(a)), a == b, a[:, None] == kinds, b[:, None] == kinds])
    return summed(found.pattern, columns), found.stimuli


def kappa(sums: Numbers) -> Numbers:
    """κ from sums ``[samples, 2 + 2·categories]`` as :func:`kappa_sums` makes them: ``[samples, 1]``."""
    n, agreed, margins = sums[:, 0], sums[:, 1], sums[:, 2:]
    half = margins.shape[1] // 2
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (margins[:, :half] * margins[:, half:]).sum(axis=1) / n**2
        value = (agreed / n - expected) / (1 - expected)
    return np.where(np.abs(1 - expected) < 1e-12, np.nan, value)[:, None]


def krippendorff_alpha(
    values: npt.NDArray[Any],
    level: Level,
    resampling: Resampling = Resampling(),  # noqa: B008
    *,
    stimulus: npt.NDArray[Any] | None = None,
) -> Estimate:
    """Krippendorff's α (Hayes & Krippendorff 2007, Communication Methods and Measures 1:77-89; Krippendorff 2011).

    α = 1 - D_o/D_e, observed over expected disagreement; 1 is perfect, 0 what chance would have. ``values``
    (``[units, raters]``) hold what each said of each unit; missing is NaN among floats, and any negative number among
    integers. ``level`` says how values differ: equal or not (``nominal``), by ranks between them (``ordinal``), by the
    square of their distance (``interval``). Units with fewer than two values are not pairable and left out; ``n`` of
    the estimate counts the others. The interval draws units with replacement, those of one ``stimulus`` (integers
    ``[units]``) together. NaN where all values are the same: nothing could have differed.
    """
    values = np.asarray(values)
    missing = np.isnan(values) if values.dtype.kind == "f" else values < 0
    pairable = (~missing).sum(axis=1) >= 2
    values, known = values[pairable], ~missing[pairable]
    if not len(values):
        return _NONE
    of = np.arange(len(values)) if stimulus is None else np.asarray(stimulus)[pairable]
    sums, statistic = (
        (_interval_sums(values, known), _interval_alpha)
        if level == "interval"
        else _category_sums(values, known, level)
    )
    if stimulus is not None:
        sums = summed(of, sums)
    first, counts = equal_rows(sums)
    (found,) = over_stimuli(sums[first], statistic, resampling, counts)
    return Estimate(*found, len(values))


def _interval_sums(values: npt.NDArray[Any], known: npt.NDArray[np.bool_]) -> Numbers:
    """Of each unit: its observed disagreement, and the number, sum and sum of squares of its values."""
    centred = np.where(known, values, 0.0).astype(np.float64)
    centre = centred.sum() / known.sum()  # large values far from 0 would lose digits in their squares
    centred = np.where(known, centred - centre, 0.0)
    m, total, squares = known.sum(axis=1), centred.sum(axis=1), (centred**2).sum(axis=1)
    apart = 2 * (m * squares - total**2) / (m - 1)
    return np.column_stack([np.where(apart > 1e-9 * squares, apart, 0.0), m, total, squares])


def _interval_alpha(sums: Numbers) -> Numbers:
    observed, n, total, squares = sums.T
    expected = 2 * (n * squares - total**2)
    return _alpha(observed, expected, n, expected <= 1e-9 * n * squares)


def _category_sums(
    values: npt.NDArray[Any], known: npt.NDArray[np.bool_], level: Level
) -> tuple[Numbers, Statistic]:
    names, found = np.unique(values[known], return_inverse=True)
    size = len(names)
    unit = np.nonzero(known)[0]
    counts = (
        np.bincount(unit * size + found, minlength=len(values) * size).reshape(-1, size).astype(np.float64)
    )
    m = counts.sum(axis=1)
    if level == "nominal":
        apart = (m**2 - (counts**2).sum(axis=1)) / (m - 1)
        return np.column_stack([apart, counts]), _nominal_alpha
    upper = np.triu_indices(size, 1)
    coincidences = 2 * counts[:, upper[0]] * counts[:, upper[1]] / (m - 1)[:, None]

    def ordinal_alpha(sums: Numbers) -> Numbers:
        margins, together = sums[:, :size], sums[:, size:]
        n = margins.sum(axis=1)
        # Values between two, and half of these two: the distance of their middle ranks.
        middle = margins.cumsum(axis=1) - margins / 2
        apart = (middle[:, upper[0]] - middle[:, upper[1]]) ** 2
        expected = 2 * (margins[:, upper[0]] * margins[:, upper[1]] * apart).sum(axis=1)
        return _alpha((together * apart).sum(axis=1), expected, n, expected <= 0)

    return np.column_stack([counts, coincidences]), ordinal_alpha


def _nominal_alpha(sums: Numbers) -> Numbers:
    margins = sums[:, 1:]
    n = margins.sum(axis=1)
    expected = n**2 - (margins**2).sum(axis=1)
    return _alpha(sums[:, 0], expected, n, expected <= 1e-9 * n**2)


def _alpha(observed: Numbers, expected: Numbers, n: Numbers, undefined: npt.NDArray[np.bool_]) -> Numbers:
    """1 - D_o/D_e of the sums of disagreements over pairs within units, and over all pairs of values."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(undefined, np.nan, 1 - (n - 1) * observed / expected)[:, None]
