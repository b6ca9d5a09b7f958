"""How much of an answer's attention fell on each part of its picture.

All from the weights as the model computed them. What is said here is where a model attended, never why it answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.gaze_coverage import BACKGROUND, PICTURE, Coverage, coverage
from elena_wb.analysis.gaze_sinks import find_sinks
from elena_wb.core import AttentionRecord

__all__ = ["BACKGROUND", "PADDING", "PICTURE", "Coverage", "Measures", "coverage", "find_sinks", "measure"]

PADDING = "padding"

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """What can be said of a record; arrays are ``[targets, layers, heads, parts]`` if nothing else is said.

    A place that lies in several parts gives each of them the share of its weight that it has of its area.

    - ``mass`` is the weight on the part;
    - ``share`` is that over the weight on the picture: NaN where none fell on it. Over the part's ``area_fraction``
      it is the bias index, 1 where the part is neither preferred nor avoided;
    - ``share_without_sinks`` is the same over the places that are no sinks;
    - ``peak_inside`` (bool): whether the centre of the place with the most weight lies in the part (the pointing game
      of Zhang et al. 2018, "Top-Down Neural Attention by Excitation Backprop", at the resolution of the places; a part
      smaller than a place may hold no centre). Of places whose centre lies in the picture, and the first of equals.
      False where there is no weight;
    - ``entropy`` (``[targets, layers, heads]``), in bits, of the weight in the picture over its places;
    - ``elsewhere`` (each ``[targets, layers, heads]``): what the record says, and what fell on places, or the shares
      of them, outside the picture as ``padding``;
    - ``sinks`` (bool ``[places]``).

    A target without tokens is NaN throughout.
    """

    mass: Numbers
    share: Numbers
    share_without_sinks: Numbers
    peak_inside: Flags
    entropy: Numbers
    elsewhere: Mapping[str, Numbers]
    sinks: Flags


def measure(record: AttentionRecord, coverage: Coverage) -> Measures:
    """Measure a record whose blocks are those of ``coverage``.

    Raises:
        ValueError: they have different numbers of places.
    """
    places = len(coverage.in_picture)
    if record.weights.shape[-1] != places:
        raise ValueError(f"{record.weights.shape[-1]} weights for {places} places")
    shape = record.weights.shape[:3]
    sinks = find_sinks(record, coverage)
    kept = coverage.of_part[~sinks]
    mass = np.empty((*shape, len(coverage.parts)))
    without = np.empty_like(mass)
    peak = np.zeros(mass.shape, dtype=np.bool_)
    entropy, padding = np.empty(shape), np.empty(shape)
    # One target at a time: the weights of a large model are many, and double precision doubles them.
    for target in range(shape[0]):
        weights = record.weights[target].astype(np.float64)
        mass[target] = weights @ coverage.of_part
        without[target] = weights[..., ~sinks] @ kept if sinks.any() else mass[target]
        padding[target] = weights @ (1.0 - coverage.in_picture)
        entropy[target] = _entropy(weights * coverage.in_picture)
        peak[target] = _peak_inside(weights, coverage)
    picture = coverage.parts.index(PICTURE)
    elsewhere = {name: np.asarray(of, dtype=np.float64) for name, of in record.elsewhere.items()}
    elsewhere[PADDING] = padding + elsewhere.get(PADDING, 0.0)
    return Measures(mass, _over(mass, picture), _over(without, picture), peak, entropy, elsewhere, sinks)


def _over(mass: Numbers, picture: int) -> Numbers:
    whole = mass[..., picture, None]
    share: Numbers = np.divide(mass, whole, out=np.full(mass.shape, np.nan), where=whole > 0)
    return share


def _entropy(weights: Numbers) -> Numbers:
    """In bits, over the last axis; NaN where there is no weight."""
    total = weights.sum(axis=-1, keepdims=True)
    shares = np.divide(weights, total, out=np.full(weights.shape, np.nan), where=total > 0)
    logarithms = np.log2(shares, out=np.zeros(shares.shape), where=~(shares <= 0))
    entropy: Numbers = np.abs((shares * logarithms).sum(axis=-1))
    return entropy


def _peak_inside(weights: Numbers, coverage: Coverage) -> Flags:
    """Bool ``[layers, heads, parts]`` from ``[layers, heads, places]``."""
    candidates = np.flatnonzero(coverage.centre_in[:, coverage.parts.index(PICTURE)])
    if not len(candidates):
        return np.zeros((*weights.shape[:2], len(coverage.parts)), dtype=np.bool_)
    seen = weights[..., candidates]
    where = candidates[seen.argmax(axis=-1)]
    inside: Flags = coverage.centre_in[where] & (seen.max(axis=-1) > 0)[..., None]
    return inside
