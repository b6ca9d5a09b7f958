"""What readers note about answers: a mark, and a few words."""

from __future__ import annotations

from elena_wb.core import UsageError
from elena_wb.store.database import Store
from elena_wb.store.schema import utc_now


def put_mark(store: Store, generation_id: str, *, marked: bool, note: str | None) -> None:
    """Keep mark and note of an answer in place of those it had; neither leaves nothing behind.

    Raises:
        UsageError: the answer is gone.
    """
    note = (note or "").strip() or None
    with store.write() as connection:
        if not connection.execute(
            "SELECT 1 FROM generations WHERE generation_id = ?", [generation_id]
        ).fetchall():
            raise UsageError("This answer is not in the store any more.", hint="Its run was deleted.")
        connection.execute("DELETE FROM marks WHERE generation_id = ?", [generation_id])
        if marked or note is not None:
            connection.execute(
                "INSERT INTO marks VALUES (?, ?, ?, ?)", [generation_id, marked, note, utc_now()]
            )
