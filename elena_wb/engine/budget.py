"""Keeping a study within the money its user allowed."""

from __future__ import annotations

from collections.abc import Sequence


class Budget:
    """Counts what was spent and what the calls under way may cost.

    Each call is sent with an estimate, the most that it can cost in US dollars: there is :meth:`room` only for calls
    that keep within the limit even if all under way cost that much. Where there is no estimate (``None``), a call is
    taken to cost as much as the dearest so far; the first such call is made alone, since nobody knows what it costs.
    ``spent_usd`` was spent before, within the same limit.
    """

    def __init__(self, limit_usd: float | None, *, spent_usd: float = 0.0) -> None:
        self._limit = limit_usd
        self._spent = spent_usd
        self._unsure = 0.0
        self._dearest = 0.0
        self._reserved = 0.0
        self._under_way = 0
        self._unknown_under_way = 0
        self._settled = 0

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self._limit is not None

    @property
    def under_way(self) -> int:
        """How many calls have been sent and not been settled."""
        return self._under_way

    @property
    def spent_usd(self) -> float:
        """What counts as spent: known costs, and what calls that broke may have cost."""
        return self._spent

    def room(self, estimates: Sequence[float | None]) -> int:
        """How many of these calls, in their order, may be sent now."""
        if self._limit is None:
            return len(estimates)
        if any(estimate is None for estimate in estimates):
            return self._room_unknown(len(estimates))
        left = self._left
        if left is None:
            return 0
        for count, estimate in enumerate(estimates):
            left -= estimate or 0.0
            if left < -_slack(self._limit) and estimate:
                return count
        return len(estimates)

    def commit(self, estimates: Sequence[float | None]) -> None:
        """These calls are about to be sent."""
        self._under_way += len(estimates)
        self._reserved += sum(estimate or 0.0 for estimate in estimates)
        self._unknown_under_way += sum(estimate is None for estimate in estimates)

    def settle(self, estimate: float | None, cost_usd: float | None, *, perhaps_billed: bool = False) -> None:
        """One call has ended at this price (``None``: free or unknown).

        One that broke and is ``perhaps_billed`` counts as spent with its estimate.
        """
        self._under_way -= 1
        self._settled += 1
        self._unknown_under_way -= estimate is None
        self._reserved = 0.0 if not self._under_way else self._reserved - (estimate or 0.0)
        if cost_usd is None and perhaps_billed:
            self._unsure += estimate or 0.0
            cost_usd = estimate
        self._spent += cost_usd or 0.0
        self._dearest = max(self._dearest, cost_usd or 0.0)

    @property
    def reason(self) -> str:
        """What to tell the user once it is exhausted."""
        unsure = (
            f" (of it ${self._unsure:.4f} for calls that broke and may be billed)" if self._unsure else ""
        )
        return (
            f"Stopped at ${self._spent:.4f}{unsure}: another call could exceed --max-cost ${self._limit:.4f}."
        )

    @property
    def _left(self) -> float | None:
        """What no call has yet a claim to; ``None`` while it is unknown what those under way cost."""
        assert self._limit is not None
        unknown = self._unknown_under_way
        if unknown and not self._settled:
            return None
        return self._limit - self._spent - self._reserved - unknown * self._dearest

    def _room_unknown(self, wanted: int) -> int:
        assert self._limit is not None
        if self._settled and not self._dearest:
            return wanted
        if not self._settled:
            return min(wanted, max(0, 1 - self._under_way)) if self._limit > 0 else 0
        left = self._left
        if left is None:
            return 0
        return min(wanted, max(0, int((left + _slack(self._limit)) / self._dearest)))


def _slack(limit_usd: float) -> float:
    """Forgives the last bits of sums such as .1 + .2."""
    return 1e-9 * limit_usd
