"""Queries over the store with which a reader checks what is told of the wording of narratives."""

from __future__ import annotations

from collections.abc import Sequence

from elena_wb.analysis.diversity import SAMPLE
from elena_wb.store.narrative_words import told_sql

_NOT_DRAWN = f"""CASE WHEN words - times < {SAMPLE} THEN 0
               ELSE exp(lgamma(words - times + 1) - lgamma(words - times - {SAMPLE} + 1)
                        - lgamma(words + 1) + lgamma(words - {SAMPLE} + 1)) END"""
"""How probable it is that a word that occurs ``times`` times among ``words`` is not among 42 drawn."""


def varied(run_ids: Sequence[int], most: int) -> str:
    """Length and variety of narratives, a row for each run."""
    return f"""{told_sql(run_ids, most)},
spoken AS (SELECT run_id, generation_id, unnest(words) AS word FROM told),
lengths AS (SELECT run_id, count(*) AS narratives, avg(len(words)) AS mean FROM told GROUP BY run_id),
within AS (
    SELECT run_id, generation_id, count(*) AS times, sum(count(*)) OVER (PARTITION BY generation_id) AS words
    FROM spoken GROUP BY run_id, generation_id, word
),
each AS (
    SELECT run_id, generation_id, sum(1 - {_NOT_DRAWN}) / {SAMPLE} AS hdd
    FROM within WHERE words >= {SAMPLE} GROUP BY run_id, generation_id
),
kinds AS (
    SELECT run_id, count(*) AS times, sum(count(*)) OVER (PARTITION BY run_id) AS words
    FROM spoken GROUP BY run_id, word
),
together AS (
    SELECT run_id, count(*) / any_value(words) AS distinct_1,
           CASE WHEN any_value(words) >= {SAMPLE} THEN sum(1 - {_NOT_DRAWN}) / {SAMPLE} END AS hdd
    FROM kinds GROUP BY run_id
),
pairs AS (
    SELECT run_id, count(DISTINCT pair) / count(*) AS distinct_2
    FROM (SELECT run_id, unnest(list_zip(words[:-2], words[2:])) AS pair FROM told WHERE len(words) > 1) GROUP BY run_id
)
SELECT run_id AS run, narratives, mean AS words, e.hdd AS "HD-D", t.hdd AS "HD-D of all",
       distinct_1 AS "distinct-1", distinct_2 AS "distinct-2"
FROM lengths LEFT JOIN (SELECT run_id, avg(hdd) AS hdd FROM each GROUP BY run_id) AS e USING (run_id)
LEFT JOIN together AS t USING (run_id) LEFT JOIN pairs USING (run_id)
ORDER BY list_position([{", ".join(map(str, run_ids))}], run_id)"""


def repeated(run_ids: Sequence[int], most: int) -> str:
    """The share of narratives whose words stand about another picture, word for word; a row for each run."""
    return f"""{told_sql(run_ids, most)}
SELECT run_id AS run, sum(answers) AS narratives,
       sum(CASE WHEN pictures > 1 THEN answers ELSE 0 END) / sum(answers) AS "word for word"
FROM (SELECT run_id, words, count(*) AS answers, count(DISTINCT picture_id) AS pictures
      FROM told GROUP BY run_id, words)
GROUP BY run_id ORDER BY list_position([{", ".join(map(str, run_ids))}], run_id)"""
