"""Keeping a study within the money its user allowed."""

from __future__ import annotations


class Budget:
    """Counts what was spent and what the calls under way may cost.

    A call not yet answered is taken to cost as much as the dearest so far, so that there is no more
    :meth:`room` before the call that would exceed the limit, not after it. What a call costs is not known
    before the first answer, so the first call is made alone.
    """

    def __init__(self, limit_usd: float | None) -> None:
        self._limit = limit_usd
        self._spent = 0.0
        self._dearest = 0.0
        self._under_way = 0
        self._settled = 0

    def commit(self, calls: int) -> None:
        """``calls`` requests are about to be sent."""
        self._under_way += calls

    def settle(self, cost_usd: float | None) -> None:
        """One request has been answered at this price (``None``: free or unknown)."""
        self._under_way = max(0, self._under_way - 1)
        self._settled += 1
        self._spent += cost_usd or 0.0
        self._dearest = max(self._dearest, cost_usd or 0.0)

    def room(self, wanted: int) -> int:
        """How many of ``wanted`` further calls may be sent now."""
        if self._limit is None or (self._settled and not self._dearest):
            return wanted
        if not self._settled:
            return min(wanted, max(0, 1 - self._under_way)) if self._limit > 0 else 0
        # The tolerance forgives the last bit of sums such as .1 + .2.
        calls = int((self._limit - self._spent) / self._dearest + 1e-9) - self._under_way
        return min(wanted, max(0, calls))

    @property
    def reason(self) -> str:
        """What to tell the user once it is exhausted."""
        return f"Stopped at ${self._spent:.4f}: another call could exceed --max-cost ${self._limit:.4f}."
