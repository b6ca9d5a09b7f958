"""How narratives are worded: how long and varied they are, and how much of them repeats about other pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from elena_wb.analysis.clusters import mean_over_stimuli
from elena_wb.analysis.diversity import Texts, distinct, hdd, hdd_together
from elena_wb.analysis.near_duplicates import Duplicates, duplicates
from elena_wb.core import Estimate, Resampling
from elena_wb.store import Store, show_run
from elena_wb.store.narrative_words import count_narratives, narratives_of, read_words

if TYPE_CHECKING:
    import pyarrow as pa

LOOKED_AT = 50_000
"""So many narratives are looked at, all runs together; of more, each run has its share drawn."""
FEWEST = 1_000
"""Of each run at least so many, if it has them."""
FAMILIES = 4
_EXAMPLE = 400


@dataclass(frozen=True, slots=True)
class Family:
    """Narratives that hang together by near-duplicates: how many, of how many pictures, and how one of them begins."""

    narratives: int
    pictures: int
    example: str


@dataclass(frozen=True, slots=True)
class WordingOfRun:
    """The narratives of one run.

    ``narratives`` counts them, ``looked_at`` those that the rest is about, drawn at random where that is fewer.
    ``words`` is the mean number of words, ``hdd`` the mean HD-D of those with 42 words or more (``n`` counts these),
    ``hdd_together`` that of all as one text; ``distinct_1`` and ``distinct_2`` are shares of words and of pairs of
    words. ``same`` is the share of narratives whose words stand word for word about another picture, ``near`` of
    those that have a near-duplicate (or the same) about another picture. ``families`` are the largest.
    """

    run_id: int
    condition: str
    narratives: int
    looked_at: int
    words: Estimate
    hdd: Estimate
    hdd_together: float
    distinct_1: float
    distinct_2: float
    same: Estimate
    near: Estimate
    families: tuple[Family, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """The narratives of several runs; ``most`` is how many of each run are looked at."""

    runs: tuple[WordingOfRun, ...]
    most: int


def wording(
    store: Store,
    run_ids: Sequence[int],
    resampling: Resampling = Resampling(),  # noqa: B008
    *,
    most: int = LOOKED_AT,
    settings: Mapping[str, str | bool | int] | None = None,
) -> Wording:
    """Measure the narratives of answers that could be read; runs without any are left out.

    At most about ``most`` are looked at. ``settings`` are DuckDB's for the connection that reads.

    Raises:
        UsageError: there is no such run.
    """
    with store.read():
        conditions = {run_id: str(show_run(store, run_id)["condition"]) for run_id in run_ids}
        counts = count_narratives(store, list(conditions))
    if not counts:
        return Wording((), most)
    of_each = max(FEWEST, most // len(counts))
    table = read_words(store, list(counts), of_each, settings=settings)
    texts = _numbered(table)
    of_run = table["run_id"].to_numpy()
    found = []
    for run_id, condition in conditions.items():
        if run_id in counts:
            rows = np.flatnonzero(of_run == run_id)
            part = table.select(["generation_id", "picture", "text"]).take(rows)
            found.append(_of_run(run_id, condition, counts[run_id], part, texts.taken(rows), resampling))
    return Wording(_with_examples(store, found), of_each)


def _numbered(table: pa.Table) -> Texts:
    """The words as numbers, the same for the same word."""
    import pyarrow as pa

    words = table["words"].combine_chunks()
    lengths = np.asarray(words.value_lengths())
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    codes = pa.array(words.flatten()).dictionary_encode().indices
    return Texts(codes.to_numpy(zero_copy_only=False).astype(np.int64), starts)


def _of_run(
    run_id: int,
    condition: str,
    narratives: int,
    table: pa.Table,
    texts: Texts,
    resampling: Resampling,
) -> WordingOfRun:
    picture = table["picture"].to_numpy()
    varied = hdd(texts)
    long = ~np.isnan(varied)
    repeated = duplicates(texts, table["text"].to_numpy(), picture)
    one, two = distinct(texts)
    return WordingOfRun(
        run_id=run_id,
        condition=condition,
        narratives=narratives,
        looked_at=table.num_rows,
        words=mean_over_stimuli(picture, texts.lengths, resampling),
        hdd=mean_over_stimuli(picture[long], varied[long], resampling),
        hdd_together=hdd_together(texts),
        distinct_1=one,
        distinct_2=two,
        same=mean_over_stimuli(picture, repeated.same, resampling),
        near=mean_over_stimuli(picture, repeated.near, resampling),
        families=_families(table, repeated),
    )


def _families(table: pa.Table, repeated: Duplicates) -> tuple[Family, ...]:
    """The largest families about several pictures; the example is the id of one with the most frequent words."""
    rows = np.flatnonzero(repeated.near)
    _, of, sizes = np.unique(repeated.family[rows], return_inverse=True, return_counts=True)
    pictures, texts = table["picture"].to_numpy(), table["text"].to_numpy()
    found = []
    for place in np.argsort(-sizes, kind="stable")[:FAMILIES]:
        members = rows[of == place]
        _, first, times = np.unique(texts[members], return_index=True, return_counts=True)
        best = members[min(zip(-times, first, strict=True))[1]]
        example = table["generation_id"][int(best)].as_py()
        found.append(Family(len(members), len(np.unique(pictures[members])), example))
    return tuple(found)


def _with_examples(store: Store, runs: Sequence[WordingOfRun]) -> tuple[WordingOfRun, ...]:
    """The runs with words in place of the ids of answers."""
    said = narratives_of(store, [family.example for run in runs for family in run.families], _EXAMPLE)
    return tuple(
        replace(run, families=tuple(replace(of, example=said.get(of.example, "")) for of in run.families))
        for run in runs
    )
