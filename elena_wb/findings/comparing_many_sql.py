"""The queries with which a reader checks the tables of several runs compared, over the store's public views."""

from __future__ import annotations

from collections.abc import Sequence

_UNITS = """
counted AS (SELECT stimulus_id, repeat, value, count(*) AS n FROM said GROUP BY ALL),
units AS (
    SELECT stimulus_id, repeat, sum(n) AS m, (sum(n) ** 2 - sum(n ** 2)) / (sum(n) - 1) AS apart
    FROM counted GROUP BY ALL HAVING sum(n) > 1
),
margins AS (SELECT value, sum(n) AS n FROM counted SEMI JOIN units USING (stimulus_id, repeat) GROUP BY value)"""


def alpha(run_ids: Sequence[int], of: Sequence[str]) -> str:
    """Krippendorff's α over the runs: nominal of emotions, interval of each rating in ``of``."""
    runs = ", ".join(str(int(run_id)) for run_id in run_ids)
    told = [
        "SELECT 0 AS place, 'emotion' AS what, (SELECT count(*) FROM units) AS questions,\n"
        "       1 - ((SELECT sum(n) FROM margins) - 1) * (SELECT sum(apart) FROM units)\n"
        '         / nullif((SELECT sum(n) ** 2 - sum(n ** 2) FROM margins), 0) AS "α"'
    ]
    told += [
        f"SELECT {place}, '{name}', count(*), 1 - sum(m * var) / nullif(sum(m) * (\n"
        f"    SELECT var_samp({name}) FROM rated\n"
        f"    SEMI JOIN (FROM spread WHERE of = '{name}') USING (stimulus_id, repeat)), 0)\n"
        f"FROM spread WHERE of = '{name}'"
        for place, name in enumerate(of, 1)
        if name != "emotion"
    ]
    spread = "\n    UNION ALL ".join(
        f"SELECT '{name}' AS of, stimulus_id, repeat, count({name}) AS m, var_samp({name}) AS var FROM rated "
        f"GROUP BY ALL HAVING count({name}) > 1"
        for name in of
        if name != "emotion"
    )
    rated = f",\nspread AS (\n    {spread}\n)" if spread else ""
    return (
        f"WITH rated AS (FROM narratives WHERE run_id IN ({runs}) AND status = 'ok'),\n"
        "said AS (SELECT stimulus_id, repeat, coalesce(emotion, '(no emotion)') AS value FROM rated),"
        f'{_UNITS}{rated}\nSELECT what, questions, "α" FROM (\n'
        + "\nUNION ALL ".join(told)
        + "\n) ORDER BY place"
    )


def pairs(couples: Sequence[tuple[int, int]]) -> str:
    """Of each pair of runs: pairs of answers, flips, κ, and the change of accuracy and macro-F1."""
    listed = ", ".join(f"({place}, {int(a)}, {int(b)})" for place, (a, b) in enumerate(couples))
    runs = ", ".join(
        str(run_id) for run_id in sorted({int(run_id) for couple in couples for run_id in couple})
    )
    return f"""WITH answered AS (FROM narratives WHERE run_id IN ({runs}) AND status <> 'error'),
couples(place, run_a, run_b) AS (VALUES {listed}),
cells AS (
    SELECT place, a.truth, a.status = 'ok' AND b.status = 'ok' AS read,
           CASE a.status WHEN 'ok' THEN coalesce(a.emotion, '(no emotion)') ELSE a.status END AS first,
           CASE b.status WHEN 'ok' THEN coalesce(b.emotion, '(no emotion)') ELSE b.status END AS second, count(*) AS n
    FROM couples JOIN answered AS a ON a.run_id = run_a
    JOIN answered AS b ON b.run_id = run_b AND b.stimulus_id = a.stimulus_id AND b.repeat = a.repeat
    GROUP BY ALL
),
counted AS (
    SELECT place, sum(n) AS pairs, sum(n) FILTER (read) AS read, coalesce(sum(n) FILTER (read AND first = second), 0)
           / sum(n) FILTER (read) AS same FROM cells GROUP BY place
),
chance AS (
    SELECT place, sum(a.n * b.n) AS products
    FROM (SELECT place, first AS label, sum(n) AS n FROM cells WHERE read GROUP BY ALL) AS a
    JOIN (SELECT place, second AS label, sum(n) AS n FROM cells WHERE read GROUP BY ALL) AS b USING (place, label)
    GROUP BY place
),
labels AS (
    SELECT place, label, sum(n) FILTER (truth = label) AS support,
           coalesce(sum(n) FILTER (truth = label AND first = label), 0) AS first_hits,
           coalesce(sum(n) FILTER (first = label), 0) AS first_given,
           coalesce(sum(n) FILTER (truth = label AND second = label), 0) AS second_hits,
           coalesce(sum(n) FILTER (second = label), 0) AS second_given
    FROM cells JOIN (SELECT DISTINCT place, truth AS label FROM cells WHERE truth IS NOT NULL) USING (place)
    WHERE truth IS NOT NULL GROUP BY ALL
),
scores AS (
    SELECT place, (sum(second_hits) - sum(first_hits)) / sum(support) AS accuracy,
           avg(2 * second_hits / (second_given + support) - 2 * first_hits / (first_given + support)) AS macro_f1
    FROM labels GROUP BY place
)
SELECT run_a AS "1st", run_b AS "2nd", coalesce(pairs, 0) AS pairs, 1 - same AS changed,
       (same - coalesce(products, 0) / read ** 2) / nullif(1 - coalesce(products, 0) / read ** 2, 0) AS "κ",
       accuracy, macro_f1 AS "macro-F1"
FROM couples LEFT JOIN counted USING (place) LEFT JOIN chance USING (place) LEFT JOIN scores USING (place)
ORDER BY place"""
