"""Which answers were looked at, and how many places in them are attended to whatever is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from elena_wb.core import AttentionMethod, Heads
from elena_wb.store.database import Store
from elena_wb.store.schema import first_row


@dataclass(frozen=True, slots=True)
class Sinks:
    """Of so many ``answers``, ``having`` have sinks; ``mean`` is how many of their ``places`` these are on average."""

    answers: int
    having: int
    mean: float
    places: float


def looked_at(store: Store, run_id: int, *, method: AttentionMethod, heads: Heads) -> set[tuple[str, int]]:
    """Stimulus and repeat of each answer of a run that was looked at, whichever of its words."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT stimulus_id, repeat FROM generations
               SEMI JOIN (FROM extractions WHERE method = $2 AND heads = $3) USING (generation_id)
               WHERE run_id = $1""",
            [run_id, method, heads],
        ).fetchall()
    return {(stimulus_id, int(repeat)) for stimulus_id, repeat in rows}


def count_sinks(store: Store, run_id: int, *, method: AttentionMethod, heads: Heads) -> Sinks:
    """The sinks in the answers of a run, each as it was looked at last."""
    with store.read() as connection:
        row = first_row(
            connection,
            """WITH latest AS (
                   FROM extractions SEMI JOIN (FROM generations WHERE run_id = ?) USING (generation_id)
                   WHERE method = ? AND heads = ?
                   QUALIFY row_number() OVER (PARTITION BY generation_id ORDER BY created_at DESC, extraction_id) = 1
               )
               SELECT count(*), count(*) FILTER (sinks > 0), coalesce(avg(sinks), 0),
                      coalesce(avg(list_sum(list_transform(
                          blocks::JSON[], lambda block: (block->>'rows')::INT * (block->>'columns')::INT
                      ))), 0)
               FROM latest""",
            [run_id, method, heads],
        )
    assert row is not None
    return Sinks(int(row[0]), int(row[1]), float(row[2]), float(row[3]))


def ways_looked(store: Store, run_ids: Sequence[int]) -> tuple[tuple[int, str, str, str, str], ...]:
    """Run, method, heads, layers and tokens of each way in which answers of these runs were looked at."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT DISTINCT run_id, method, heads, layers, tokens
               FROM extractions JOIN generations USING (generation_id)
               WHERE run_id IN (SELECT unnest(?)) ORDER BY method, heads, layers, tokens, run_id""",
            [list(run_ids)],
        ).fetchall()
    return tuple(
        (int(run_id), method, heads, layers, tokens) for run_id, method, heads, layers, tokens in rows
    )
