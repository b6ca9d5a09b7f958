"""How long answers took, to tell how long further ones will."""

from __future__ import annotations

from elena_wb.store.database import Store

_LAST = 2000
_PAUSE_S = 600.0
_LEAST = 4
_SECONDS_AN_ANSWER = """
WITH answers AS (
    SELECT g.created_at
    FROM generations g JOIN runs r USING (run_id)
    WHERE r.model_uri = ? AND g.status <> 'error' AND g.created_at IS NOT NULL
    ORDER BY g.created_at DESC LIMIT ?
), gaps AS (
    SELECT epoch(created_at) - epoch(lag(created_at) OVER (ORDER BY created_at)) AS seconds FROM answers
)
SELECT sum(seconds), count(*) FROM gaps WHERE seconds <= ?
"""


def seconds_an_answer(store: Store, model_uri: str) -> float | None:
    """Seconds between one stored answer of a model and the next, on the average of the last ones.

    What goes on at once counts as often as it went on at once; pauses of more than ten minutes do not count. ``None``
    where there are too few answers to tell.
    """
    if not store.exists():
        return None
    with store.read() as connection:
        row = connection.execute(_SECONDS_AN_ANSWER, [model_uri, _LAST, _PAUSE_S]).fetchone()
    if row is None or not row[0] or row[1] < _LEAST:
        return None
    return float(row[0]) / int(row[1])
