"""What the table of answers shows: which pass, how many there are, where the one is that the cursor is to be on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from elena_wb.store import Store
from elena_wb.store.browsing import Filter, Order, Rows, lines, searching
from elena_wb.store.finding import count_answers, place_of, row_of
from elena_wb.tui.widgets.pages import PAGE, Line


@dataclass(frozen=True, slots=True, eq=False)
class Passing:
    """The rows that pass, of those that were ``searched`` so far (a share of 1); the number of all; a place.

    ``ready`` are the lines of the page that begins at ``at``, where they were read along with the rows.
    """

    rows: Rows
    all: int
    place: int | None
    searched: float
    at: int = 0
    ready: Sequence[Line] = ()

    @property
    def complete(self) -> bool:
        """Whether all answers were looked at."""
        return self.searched >= 1


def passing(
    store: Store, wanted: Filter, order: Order, target: str | None, near: int | None = None
) -> Iterator[Passing]:
    """What passes; again and again where that takes long. The place is that of ``target``, which was in row ``near``.

    Raises:
        UsageError: the filter's condition in SQL is none.
    """

    searches = searching(store, wanted, order)
    alone = bool(wanted.where.strip())  # what a user wrote is asked over a connection of its own
    shown = False
    while True:
        before = store.state()
        with nullcontext() if alone or not store.exists() else store.read():
            found = next(searches, None)
            if found is None:
                return
            with store.read() if store.exists() else nullcontext():
                row = row_of(store, target, near) if target is not None and store.exists() else None
                place, count = place_of(found.rows, row), count_answers(store)
                at, ready = (place or 0) // PAGE * PAGE, list[Line]()
                if len(found.rows) and not shown and store.state() == before:
                    # In a store that has not changed, the condition in SQL need not be asked of these rows again.
                    shown = True
                    ready = lines(store, found.rows[at : at + PAGE], replace(wanted, where="")).to_pylist()
        yield Passing(found.rows, count, place, found.searched, at, ready)
        if found.searched >= 1:
            return
