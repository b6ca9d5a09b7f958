"""Keeping a study within the money its user allowed."""

from __future__ import annotations


class Budget:
    """Counts what was spent and what the calls under way may cost.

    A call not yet answered is taken to cost as much as the dearest so far, so that ``exhausted`` is true
    before the call that would exceed the limit, not after it. Without a limit it is never exhausted.
    """

    def __init__(self, limit_usd: float | None) -> None:
        self._limit = limit_usd
        self._spent = 0.0
        self._dearest = 0.0
        self._under_way = 0

    def commit(self, calls: int) -> None:
        """``calls`` requests are about to be sent."""
        self._under_way += calls

    def settle(self, cost_usd: float | None) -> None:
        """One request has been answered at this price (``None``: free or unknown)."""
        self._under_way = max(0, self._under_way - 1)
        self._spent += cost_usd or 0.0
        self._dearest = max(self._dearest, cost_usd or 0.0)

    @property
    def exhausted(self) -> bool:
        """Whether one more call could exceed the limit."""
        if self._limit is None:
            return False
        return self._spent + (self._under_way + 1) * self._dearest > self._limit

    @property
    def reason(self) -> str:
        """What to tell the user once it is exhausted."""
        return f"Stopped at ${self._spent:.4f}: another call could exceed --max-cost ${self._limit:.4f}."
