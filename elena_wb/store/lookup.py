"""Finding stimuli of the store by the names of their files, and what is true of those of a run."""

from __future__ import annotations

from elena_wb.store.database import Store
from elena_wb.store.schema import first_row

BY_NAME = "name:"
"""What the identity of a stimulus begins with of which only the name is known."""


def stored_pictures(store: Store, dataset: str) -> list[tuple[str, str]]:
    """``(stimulus_id, path)`` of every stimulus of ``dataset`` of which more than the name is known."""
    if not store.exists():
        return []
    with store.read() as connection:
        return connection.execute(
            """SELECT stimulus_id, path FROM stimuli WHERE dataset = ? AND NOT starts_with(stimulus_id, ?)
               ORDER BY path, stimulus_id""",
            [dataset, BY_NAME],
        ).fetchall()


def count_linked(store: Store, run_id: int) -> int:
    """How many answers of a run are about pictures, rather than names of pictures."""
    with store.read() as connection:
        row = first_row(
            connection,
            "SELECT count(*) FROM generations WHERE run_id = ? AND NOT starts_with(stimulus_id, ?)",
            [run_id, BY_NAME],
        )
    return 0 if row is None else int(row[0])


def count_labelled(store: Store, run_id: int) -> int:
    """How many answers of a run are about stimuli that have a label, in whatever scheme."""
    with store.read() as connection:
        row = first_row(
            connection,
            """SELECT count(*) FROM generations SEMI JOIN (FROM labels WHERE label IS NOT NULL) USING (stimulus_id)
               WHERE run_id = ?""",
            [run_id],
        )
    return 0 if row is None else int(row[0])


def count_abstained(store: Store, run_id: int) -> int:
    """How many answers of a run could be read and name no emotion."""
    with store.read() as connection:
        row = first_row(
            connection,
            "SELECT count(*) FROM generations WHERE run_id = ? AND status = 'ok' AND emotion IS NULL",
            [run_id],
        )
    return 0 if row is None else int(row[0])
