"""Finding stimuli of the store by the names of their files, and what is true of those of a run."""

from __future__ import annotations

from collections.abc import Mapping

from elena_wb.store.database import Store
from elena_wb.store.schema import first_row


def named_stimuli(store: Store, dataset: str) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """File name → ``(stimulus_id, path)`` of every stimulus of ``dataset`` whose file is called so."""
    if not store.exists():
        return {}
    with store.read() as connection:
        rows = connection.execute(
            """SELECT parse_filename(path), stimulus_id, path FROM stimuli
               WHERE dataset = ? ORDER BY path, stimulus_id""",
            [dataset],
        ).fetchall()
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for name, stimulus_id, path in rows:
        found[name] = (*found.get(name, ()), (stimulus_id, path))
    return found


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
