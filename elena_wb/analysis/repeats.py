"""How far several answers about each picture are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.agreement import krippendorff_alpha
from elena_wb.analysis.clustered import share
from elena_wb.analysis.clusters import mean_over_stimuli, numbered
from elena_wb.core import Estimate, Resampling

Codes: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float64]

MISSING = -1


@dataclass(frozen=True, slots=True)
class Sameness:
    """Agreement of the answers to each picture, over the pictures with two or more.

    ``all_agree``: the share of pictures all of whose answers name the same emotion; ``pairs_agree``: the share of pairs
    of answers that do, a mean over pictures. ``alpha`` has Krippendorff's α of ``emotion`` (nominal) and of
    ``valence``, ``arousal`` and ``dominance`` (interval). To name no emotion is an answer, too.
    """

    all_agree: Estimate
    pairs_agree: Estimate
    alpha: Mapping[str, Estimate]


def sameness(
    emotion: Codes, feelings: Mapping[str, Numbers], resampling: Resampling, together: Codes | None = None
) -> Sameness:
    """Of ``emotion`` (int64 ``[pictures, answers]``, or :data:`MISSING`) and ``feelings`` (the same, or NaN).

    ``together`` (int64 ``[pictures]``) is equal for those that hang together, such as persons of one picture.
    """
    of = np.arange(len(emotion)) if together is None else together
    counts = _counts(emotion)
    answers = counts.sum(axis=1)
    several = answers > 1
    counts, answers = counts[several], answers[several]
    same = (counts * (counts - 1)).sum(axis=1) / np.maximum(answers * (answers - 1), 1)
    same_of = of[several]
    return Sameness(
        all_agree=_share(counts.max(axis=1, initial=0) == answers, same_of),
        pairs_agree=mean_over_stimuli(same_of, same, resampling),
        alpha={
            "emotion": krippendorff_alpha(emotion, "nominal", resampling, stimulus=together),
            **{
                name: krippendorff_alpha(values, "interval", resampling, stimulus=together)
                for name, values in feelings.items()
            },
        },
    )


def flips(first: Codes, second: Codes, together: Codes | None = None) -> Estimate:
    """The share of pictures, of those with both answers, that get different emotions; for ``together`` see above."""
    both = (first != MISSING) & (second != MISSING)
    of = np.arange(len(first)) if together is None else together
    return _share((first != second)[both], of[both])


def _share(hits: npt.NDArray[np.bool_], of: Codes) -> Estimate:
    """The share of ``hits`` with Wilson's interval, for as many as they are worth where some hang together."""
    group = numbered(of)
    answers = np.bincount(group)
    apart = np.bincount(group, weights=hits) - answers * (hits.mean() if len(hits) else 0.0)
    return share(float(hits.sum()), len(hits), len(answers), float((apart**2).sum()))


def side_by_side(
    unit: Codes, place: Codes, values: npt.NDArray[Any], missing: float, places: int
) -> npt.NDArray[np.float64]:
    """Values in rows by unit (ascending) and so many columns by place; ``missing`` where there is none."""
    names, row = np.unique(unit, return_inverse=True)
    table = np.full((len(names), places), float(missing))
    table[row, place] = values
    return table


def pictures_of(unit: Codes, picture: Codes) -> Codes:
    """The picture of each row of :func:`side_by_side`."""
    return picture[np.unique(unit, return_index=True)[1]]


def _counts(emotion: Codes) -> Codes:
    """How many answers of each picture name each emotion: int64 ``[pictures, emotions]``."""
    kinds = np.unique(emotion[emotion != MISSING])
    return (
        np.stack([(emotion == kind).sum(axis=1) for kind in kinds], axis=1)
        if len(kinds)
        else np.zeros((len(emotion), 0), dtype=np.int64)
    )
