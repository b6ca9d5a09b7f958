"""How often workers died without an answer between: of each, and of all together."""

from __future__ import annotations

from collections import Counter

MOST_OF_ONE = 8
"""Deaths in a row after which a worker is not replaced any more. A question that nobody survives takes six until it is
found in a batch of 16."""


class Losses:
    """Deaths of ``workers`` workers by their numbers. Not to be used from two threads at once."""

    def __init__(self, workers: int) -> None:
        self._most = MOST_OF_ONE + 2 * (workers - 1)
        self._of_each: Counter[int] = Counter()
        self.in_a_row = 0

    def died(self, number: int) -> None:
        """This one has died."""
        self._of_each[number] += 1
        self.in_a_row += 1

    def answered(self, number: int) -> None:
        """This one has answered: it is well, and so is the model."""
        self._of_each.pop(number, None)
        self.in_a_row = 0

    @property
    def too_many(self) -> bool:
        """Whether the model itself must be what ends them."""
        return self.in_a_row > self._most

    def is_hopeless(self, number: int) -> bool:
        """Whether nobody lives in the place of this one."""
        return self._of_each[number] > MOST_OF_ONE
