"""What a metric is given, and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeAlias

if TYPE_CHECKING:  # kept out of start-up: `elena-wb --help` needs it not
    import numpy as np
    import numpy.typing as npt

    Counts: TypeAlias = npt.NDArray[np.int64]
    Codes: TypeAlias = npt.NDArray[np.int32]
    Numbers: TypeAlias = npt.NDArray[np.float64]
    Flags: TypeAlias = npt.NDArray[np.bool_]

Column = Literal["emotion", "vad", "scores"]
"""What a metric can ask for: labels and emotions, valence to dominance, or scores of every label."""

ABSTAINED, REFUSED, UNPARSED = -1, -2, -3
"""Stand in :attr:`Answers.emotion` where an answer names no label: it could be read and names none of the
scheme, it was a refusal, it could not be read."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one run, or of one group of them, with what is true: equal stimuli counted, not repeated.

    Two stimuli are of one *pattern* where the same is true of them and the same answers were given to them,
    in any order. A million answers that name one of seven labels are then a few dozen patterns, and drawing
    stimuli with replacement is drawing ``stimuli`` from a multinomial distribution. Only what the metric
    reads makes patterns; the other columns hold "nothing" throughout. Failures (``status`` error) are no
    answers and are not here.

    ``labels`` are those of the answers' scheme, in its order. For each of *k* patterns: ``stimuli`` (int64
    ``[k]``) how many stimuli are of it; ``truth`` (bool ``[k, labels]``) which labels are true of them, none
    where nothing is known; ``truth_vad`` (float64 ``[k, 3]``) stated valence, arousal and dominance, NaN
    where not known. For each of *a* answers within these patterns: ``pattern`` (int32 ``[a]``, ascending)
    which it belongs to; ``emotion`` (int32 ``[a]``) a position in ``labels``, or :data:`ABSTAINED`,
    :data:`REFUSED`, :data:`UNPARSED`; ``vad`` (float64 ``[a, 3]``) as answered; ``scores`` (float64
    ``[a, labels]``) how probable each label was to the model (natural logarithm), NaN where it cannot tell.
    """

    labels: tuple[str, ...]
    stimuli: Counts
    truth: Flags
    truth_vad: Numbers
    pattern: Codes
    emotion: Codes
    vad: Numbers
    scores: Numbers

    @property
    def weights(self) -> Counts:
        """How many answers each of the *a* answers stands for: int64 ``[a]``."""
        return self.stimuli[self.pattern]

    @property
    def n(self) -> int:
        """How many answers there are in all."""
        return int(self.weights.sum())


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made: the number of bootstrap samples, and the seed of their drawing."""

    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, from ``n`` answers; ``nan`` where it is not defined."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """Two decimals, as ``.57 [.54, .60]``; a dash where there is nothing."""
        if math.isnan(self.value):
            return "–"
        return f"{brief(self.value, 2)} [{brief(self.low, 2)}, {brief(self.high, 2)}]"


def brief(value: float, decimals: int) -> str:
    """A number without the zero before its point, as journals print shares: ``.57``, ``-.10``, ``1.00``."""
    if math.isnan(value):
        return "–"
    text = f"{round(value, decimals) + 0.0:.{decimals}f}"  # adding 0 takes the sign from a zero
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


@dataclass(frozen=True, slots=True)
class Crosstab:
    """How often each truth (``rows``) got each answer (``columns``): int64 ``[rows, columns]``.

    ``title`` says of what, where several stand together, and ``sql`` is a query over the store that gives the same:
    a row for each truth, a column for each answer.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: Counts
    title: str = ""
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Scores:
    """What one metric says of one group of answers.

    ``figures`` are what the metric comes to, by name (``macro_f1``), in the order in which to show them.
    ``classes`` breaks them down: class (a label, a dimension) → name → figure. ``notes`` are for people: what
    was left out, and why.
    """

    title: str
    n: int
    figures: Mapping[str, Estimate]
    classes: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    confusion: Crosstab | None = None
    notes: tuple[str, ...] = ()


class Metric(Protocol):
    """Scores answers against what is true. Instances are made without arguments and hold no state."""

    reads: ClassVar[frozenset[Column]]
    """What it looks at; the fewer columns, the fewer patterns."""

    def score(self, answers: Answers, resampling: Resampling) -> Scores | None:
        """The scores with their intervals; ``None`` where these answers have no such truth.

        Intervals are over stimuli: the answers to one stimulus are drawn together.
        :mod:`elena_wb.analysis.bootstrap` makes them from sums over patterns.
        """
