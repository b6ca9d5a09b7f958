"""Whether a model reads faces: what hiding them changes, where it looks, what it names, and which label it follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from elena_wb.analysis import bias as measures
from elena_wb.analysis.bias import Dependence, Followed, Sides
from elena_wb.analysis.corrections import holm
from elena_wb.core import Resampling
from elena_wb.findings.bias_gaze import FaceGaze, face_gaze
from elena_wb.findings.bias_questions import Study, read_study
from elena_wb.findings.bias_runs import Trial, trials
from elena_wb.store import Store
from elena_wb.store.answers import hides_face
from elena_wb.store.bias import SIDES, Asked, Terms

FEWEST = 6
"""Stimuli it takes for a verdict: with 5 that all go one way an exact sign test still gives p = .0625."""
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Test:
    """One of the tests of a trial: ``p`` as it stands, ``p_holm`` corrected for how many tests the trial has."""

    p: float
    p_holm: float
    stimuli: int

    @property
    def told(self) -> bool:
        """Whether it leaves little doubt, of stimuli enough."""
        return self.p_holm < ALPHA and self.stimuli >= FEWEST


@dataclass(frozen=True, slots=True)
class Tried:
    """What the answers of one trial say.

    ``followed`` is of nothing hidden and of the face hidden, ``None`` where face and body are nowhere labelled apart;
    ``gaze`` is ``None`` where no answer was looked at. ``questions`` counts all (stimulus and repeat), ``labelled``
    those of which one label is true; ``well_hidden`` those asked of nothing and of the face hidden that show no face
    then. ``tests`` are by the name of what is tested: ``macro_f1``, ``accuracy``, ``flips``, ``gaze``, ``preference``,
    ``parts``, ``words``, ``follows``, ``unmasked_either``, ``hidden_either``; those that could be made.
    ``must_be_audited``: a mask that no audit found whole counts for none.
    """

    trial: Trial
    terms: Terms
    questions: int
    labelled: int
    well_hidden: int
    dependence: Dependence | None
    parts: Sides
    words: Sides
    followed: tuple[Followed | None, Followed | None]
    follows_face: Sides
    gaze: FaceGaze | None
    tests: Mapping[str, Test]

    must_be_audited: bool

    @property
    def runs(self) -> Mapping[str, int]:
        """The numbers of its runs by side."""
        of = zip(SIDES, (self.trial.unmasked, self.trial.hidden, self.trial.control), strict=True)
        return {side: run.run_id for side, run in of if run is not None}

    @property
    def masked_themselves(self) -> bool:
        """Whether the pictures are of a data set whose faces are masked in the pictures, as BESST's."""
        return {run.dataset for run in self.trial.runs} == {"besst"}

    @property
    def looked(self) -> frozenset[str]:
        """The sides on which attention to the face is known."""
        if self.gaze is None:
            return frozenset()
        sides = zip(
            SIDES, (self.gaze.ratio.unmasked, self.gaze.ratio.hidden, self.gaze.ratio.control), strict=True
        )
        return frozenset(side for side, of in sides if of.n)


@dataclass(frozen=True, slots=True)
class Bias:
    """What some runs say of ELENA's question; ``unused`` are the runs that were named and have no part in it."""

    tried: tuple[Tried, ...]
    unused: tuple[Asked, ...]
    named: tuple[int, ...]
    resampling: Resampling
    audited_only: bool


def facial_bias(
    store: Store,
    run_ids: Sequence[int],
    resampling: Resampling = Resampling(),  # noqa: B008
    *,
    audited_only: bool = False,
    settings: Mapping[str, str | bool | int] | None = None,
) -> Bias:
    """Everything that the runs ``run_ids``, and those in the store that belong to them, say of it.

    ``audited_only`` leaves out questions whose mask no audit found whole. ``settings`` are DuckDB's for the connection.
    """
    with store.read(settings):
        found, unused = trials(store, run_ids)
        read = {
            study: read_study(store, [trial for trial in found if trial.about.study == study])
            for study in dict.fromkeys(trial.about.study for trial in found)
        }
        tried = tuple(
            _tried(store, trial, read[trial.about.study], resampling, audited_only=audited_only)
            for trial in found
        )
    return Bias(tried, unused, tuple(run_ids), resampling, audited_only)


def _tried(store: Store, trial: Trial, study: Study, resampling: Resampling, *, audited_only: bool) -> Tried:
    must = must_be_audited(trial, audited_only=audited_only)
    questions = study.questions(store, trial, must_be_audited=must)
    compared = trial.unmasked is not None and trial.hidden is not None
    dependence = measures.dependence(questions, resampling) if compared else None
    parts, words = measures.parts(questions, resampling), measures.words(questions, resampling)
    followed, follows_face = measures.follows(questions), measures.follows_face(questions, resampling)
    gaze = face_gaze(store, trial, resampling, audited_only=audited_only)
    return Tried(
        trial=trial,
        terms=study.terms,
        questions=len(questions.stimulus),
        labelled=int((questions.truth >= 0).sum()),
        well_hidden=int(questions.hidden_well().sum()),
        dependence=dependence,
        parts=parts,
        words=words,
        followed=followed,
        follows_face=follows_face,
        gaze=gaze,
        tests=_tests(dependence, parts, words, followed, follows_face, gaze),
        must_be_audited=must,
    )


def must_be_audited(trial: Trial, *, audited_only: bool) -> bool:
    """Whether a mask that was not audited counts for none; a knock-out hides no pixel, so there is nothing to audit."""
    return audited_only and trial.hidden is not None and hides_face(trial.hidden.condition)


def _tests(
    dependence: Dependence | None,
    parts: Sides,
    words: Sides,
    followed: tuple[Followed | None, Followed | None],
    follows_face: Sides,
    gaze: FaceGaze | None,
) -> Mapping[str, Test]:
    made: dict[str, tuple[float, int]] = {}
    if dependence is not None:
        for name in ("macro_f1", "accuracy", "flips"):
            of: Sides = getattr(dependence, name)
            made[name] = of.p, of.stimuli
    if gaze is not None:
        made["preference"] = gaze.preferred, gaze.stimuli
        made["gaze"] = gaze.ratio.p, gaze.ratio.stimuli
    for name, of in (("parts", parts), ("words", words), ("follows", follows_face)):
        made[name] = of.p, of.stimuli
    for side, one in zip(SIDES, followed, strict=False):
        if one is not None:
            made[f"{side}_either"] = one.p, one.stimuli
    made = {name: of_one for name, of_one in made.items() if not math.isnan(of_one[0])}
    corrected = holm([p for p, _ in made.values()])
    return {
        name: Test(p, p_holm, stimuli)
        for (name, (p, stimuli)), p_holm in zip(made.items(), corrected, strict=True)
    }
