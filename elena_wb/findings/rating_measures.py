"""Which automatic measures of answers go with what people say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from elena_wb.analysis.rank_correlation import Correlation, spearman
from elena_wb.core import Resampling
from elena_wb.findings.rating_corrected import corrected
from elena_wb.findings.rating_judged import Judged
from elena_wb.store.answers import hides_face
from elena_wb.vocabulary import LabelScheme, facial_mentions, load_scheme, scheme_names

Numbers = npt.NDArray[np.float64]

MEASURES: Mapping[str, str] = {
    "correct": "names the true emotion",
    "parts": "parts of the body named",
    "facial": "share of them that is facial",
    "length": "words",
    "outright": "names its emotion outright",
    "facial_words": "facial words under a mask",
    "vad": "distance from the true VAD",
    "logprob": "log-probability of its emotion",
}
"""What is measured of the text that raters were shown, and of the answer that it belongs to."""
_IN_STORE = ("correct", "parts", "facial", "length", "vad", "logprob")


@dataclass(frozen=True, slots=True)
class Measure:
    """Spearman's ρ between what raters said of items and a measure of them.

    Of single answers it is their mean rating with their measure; of pairs the share of raters that chose the second
    answer less that which chose the first, with the measure of the second less that of the first. ``p_holm`` is
    corrected for all measures and questions of the session.
    """

    question: str
    measure: str
    correlation: Correlation
    p: float
    p_holm: float


def measures(
    said: Judged, questions: Sequence[str], table: pa.Table, resampling: Resampling, *, single: bool
) -> tuple[Measure, ...]:
    """By question, and by measure within it; none where nothing was said, or a measure is known of no item."""
    place = {one: row for row, one in enumerate(table["generation_id"].to_pylist())}
    items, first = np.unique(said.item, return_index=True)
    if not len(items):
        return ()
    a = [place[one] for one in said.answer_a[first].tolist()]
    b = None if single else [place[one] for one in said.answer_b[first].tolist()]
    of = _values(table)
    measured = np.column_stack([of[name][a] if b is None else of[name][b] - of[name][a] for name in MEASURES])
    names = [question for question in questions if (said.scale == question).any()]
    rating = np.column_stack([_mean(said.where(said.scale == name), items, single=single) for name in names])
    group = said.run_a[first] * 1_000_003 + said.run_b[first]
    found = []
    told = spearman(rating, measured, said.picture[first], group, resampling)
    known_of = [bool(np.isfinite(column).any()) for column in measured.T]
    for question, row in zip(names, told, strict=True):
        for name, correlation, known in zip(MEASURES, row, known_of, strict=True):
            if known:
                found.append(Measure(question, name, correlation, correlation.p, nan))
    return corrected(found)


def _mean(said: Judged, items: npt.NDArray[np.int64], *, single: bool) -> Numbers:
    """What was said of each item on average, NaN where nothing was."""
    place = np.searchsorted(items, said.item)
    weights = said.value if single else np.array([-1, 1, 0])[said.value]
    with np.errstate(invalid="ignore"):
        return np.asarray(
            np.bincount(place, weights=weights, minlength=len(items))
            / np.bincount(place, minlength=len(items))
        )


def _values(table: pa.Table) -> Mapping[str, Numbers]:
    """Each measure of each row of :func:`elena_wb.store.rated.measured`, NaN where it cannot be had."""
    found = {
        name: np.array([nan if one is None else one for one in table[name].to_pylist()], dtype=np.float64)
        for name in _IN_STORE
    }
    words = [text or "" for text in table["words"].to_pylist()]
    conditions = table["condition"].to_pylist()
    hidden = {condition: hides_face(condition) for condition in set(conditions)}
    found["facial_words"] = np.array(
        [
            len(facial_mentions(text)) if hidden[condition] else nan
            for text, condition in zip(words, conditions, strict=True)
        ],
        dtype=np.float64,
    )
    schemes = {name: load_scheme(name) for name in {*table["scheme"].to_pylist()} & {*scheme_names()}}
    found["outright"] = np.array(
        [
            _outright(text, schemes.get(scheme), emotion)
            for text, scheme, emotion in zip(
                words, table["scheme"].to_pylist(), table["emotion"].to_pylist(), strict=True
            )
        ],
        dtype=np.float64,
    )
    return found


def _outright(text: str, scheme: LabelScheme | None, emotion: str | None) -> float:
    """Whether the text has the emotion's name, or a word that stands for it in prose; NaN where none is named."""
    if emotion is None or scheme is None:
        return nan
    return float(emotion in scheme.named_in(text))
