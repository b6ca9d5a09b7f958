"""Queries over the store with which a reader checks what is told of repeats and paraphrases."""

from __future__ import annotations

from collections.abc import Sequence

from elena_wb.store.repeated import alike_sql

_OF_COUNTS = """named AS (
    SELECT {of}, stimulus_id, emotion, count(*) AS times FROM answers GROUP BY ALL
),
pictures AS (
    SELECT {of}, stimulus_id, sum(times) AS answers, max(times) AS most, sum(times * (times - 1)) AS same,
           sum(times ** 2) AS squares
    FROM named GROUP BY ALL HAVING sum(times) > 1
)"""
_ALPHA = """nominal AS (
    SELECT {of}, count(*) AS pictures, sum(answers) AS n, sum((answers ** 2 - squares) / (answers - 1)) AS apart
    FROM pictures GROUP BY ALL
),
margins AS (
    SELECT {of}, sum(times ** 2) AS squares
    FROM (SELECT {of}, emotion, sum(times) AS times
          FROM named SEMI JOIN pictures USING ({of}, stimulus_id) GROUP BY ALL)
    GROUP BY ALL
),
felt AS (
    SELECT {of}, stimulus_id, unnest([
        {{'rank': 2, 'dimension': 'valence', 'x': valence}}, {{'rank': 3, 'dimension': 'arousal', 'x': arousal}},
        {{'rank': 4, 'dimension': 'dominance', 'x': dominance}}], recursive := true)
    FROM answers
),
units AS (
    SELECT {of}, rank, dimension, stimulus_id, count(x) AS m, sum(x) AS total, sum(x ** 2) AS squares
    FROM felt GROUP BY ALL HAVING count(x) > 1
),
interval AS (
    SELECT {of}, rank, dimension, count(*) AS pictures, sum(m) AS n, sum(total) AS total, sum(squares) AS squares,
           sum(2 * (m * squares - total ** 2) / (m - 1)) AS apart
    FROM units GROUP BY ALL
),
alphas AS (
    SELECT {of}, 1 AS rank, 'emotion' AS dimension, pictures,
           1 - (n - 1) * apart / nullif(n ** 2 - squares, 0) AS alpha
    FROM nominal JOIN margins USING ({of})
    UNION ALL
    SELECT {of}, rank, dimension, pictures,
           1 - (n - 1) * apart / nullif(2 * (n * squares - total ** 2), 0) FROM interval
)"""
_OF_RUN = """WITH answers AS (
    SELECT run_id, stimulus_id, coalesce(emotion, '(none)') AS emotion, valence, arousal, dominance
    FROM generations WHERE run_id IN ({runs}) AND status = 'ok'
)"""


def same(run_ids: Sequence[int]) -> str:
    """How often the repeats of a picture name the same emotion, a row for each run."""
    return f"""{_OF_RUN.format(runs=_listed(run_ids))},
{_OF_COUNTS.format(of="run_id")}
SELECT run_id AS run, count(*) AS pictures, avg((most = answers)::INTEGER) AS "all agree",
       avg(same / (answers * (answers - 1))) AS "pairs agree"
FROM pictures GROUP BY run_id ORDER BY {_in_order(run_ids)}"""


def alpha(run_ids: Sequence[int]) -> str:
    """Krippendorff's α over repeats, a row for each run and dimension."""
    return f"""{_OF_RUN.format(runs=_listed(run_ids))},
{_OF_COUNTS.format(of="run_id")},
{_ALPHA.format(of="run_id")}
SELECT run_id AS run, dimension AS "of", pictures, alpha AS "α"
FROM alphas ORDER BY {_in_order(run_ids)}, rank"""


def alike(run_ids: Sequence[int], most: int) -> str:
    """How alike the texts of repeats are, a row for each run."""
    return f"""{alike_sql(run_ids, most)}
SELECT run_id AS run, avg(words) AS words, avg(parts) AS parts FROM alike GROUP BY run_id
ORDER BY {_in_order(run_ids)}"""


def wordings(run_ids: Sequence[int]) -> str:
    """Flips against the first run and scores, a row for each run."""
    return f"""WITH answers AS (
    SELECT run_id, stimulus_id, coalesce(emotion, '(none)') AS emotion
    FROM generations WHERE run_id IN ({_listed(run_ids)}) AND status = 'ok' AND repeat = 0
),
flips AS (
    SELECT b.run_id, count(*) AS pictures, avg((a.emotion <> b.emotion)::INTEGER) AS flipped
    FROM answers AS a JOIN answers AS b USING (stimulus_id)
    WHERE a.run_id = {run_ids[0]} AND b.run_id <> {run_ids[0]} GROUP BY b.run_id
)
SELECT run_id AS run, s.prompt, coalesce(f.pictures, 0) AS pictures, f.flipped,
       s.accuracy, s.macro_f1 AS "macro-F1"
FROM scores AS s LEFT JOIN flips AS f USING (run_id)
WHERE run_id IN ({_listed(run_ids)}) ORDER BY {_in_order(run_ids)}"""


def alpha_over(run_ids: Sequence[int]) -> str:
    """Krippendorff's α over wordings, a row for each dimension."""
    return f"""WITH answers AS (
    SELECT 0 AS family, stimulus_id, coalesce(emotion, '(none)') AS emotion, valence, arousal, dominance
    FROM generations WHERE run_id IN ({_listed(run_ids)}) AND status = 'ok' AND repeat = 0
),
{_OF_COUNTS.format(of="family")},
{_ALPHA.format(of="family")}
SELECT dimension AS "of", pictures, alpha AS "α" FROM alphas ORDER BY rank"""


def _listed(run_ids: Sequence[int]) -> str:
    return ", ".join(map(str, run_ids)) or "NULL"


def _in_order(run_ids: Sequence[int]) -> str:
    return f"list_position([{_listed(run_ids)}], run_id)"
