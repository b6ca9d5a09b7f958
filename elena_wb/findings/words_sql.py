"""Queries over the store with which a reader checks what is told of words for emotions."""

from __future__ import annotations

from collections.abc import Sequence

from elena_wb.core import Crosstab
from elena_wb.store.word_sets import NO_WORDS, frequent_words_sql, word_sets_sql
from elena_wb.vocabulary import load_scheme


def coverage(run_ids: Sequence[int], schemes: Sequence[str], taxonomy: str) -> str:
    """How many answers name an emotion in words, two rows for each run."""
    return f"""{word_sets_sql(run_ids, schemes, taxonomy)},
counted AS (
    SELECT run_id, unnest([
        {{'rank': 1, 'texts': 'all', 'there': true, 'words': words, 'mapped': mapped}},
        {{'rank': 2, 'texts': 'narrative', 'there': has_story, 'words': story_words, 'mapped': story_mapped}}],
        recursive := true)
    FROM sets
)
SELECT run_id AS run, texts, count(*) FILTER (there) AS answers,
       avg((words > 0)::INTEGER) FILTER (there) AS "naming one", sum(words) AS words,
       sum(mapped) / nullif(sum(words), 0) AS mapped
FROM counted GROUP BY run_id, rank, texts ORDER BY {_in_order(run_ids)}, rank"""


def agreement(run_ids: Sequence[int], schemes: Sequence[str], taxonomy: str) -> str:
    """Precision, recall and F of sets, four rows for each run."""
    return f"""{word_sets_sql(run_ids, schemes, taxonomy)},
compared AS (
    SELECT run_id, unnest([
        {{'rank': 1, 'texts': 'all', 'against': 'own label', 'named': in_all, 'truth': own_set}},
        {{'rank': 2, 'texts': 'all', 'against': 'truth', 'named': in_all, 'truth': truth_set}},
        {{'rank': 3, 'texts': 'narrative', 'against': 'own label', 'named': in_story,
          'truth': if(has_story, own_set, 0)}},
        {{'rank': 4, 'texts': 'narrative', 'against': 'truth', 'named': in_story,
          'truth': if(has_story, truth_set, 0)}}], recursive := true)
    FROM sets
),
means AS (
    SELECT run_id, rank, texts, against, count(*) FILTER (truth <> 0) AS answers,
           avg(bit_count(named & truth) / greatest(bit_count(named), 1)) FILTER (truth <> 0) AS p,
           avg(bit_count(named & truth) / bit_count(truth)) FILTER (truth <> 0) AS r
    FROM compared GROUP BY ALL
)
SELECT run_id AS run, texts, against, answers, p AS "precision", r AS recall,
       CASE WHEN p + r = 0 THEN 0 ELSE 2 * p * r / (p + r) END AS "F"
FROM means ORDER BY {_in_order(run_ids)}, rank"""


def by_label(run_id: int, scheme: str, taxonomy: str, shown: Crosstab) -> str:
    """Own labels by what the words name, the rows and columns of ``shown``."""
    names = load_scheme(taxonomy).names
    columns = [
        'count(*) FILTER (in_all = 0) AS "none"'
        if name == NO_WORDS
        else f'count(*) FILTER (in_all >> {names.index(name)} & 1 = 1) AS "{name}"'
        for name in shown.columns
    ]
    return f"""{word_sets_sql([run_id], [scheme], taxonomy)}
SELECT coalesce(any_value(p.label), 'none') AS "own label",
       {("," + chr(10) + "       ").join(columns)}
FROM sets LEFT JOIN places AS p ON p.place = sets.own GROUP BY own ORDER BY own NULLS LAST"""


def frequent(run_ids: Sequence[int], most: int) -> str:
    """The words that most answers of each run use."""
    return frequent_words_sql(run_ids, most).strip()


def _in_order(run_ids: Sequence[int]) -> str:
    return f"list_position([{', '.join(map(str, run_ids))}], run_id)"
