"""Whether narratives name the emotion outright that they are to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elena_wb.analysis.clustered import share
from elena_wb.core import Estimate, UsageError
from elena_wb.findings.parts import in_scheme_order
from elena_wb.store import Store
from elena_wb.store.emotion_named import SchemeWords, emotions_named
from elena_wb.store.parts import AskedRun, asked_runs
from elena_wb.vocabulary import load_scheme

WORDS = 8
"""So many words of each run, the most used, are told."""


@dataclass(frozen=True, slots=True)
class NamedWith:
    """Narratives of answers with one emotion (``None``: that name none), or all of a run.

    Shares of these narratives that name the emotion answered (``own``), another of the scheme (``other``), either.
    """

    emotion: str | None
    own: Estimate
    other: Estimate
    either: Estimate


@dataclass(frozen=True, slots=True)
class NamingWord:
    """A word, the label that it stands for, how many narratives have it, and how many of them answer that label."""

    word: str
    label: str
    narratives: int
    own: int


@dataclass(frozen=True, slots=True)
class Example:
    """A place where a narrative names the emotion answered: what the model wrote, cut to a line."""

    picture: str
    emotion: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class RunNamed:
    """One run; ``whole`` is ``None`` where no answer has a narrative, ``emotions`` in the order of the scheme."""

    asked: AskedRun
    whole: NamedWith | None
    emotions: tuple[NamedWith, ...]
    words: tuple[NamingWord, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class EmotionsNamed:
    """Runs side by side. ``unknown`` are runs whose label scheme is not installed here."""

    runs: tuple[RunNamed, ...]
    unknown: tuple[int, ...]
    _schemes: tuple[SchemeWords, ...]

    @property
    def schemes(self) -> tuple[SchemeWords, ...]:
        """The words that were looked for."""
        return self._schemes


def outright(
    store: Store,
    run_ids: Sequence[int],
    *,
    asked: tuple[AskedRun, ...] | None = None,
    settings: Mapping[str, str | bool | int] | None = None,
) -> EmotionsNamed:
    """Look for the labels of each run's scheme, and for their aliases, in its narratives.

    Whole words in any case; where a word is denied ("no fear"), or means something else, it counts all the same. Only
    answers that could be read and have a narrative count. ``asked`` is what
    :func:`elena_wb.store.parts.asked_runs` says of these runs, if it is known.
    """
    asked = asked or asked_runs(store, run_ids)
    by_scheme: dict[str, list[int]] = {}
    unknown = []
    for run in asked:
        try:
            load_scheme(run.scheme)
        except UsageError:
            unknown.append(run.run_id)
        else:
            by_scheme.setdefault(run.scheme, []).append(run.run_id)
    schemes = tuple(SchemeWords(tuple(ids), load_scheme(name).words) for name, ids in by_scheme.items())
    if not schemes:
        return EmotionsNamed((), tuple(unknown), ())
    found = emotions_named(store, schemes, settings=settings)
    sums: dict[int, dict[tuple[bool, str | None], NamedWith]] = {run_id: {} for run_id in run_ids}
    for row in found.sums.to_pylist():
        sums[row["run_id"]][row["whole"], row["emotion"]] = _named(row)
    words = found.words.to_pylist()
    examples = found.examples.to_pylist()
    return EmotionsNamed(
        tuple(
            RunNamed(
                run,
                sums[run.run_id].get((True, None)),
                tuple(
                    sums[run.run_id][False, emotion]
                    for emotion in in_scheme_order(
                        [emotion for whole, emotion in sums[run.run_id] if not whole], run.scheme
                    )
                ),
                tuple(
                    NamingWord(row["word"], row["label"], row["answers"], row["own"])
                    for row in words
                    if row["run_id"] == run.run_id
                )[:WORDS],
                tuple(
                    Example(row["picture"], row["emotion"], row["excerpt"])
                    for row in examples
                    if row["run_id"] == run.run_id
                ),
            )
            for run in asked
            if run.run_id not in unknown
        ),
        tuple(unknown),
        schemes,
    )


def _named(row: Mapping[str, Any]) -> NamedWith:
    def of(kind: str) -> Estimate:
        value = row[kind] / row["answers"]
        squares = row[f"{kind}_hh"] - 2 * value * row[f"{kind}_ho"] + value**2 * row["oo"]
        return share(row[kind], row["answers"], row["pictures"], max(0.0, squares))

    return NamedWith(row["emotion"], of("own"), of("other"), of("either"))
