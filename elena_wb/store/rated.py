"""What raters said, judgement by judgement, with whose answers it was and what can be measured of these.

Statistics are made from it; what counting alone tells is in :mod:`elena_wb.store.rating_results`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from elena_wb.core import UsageError
from elena_wb.nearest import nearest
from elena_wb.store.database import Store
from elena_wb.store.rating_sessions import Session, sessions

_JUDGED = """
WITH raters AS (
    SELECT sitting_id, row_number() OVER (ORDER BY sitting_id) - 1 AS rater FROM rating_sittings WHERE session_id = $id
)
SELECT v.scale, t.rater::INTEGER AS rater, p.item, p.again, v.value, v.preferred,
       v.preferred <> 'equal' AND (v.preferred = 'b') = p.swapped AS left_side,
       i.generation_a, i.generation_b, a.run_id AS run_a, b.run_id AS run_b, a.stimulus_id,
       a.repeat, coalesce(m.picture_id, a.stimulus_id) AS picture
FROM raters AS t
JOIN rating_places AS p USING (sitting_id)
JOIN rating_values AS v USING (sitting_id, position)
JOIN rating_items AS i ON i.session_id = $id AND i.item = p.item
JOIN generations AS a ON a.generation_id = i.generation_a
LEFT JOIN generations AS b ON b.generation_id = i.generation_b
LEFT JOIN stimuli AS m ON m.stimulus_id = a.stimulus_id
ORDER BY v.scale, p.item, t.rater, p.again
"""
_MEASURED = """
WITH wanted AS (
    SELECT generation_id FROM (SELECT unnest([generation_a, generation_b]) AS generation_id FROM rating_items
                               WHERE session_id = $id) WHERE generation_id IS NOT NULL GROUP BY ALL
),
told AS (
    SELECT g.*, concat_ws(' ', {shown}) AS words, r.condition,
           coalesce(r.options->>'scheme', 'ekman7') AS scheme
    FROM generations AS g SEMI JOIN wanted USING (generation_id) JOIN runs AS r USING (run_id)
),
named AS (
    SELECT generation_id, count(*) AS parts, count(part_group) AS known, count(*) FILTER (part_group = 'face') AS face
    FROM body_parts SEMI JOIN wanted USING (generation_id) GROUP BY generation_id
),
said AS (
    SELECT generation_id, label, max(logprob) AS logprob FROM label_scores SEMI JOIN wanted USING (generation_id)
    GROUP BY ALL
),
felt AS (
    SELECT stimulus_id, avg(valence) FILTER (isfinite(valence)) AS valence,
           avg(arousal) FILTER (isfinite(arousal)) AS arousal, avg(dominance) FILTER (isfinite(dominance)) AS dominance
    FROM labels SEMI JOIN told USING (stimulus_id) WHERE source NOT IN ('face', 'body') GROUP BY stimulus_id
)
SELECT g.generation_id, g.run_id, g.condition, g.words,
       CASE WHEN t.label IS NOT NULL THEN coalesce(g.status = 'ok' AND g.emotion = t.label, false) END::DOUBLE
           AS correct,
       coalesce(n.parts, 0)::DOUBLE AS parts,
       n.face / nullif(n.known, 0) AS facial,
       len(regexp_extract_all(g.words, '\\S+'))::DOUBLE AS length,
       g.emotion, g.scheme,
       sqrt((g.valence - f.valence) ** 2 + (g.arousal - f.arousal) ** 2 + (g.dominance - f.dominance) ** 2) AS vad,
       s.logprob
FROM told AS g
LEFT JOIN truths AS t ON t.stimulus_id = g.stimulus_id AND t.scheme = g.scheme
LEFT JOIN named AS n USING (generation_id)
LEFT JOIN felt AS f ON f.stimulus_id = g.stimulus_id
LEFT JOIN said AS s ON s.generation_id = g.generation_id AND s.label = g.emotion
ORDER BY g.generation_id
"""


def find_session(store: Store, text: str) -> Session:
    """The session that a user means by its number or its name, in upper or lower case.

    Raises:
        UsageError: there is none; names the nearest.
    """
    known = sessions(store)
    text = text.strip()
    for found in known:
        if text == str(found.session_id):
            return found
    for found in known:
        if text.lower() == found.name.lower():
            return found
    if not known:
        raise UsageError(
            "Nobody has rated anything in this store.",
            hint="Sessions of rating are made in the interface: `elena-wb`, then 5.",
        )
    raise UsageError(
        f"There is no session of rating `{text}`.", hint=nearest(text, [one.name for one in known])
    )


def judgements(store: Store, session_id: int) -> pa.Table:
    """All that was said in a session, a row for each rater, item and scale, and again where an item came again.

    Columns: ``scale``; ``rater``, counted from 0 in order of coming; ``item``; ``again``; ``value`` on the scale, or
    ``preferred`` (a, b, equal) and ``left_side``, whether what is preferred stood on the left; ``generation_a``,
    ``run_a`` and, of pairs, ``generation_b``, ``run_b``; ``stimulus_id``, ``repeat`` and ``picture``, which several
    stimuli may be of.
    """
    with store.read() as connection:
        return connection.sql(_JUDGED, params={"id": session_id}).to_arrow_table()


def measured(store: Store, session_id: int, shown: Sequence[str]) -> pa.Table:
    """What can be measured of the answers of a session without a person, a row for each answer.

    Columns: ``generation_id``, ``run_id``, ``condition``, ``scheme``, ``emotion`` and ``words``, which are the fields
    ``shown`` to raters; ``correct`` (1 or 0), ``parts`` named, the share of them that is ``facial``, ``length`` in
    words, Euclidean distance ``vad`` between valence, arousal and dominance as answered and as known, ``logprob`` of
    the emotion named; NULL where it cannot be had.
    """
    sql = _MEASURED.format(shown=", ".join(f"g.{field}" for field in shown))
    with store.read() as connection:
        return connection.sql(sql, params={"id": session_id}).to_arrow_table()


def sessions_with(store: Store, run_ids: Sequence[int]) -> tuple[int, ...]:
    """The sessions in which an answer of one of these runs was rated, in order of their numbers."""
    if not store.exists():
        return ()
    with store.read() as connection:
        found = connection.execute(
            """WITH said AS (
                   SELECT t.session_id, unnest([i.generation_a, i.generation_b]) AS generation_id
                   FROM rating_values AS v JOIN rating_places AS p USING (sitting_id, position)
                   JOIN rating_sittings AS t USING (sitting_id)
                   JOIN rating_items AS i ON i.session_id = t.session_id AND i.item = p.item)
               SELECT DISTINCT session_id FROM said JOIN generations AS g USING (generation_id)
               WHERE list_contains($runs, g.run_id) ORDER BY ALL""",
            {"runs": [int(run) for run in run_ids]},
        ).fetchall()
    return tuple(int(session_id) for (session_id,) in found)
