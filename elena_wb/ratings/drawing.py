"""Chance in rating: which items are rated, in which order, on which side, which ones twice. A seed repeats it all."""

from __future__ import annotations

import random
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")
Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Placed:
    """One place in a rater's order: the number of the item, whether its second answer stands left, whether it was
    shown before."""

    item: int
    swapped: bool
    again: bool


def draw_evenly(groups: Mapping[Group, Sequence[Item]], limit: int, seed: int) -> list[Item]:
    """``limit`` of all items by chance, as evenly from the groups as their sizes allow."""
    chance = random.Random(seed)
    names = list(groups)
    shares = dict.fromkeys(names, 0)
    left = limit
    while left > 0 and (open_ := [name for name in names if shares[name] < len(groups[name])]):
        each = max(1, left // len(open_))
        for name in chance.sample(open_, min(len(open_), left)):
            more = min(each, len(groups[name]) - shares[name])
            shares[name] += more
            left -= more
    return [item for name in names for item in chance.sample(groups[name], shares[name])]


def in_order(items: int, seed: int, *, pairs: bool, repeat: int = 0) -> tuple[Placed, ...]:
    """All ``items`` (numbers from 0) in an order by chance; of pairs, half have their second answer on the left.

    ``repeat`` of them come twice, to tell how well a rater agrees with himself: ones of the first half, shown again
    within the second, the sides of pairs the other way round. Never one right after itself.

    Raises:
        ValueError: more than half of the items are to come twice.
    """
    if not 0 <= repeat <= items // 2:
        raise ValueError("at most half of the items can come twice")
    chance = random.Random(seed)
    sides = [pairs and number % 2 == 0 for number in range(items)]
    if items % 2 and pairs:
        sides[-1] = chance.random() < 0.5
    chance.shuffle(sides)
    order = [Placed(item, sides[item], False) for item in chance.sample(range(items), items)]
    half = items // 2
    twice = sorted(chance.sample(range(half), repeat))
    slots = sorted(chance.choices(range(half + 1, items + 1), k=repeat))
    placed: list[Placed] = []
    waiting = [(slot, order[first]) for slot, first in zip(slots, twice, strict=True)]
    for position in range(items + 1):
        while waiting and waiting[0][0] == position:
            first = waiting.pop(0)[1]
            placed.append(Placed(first.item, pairs and not first.swapped, True))
        if position < items:
            placed.append(order[position])
    return tuple(placed)
