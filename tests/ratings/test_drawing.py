"""Chance is fair, and can be repeated."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from elena_wb.ratings import draw_evenly, in_order


@settings(max_examples=200, deadline=None)
@given(items=some.integers(0, 60), seed=some.integers(0, 2**48), pairs=some.booleans(), data=some.data())
def test_every_item_comes_once_and_the_repeated_ones_twice_apart(
    items: int, seed: int, pairs: bool, data: some.DataObject
) -> None:
    repeat = data.draw(some.integers(0, items // 2))
    order = in_order(items, seed, pairs=pairs, repeat=repeat)
    assert order == in_order(items, seed, pairs=pairs, repeat=repeat)
    first = [placed for placed in order if not placed.again]
    assert sorted(placed.item for placed in first) == list(range(items))
    assert len(order) == items + repeat
    seen: dict[int, tuple[int, bool]] = {}
    for position, placed in enumerate(order):
        if placed.again:
            before, swapped = seen[placed.item]
            assert position - before > 1
            assert placed.swapped is (pairs and not swapped)
        else:
            assert placed.item not in seen
            seen[placed.item] = position, placed.swapped
    left = sum(placed.swapped for placed in first)
    assert left in ((items // 2, (items + 1) // 2) if pairs else (0,))


def test_two_seeds_give_two_orders() -> None:
    assert in_order(20, 1, pairs=True) != in_order(20, 2, pairs=True)


def test_more_than_half_cannot_come_twice() -> None:
    with pytest.raises(ValueError, match="half"):
        in_order(5, 0, pairs=False, repeat=3)


@settings(max_examples=200, deadline=None)
@given(
    sizes=some.dictionaries(some.integers(0, 9), some.integers(0, 20)),
    limit=some.integers(0, 80),
    seed=some.integers(),
)
def test_what_is_drawn_comes_as_evenly_as_the_groups_allow(
    sizes: dict[int, int], limit: int, seed: int
) -> None:
    groups = {name: [(name, place) for place in range(size)] for name, size in sizes.items()}
    drawn = draw_evenly(groups, limit, seed)
    assert drawn == draw_evenly(groups, limit, seed)
    assert len(set(drawn)) == len(drawn) == min(limit, sum(sizes.values()))
    shares = {name: sum(of == name for of, _ in drawn) for name in groups}
    for name, share in shares.items():
        if share < sizes[name]:
            assert share >= max(shares.values()) - 1
