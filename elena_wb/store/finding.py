"""Finding one answer among those that are walked through: its row, its place, the next one of a kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from elena_wb.store.browsing import Rows
from elena_wb.store.database import Store
from elena_wb.store.schema import first_row

_FIRST_LOOK, _GROWTH, _MOST = 500, 6, 20_000


def row_of(store: Store, generation_id: str, near: int | None = None) -> int | None:
    """The row of an answer; ``None`` where it is gone. ``near`` is the row where it was last."""
    with store.read() as connection:
        if near is not None:
            there = first_row(connection, "SELECT generation_id FROM generations WHERE rowid = ?", [near])
            if there is not None and there[0] == generation_id:
                return near
        row = first_row(connection, "SELECT rowid FROM generations WHERE generation_id = ?", [generation_id])
    return None if row is None else int(row[0])


def count_answers(store: Store) -> int:
    """How many answers there are, failed calls included; none where there is no store."""
    if not store.exists():
        return 0
    with store.read() as connection:
        row = first_row(connection, "SELECT count(*) FROM generations")
    assert row is not None
    return int(row[0])


def label_scores(store: Store, generation_id: str) -> tuple[tuple[str, float], ...]:
    """How probable each label was to the model, the most probable first; none where it did not tell."""
    with store.read() as connection:
        rows = connection.execute(
            """SELECT label, exp(logprob) FROM label_scores WHERE generation_id = ?
               ORDER BY logprob DESC, label LIMIT 60""",
            [generation_id],
        ).fetchall()
    return tuple((label, float(probability)) for label, probability in rows)


def place_of(rows: Rows, row: int | None) -> int | None:
    """The place of ``row`` among ``rows``; ``None`` where it is not among them."""
    if row is None:
        return None
    found = np.flatnonzero(rows == row)
    return int(found[0]) if len(found) else None


def next_among(rows: Rows, after: int, chosen: Callable[[Rows], Rows]) -> int | None:
    """The place after ``after`` of the next of ``rows`` that ``chosen`` picks; ``None`` where none follows.

    ``chosen`` is asked about a few rows first, and about ever more: what is looked for is mostly near.
    """
    start, many = after + 1, _FIRST_LOOK
    while start < len(rows):
        part = rows[start : start + many]
        hits = np.flatnonzero(np.isin(part, chosen(part)))
        if len(hits):
            return start + int(hits[0])
        start, many = start + many, min(many * _GROWTH, _MOST)
    return None


def wrong(store: Store, rows: Rows) -> Rows:
    """Those of ``rows`` that do not name the true emotion, where there is one; failed calls are no answers."""
    listed = ",".join(str(int(row)) for row in rows)
    with store.read() as connection:
        found = connection.execute(f"""
            WITH g AS MATERIALIZED (
                SELECT rowid AS row, run_id, stimulus_id, status, emotion FROM generations
                WHERE status <> 'error' AND rowid IN ({listed or "NULL"})
            )
            SELECT g.row FROM g JOIN runs AS r USING (run_id)
            JOIN (FROM truths WHERE stimulus_id IN (SELECT stimulus_id FROM g)) AS t
              ON t.stimulus_id = g.stimulus_id AND t.scheme = coalesce(r.options->>'scheme', 'ekman7')
            WHERE t.label IS NOT NULL AND (g.status <> 'ok' OR g.emotion IS DISTINCT FROM t.label)
            ORDER BY ALL""").fetchnumpy()["row"]
    return np.ascontiguousarray(found, dtype=np.int64)
