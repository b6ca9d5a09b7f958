"""Queries over the store with which a reader checks scores; intervals, which SQL does not have, are left to them.

They count all answers in their own scheme against what the data sets state, as ``elena-wb score`` does by default.
"""

from __future__ import annotations

from collections.abc import Sequence

from elena_wb.core import Crosstab

_ANSWERED = """SELECT g.run_id, g.generation_id, t.label AS truth, coalesce(t.labels, [t.label]) AS truths,
           CASE WHEN g.status = 'ok' THEN g.emotion END AS answer, g.status
    FROM generations AS g JOIN runs AS r USING (run_id)
    JOIN truths AS t ON t.stimulus_id = g.stimulus_id AND t.scheme = coalesce(r.options->>'scheme', 'ekman7')
    WHERE g.run_id IN ({runs}) AND g.status <> 'error'"""
_FELT = """SELECT g.run_id, unnest([
        {{'dimension': 'valence', 'x': t.valence, 'y': g.valence}},
        {{'dimension': 'arousal', 'x': t.arousal, 'y': g.arousal}},
        {{'dimension': 'dominance', 'x': t.dominance, 'y': g.dominance}}], recursive := true)
    FROM generations AS g JOIN truth AS t USING (stimulus_id)
    WHERE g.run_id IN ({runs}) AND g.status <> 'error'"""
_OF_FEELING = """avg(abs(x - y)) AS "MAE",
           2 * covar_pop(x, y) / nullif(var_pop(x) + var_pop(y) + (avg(x) - avg(y)) ** 2, 0) AS "CCC",
           CASE WHEN var_pop(x) > 0 AND var_pop(y) > 0 THEN corr(x, y) END AS "Pearson's r", count(*) AS n"""


def rates(run_ids: Sequence[int]) -> str:
    """What became of the answers, a row for each run."""
    return f"""SELECT run_id AS run, condition, answered AS n, parse_rate AS "parse rate",
       refusal_rate AS "refusal rate", abstained / nullif(answered, 0) AS "abstention rate"
FROM scores WHERE run_id IN ({_listed(run_ids)}) ORDER BY {_in_order(run_ids)}"""


def single(run_ids: Sequence[int]) -> str:
    """Scores where one label is true, a row for each run."""
    return f"""SELECT run_id AS run, condition, labelled AS n, accuracy, uar AS "UAR", macro_f1 AS "macro-F1",
       weighted_f1 AS "weighted-F1"
FROM scores WHERE run_id IN ({_listed(run_ids)}) ORDER BY {_in_order(run_ids)}"""


def several(run_ids: Sequence[int]) -> str:
    """Scores where several labels may be true, a row for each run."""
    return f"""WITH answers AS (
    {_ANSWERED.format(runs=_listed(run_ids))} AND len(truths) > 0 AND truths[1] IS NOT NULL
),
named AS (SELECT run_id, answer AS label, count(*) AS times FROM answers GROUP BY ALL),
classes AS (
    SELECT run_id, label, count(*) AS support, count(*) FILTER (answer = label) AS hits
    FROM (SELECT run_id, answer, unnest(truths) AS label FROM answers) GROUP BY ALL
),
macro AS (
    SELECT run_id, avg(2 * hits / (support + coalesce(times, 0))) AS macro_f1
    FROM classes LEFT JOIN named USING (run_id, label) GROUP BY run_id
)
SELECT run_id AS run, condition, count(*) AS n,
       avg(coalesce(list_contains(truths, answer), false)::INTEGER) AS "hit rate",
       avg(2 * coalesce(list_contains(truths, answer), false)::INTEGER
           / (len(truths) + (answer IS NOT NULL)::INTEGER)) AS "set F1",
       any_value(macro_f1) AS "macro-F1"
FROM answers JOIN runs USING (run_id) JOIN macro USING (run_id)
GROUP BY run_id, condition ORDER BY {_in_order(run_ids)}"""


def feelings(run_ids: Sequence[int]) -> str:
    """Scores of valence, arousal and dominance, the means over the three; a row for each run."""
    return f"""WITH felt AS (
    {_FELT.format(runs=_listed(run_ids))}
),
figures AS (
    SELECT run_id, dimension, {_OF_FEELING}
    FROM felt WHERE isfinite(x) AND isfinite(y) GROUP BY ALL
)
SELECT run_id AS run, condition, max(n) AS n, avg("MAE") AS "MAE", avg("CCC") AS "CCC",
       avg("Pearson's r") AS "Pearson's r"
FROM figures JOIN runs USING (run_id) GROUP BY run_id, condition ORDER BY {_in_order(run_ids)}"""


def labels(run_id: int, ordered: Sequence[str]) -> str:
    """Precision, recall and F1 of each label of one run, in this order."""
    return f"""WITH answers AS (
    {_ANSWERED.format(runs=int(run_id))} AND t.label IS NOT NULL
),
given AS (SELECT answer AS label, count(*) AS times FROM answers GROUP BY ALL)
SELECT truth AS label, coalesce(count(*) FILTER (answer = truth) / any_value(times), 0) AS precision,
       count(*) FILTER (answer = truth) / count(*) AS recall,
       2 * count(*) FILTER (answer = truth) / (count(*) + coalesce(any_value(times), 0)) AS "F1", count(*) AS n
FROM answers LEFT JOIN given ON given.label = truth
GROUP BY truth ORDER BY list_position([{_quoted(ordered)}], truth)"""


def labels_of_several(run_id: int, ordered: Sequence[str]) -> str:
    """Precision, recall and F1 of each label of one run where several may be true, in this order."""
    return f"""WITH answers AS (
    {_ANSWERED.format(runs=int(run_id))} AND len(truths) > 0 AND truths[1] IS NOT NULL
),
named AS (SELECT answer AS label, count(*) AS times FROM answers GROUP BY ALL)
SELECT label, coalesce(count(*) FILTER (answer = label) / any_value(times), 0) AS precision,
       count(*) FILTER (answer = label) / count(*) AS recall,
       2 * count(*) FILTER (answer = label) / (count(*) + coalesce(any_value(times), 0)) AS "F1", count(*) AS n
FROM (SELECT answer, unnest(truths) AS label FROM answers) LEFT JOIN named USING (label)
GROUP BY label ORDER BY list_position([{_quoted(ordered)}], label)"""


def dimensions(run_id: int, ordered: Sequence[str]) -> str:
    """Scores of each dimension of feeling of one run, in this order."""
    return f"""SELECT dimension, {_OF_FEELING}
FROM ({_FELT.format(runs=int(run_id))})
WHERE isfinite(x) AND isfinite(y)
GROUP BY dimension ORDER BY list_position([{_quoted(ordered)}], dimension)"""


def confusion(run_id: int, of: Crosstab) -> str:
    """How often each truth of one run got each answer: a row for each truth, a column for each answer."""
    counted = ",\n       ".join(
        f"count(*) FILTER (answer = {_quoted([name])}) AS {_column(name)}" for name in of.columns
    )
    return f"""SELECT truth,
       {counted}
FROM (
    SELECT truth, CASE WHEN status = 'ok' THEN coalesce(answer, 'abstained') ELSE status END AS answer
    FROM ({_ANSWERED.format(runs=int(run_id))} AND t.label IS NOT NULL)
)
GROUP BY truth ORDER BY list_position([{_quoted(of.rows)}], truth)"""


def _listed(run_ids: Sequence[int]) -> str:
    return ", ".join(str(int(run_id)) for run_id in run_ids)


def _in_order(run_ids: Sequence[int]) -> str:
    return f"list_position([{_listed(run_ids)}], run_id)"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)


def _column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
