"""A study stops before the call that would exceed its budget."""

from __future__ import annotations

import pytest

from elena_wb.engine.budget import Budget

UNKNOWN = [None] * 8


def spend(budget: Budget, cost: float, batch: int) -> float:
    """Send batches as long as there is room, at most 100 calls; what they cost."""
    calls = 0
    while calls < 100 and (room := budget.room([None] * batch)):
        budget.commit([None] * room)
        for _ in range(room):
            budget.settle(None, cost)
        calls += room
    return calls * cost


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize(("limit", "cost", "spent"), [(1.0, 0.3, 0.9), (0.5, 0.25, 0.5), (0.3, 0.1, 0.3)])
def test_all_that_the_limit_allows_is_spent_and_no_more(
    limit: float, cost: float, spent: float, batch: int
) -> None:
    assert spend(Budget(limit), cost, batch) == pytest.approx(spent)


def test_the_first_call_goes_alone_since_nobody_knows_what_it_costs() -> None:
    budget = Budget(1.0)
    assert budget.room(UNKNOWN) == 1
    budget.commit([None])
    assert budget.room(UNKNOWN) == 0


def test_calls_under_way_are_counted_as_dear_as_the_dearest() -> None:
    budget = Budget(1.0)
    budget.commit([None])
    budget.settle(None, 0.3)
    budget.commit([None, None])
    assert budget.room(UNKNOWN) == 0


def test_no_limit_free_calls_and_a_limit_of_nothing() -> None:
    assert Budget(None).room(UNKNOWN) == 8
    free = Budget(0.1)
    free.commit([None])
    free.settle(None, 0.0)
    assert free.room(UNKNOWN) == 8
    assert Budget(0.0).room(UNKNOWN) == 0
