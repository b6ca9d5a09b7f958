"""The attention of one answer to each part, for one of its words, in a layer and head or on average over them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.gaze_telling import rank, told_parts

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PartShare:
    """A part's ``share`` of the attention on the picture, and of its ``area``.

    ``peak`` is in what share of the layers and heads the place with most attention lies in it.
    """

    part: str
    share: float
    without_sinks: float
    area: float
    peak: float

    def ratio(self, *, without_sinks: bool = False) -> float:
        """The share over that of the area: 1 where the part is neither preferred nor avoided; NaN for no area."""
        share = self.without_sinks if without_sinks else self.share
        return share / self.area if self.area > 0 else math.nan


def part_shares(
    parts: Sequence[str],
    share: Numbers,
    without_sinks: Numbers,
    peak: Numbers,
    area: Numbers,
    *,
    layer: int | None,
    head: int | None,
) -> tuple[PartShare, ...]:
    """The parts that are told of, as ``elena-wb attend`` tells of a single answer.

    ``share``, ``without_sinks`` and ``peak`` are ``[layers, heads, parts]``, ``area`` is ``[parts]``; ``layer`` and
    ``head`` are places in them, ``None`` for the mean over all. What has no share is no part and left out.
    """
    shares, kept, peaks = (_chosen(of, layer, head) for of in (share, without_sinks, peak))
    told = told_parts({part for at, part in enumerate(parts) if math.isfinite(shares[at])})
    found = [
        PartShare(part, float(shares[at]), float(kept[at]), float(area[at]), float(peaks[at]))
        for at, part in enumerate(parts)
        if part in told
    ]
    return tuple(sorted(found, key=lambda one: rank(one.part)))


def by_layer(figures: Numbers, head: int | None) -> Numbers:
    """``[layers, parts]`` of ``[layers, heads, parts]``: one head, or the mean of all."""
    return _mean(figures, 1) if head is None else figures[:, head]


def spread(parts: Sequence[str], mass: Numbers, share: Numbers, whole: str) -> tuple[tuple[str, float], ...]:
    """On what the attention fell, of all there is: the picture (``whole``) first, then what is not in it, most first.

    ``mass`` and ``share`` are ``[parts]``; what has no share is not in the picture.
    """
    found = [
        (part, float(mass[at]))
        for at, part in enumerate(parts)
        if math.isfinite(mass[at]) and (part == whole or not math.isfinite(share[at]))
    ]
    return tuple(sorted(found, key=lambda one: (one[0] != whole, -one[1])))


def _chosen(figures: Numbers, layer: int | None, head: int | None) -> Numbers:
    of_layers = by_layer(figures, head)
    return _mean(of_layers, 0) if layer is None else of_layers[layer]


def _mean(figures: Numbers, axis: int) -> Numbers:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        mean: Numbers = np.nanmean(figures, axis=axis)
    return mean
