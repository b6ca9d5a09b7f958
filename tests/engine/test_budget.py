"""A study stops before the call that would exceed its budget."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


calls = st.lists(
    st.tuples(
        st.floats(0, 2),  # the estimate of a call
        st.none() | st.floats(0, 1),  # what it costs of that in the end; nobody knows where it broke
        st.integers(0, 5),  # how many of those under way end before it
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(limit=st.floats(0, 10), calls=calls)
def test_the_limit_is_kept_whatever_calls_cost_and_in_whatever_order_they_end(
    limit: float, calls: list[tuple[float, float | None, int]]
) -> None:
    budget = Budget(limit)
    under_way: list[tuple[float, float | None]] = []
    spent = 0.0
    for estimate, share, ending in calls:
        for _ in range(min(ending, len(under_way))):
            reserved, part = under_way.pop(ending % len(under_way))
            budget.settle(reserved, None if part is None else part * reserved, perhaps_billed=part is None)
            spent += reserved * (1.0 if part is None else part)
        if budget.room([estimate]):
            budget.commit([estimate])
            under_way.append((estimate, share))
        elif not under_way:
            assert spent + estimate > limit
    assert spent + sum(reserved for reserved, _ in under_way) <= limit * (1 + 1e-6)


def test_a_batch_is_sent_as_far_as_it_fits() -> None:
    budget = Budget(1.0)
    assert budget.room([0.4, 0.4, 0.4]) == 2
    budget.commit([0.4, 0.4])
    assert budget.room([0.4]) == 0
    budget.settle(0.4, 0.1)
    assert budget.room([0.4]) == 1


def test_a_call_that_broke_counts_as_spent_and_is_said_to_be_unsure() -> None:
    budget = Budget(1.0)
    budget.commit([0.75])
    budget.settle(0.75, None, perhaps_billed=True)
    assert budget.room([0.5]) == 0
    assert budget.spent_usd == 0.75
    assert "may be billed" in budget.reason


def test_a_call_that_was_turned_away_costs_nothing() -> None:
    budget = Budget(1.0)
    budget.commit([0.75])
    budget.settle(0.75, None)
    assert budget.room([1.0]) == 1


def test_calls_without_an_estimate_wait_for_the_first_of_them() -> None:
    budget = Budget(1.0)
    budget.commit([None])
    assert budget.room([0.1]) == 0
    budget.settle(None, 0.2)
    assert budget.room([0.8]) == 1


def test_what_was_spent_before_counts_against_the_same_limit() -> None:
    budget = Budget(1.0, spent_usd=0.7)
    assert budget.room([0.1, 0.1, 0.1, 0.1]) == 3
    assert "$0.7000" in budget.reason
    assert Budget(1.0, spent_usd=1.0).room([0.1]) == 0
