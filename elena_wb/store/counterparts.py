"""The same question under another condition: which answers differ from theirs, and which answer is the counterpart.

Runs are paired first, of which there are few; then only the answers asked about are looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from elena_wb.store.browsing import Rows
from elena_wb.store.database import Store

_PAIRED = """
described AS (
    SELECT run_id, condition, [
        CASE WHEN options->>'provenance' = 'imported' THEN 'imported ' || model_uri ELSE model_digest END, prompt_name,
        coalesce(options->>'scheme', 'ekman7'), coalesce(options->>'person', 'crop'), coalesce(experiment, ''),
        regexp_extract(run_key, '#\\d+$'), coalesce(seed::VARCHAR, ''), coalesce((options->'sampling')::VARCHAR, ''),
        coalesce((options->'max_tokens')::VARCHAR, '')] AS asked
    FROM runs
),
paired AS (
    SELECT a.run_id AS run_a, b.run_id AS run_b, b.condition
    FROM described AS a JOIN described AS b ON a.asked = b.asked AND a.condition <> b.condition
    QUALIFY a.condition = 'none' OR b.condition = 'none'
            OR NOT bool_or(b.condition = 'none') OVER (PARTITION BY a.run_id)
)
"""
"""``paired``: each run with those that asked the same under another condition (as in the view ``pairs``); one in which
something was hidden has the unmasked one alone, where there is any."""


@dataclass(frozen=True, slots=True)
class Counterpart:
    """An answer to the same question under another condition."""

    generation_id: str
    run_id: int
    condition: str


def counterparts(store: Store, generation_id: str) -> tuple[Counterpart, ...]:
    """The answers to the same question under other conditions, the unmasked one first, then by run."""
    with store.read() as connection:
        rows = connection.execute(
            f"""WITH {_PAIRED}, g AS MATERIALIZED (FROM generations WHERE generation_id = ?)
                SELECT h.generation_id, h.run_id, p.condition
                FROM g JOIN paired AS p ON p.run_a = g.run_id
                JOIN (FROM generations WHERE stimulus_id IN (SELECT stimulus_id FROM g)) AS h
                  ON h.run_id = p.run_b AND h.stimulus_id = g.stimulus_id AND h.repeat = g.repeat
                ORDER BY p.condition <> 'none', h.run_id""",
            [generation_id],
        ).fetchall()
    return tuple(Counterpart(*row) for row in rows)


def flipped(store: Store, rows: Rows | Sequence[int]) -> Rows:
    """Those of ``rows`` whose emotion differs from a counterpart's, where both could be read; sorted."""
    listed = ",".join(str(int(row)) for row in rows)
    with store.read() as connection:
        found = connection.execute(f"""
            WITH {_PAIRED},
            g AS MATERIALIZED (
                SELECT rowid AS row, run_id, stimulus_id, repeat, emotion FROM generations
                WHERE status = 'ok' AND rowid IN ({listed or "NULL"})
            )
            SELECT DISTINCT g.row FROM g JOIN paired AS p ON p.run_a = g.run_id
            JOIN (FROM generations WHERE status = 'ok' AND stimulus_id IN (SELECT stimulus_id FROM g)) AS h
              ON h.run_id = p.run_b AND h.stimulus_id = g.stimulus_id AND h.repeat = g.repeat
            WHERE h.emotion IS DISTINCT FROM g.emotion ORDER BY ALL""").fetchnumpy()["row"]
    return np.ascontiguousarray(found, dtype=np.int64)
