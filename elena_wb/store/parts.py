"""Which parts of the body answers name: read for counting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from elena_wb.store.database import Store


@dataclass(frozen=True, slots=True)
class AskedRun:
    """A run, and what became of its calls. Only the answers that could be read (``read``) are counted further.

    ``pictures`` is how many these are about, ``silent`` how many of them name no part, ``phrases`` how many parts they
    name in all, and ``unknown`` how many of these the vocabulary does not know.
    """

    run_id: int
    run: str
    model: str
    prompt: str
    condition: str
    scheme: str
    read: int
    refused: int
    unparsed: int
    failed: int
    pictures: int
    silent: int
    phrases: int
    unknown: int


_RUNS = """
WITH answers AS (
    SELECT g.run_id, g.generation_id, g.status, hash(coalesce(s.picture_id, g.stimulus_id)) AS picture
    FROM generations AS g LEFT JOIN stimuli AS s USING (stimulus_id) WHERE g.run_id IN (SELECT unnest($runs))
),
calls AS (
    SELECT run_id, count(*) FILTER (status = 'ok') AS read, count(*) FILTER (status = 'refused') AS refused,
           count(*) FILTER (status = 'unparsed') AS unparsed, count(*) FILTER (status = 'error') AS failed,
           count(DISTINCT picture) FILTER (status = 'ok') AS pictures
    FROM answers GROUP BY run_id
),
named AS (
    SELECT run_id, count(DISTINCT hash(generation_id)) AS naming, count(*) AS phrases,
           count(*) FILTER (part IS NULL) AS unknown
    FROM body_parts JOIN answers USING (generation_id) WHERE status = 'ok' GROUP BY run_id
)
SELECT run_id, coalesce(r.name, 'run ' || run_id), r.model_uri, r.prompt_name, r.condition,
       coalesce(r.options->>'scheme', 'ekman7'), coalesce(read, 0), coalesce(refused, 0), coalesce(unparsed, 0),
       coalesce(failed, 0), coalesce(pictures, 0), coalesce(read, 0) - coalesce(naming, 0), coalesce(phrases, 0),
       coalesce(unknown, 0)
FROM runs AS r LEFT JOIN calls USING (run_id) LEFT JOIN named USING (run_id)
WHERE run_id IN (SELECT unnest($runs)) ORDER BY list_position($runs, run_id)
"""
_ANSWERS = """
CREATE OR REPLACE TEMP TABLE answers_read AS
SELECT generation_id, run_id, row_number() OVER (PARTITION BY run_id ORDER BY g.rowid) - 1 AS place,
       dense_rank() OVER (PARTITION BY run_id ORDER BY hash(coalesce(s.picture_id, g.stimulus_id))) - 1 AS picture,
       emotion
FROM generations AS g LEFT JOIN stimuli AS s USING (stimulus_id)
WHERE run_id IN (SELECT unnest($runs)) AND status = 'ok'
"""
_NAMED = """
CREATE OR REPLACE TEMP TABLE parts_read AS
SELECT DISTINCT run_id, place, part, part_group
FROM body_parts JOIN answers_read USING (generation_id) WHERE part IS NOT NULL
"""


def asked_runs(store: Store, run_ids: Sequence[int]) -> tuple[AskedRun, ...]:
    """The runs in this order, and what became of their calls."""
    with store.read() as connection:
        rows = connection.execute(_RUNS, {"runs": list(run_ids)}).fetchall()
    return tuple(AskedRun(*row) for row in rows)


@dataclass(frozen=True, eq=False)
class ReadParts:
    """The answers of one run that could be read, and what they name.

    ``answers`` has a row for each, in order of place: ``picture`` (from 0; a number for each picture) and ``emotion``
    (NULL for an abstention). ``named`` has a row for each part that an answer names, once: ``place`` of the answer from
    0, ``part`` and ``part_group``.
    """

    answers: pa.Table
    named: pa.Table


def read_parts(
    store: Store, run_ids: Sequence[int], *, settings: Mapping[str, str | bool | int] | None = None
) -> dict[int, ReadParts]:
    """What the answers of each run name; ``settings`` are DuckDB's for this connection."""
    with store.read(settings) as connection:
        connection.execute(_ANSWERS, {"runs": list(run_ids)}).fetchall()
        connection.execute(_NAMED).fetchall()
        return {
            run_id: ReadParts(
                connection.sql(
                    "SELECT picture, emotion FROM answers_read WHERE run_id = $run ORDER BY place",
                    params={"run": run_id},
                ).to_arrow_table(),
                connection.sql(
                    "SELECT place, part, part_group FROM parts_read WHERE run_id = $run",
                    params={"run": run_id},
                ).to_arrow_table(),
            )
            for run_id in run_ids
        }
