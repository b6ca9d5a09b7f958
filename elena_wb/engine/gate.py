"""The one gate that every call of a model passes: pace, quotas and money."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from elena_wb.core import Metered, Model, ModelError, Quota, Request, Response, Usage, WorkbenchError
from elena_wb.engine.answering import Called, Question
from elena_wb.engine.budget import Budget
from elena_wb.engine.pace import Hold, Pace, Patience
from elena_wb.remote.ledger import Ledger, Reservation

_UNBILLED = ("rate-limited", "server")
"""Troubles after which a server has done no work worth billing."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to ask the first ``len(estimates)`` of the questions that were shown."""

    number: int
    estimates: tuple[Usage | None, ...]
    reservations: tuple[Reservation, ...]


class Gate:
    """Lets calls of one model through, as many and as soon as may be. Used by one thread, for all runs of a study.

    With ``in_place`` the model takes one call at a time, and the thread that drives the run makes it.
    ``ledger`` holds what all processes asked; it is turned to only where the model has a quota. With ``eager`` the
    first calls are as many as the model takes.
    """

    def __init__(
        self,
        model: Model,
        budget: Budget,
        patience: Patience,
        ledger: Ledger,
        *,
        eager: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._meter: Metered | None = model if isinstance(model, Metered) else None
        quota = None if self._meter is None else self._meter.quota
        self._quota = quota if quota is not None and _limits(quota) else None
        self._ledger = ledger
        self._budget = budget
        self._estimated: dict[int, tuple[Request, Usage]] = {}
        self.in_place = model.max_concurrency == 1
        self.pace = Pace(model.max_concurrency, patience, eager=eager, clock=clock)

    @property
    def largest(self) -> int | None:
        """The most questions that may be asked in one call, where there is a limit."""
        if self._quota is None:
            return None
        limits = (self._quota.requests_per_minute, self._quota.requests_per_day)
        return max(1, min((limit for limit in limits if limit is not None), default=2**31))

    def admit(self, questions: Sequence[Question]) -> Permit | Hold:
        """Leave to ask some of ``questions``, from the first on, or why none may be asked now.

        A hold without end while :attr:`busy` is not set means that none will ever be.

        Raises:
            ModelError: the model cannot say what the call may use.
            SetupError: the record of recent calls cannot be kept.
        """
        hold = self.pace.hold()
        if hold is not None:
            return hold
        estimates = [self._estimate(question) for question in questions]
        costs = [None if usage is None else usage.cost_usd for usage in estimates]
        room = self._budget.room(costs)
        if not room:
            return Hold(math.inf, self._budget.reason)
        reservations: list[Reservation] = []
        if self._quota is not None:
            for usage in estimates[:room]:
                got = self._ledger.reserve(self._quota, 0 if usage is None else usage.tokens)
                if not isinstance(got, Reservation):
                    if not reservations:
                        return Hold(float(got), f"{got.limit} of {self._quota.account}", self.busy)
                    break
                reservations.append(got)
            room = len(reservations)
        self._budget.commit(costs[:room])
        return Permit(self.pace.begin(), tuple(estimates[:room]), tuple(reservations))

    def settle(self, permit: Permit, questions: Sequence[Question], called: Called) -> None:
        """The call has ended: what it cost is known now, and how fast to go on."""
        self.pace.end(permit.number, called.ending)
        for question, usage, response in zip(questions, permit.estimates, called.responses, strict=True):
            self._estimated.pop(question.key, None)
            self._budget.settle(
                None if usage is None else usage.cost_usd,
                None if response is None else response.cost_usd,
                perhaps_billed=_perhaps_billed(response),
            )
        for reservation, usage, response in zip(
            permit.reservations, permit.estimates, called.responses, strict=False
        ):
            self._ledger.settle(reservation, _tokens(response, usage))

    @property
    def busy(self) -> bool:
        """Whether any call is under way."""
        return self.pace.in_flight > 0

    def _estimate(self, question: Question) -> Usage | None:
        if self._meter is None:
            return None
        request, known = self._estimated.get(question.key, (None, None))
        if known is None or request is not question.request:  # keys begin anew with each run
            try:
                known = self._meter.at_most(question.request)
            except WorkbenchError:
                raise
            except Exception as error:
                raise ModelError(
                    f"The model cannot say what a call may use: {type(error).__name__}: {error}"
                ) from error
            self._estimated[question.key] = (question.request, known)
        return known


def _limits(quota: Quota) -> bool:
    return any(
        limit is not None
        for limit in (quota.requests_per_minute, quota.tokens_per_minute, quota.requests_per_day)
    )


def _perhaps_billed(response: Response | None) -> bool:
    """Whether a call of unknown cost may have cost something all the same: it broke after it was sent."""
    if response is None:
        return True
    if response.finish_reason != "error":
        return True
    return response.trouble is not None and response.trouble not in _UNBILLED


def _tokens(response: Response | None, usage: Usage | None) -> int:
    """What the call used: as the server says, else nothing if it was turned away, else the most it can have used."""
    if response is not None:
        said = [count for count in (response.prompt_tokens, response.completion_tokens) if count is not None]
        if said:
            return sum(said)
        if not _perhaps_billed(response):
            return 0
    return 0 if usage is None else usage.tokens
