"""The answers of several runs to the same questions, and runs that are alike in all but the condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from elena_wb.core import ABSTAINED, REFUSED, UNPARSED
from elena_wb.store.database import Store

_ANSWERS = f"""
WITH asked AS MATERIALIZED (
    SELECT run_id, stimulus_id, repeat, status, emotion, valence, arousal, dominance
    FROM generations WHERE run_id IN (SELECT unnest($runs))
),
questions AS MATERIALIZED (
    SELECT stimulus_id, row_number() OVER (ORDER BY stimulus_id) - 1 AS stimulus
    FROM (SELECT DISTINCT stimulus_id FROM asked)
),
known AS (
    SELECT stimulus_id, stimulus, list_position($labels, label) - 1 AS truth
    FROM questions LEFT JOIN (FROM truths WHERE scheme = $scheme) USING (stimulus_id)
)
SELECT stimulus::INTEGER AS stimulus, repeat::INTEGER AS repeat,
       (list_position($runs, run_id) - 1)::INTEGER AS run, coalesce(truth, -1)::INTEGER AS truth,
       (CASE status WHEN 'ok' THEN coalesce(list_position($labels, emotion) - 1, {ABSTAINED})
                    WHEN 'refused' THEN {REFUSED} WHEN 'unparsed' THEN {UNPARSED} ELSE $failed END)::INTEGER AS emotion,
       CASE status WHEN 'ok' THEN valence END AS valence, CASE status WHEN 'ok' THEN arousal END AS arousal,
       CASE status WHEN 'ok' THEN dominance END AS dominance
FROM asked JOIN known USING (stimulus_id)
"""
_LABELS = """
SELECT DISTINCT emotion FROM generations WHERE run_id IN (SELECT unnest($runs)) AND emotion IS NOT NULL
UNION
SELECT DISTINCT label FROM truths
WHERE scheme = $scheme AND label IS NOT NULL
  AND stimulus_id IN (SELECT stimulus_id FROM generations WHERE run_id IN (SELECT unnest($runs)))
ORDER BY 1
"""
# The conditions of the view `pairs`, of runs: what two have in common that differ in the condition alone.
_ALIKE = """
WITH answered AS (
    SELECT *, coalesce(options->>'scheme', 'ekman7') AS scheme, coalesce(options->>'person', 'crop') AS person,
           options->'sampling' AS sampling, options->'max_tokens' AS max_tokens,
           CASE WHEN options->>'provenance' = 'imported' THEN 'imported ' || model_uri
                ELSE model_digest END AS same_model,
           regexp_extract(run_key, '#\\d+$') AS again
    FROM runs WHERE run_id IN (SELECT run_id FROM generations WHERE status <> 'error')
)
SELECT a.run_id, b.run_id
FROM answered AS a JOIN answered AS b
  ON a.same_model = b.same_model AND a.prompt_name = b.prompt_name AND a.scheme = b.scheme AND a.person = b.person
 AND a.experiment IS NOT DISTINCT FROM b.experiment AND a.again = b.again AND a.seed IS NOT DISTINCT FROM b.seed
 AND a.sampling IS NOT DISTINCT FROM b.sampling AND a.max_tokens IS NOT DISTINCT FROM b.max_tokens
WHERE a.condition = $first AND b.condition = $second
  AND EXISTS (SELECT 1 FROM generations AS x JOIN generations AS y USING (stimulus_id, repeat)
              WHERE x.run_id = a.run_id AND y.run_id = b.run_id AND x.status <> 'error' AND y.status <> 'error')
ORDER BY ALL
"""


def answers_of_runs(
    store: Store, run_ids: Sequence[int], scheme: str, *, failed: int
) -> tuple[tuple[str, ...], pa.Table]:
    """The labels that are named or true, and a row for each answer and each failed call, in no order.

    Columns: ``stimulus`` counts the stimuli that any of the runs was asked about; ``repeat``; ``run`` is a place in
    ``run_ids``; ``truth`` a place in the labels, -1 where not known in ``scheme``; ``emotion`` a place in the labels or
    what stands for none, ``failed`` for a call that failed; ``valence``, ``arousal``, ``dominance`` of an answer that
    could be read.
    """
    runs = list(run_ids)
    with store.read() as connection:
        labels = [
            label for (label,) in connection.execute(_LABELS, {"runs": runs, "scheme": scheme}).fetchall()
        ]
        table = connection.sql(
            _ANSWERS, params={"runs": runs, "labels": labels, "scheme": scheme, "failed": failed}
        ).to_arrow_table()
    return tuple(labels), table


def runs_by_condition(store: Store) -> Mapping[str, tuple[int, ...]]:
    """The runs that have answers, by their condition."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT condition, list(run_id ORDER BY run_id) FROM runs
               WHERE run_id IN (SELECT run_id FROM generations WHERE status <> 'error')
               GROUP BY condition ORDER BY min(run_id)"""
        ).fetchall()
    return {condition: tuple(run_ids) for condition, run_ids in rows}


def alike_but_for_condition(store: Store, first: str, second: str) -> tuple[tuple[int, int], ...]:
    """The pairs of runs under two conditions that are alike in all else, and answered some question both.

    As the view ``pairs`` has it: model, prompt pack, way of pointing a person out, sampling, seed, token limit,
    experiment.
    """
    with store.read() as connection:
        rows = connection.execute(_ALIKE, {"first": first, "second": second}).fetchall()
    return tuple((int(a), int(b)) for a, b in rows)
