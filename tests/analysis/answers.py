"""Answers for metrics, made from plain lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from elena_wb.core import ABSTAINED, Answers

LABELS = ("happiness", "sadness", "fear", "anger", "surprise", "disgust", "neutral")


def answers(
    truth: Sequence[set[int]],
    emotion: Sequence[Sequence[int]],
    *,
    truth_vad: Sequence[Sequence[float]] | None = None,
    vad: Sequence[Sequence[float]] | None = None,
    scores: Sequence[Sequence[float]] | None = None,
    labels: tuple[str, ...] = LABELS,
) -> Answers:
    """One stimulus for each truth, with as many answers as are given to it; every stimulus its own pattern."""
    k = len(truth)
    table = np.zeros((k, len(labels)), dtype=np.bool_)
    for row, codes in enumerate(truth):
        table[row, list(codes)] = True
    flat = [code for given in emotion for code in given]
    a = len(flat)

    def numbers(given: Sequence[Sequence[float]] | None, shape: tuple[int, int]) -> np.ndarray:
        return np.full(shape, np.nan) if given is None else np.array(given, dtype=np.float64).reshape(shape)

    return Answers(
        labels=labels,
        stimuli=np.ones(k, dtype=np.int64),
        truth=table,
        truth_vad=numbers(truth_vad, (k, 3)),
        pattern=np.repeat(np.arange(k, dtype=np.int32), [len(given) for given in emotion]),
        emotion=np.array(flat, dtype=np.int32),
        vad=numbers(vad, (a, 3)),
        scores=numbers(scores, (a, len(labels))),
    )


def of_vad(truth: Sequence[Sequence[float]], vad: Sequence[Sequence[float]]) -> Answers:
    """One answer to each stimulus, of which only feelings are known."""
    return answers([set()] * len(truth), [[ABSTAINED]] * len(truth), truth_vad=truth, vad=vad)
