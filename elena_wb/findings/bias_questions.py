"""The answers of the trials of a study, read once, and the questions of each trial made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bias import Questions
from elena_wb.analysis.comparing import FAILED, MISSING
from elena_wb.findings.bias_runs import Trial
from elena_wb.masking import NO_ROOM, NOTHING_HIDDEN
from elena_wb.store import Store
from elena_wb.store.bias import Asked, Terms, labels_of, read_answers, read_audits, read_truths

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The *n* answers of one run in order of ``key`` (int64 ``[n]``: one for each stimulus and repeat).

    ``stimulus`` (int64 ``[n]``) numbers the stimuli; the other columns are those of
    :func:`elena_wb.store.bias.read_answers`.
    """

    key: Codes
    stimulus: Codes
    of: dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """What was answered in the runs of a study, by run, and what is true of the stimuli.

    ``names`` (int64 ``[stimuli]``, ascending) are the stimuli as the store numbers them; their place here is their
    number elsewhere. ``truth`` has ``truth``, ``of_face`` and ``of_body`` of each (int64 ``[stimuli]``).
    """

    terms: Terms
    names: Codes
    truth: dict[str, Codes]
    answers: dict[int, Answers]
    repeats: int

    def questions(self, store: Store, trial: Trial, *, must_be_audited: bool) -> Questions:
        """All questions that any run of the trial was asked."""
        sides = (trial.unmasked, trial.hidden, trial.control)
        of = [None if run is None else self.answers[run.run_id] for run in sides]
        key = _together([one.key for one in of if one is not None])
        stimulus = key // self.repeats
        unmasked, hidden, control = (_Placed(one, key) for one in of)
        no_room = control.column("no_room", 0).astype(np.bool_)
        unfound = hidden.column("unfound", 0) != 0
        unfound |= (control.column("unfound", 0) != 0) & ~no_room
        audited, face_left = self._audited(store, trial.hidden)
        return Questions(
            labels=len(self.terms.labels),
            asked=(of[0] is not None, of[1] is not None, of[2] is not None),
            stimulus=stimulus,
            answers=np.stack(
                [side.column("answer", MISSING) for side in (unmasked, hidden, control)], axis=1
            ),
            truth=self.truth["truth"][stimulus],
            of_face=self.truth["of_face"][stimulus],
            of_body=self.truth["of_body"][stimulus],
            unfound=unfound,
            no_room=no_room,
            face_left=face_left[stimulus],
            unaudited=~audited[stimulus] if must_be_audited else np.zeros(len(key), dtype=np.bool_),
            facial=np.stack([side.column("facial", 0) for side in (unmasked, hidden)], axis=1),
            known=np.stack([side.column("known", 0) for side in (unmasked, hidden)], axis=1),
            speaks=np.stack([side.column("speaks", -1) for side in (unmasked, hidden)], axis=1),
        )

    def _audited(self, store: Store, hidden: Asked | None) -> tuple[Any, Any]:
        """Which stimuli were audited as the run masks them, and in which of these a face was left."""
        audited, left = np.zeros((2, len(self.names)), dtype=np.bool_)
        if hidden is not None:
            table = read_audits(store, hidden.run_id)
            place, there = _places(self.names, table["stimulus"].to_numpy())
            audited[place] = True
            left[place] = table["face_left"].to_numpy(zero_copy_only=False)[there]
        return audited, left


def read_study(store: Store, trials: Sequence[Trial]) -> Study:
    """What the runs of these trials, which belong to one study, answered."""
    told = {run.run_id for trial in trials for run in (trial.unmasked, trial.hidden) if run is not None}
    others = {trial.control.run_id for trial in trials if trial.control is not None} - told
    scheme = trials[0].about.scheme
    labels = labels_of(store, sorted(told | others), scheme)
    terms = Terms(labels, scheme, FAILED, MISSING, NOTHING_HIDDEN, NO_ROOM)
    table = read_answers(store, sorted(told), sorted(others), terms)
    column = {name: np.asarray(table[name].to_numpy()) for name in table.column_names}
    names, stimulus = np.unique(column.pop("stimulus"), return_inverse=True)
    repeat = column.pop("repeat").astype(np.int64)
    repeats = int(repeat.max(initial=0)) + 1
    key = stimulus.astype(np.int64) * repeats + repeat
    run_id = column.pop("run_id")
    answers = {}
    for of in (*told, *others):
        rows = np.flatnonzero(run_id == of)
        rows = rows[np.argsort(key[rows])]
        values = {name: values[rows].astype(np.int64) for name, values in column.items()}
        answers[of] = Answers(key[rows], stimulus[rows], values)
    return Study(terms, names, _truth(store, names, terms), answers, repeats)


def _truth(store: Store, names: Codes, terms: Terms) -> dict[str, Codes]:
    table = read_truths(store, terms)
    place, there = _places(names, table["stimulus"].to_numpy())
    found = {}
    for column in ("truth", "of_face", "of_body"):
        found[column] = np.full(len(names), -1, dtype=np.int64)
        found[column][place] = table[column].to_numpy()[there]
    return found


def _places(names: Codes, of: npt.NDArray[Any]) -> tuple[Codes, npt.NDArray[np.bool_]]:
    """Where those of ``of`` that are among ``names`` stand there, and which they are."""
    if not len(names):
        return np.empty(0, dtype=np.int64), np.zeros(len(of), dtype=np.bool_)
    place = np.searchsorted(names, of).clip(max=len(names) - 1)
    there = names[place] == of
    return place[there], there


def _together(keys: Sequence[Codes]) -> Codes:
    """All keys in order, each once."""
    if all(len(one) == len(keys[0]) and np.array_equal(one, keys[0]) for one in keys):
        return keys[0]
    return np.unique(np.concatenate(keys))


class _Placed:
    """The answers of a run, or of none, set beside the questions of a trial."""

    def __init__(self, answers: Answers | None, key: Codes) -> None:
        self._answers, self._count = answers, len(key)
        self._whole = answers is not None and len(answers.key) == len(key)
        self._place = None if answers is None or self._whole else np.searchsorted(key, answers.key)

    def column(self, name: str, otherwise: int) -> Codes:
        """Values for each question, ``otherwise`` where it was not asked."""
        if self._answers is not None and self._whole:
            return self._answers.of[name]
        values = np.full(self._count, otherwise, dtype=np.int64)
        if self._answers is not None and self._place is not None:
            values[self._place] = self._answers.of[name]
        return values
