"""Several runs compared: how far all agree, and every pair of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.agreement import cohen_kappa, krippendorff_alpha
from elena_wb.analysis.clustered import share_of
from elena_wb.analysis.clusters import numbered
from elena_wb.analysis.comparing import DIMENSIONS, FAILED, MISSING
from elena_wb.analysis.corrections import holm
from elena_wb.analysis.paired_scores import more_often_right, score_change
from elena_wb.core import ABSTAINED, Estimate, Resampling, UsageError
from elena_wb.findings.comparing import Side, shown_runs, side_of
from elena_wb.findings.differing import Difference, differences
from elena_wb.store import Store
from elena_wb.store.many_runs import answers_of_runs

if TYPE_CHECKING:
    import pyarrow as pa

_NONE = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True, slots=True)
class PairOfRuns:
    """Two of the runs: ``pairs`` of answers, ``lost`` questions without a counterpart or with a failed call.

    ``flips`` and ``kappa`` are of the pairs read on both sides. ``accuracy`` and ``macro_f1`` are the second run's less
    the first's, over the pairs of which one label is true. ``p`` is of both runs being right equally often: McNemar's
    exact test, or the sign test of stimuli where some were asked about repeatedly; ``p_holm`` is corrected for all
    pairs of runs. ``causes`` are the things that differ and can change answers.
    """

    first: int
    second: int
    causes: tuple[str, ...]
    pairs: int
    lost: int
    flips: Estimate
    kappa: Estimate
    accuracy: Estimate
    macro_f1: Estimate
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class ComparedMany:
    """Several runs and ``pairs`` of them.

    ``alpha`` is Krippendorff's α over all runs, of ``emotion`` (nominal) and of each rating (interval); empty where
    only some pairs of the runs belong together. ``questions`` counts stimuli and repeats that any run was asked,
    ``answered_by_all`` those that every run gave an answer to that could be read. ``differing`` has, for each run but
    the first, what differs from the first. ``conditions`` are those that were to be compared, where that was asked for.
    """

    runs: tuple[Side, ...]
    differing: tuple[tuple[Difference, ...], ...]
    alpha: Mapping[str, Estimate]
    pairs: tuple[PairOfRuns, ...]
    questions: int
    answered_by_all: int
    repeats: bool
    resampling: Resampling
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answers:
    """``emotion`` (int32 ``[questions, runs]``), ``ratings`` (float64 ``[questions, runs, 3]``), and of each question
    its ``stimulus`` and ``truth``."""

    emotion: npt.NDArray[np.int32]
    ratings: npt.NDArray[np.float64]
    stimulus: npt.NDArray[np.int64]
    truth: npt.NDArray[np.int32]


def compare_many(
    store: Store,
    run_ids: Sequence[int],
    resampling: Resampling = Resampling(),  # noqa: B008
) -> ComparedMany:
    """Compare ``run_ids``, all with one another.

    Raises:
        UsageError: there are fewer than two, or their answers are labels of different schemes.
    """
    return _compared(
        store, run_ids, list(combinations(range(len(run_ids)), 2)), resampling, all_together=True
    )


def compare_pairs(
    store: Store,
    pairs: Sequence[tuple[int, int]],
    conditions: Sequence[str],
    resampling: Resampling = Resampling(),  # noqa: B008
) -> ComparedMany:
    """Compare these ``pairs`` of runs, each under two of ``conditions``; p is corrected for all of them.

    Raises:
        UsageError: as :func:`compare_many`.
    """
    run_ids = sorted({run_id for pair in pairs for run_id in pair})
    places = [(run_ids.index(first), run_ids.index(second)) for first, second in pairs]
    found = _compared(store, run_ids, places, resampling, all_together=False)
    return replace(found, conditions=tuple(conditions))


def _compared(
    store: Store,
    run_ids: Sequence[int],
    places: Sequence[tuple[int, int]],
    resampling: Resampling,
    *,
    all_together: bool,
) -> ComparedMany:
    if len(run_ids) < 2:
        raise UsageError("One run alone cannot be compared.", hint="`elena-wb runs` lists all.")
    shown = shown_runs(store, run_ids)
    schemes = {run["options"].get("scheme") or "ekman7" for run in shown}
    if len(schemes) > 1:
        raise UsageError(
            f"The runs answer in labels of {' and '.join(sorted(schemes))}, which cannot be compared.",
            hint="`elena-wb score RUN… --scheme NAME` scores all in one scheme.",
        )
    _, table = answers_of_runs(store, run_ids, schemes.pop(), failed=FAILED)
    answers = _arranged(table, len(run_ids))
    found = [_pair(shown, answers, first, second, resampling) for first, second in places]
    corrected = holm([one.p for one in found])
    read = answers.emotion >= ABSTAINED
    return ComparedMany(
        runs=tuple(map(side_of, shown)),
        differing=tuple(differences(shown[0], other) for other in shown[1:]),
        alpha=_alpha(answers, resampling) if all_together else {},
        pairs=tuple(replace(one, p_holm=p) for one, p in zip(found, corrected, strict=True)),
        questions=len(read),
        answered_by_all=int(read.all(axis=1).sum()),
        repeats=bool((np.diff(answers.stimulus) == 0).any()),
        resampling=resampling,
    )


def _arranged(table: pa.Table, runs: int) -> _Answers:
    columns = {name: table[name].to_numpy() for name in table.column_names}
    repeats = int(columns["repeat"].max(initial=0)) + 1
    key = columns["stimulus"].astype(np.int64) * repeats + columns["repeat"]
    place = numbered(key)
    questions = np.empty(int(place.max(initial=-1)) + 1, dtype=np.int64)
    questions[place] = key
    emotion = np.full((len(questions), runs), MISSING, dtype=np.int32)
    emotion[place, columns["run"]] = columns["emotion"]
    ratings = np.full((len(questions), runs, len(DIMENSIONS)), np.nan)
    for which, name in enumerate(DIMENSIONS):
        ratings[place, columns["run"], which] = columns[name]
    truth = np.full(len(questions), -1, dtype=np.int32)
    truth[place] = columns["truth"]
    return _Answers(emotion, ratings, questions // repeats, truth)


def _alpha(answers: _Answers, resampling: Resampling) -> Mapping[str, Estimate]:
    """Of emotions that could be read, naming none being one of them; and of each rating."""
    read = np.where(answers.emotion >= ABSTAINED, answers.emotion - ABSTAINED, -1)
    found = {"emotion": krippendorff_alpha(read, "nominal", resampling, stimulus=answers.stimulus)}
    for place, name in enumerate(DIMENSIONS):
        values = answers.ratings[:, :, place]
        found[name] = krippendorff_alpha(values, "interval", resampling, stimulus=answers.stimulus)
    return {name: alpha for name, alpha in found.items() if alpha.n or name == "emotion"}


def _pair(
    shown: Sequence[Mapping[str, Any]], answers: _Answers, a: int, b: int, resampling: Resampling
) -> PairOfRuns:
    first, second, stimulus = answers.emotion[:, a], answers.emotion[:, b], answers.stimulus
    asked = (first != MISSING) | (second != MISSING)
    paired = (first > FAILED) & (second > FAILED)
    read = (first >= ABSTAINED) & (second >= ABSTAINED)
    scored = paired & (answers.truth >= 0)
    sides = first[scored], second[scored], answers.truth[scored], stimulus[scored]
    change = score_change(*sides, resampling)
    return PairOfRuns(
        first=shown[a]["run_id"],
        second=shown[b]["run_id"],
        causes=tuple(one.aspect for one in differences(shown[a], shown[b]) if one.matters),
        pairs=int(paired.sum()),
        lost=int((asked & ~paired).sum()),
        flips=share_of(stimulus[read], (first != second)[read]),
        kappa=cohen_kappa(first[read], second[read], stimulus[read], resampling),
        accuracy=change.figures["accuracy"].change if change else _NONE,
        macro_f1=change.figures["macro_f1"].change if change else _NONE,
        p=more_often_right(*sides)[1],
        p_holm=math.nan,
    )
