"""Answers to try metrics with, as the store hands them out: everyday ones, and all that can happen to a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from elena_wb.core import ABSTAINED, REFUSED, UNPARSED, Answers, Column
from elena_wb.vocabulary import load_scheme

LABELS = load_scheme("ekman7").names
_RIGHT = 0.6


def everyday(reads: frozenset[Column], patterns: int = 80, seed: int = 0, stimuli: int = 4) -> Answers:
    """One true label for most stimuli, two for a few; most answers right, some no answer at all; some numbers missing.

    Columns that are not in ``reads`` hold nothing, as in the store.
    """
    rng = np.random.default_rng(seed)
    k, labels = patterns, len(LABELS)
    first = rng.integers(0, labels, k)
    truth = np.eye(labels, dtype=np.bool_)[first]
    also = rng.random(k) < 0.1
    truth[also, rng.integers(0, labels, int(also.sum()))] = True
    truth[rng.random(k) < 0.05] = False
    given = rng.integers(1, 3, k)
    pattern = np.repeat(np.arange(k, dtype=np.int32), given)
    a = len(pattern)
    emotion = np.where(rng.random(a) < _RIGHT, first[pattern], rng.integers(UNPARSED, labels, a)).astype(
        np.int32
    )
    truth_vad = rng.uniform(1, 10, (k, 3))
    vad = np.clip(truth_vad[pattern] + rng.normal(0, 1.5, (a, 3)), 1, 10)
    truth_vad[rng.random((k, 3)) < 0.1] = np.nan
    vad[rng.random((a, 3)) < 0.1] = np.nan
    scores = np.log(rng.dirichlet(np.ones(labels), a))
    scores[rng.random(a) < 0.1] = np.nan
    found = Answers(
        LABELS,
        rng.integers(1, stimuli + 1, k).astype(np.int64),
        truth,
        truth_vad,
        pattern,
        emotion,
        vad,
        scores,
    )
    return _as_stored(found, reads)


def many(reads: frozenset[Column]) -> Answers:
    """2,000 patterns of many stimuli."""
    return everyday(reads, 2000, seed=3, stimuli=132)


def every_case(reads: frozenset[Column]) -> dict[str, Answers]:
    """What is special → answers of which it is true."""
    plain = everyday(reads)

    def with_(**columns: Callable[[Any], Any]) -> Answers:
        changed = {name: change(getattr(plain, name).copy()) for name, change in columns.items()}
        return _as_stored(replace(plain, **changed), reads)

    def filled(value: float) -> Callable[[Any], Any]:
        return lambda array: np.full_like(array, value)

    of_one_label = np.eye(len(LABELS), dtype=np.bool_)[np.zeros(len(plain.stimuli), dtype=int)]
    true_vad = plain.truth_vad[plain.pattern]
    right = plain.truth.argmax(axis=1)[plain.pattern].astype(np.int32)
    return {
        "everyday answers": plain,
        "answers that are all right": with_(emotion=lambda _: right, vad=lambda _: true_vad),
        "answers that are all wrong": with_(emotion=lambda _: ((right + 1) % len(LABELS)).astype(np.int32)),
        "answers that are all the same": with_(emotion=filled(0), vad=filled(5.0), scores=filled(-1.0)),
        "refusals alone": with_(emotion=filled(REFUSED), vad=filled(np.nan), scores=filled(np.nan)),
        "abstentions alone": with_(emotion=filled(ABSTAINED), vad=filled(np.nan), scores=filled(np.nan)),
        "answers that nobody could read": with_(
            emotion=filled(UNPARSED), vad=filled(np.nan), scores=filled(np.nan)
        ),
        "stimuli of which nothing is true": with_(truth=filled(0), truth_vad=filled(np.nan)),
        "stimuli of which everything is true": with_(truth=filled(1)),
        "stimuli that are all of one label": with_(truth=lambda _: of_one_label),
        "scores of impossible labels (-inf)": with_(
            scores=lambda array: np.where(array < -3, -np.inf, array)
        ),
        "a scheme that nobody knows": _frozen(
            replace(plain, labels=tuple(f"label {n}" for n in range(len(LABELS))))
        ),
        "one stimulus": _as_stored(_only(plain, np.arange(len(plain.stimuli)) == 0, ones=True), reads),
        "no stimulus": _as_stored(_only(plain, np.zeros(len(plain.stimuli), dtype=bool)), reads),
    }


def in_another_order(answers: Answers) -> Answers:
    """The same patterns in another order."""
    order = np.random.default_rng(1).permutation(len(answers.stimuli))
    rows = np.concatenate([np.flatnonzero(answers.pattern == one)[::-1] for one in order])
    place = np.argsort(order)
    return _frozen(
        Answers(
            answers.labels,
            answers.stimuli[order],
            answers.truth[order],
            answers.truth_vad[order],
            place[answers.pattern[rows]].astype(np.int32),
            answers.emotion[rows],
            answers.vad[rows],
            answers.scores[rows],
        )
    )


def with_labels_turned(answers: Answers) -> Answers:
    """The same answers in a scheme whose labels come the other way round."""
    last = len(answers.labels) - 1
    return _frozen(
        replace(
            answers,
            labels=answers.labels[::-1],
            truth=answers.truth[:, ::-1].copy(),
            emotion=np.where(answers.emotion < 0, answers.emotion, last - answers.emotion).astype(np.int32),
            scores=answers.scores[:, ::-1].copy(),
        )
    )


def split(answers: Answers) -> Answers:
    """The same answers with a pattern for each stimulus."""
    source = np.repeat(np.arange(len(answers.stimuli)), answers.stimuli)
    return _of_patterns(answers, source, np.ones(len(source), dtype=np.int64), times=1)


def repeated(answers: Answers, times: int) -> Answers:
    """The same answers, each given so many times to the same stimulus."""
    return _of_patterns(answers, np.arange(len(answers.stimuli)), answers.stimuli, times=times)


def _only(answers: Answers, kept: Any, *, ones: bool = False) -> Answers:
    stimuli = np.ones_like(answers.stimuli) if ones else answers.stimuli
    return _of_patterns(answers, np.flatnonzero(kept), stimuli[kept], times=1)


def _of_patterns(answers: Answers, source: Any, stimuli: Any, *, times: int) -> Answers:
    """Patterns taken from those at ``source``, each answer ``times`` over."""
    rows = [np.repeat(np.flatnonzero(answers.pattern == one), times) for one in source]
    chosen = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
    pattern = np.repeat(np.arange(len(source), dtype=np.int32), [len(one) for one in rows])
    return _frozen(
        Answers(
            answers.labels,
            stimuli,
            answers.truth[source],
            answers.truth_vad[source],
            pattern,
            answers.emotion[chosen],
            answers.vad[chosen],
            answers.scores[chosen],
        )
    )


def _as_stored(answers: Answers, reads: frozenset[Column]) -> Answers:
    """``answers`` with nothing in the columns that are not read."""
    if "emotion" not in reads:
        answers = replace(answers, emotion=np.full_like(answers.emotion, ABSTAINED))
    if not reads & {"emotion", "scores"}:
        answers = replace(answers, truth=np.zeros_like(answers.truth))
    if "vad" not in reads:
        nothing = np.full_like(answers.truth_vad, np.nan), np.full_like(answers.vad, np.nan)
        answers = replace(answers, truth_vad=nothing[0], vad=nothing[1])
    if "scores" not in reads:
        answers = replace(answers, scores=np.full_like(answers.scores, np.nan))
    return _frozen(answers)


def _frozen(answers: Answers) -> Answers:
    for field in fields(answers):
        array = getattr(answers, field.name)
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    return answers
