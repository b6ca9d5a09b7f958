"""Whether the words that answers use for emotions agree with the labels that they give, and with what is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.clusters import mean_over_stimuli
from elena_wb.analysis.interval import proportion
from elena_wb.analysis.set_agreement import SetAgreement, Sets, labels_of, set_agreement
from elena_wb.core import Crosstab, Estimate, Resampling
from elena_wb.store import Store, show_run
from elena_wb.store.word_sets import NO_WORDS, counterparts, read_word_sets
from elena_wb.vocabulary import load_scheme

if TYPE_CHECKING:
    import pyarrow as pa

Flags: TypeAlias = npt.NDArray[np.bool_]

ABSTAINS = "none"
MOST_FREQUENT = 6
"""Of each run so many of the words that most answers use are told."""


@dataclass(frozen=True, slots=True)
class WordsOfRun:
    """The words for emotions in one run's answers.

    ``answers`` counts those that could be read and say something in words. ``with_words`` is the share of them that
    names an emotion in any text, ``stories_with_words`` the share of narratives that do (``n`` counts narratives).
    ``mapped`` is the share of mentions that the taxonomy has a place for, ``story_mapped`` of those in narratives
    (their ``n`` counts mentions). ``with_label`` and ``with_truth`` compare what all texts name with the answer's own
    label and with what is true of the picture, ``story_with_label`` and ``story_with_truth`` what the narrative alone
    names. ``by_label`` counts answers: own label by label that the texts name, an answer once for each. ``frequent``
    has the words that most answers use.
    """

    run_id: int
    condition: str
    scheme: str
    answers: int
    with_words: Estimate
    stories_with_words: Estimate
    mapped: Estimate
    story_mapped: Estimate
    with_label: SetAgreement
    with_truth: SetAgreement
    story_with_label: SetAgreement
    story_with_truth: SetAgreement
    by_label: Crosstab
    frequent: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OpenVocabulary:
    """The words of several runs, in one taxonomy. ``unlike`` names schemes no label of which it has a place for."""

    taxonomy: str
    runs: tuple[WordsOfRun, ...]
    unlike: tuple[str, ...]


def open_vocabulary(
    store: Store,
    run_ids: Sequence[int],
    taxonomy: str = "ekman7",
    resampling: Resampling = Resampling(),  # noqa: B008
    *,
    settings: Mapping[str, str | bool | int] | None = None,
) -> OpenVocabulary:
    """Look for words for emotions in narratives and descriptions, and compare them with labels.

    Runs whose answers say nothing in words are left out. ``settings`` are DuckDB's for the connection that reads.

    Raises:
        UsageError: there is no such run, or the words are not mapped to ``taxonomy``.
    """
    with store.read():
        shown = {run_id: show_run(store, run_id) for run_id in run_ids}
    schemes = {run_id: str(run["options"].get("scheme") or "ekman7") for run_id, run in shown.items()}
    table, frequent = read_word_sets(
        store, list(shown), list(schemes.values()), taxonomy, MOST_FREQUENT, settings=settings
    )
    runs = []
    of_run = table["run_id"].to_numpy()
    for run_id, run in shown.items():
        rows = np.flatnonzero(of_run == run_id)
        if len(rows):
            words = tuple((word, answers) for run, word, answers in frequent if run == run_id)
            runs.append(
                _of_run(
                    run_id,
                    str(run["condition"]),
                    schemes[run_id],
                    table.take(rows),
                    taxonomy,
                    words,
                    resampling,
                )
            )
    unlike = sorted({scheme for scheme in schemes.values() if not counterparts(scheme, taxonomy)})
    return OpenVocabulary(taxonomy, tuple(runs), tuple(unlike))


def _of_run(
    run_id: int,
    condition: str,
    scheme: str,
    table: pa.Table,
    taxonomy: str,
    frequent: tuple[tuple[str, int], ...],
    resampling: Resampling,
) -> WordsOfRun:
    column = {name: table[name].to_numpy() for name in table.column_names}
    picture, stories = column["picture"], column["has_story"].astype(bool)
    own, truth = column["own_set"], column["truth_set"]

    def agreement(named: str, true: Sets, of: Flags | slice) -> SetAgreement:
        return set_agreement(column[named][of], true[of], picture[of], resampling)

    everything = slice(None)
    return WordsOfRun(
        run_id=run_id,
        condition=condition,
        scheme=scheme,
        answers=table.num_rows,
        with_words=mean_over_stimuli(picture, column["words"] > 0, resampling),
        stories_with_words=mean_over_stimuli(
            picture[stories], column["story_words"][stories] > 0, resampling
        ),
        mapped=proportion(int(column["mapped"].sum()), int(column["words"].sum())),
        story_mapped=proportion(int(column["story_mapped"].sum()), int(column["story_words"].sum())),
        with_label=agreement("in_all", own, everything),
        with_truth=agreement("in_all", truth, everything),
        story_with_label=agreement("in_story", own, stories),
        story_with_truth=agreement("in_story", truth, stories),
        by_label=_by_label(column["own"], column["in_all"], taxonomy),
        frequent=frequent,
    )


def _by_label(own: npt.NDArray[np.int32], named: Sets, taxonomy: str) -> Crosstab:
    """Own labels that occur, by labels that are named; the last row and column are of answers without any."""
    names = load_scheme(taxonomy).names
    has = labels_of(named, len(names))
    columns = np.column_stack([has, named == 0])
    codes = [*(code for code in range(len(names)) if (own == code).any()), *([-1] if (own < 0).any() else [])]
    counts = np.array([columns[own == code].sum(axis=0) for code in codes], dtype=np.int64)
    used = np.append(columns[:, :-1].any(axis=0) | np.isin(np.arange(len(names)), codes), True)
    return Crosstab(
        tuple(names[code] if code >= 0 else ABSTAINS for code in codes),
        tuple(name for name, wanted in zip((*names, NO_WORDS), used, strict=True) if wanted),
        counts.reshape(len(codes), len(names) + 1)[:, used],
    )
