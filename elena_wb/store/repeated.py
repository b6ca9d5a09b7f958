"""Answers to the same question, asked several times or in other words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from elena_wb.store.database import Store
from elena_wb.store.narrative_words import words_of

MOST_REPEATS = 10
"""Texts of more repeats than these are not compared: the pairs grow with their square."""


def repeated_runs(store: Store, run_ids: Sequence[int]) -> Mapping[int, int]:
    """The runs that were asked repeatedly about some stimulus, and how often at most."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT run_id, max(repeat) + 1 FROM generations
               WHERE run_id IN (SELECT unnest(?::INTEGER[])) AND status <> 'error'
               GROUP BY run_id HAVING max(repeat) > 0""",
            [list(run_ids)],
        ).fetchall()
    return dict(rows)


def read_repeats(
    store: Store,
    run_id: int,
    below: int | None = None,
    *,
    settings: Mapping[str, str | bool | int] | None = None,
) -> pa.Table:
    """The answers of a run that could be read, with ``below`` only of repeats under it.

    Columns: ``stimulus`` and ``picture`` (numbers), ``repeat``, ``emotion``, and the three ratings.
    """
    with store.read(settings) as connection:
        return connection.sql(
            """SELECT (hash(stimulus_id) >> 1)::BIGINT AS stimulus,
                      (hash(coalesce(picture_id, stimulus_id)) >> 1)::BIGINT AS picture,
                      repeat, emotion, valence, arousal, dominance
               FROM generations LEFT JOIN stimuli USING (stimulus_id)
               WHERE run_id = $run AND status = 'ok' AND repeat < coalesce($below, repeat + 1)""",
            params={"run": run_id, "below": below},
        ).to_arrow_table()


def alike_sql(run_ids: Sequence[int], most: int) -> str:
    """The beginning of a query that has the relation ``alike``: how alike the texts of a stimulus's repeats are.

    Columns: ``run_id``, ``stimulus_id``, ``words`` and ``parts``: means over pairs of repeats of the Jaccard index of
    the words of the narratives, and of the parts of the body named; NULL where no pair has any. Of a run with more than
    ``most`` stimuli with repeats, so many are drawn by a hash of their ids; the first ten repeats count.
    """
    return f"""WITH drawn AS (
    SELECT run_id, stimulus_id FROM generations
    WHERE run_id IN ({", ".join(map(str, run_ids)) or "NULL"}) AND status = 'ok' AND repeat < {MOST_REPEATS}
    GROUP BY run_id, stimulus_id HAVING count(*) > 1
    QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY hash(stimulus_id), stimulus_id) <= {most}
),
answers AS (
    SELECT g.run_id, g.stimulus_id, g.repeat, g.generation_id,
           list_distinct({words_of("coalesce(g.narrative, '')")}) AS words
    FROM generations AS g JOIN drawn AS d ON d.run_id = g.run_id AND d.stimulus_id = g.stimulus_id
    WHERE g.status = 'ok' AND g.repeat < {MOST_REPEATS}
),
named AS (
    SELECT generation_id, list(DISTINCT coalesce(part, phrase)) AS parts
    FROM body_parts SEMI JOIN answers USING (generation_id) GROUP BY generation_id
),
said AS (SELECT a.*, coalesce(n.parts, []) AS parts FROM answers AS a LEFT JOIN named AS n USING (generation_id)),
alike AS (
    SELECT a.run_id, a.stimulus_id,
           avg(len(list_intersect(a.words, b.words)) / nullif(len(list_distinct(a.words || b.words)), 0)) AS words,
           avg(len(list_intersect(a.parts, b.parts)) / nullif(len(list_distinct(a.parts || b.parts)), 0)) AS parts
    FROM said AS a JOIN said AS b ON a.run_id = b.run_id AND a.stimulus_id = b.stimulus_id AND a.repeat < b.repeat
    GROUP BY a.run_id, a.stimulus_id
)"""


def read_alike(
    store: Store,
    run_ids: Sequence[int],
    most: int,
    *,
    settings: Mapping[str, str | bool | int] | None = None,
) -> pa.Table:
    """``run_id``, ``words`` and ``parts`` of :func:`alike_sql`, and ``picture``: a row for each stimulus drawn."""
    with store.read(settings) as connection:
        return connection.sql(
            f"""{alike_sql(run_ids, most)}
                SELECT run_id, (hash(coalesce(picture_id, stimulus_id)) >> 1)::BIGINT AS picture, words, parts
                FROM alike LEFT JOIN stimuli USING (stimulus_id) ORDER BY run_id, picture, words, parts"""
        ).to_arrow_table()
