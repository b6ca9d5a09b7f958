"""Two runs compared: what lies between them, and what changed in their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.agreement import cohen_kappa
from elena_wb.analysis.comparing import DIMENSIONS, FAILED, UNKNOWN, Changes, SideBySide, compare, outcome
from elena_wb.analysis.corrections import holm
from elena_wb.analysis.paired_scores import ScoreChange, score_change
from elena_wb.analysis.rating_shift import RatingShift, rating_shift
from elena_wb.core import ABSTAINED, Estimate, Resampling, UsageError
from elena_wb.findings.comparing_rows import arranged, stimuli
from elena_wb.findings.differing import Difference, differences
from elena_wb.store import Store, resolve_run, show_run
from elena_wb.store.pairing import answered_by, side_by_side
from elena_wb.store.scorable import resolve_runs

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs, in words. ``unfinished`` is its status where that is not ``done``."""

    run_id: int
    name: str | None
    model: str
    prompt: str
    condition: str
    unfinished: str | None


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that the two runs answer with different emotions; ``truth`` is what is true, if that is known."""

    picture: str
    person_index: int | None
    repeat: int
    first: str
    second: str
    truth: str | None
    stimulus_id: str


@dataclass(frozen=True, slots=True)
class Tested:
    """A test of one thing that may have changed, two-sided: ``of`` what, by which ``test``, over ``n`` of what.

    ``p_holm`` is ``p`` corrected for the tests made of the same comparison; NaN where nothing could be tested.
    """

    of: str
    test: str
    n: int
    p: float
    p_holm: float


@dataclass(frozen=True, eq=False)
class Compared:
    """Two runs, what lies between them, and what changed.

    ``table`` has the rows of :func:`elena_wb.store.pairing.side_by_side`, ``answers`` the same as arrays. What takes
    resampling is computed when it is first asked for.
    """

    first: Side
    second: Side
    differences: tuple[Difference, ...]
    table: pa.Table
    answers: SideBySide
    changes: Changes
    resampling: Resampling = Resampling()  # noqa: RUF009

    @property
    def causes(self) -> tuple[Difference, ...]:
        """The differences that can change answers."""
        return tuple(one for one in self.differences if one.matters)

    @cached_property
    def repeats(self) -> bool:
        """Whether some stimulus was asked about repeatedly."""
        return bool((self.table["repeat"].to_numpy() > 0).any())

    @cached_property
    def stimuli(self) -> npt.NDArray[np.int64]:
        """A number for the stimulus of each row of ``table``."""
        return stimuli(self.table)

    @cached_property
    def paired(self) -> npt.NDArray[np.bool_]:
        """Which rows are pairs of answers, whether they could be read or not."""
        return np.asarray((self.answers.first > FAILED) & (self.answers.second > FAILED))

    @cached_property
    def read(self) -> npt.NDArray[np.bool_]:
        """Which rows could be read on both sides."""
        return np.asarray((self.answers.first >= ABSTAINED) & (self.answers.second >= ABSTAINED))

    @cached_property
    def scores(self) -> ScoreChange | None:
        """What the pairs score on either side; ``None`` where nothing is known to be true."""
        kept, answers = self.paired, self.answers
        return score_change(
            answers.first[kept],
            answers.second[kept],
            answers.truth[kept],
            self.stimuli[kept],
            self.resampling,
        )

    @cached_property
    def agreement(self) -> Estimate:
        """Cohen's κ of the pairs read on both sides; naming no emotion is a category."""
        kept, answers = self.read, self.answers
        return cohen_kappa(answers.first[kept], answers.second[kept], self.stimuli[kept], self.resampling)

    @cached_property
    def ratings(self) -> Mapping[str, RatingShift]:
        """How valence, arousal and dominance moved, of the pairs read on both sides."""
        apart = (self.answers.second_vad - self.answers.first_vad)[self.read]
        return {
            name: rating_shift(apart[:, place], self.stimuli[self.read], self.resampling)
            for place, name in enumerate(DIMENSIONS)
        }

    @cached_property
    def tests(self) -> tuple[Tested, ...]:
        """One of right answers, where that is known, and one of each rating; corrected for one another."""
        found = [self._test_of_right()] if self.changes.correct.n else []
        found += [
            (name, "Wilcoxon, signed ranks", of.stimuli, of.test.p)
            for name, of in self.ratings.items()
            if of.n
        ]
        corrected = holm([p for *_, p in found])
        return tuple(Tested(*one, p_holm) for one, p_holm in zip(found, corrected, strict=True))

    @cached_property
    def exact_test(self) -> str:
        """The test of right answers, and of how often an emotion is named."""
        return "sign test of pictures" if self.repeats else "McNemar, exact"

    def _test_of_right(self) -> tuple[str, str, int, float]:
        known = self.paired & (self.answers.truth != UNKNOWN)
        return "right answers", self.exact_test, len(np.unique(self.stimuli[known])), self.changes.correct.p

    @cached_property
    def flips(self) -> tuple[Flip, ...]:
        """The questions that are answered with different emotions, in order of the pictures."""
        return self.first_flips(len(self.changes.flipped))

    def first_flips(self, count: int) -> tuple[Flip, ...]:
        """The first ``count`` of :attr:`flips`."""
        return _flips(self.table, self.answers, self.changes.flipped[:count])


def compare_runs(
    store: Store,
    first: str,
    second: str,
    *,
    settings: Mapping[str, str | bool | int] | None = None,
    resampling: Resampling = Resampling(),  # noqa: B008
) -> Compared:
    """Compare the runs that a user calls ``first`` and ``second``, by number or name.

    ``settings`` are DuckDB's for the connection that reads all answers, such as a limit of its memory; ``resampling``
    is how intervals are made that need it.

    Raises:
        UsageError: there is no such run, a name stands for several, both are the same run, or their answers
            are labels of different schemes.
    """
    ids = [_one_run(store, text) for text in (first, second)]
    if ids[0] == ids[1]:
        raise UsageError(
            f"`{first}` and `{second}` are the same run, {ids[0]}.",
            hint="`elena-wb runs` lists all; `elena-wb run … --fresh` makes another of the same specification.",
        )
    shown = shown_runs(store, ids)
    schemes = [run["options"].get("scheme") or "ekman7" for run in shown]
    if schemes[0] != schemes[1]:
        raise UsageError(
            f"Run {ids[0]} answers in labels of {schemes[0]} and run {ids[1]} in those of {schemes[1]}, "
            "which cannot be paired.",
            hint=f"`elena-wb score {ids[0]} {ids[1]} --scheme NAME` scores both in one scheme.",
        )
    table = side_by_side(store, ids[0], ids[1], schemes[0], settings=settings)
    answers = arranged(table)
    changes = compare(answers, stimuli(table), resampling)
    if not changes.pairs:
        raise UsageError(
            f"Runs {ids[0]} and {ids[1]} have no answers to the same questions.",
            hint="They are about different pictures, or their calls failed: `elena-wb runs` has the counts.",
        )
    return Compared(
        first=side_of(shown[0]),
        second=side_of(shown[1]),
        differences=differences(shown[0], shown[1]),
        table=table,
        answers=answers,
        changes=changes,
        resampling=resampling,
    )


def shown_runs(store: Store, run_ids: Sequence[int]) -> list[Mapping[str, Any]]:
    """The runs as :func:`elena_wb.store.show_run` shows them, and who a server says answered."""
    return [{**show_run(store, run_id), "answered_by": answered_by(store, run_id)} for run_id in run_ids]


def _one_run(store: Store, text: str) -> int:
    run_ids = resolve_runs(store, [text])
    if len(run_ids) > 1:
        raise UsageError(
            f"`{text}` is the name of {len(run_ids)} runs: {', '.join(map(str, run_ids))}.",
            hint="Name two of them by their numbers; `elena-wb runs` says what each is.",
        )
    return resolve_run(store, text)


def side_of(shown: Mapping[str, Any]) -> Side:
    """A run of :func:`shown_runs` in words."""
    return Side(
        run_id=shown["run_id"],
        name=shown["name"],
        model=shown["model_uri"],
        prompt=shown["prompt_name"],
        condition=shown["condition"],
        unfinished=None if shown["status"] == "done" else shown["status"],
    )


def _flips(table: pa.Table, answers: SideBySide, places: npt.NDArray[np.intp]) -> tuple[Flip, ...]:
    rows = table.take(places).to_pylist()
    return tuple(
        Flip(
            picture=row["picture"] or row["stimulus_id"][:12],
            person_index=row["person_index"],
            repeat=row["repeat"],
            first=outcome(answers.labels, int(answers.first[place])),
            second=outcome(answers.labels, int(answers.second[place])),
            truth=row["truth"],
            stimulus_id=row["stimulus_id"],
        )
        for place, row in zip(places.tolist(), rows, strict=True)
    )
