"""Explicit against implicit: how much of the answers is what is seen, what is felt within, and the story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elena_wb.analysis.clustered import share
from elena_wb.core import Estimate
from elena_wb.findings.parts import in_scheme_order
from elena_wb.store import Store
from elena_wb.store.parts import AskedRun, asked_runs
from elena_wb.store.text_shares import KINDS, RATIOS, internal_parts, text_shares


@dataclass(frozen=True, slots=True)
class TextShare:
    """Answers with one emotion (``None``: that name none), or all of a run.

    ``words`` and ``having`` are by kind (explicit, implicit, narrative): the share of all words, and the share of
    the answers that have any. ``per_answer`` is how many words an answer has on average. ``implicit`` is the share of
    implicit words among those of both descriptions, ``internal`` that of the parts named that are inside the body.
    ``n`` of an estimate is of how many answers, for ``internal`` of how many parts.
    """

    emotion: str | None
    answers: int
    per_answer: float
    words: Mapping[str, Estimate]
    having: Mapping[str, Estimate]
    implicit: Estimate
    internal: Estimate


@dataclass(frozen=True, slots=True)
class RunText:
    """One run, all of its answers (``None`` without any), and these by emotion in the order of the scheme."""

    asked: AskedRun
    whole: TextShare | None
    emotions: tuple[TextShare, ...]


@dataclass(frozen=True, slots=True)
class TextShares:
    """Runs side by side."""

    runs: tuple[RunText, ...]


def explicit_and_implicit(
    store: Store,
    run_ids: Sequence[int],
    *,
    asked: tuple[AskedRun, ...] | None = None,
    settings: Mapping[str, str | bool | int] | None = None,
) -> TextShares:
    """Count the words of the two descriptions and of the narrative, and the parts of the body that are inside it.

    Words are what blanks and line breaks separate. Only answers that could be read count. ``asked`` is what
    :func:`elena_wb.store.parts.asked_runs` says of these runs, if it is known.
    """
    asked = asked or asked_runs(store, run_ids)
    inside = {
        (row["run_id"], row["whole"], row["emotion"]): row
        for row in internal_parts(store, run_ids, settings=settings).to_pylist()
    }
    told: dict[int, dict[tuple[bool, str | None], TextShare]] = {run_id: {} for run_id in run_ids}
    for row in text_shares(store, run_ids, settings=settings).to_pylist():
        key = (row["whole"], row["emotion"])
        told[row["run_id"]][key] = _shares(row, inside.get((row["run_id"], *key)))
    return TextShares(
        tuple(
            RunText(
                run,
                told[run.run_id].get((True, None)),
                tuple(
                    told[run.run_id][False, emotion]
                    for emotion in in_scheme_order(
                        [one for whole, one in told[run.run_id] if not whole], run.scheme
                    )
                ),
            )
            for run in asked
        )
    )


def _shares(row: Mapping[str, Any], inside: Mapping[str, Any] | None) -> TextShare:
    answers = int(row["answers"])
    found = {
        name: _ratio(row, hits, of, f"{name}_", n=answers if of != "answers" else None)
        for name, (hits, of) in RATIOS.items()
    }
    return TextShare(
        emotion=row["emotion"],
        answers=answers,
        per_answer=row["all_words"] / answers,
        words={kind: found[f"{kind}_words"] for kind in KINDS},
        having={kind: found[f"{kind}_answers"] for kind in KINDS},
        implicit=found["implicit_of_both"],
        internal=share(0, 0, 0, 0.0) if inside is None else _ratio(inside, "internal", "parts", ""),
    )


def _ratio(row: Mapping[str, Any], hits: str, of: str, name: str, *, n: int | None = None) -> Estimate:
    value = row[hits] / row[of] if row[of] else 0.0
    squares = row[f"{name}hh"] - 2 * value * row[f"{name}ho"] + value**2 * row[f"{name}oo"]
    return share(row[hits], row[of], row["pictures"], max(0.0, squares), n=n)
