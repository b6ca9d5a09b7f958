"""What the table of answers shows: which pass, how many there are, where the one is that the cursor is to be on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

from elena_wb.store import Store
from elena_wb.store.browsing import Filter, Order, Rows, searching
from elena_wb.store.finding import count_answers, place_of, row_of


@dataclass(frozen=True, slots=True, eq=False)
class Passing:
    """The rows that pass, of those that were ``searched`` so far (a share of 1); the number of all; a place."""

    rows: Rows
    all: int
    place: int | None
    searched: float

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

    def told() -> Iterator[Passing]:
        for found in searching(store, wanted, order):
            with store.read() if store.exists() else nullcontext():
                row = row_of(store, target, near) if target is not None and store.exists() else None
                count = count_answers(store)
            yield Passing(found.rows, count, place_of(found.rows, row), found.searched)

    if wanted.text or wanted.where.strip() or not store.exists():
        yield from told()
        return
    with store.read():
        at_once = list(told())
    yield from at_once
