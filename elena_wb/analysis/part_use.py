"""How often answers name a part of the body, and which parts go with which emotion beyond chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from elena_wb.analysis.clustered import shares, squared
from elena_wb.analysis.corrections import holm
from elena_wb.core import Estimate

Codes = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

LEAST_EXPECTED = 5
"""A normal approximation is trusted where each of the four expected counts is so many (Cochran 1954)."""

_FEW_KEYS = 20_000_000


@dataclass(frozen=True, eq=False)
class PartUse:
    """Of the answers with each of *e* emotions, which of *p* parts they name.

    ``overall[p]`` is the share of all answers that name the part, ``by_emotion[e][p]`` that of the answers with the
    emotion, ``elsewhere`` (``[e, p]``) of all other answers. ``residual`` (``[e, p]``) is by how many standard errors
    the part is named more often with the emotion than independence would have it, ``p_holm`` its two-sided p-value
    corrected over all that were tested; NaN where there are too few answers. ``clustered`` is whether some cluster has
    several answers.
    """

    answers: int
    clusters: int
    clustered: bool
    overall: tuple[Estimate, ...]
    by_emotion: tuple[tuple[Estimate, ...], ...]
    elsewhere: Numbers
    residual: Numbers
    p_holm: Numbers


def part_use(
    cluster: Codes, emotion: Codes, answer: Codes, part: Codes, *, emotions: int, parts: int
) -> PartUse:
    """What answers name.

    For each of *a* answers: ``cluster`` (``[a]``, from 0) which belong together, ``emotion`` (``[a]``) from 0, or
    negative for an answer that counts overall and as elsewhere and has none. For each of *n* namings: ``answer``
    (``[n]``, a place among the answers) and ``part`` (``[n]``, from 0); no answer names a part twice.

    A residual is that of the table of one emotion against the others by named against not named: Haberman's adjusted
    residual (Haberman 1973, Biometrics 29:205-220) where each cluster is one answer, else the score divided by its
    standard error between clusters (Boos 1992, The American Statistician 46:327-333), referred to Student's t with a
    degree of freedom less than clusters. It is left out where an expected count, in clusters, is below five.
    """
    a = len(cluster)
    clusters = int(cluster.max()) + 1 if a else 0
    seen = _counted(cluster, emotion, answer, part, clusters, emotions, parts)
    overall = shares(
        seen.named,
        np.full(parts, float(a)),
        np.full(parts, float(clusters)),
        squared(seen.named, np.full(parts, float(a)), seen.yy, seen.ym, np.full(parts, seen.mm)),
    )
    of = np.repeat(seen.with_emotion[:, None], parts, axis=1)
    within = shares(
        seen.both.ravel(),
        of.ravel(),
        np.repeat(seen.clusters_with, parts).astype(np.float64),
        squared(seen.both, of, seen.kk, seen.kx, np.repeat(seen.xx[:, None], parts, axis=1)).ravel(),
    )
    residual = _residuals(seen, a, clusters)
    p = 2 * (ndtr(-np.abs(residual)) if clusters == a else stdtr(max(clusters - 1, 1), -np.abs(residual)))
    with np.errstate(invalid="ignore", divide="ignore"):
        elsewhere = (seen.named[None, :] - seen.both) / (a - of)
    return PartUse(
        answers=a,
        clusters=clusters,
        clustered=clusters < a,
        overall=tuple(overall),
        by_emotion=tuple(tuple(within[e * parts : (e + 1) * parts]) for e in range(emotions)),
        elsewhere=elsewhere,
        residual=residual,
        p_holm=np.array(holm(p.ravel().tolist()), dtype=np.float64).reshape(emotions, parts),
    )


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over clusters: m answers in a cluster, x with an emotion, y naming a part, k both."""

    with_emotion: Numbers  # [e]
    clusters_with: Codes  # [e]
    named: Numbers  # [p]
    both: Numbers  # [e, p]
    mm: float
    xx: Numbers  # [e]
    xm: Numbers  # [e]
    yy: Numbers  # [p]
    ym: Numbers  # [p]
    yx: Numbers  # [e, p]
    kk: Numbers  # [e, p]
    kx: Numbers  # [e, p]
    km: Numbers  # [e, p]
    ky: Numbers  # [e, p]


def _counted(
    cluster: Codes, emotion: Codes, answer: Codes, part: Codes, clusters: int, emotions: int, parts: int
) -> _Sums:
    m = np.bincount(cluster, minlength=clusters).astype(np.float64)
    known = emotion >= 0
    felt_in = np.bincount(cluster[known] * emotions + emotion[known], minlength=clusters * emotions)
    x = felt_in.reshape(clusters, emotions).astype(np.float32)
    of, feels = cluster[answer], emotion[answer]
    felt = feels >= 0
    cell = feels[felt] * parts + part[felt]
    if clusters == len(cluster):
        y, k = np.ones(len(part)), np.ones(len(cell))
    else:
        y = _times(of * parts + part)
        k = _times((of[felt] * emotions + feels[felt]) * parts + part[felt])

    def by_part(weights: Numbers | None = None) -> Numbers:
        return np.bincount(part, weights=weights, minlength=parts).astype(np.float64)

    def by_cell(weights: Numbers | None = None) -> Numbers:
        found = np.bincount(cell, weights=weights, minlength=emotions * parts)
        return found.astype(np.float64).reshape(emotions, parts)

    return _Sums(
        with_emotion=np.bincount(emotion[known], minlength=emotions).astype(np.float64),
        clusters_with=(x > 0).sum(axis=0),
        named=by_part(),
        both=by_cell(),
        mm=float(m @ m),
        xx=(x.astype(np.float64) ** 2).sum(axis=0),
        xm=m @ x,
        yy=by_part(y),
        ym=by_part(m[of]),
        yx=_products(part, x[of], parts) if clusters < len(cluster) else np.zeros((emotions, parts)),
        kk=by_cell(k),
        kx=by_cell(x[of[felt], feels[felt]].astype(np.float64)),
        km=by_cell(m[of[felt]]),
        ky=by_cell(y[felt]),
    )


def _products(part: Codes, x: npt.NDArray[np.float32], parts: int) -> Numbers:
    """For each emotion and part, the sum over namings of the part of the answers with the emotion beside it."""
    found = [np.bincount(part, weights=column, minlength=parts) for column in x.T]
    return np.array(found, dtype=np.float64).reshape(x.shape[1], parts)


def _times(keys: Codes) -> Numbers:
    """How often the key at each place occurs: summed over places, the sum of the squares of the counts."""
    if len(keys) and keys.max() < _FEW_KEYS:
        return np.bincount(keys)[keys].astype(np.float64)
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    found: Numbers = counts[inverse.ravel()].astype(np.float64)
    return found


def _residuals(seen: _Sums, answers: int, clusters: int) -> Numbers:
    if not answers:
        return np.full(seen.both.shape, math.nan)
    x, y = seen.with_emotion[:, None], seen.named[None, :]
    mean_x, mean_y = x / answers, y / answers
    score = seen.both - x * mean_y
    if clusters == answers:
        variance = x * y * (1 - mean_x) * (1 - mean_y) / answers
    else:
        # The sum over clusters of (k - mean_x y - mean_y x + mean_x mean_y m)², multiplied out.
        a, b, c = -mean_x, -mean_y, mean_x * mean_y
        variance = (
            seen.kk
            + a**2 * seen.yy
            + b**2 * seen.xx[:, None]
            + c**2 * seen.mm
            + 2 * (a * seen.ky + b * seen.kx + c * seen.km)
            + 2 * (a * b * seen.yx + a * c * seen.ym + b * c * seen.xm[:, None])
        )
    fewest = np.minimum(x, answers - x) * np.minimum(y, answers - y) / answers
    enough = (fewest * clusters / answers >= LEAST_EXPECTED) & (variance > 1e-9)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(enough, score / np.sqrt(np.where(enough, variance, 1.0)), math.nan)
