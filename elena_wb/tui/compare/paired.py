"""A comparison as the screen walks through it: which pairs, in what order, a page of them, where a question stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.comparing import FAILED, OUTCOMES, UNKNOWN
from elena_wb.analysis.pair_order import ORDERS, WHICH, Order, Places, Which, distances, flipped, places
from elena_wb.engine.proposing import in_order, partner, proposed
from elena_wb.errors import WorkbenchError
from elena_wb.findings.comparing import Compared, compare_runs
from elena_wb.store import RunSummary, Store, list_runs
from elena_wb.store.pairing import state_of

if TYPE_CHECKING:
    import pyarrow as pa

_LIMITS: Mapping[str, str | bool | int] = {"memory_limit": "96MB", "threads": 2}
"""Of the connection that reads all answers of two runs: the interface leaves memory to others."""


@dataclass(frozen=True, slots=True)
class Question:
    """What both runs were asked: a stimulus, and the how-manieth time."""

    stimulus_id: str
    repeat: int = 0

    @classmethod
    def from_json(cls, found: object) -> Question | None:
        """The question that was remembered as a list; ``None`` where that is none."""
        if (
            isinstance(found, list)
            and len(found) == 2
            and isinstance(found[0], str)
            and isinstance(found[1], int)
        ):
            return cls(found[0], found[1])
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """A comparison of ``runs`` as the store was in ``state``, and the ``rows`` of it that are listed, in order.

    ``flips`` (bool) and ``far`` (float64, -1 where unknown) are of all rows. ``start`` is the position at which the
    question stood that was looked at; ``None`` where it is not listed.
    """

    runs: tuple[int, int]
    state: tuple[object, ...]
    compared: Compared
    which: Which
    order: Order
    rows: Places
    flips: npt.NDArray[np.bool_]
    far: npt.NDArray[np.float64]
    start: int | None = None

    def listed(self, which: Which, order: Order, at: Question | None) -> Pairs:
        """The same with other rows or in another order."""
        rows = places(self.compared.answers, which, order)
        return replace(self, which=which, order=order, rows=rows, start=self._position(rows, at))

    def page(self, first: int, last: int) -> pa.Table:
        """The lines of positions from ``first`` to before ``last``.

        Columns: ``stimulus_id``, ``repeat``, ``picture``, ``person_index``, ``truth``; ``first`` and ``second``: what
        was answered; ``first_right`` and ``second_right``, NULL where that is not known; ``flip``; ``far``.
        """
        import pyarrow as pa

        answers, labels = self.compared.answers, self.compared.answers.labels
        rows = self.rows[first:last]
        page = self.compared.table.take(pa.array(rows)).select(
            ["stimulus_id", "repeat", "picture", "person_index", "truth"]
        )
        for side, codes in (("first", answers.first[rows]), ("second", answers.second[rows])):
            named = [_named(labels, code) for code in codes.tolist()]
            unknown = (answers.truth[rows] == UNKNOWN) | (codes <= FAILED)
            page = page.append_column(side, pa.array(named, pa.string()))
            page = page.append_column(f"{side}_right", pa.array(codes == answers.truth[rows], mask=unknown))
        page = page.append_column("flip", pa.array(self.flips[rows]))
        return page.append_column("far", pa.array(self.far[rows]))

    def next_flip(self, position: int, step: int) -> int | None:
        """The position of the nearest flip after ``position``, or before it; goes round at the ends."""
        found = np.flatnonzero(self.flips[self.rows])
        if not len(found):
            return None
        if step > 0:
            place = int(np.searchsorted(found, position, side="right"))
        else:
            place = int(np.searchsorted(found, position, side="left")) - 1
        return int(found[place % len(found)])

    def row_of(self, question: Question) -> Mapping[str, object] | None:
        """The row of a question with the columns of the comparison's table; looks through all of them."""
        found = np.flatnonzero(self._is(question))
        if not len(found):
            return None
        row: Mapping[str, object] = self.compared.table.slice(int(found[0]), 1).to_pylist()[0]
        return row

    def _position(self, rows: Places, at: Question | None) -> int | None:
        if at is None:
            return None
        found = np.flatnonzero(self._is(at)[rows])
        return int(found[0]) if len(found) else None

    def _is(self, question: Question) -> npt.NDArray[np.bool_]:
        import pyarrow.compute as pc

        table = self.compared.table
        same = pc.and_(
            pc.equal(table["stimulus_id"], question.stimulus_id), pc.equal(table["repeat"], question.repeat)
        )
        return np.asarray(same.to_numpy(), dtype=np.bool_)


def read_pairs(
    store: Store,
    runs: tuple[int, int],
    which: Which,
    order: Order,
    *,
    at: Question | None = None,
    known: Pairs | None = None,
) -> Pairs:
    """Compare two runs; where ``known`` is of these runs and nothing has changed since, it is given back.

    Raises:
        WorkbenchError: as :func:`elena_wb.findings.comparing.compare_runs`.
    """
    state = state_of(store, *runs)
    if known is not None and (known.runs, known.state) == (runs, state):
        return known
    compared = compare_runs(store, str(runs[0]), str(runs[1]), settings=_LIMITS)
    empty = np.empty(0, np.intp)
    answers = compared.answers
    found = Pairs(runs, state, compared, which, order, empty, flipped(answers), distances(answers))
    return found.listed(which, order, at)


def known_which(name: object) -> Which:
    """What is to be listed as it was remembered."""
    return next((which for which in WHICH if which == name), WHICH[0])


def known_order(name: object) -> Order:
    """The order as it was remembered."""
    return next((order for order in ORDERS if order == name), ORDERS[0])


def _named(labels: tuple[str, ...], code: int) -> str:
    if code >= 0:
        return labels[code]
    return OUTCOMES.get(code, "(failed)" if code == FAILED else "(not asked)")


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the store found: all runs, the two that are meant, and their comparison or why there is none."""

    runs: tuple[RunSummary, ...]
    chosen: tuple[int, int] | None
    pairs: Pairs | None = None
    error: WorkbenchError | None = None


def look(
    store: Store,
    chosen: tuple[int, int] | None,
    which: Which,
    order: Order,
    *,
    at: Question | None,
    known: Pairs | None,
    find_partner: bool = False,
) -> Look:
    """What there is to compare, and the comparison; two runs are proposed where ``chosen`` are not there.

    With ``find_partner`` the first of ``chosen`` is compared with its natural partner.
    """
    runs = list_runs(store)
    if chosen is None or not {run.run_id for run in runs}.issuperset(chosen):
        chosen = proposed(runs)
    elif find_partner:
        other = partner(runs, chosen[0])
        chosen = chosen if other is None else in_order(runs, chosen[0], other)
    if chosen is None or chosen[0] == chosen[1]:
        return Look(runs, chosen)
    try:
        return Look(runs, chosen, read_pairs(store, chosen, which, order, at=at, known=known))
    except WorkbenchError as error:
        return Look(runs, chosen, error=error)
