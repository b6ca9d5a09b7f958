"""A study stops before the call that would exceed its budget."""

from __future__ import annotations

import pytest

from elena_wb.engine.budget import Budget


def spend(budget: Budget, cost: float, calls: int) -> int:
    for call in range(calls):
        if budget.exhausted:
            return call
        budget.commit(1)
        budget.settle(cost)
    return calls


@pytest.mark.parametrize(("limit", "cost", "calls"), [(1.0, 0.3, 3), (0.5, 0.25, 2), (10.0, 0.01, 50)])
def test_what_is_spent_never_exceeds_the_limit(limit: float, cost: float, calls: int) -> None:
    assert spend(Budget(limit), cost, 50) == calls


def test_calls_under_way_are_counted_as_dear_as_the_dearest() -> None:
    budget = Budget(1.0)
    budget.commit(1)
    budget.settle(0.3)
    budget.commit(2)
    assert budget.exhausted


def test_free_calls_and_no_limit_never_end() -> None:
    assert spend(Budget(None), 5.0, 100) == 100
    assert spend(Budget(0.1), 0.0, 100) == 100
