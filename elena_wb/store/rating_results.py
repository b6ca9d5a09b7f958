"""What of a session of blind rating is told by counting alone: why items were skipped, how many a run has part in."""

from __future__ import annotations

from elena_wb.store.database import Store
from elena_wb.store.schema import first_row

REASONS = 20
"""So many reasons, the most frequent, are told."""


def skipped(store: Store, session_id: int) -> tuple[tuple[str, int], ...]:
    """Why items were skipped, with how often, most frequent first."""
    with store.read() as connection:
        found = connection.execute(
            """SELECT skipped, count(*) FROM rating_places JOIN rating_sittings USING (sitting_id)
               WHERE session_id = ? AND skipped IS NOT NULL GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT ?""",
            [session_id, REASONS],
        ).fetchall()
    return tuple((reason, int(times)) for reason, times in found)


def count_ratings(store: Store, run_id: int) -> int:
    """How many items that people rated, or skipped, hold an answer of a run, and go with it."""
    with store.read() as connection:
        row = first_row(
            connection,
            """SELECT count(*) FROM rating_places AS p JOIN rating_sittings AS t USING (sitting_id)
               JOIN rating_items AS i ON i.session_id = t.session_id AND i.item = p.item
               WHERE p.rated_at IS NOT NULL AND EXISTS (FROM generations AS g WHERE g.run_id = ?
                   AND g.generation_id IN (i.generation_a, i.generation_b))""",
            [run_id],
        )
    return 0 if row is None else int(row[0])
