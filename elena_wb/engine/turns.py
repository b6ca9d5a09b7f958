"""Whose turn it is: questions whose batch broke, then those to be asked again, then new ones."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from elena_wb.core import Response
from elena_wb.engine.answering import Question

_SUSPECT_AFTER = 2
"""So many failures while other questions were answered, and the question itself may be to blame."""


@dataclass(frozen=True, slots=True, order=True)
class _Again:
    """A question to be asked again at ``due``."""

    due: float
    number: int
    question: Question = field(compare=False)
    response: Response = field(compare=False)


class Turns:
    """The questions of one run in the order in which they are to be asked. Used by one thread.

    Once ``most_waiting`` questions wait to be asked again, no new ones are taken: each has its picture in memory.
    """

    def __init__(
        self, fresh: Iterator[Question], most_waiting: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fresh = fresh
        self._most_waiting = most_waiting
        self._clock = clock
        self._front: deque[tuple[Question, ...]] = deque()
        self._again: list[_Again] = []
        self._first_failed: dict[int, int] = {}
        self._numbers = 0
        self._exhausted = False

    def take(self, count: int, *, new_first: bool = False) -> tuple[Question, ...]:
        """Up to ``count`` questions whose turn it is; none if none is left or :attr:`due_in` says when.

        With ``new_first`` those are preferred that never failed: to find out whether a server is back, a question
        that it may never be able to answer is of no use.
        """
        if self._front:
            questions = self._front.popleft()
            if len(questions) > count:
                self._front.appendleft(questions[count:])
            return questions[:count]
        if new_first and (fresh := self._new(count)):
            return fresh
        due: list[Question] = []
        while len(due) < count and self._again and self._again[0].due <= self._clock():
            due.append(heapq.heappop(self._again).question)
        return (*due, *self._new(count - len(due)))

    def put_back(self, questions: Sequence[Question]) -> None:
        """Ask these first."""
        if questions:
            self._front.appendleft(tuple(questions))

    def postpone(self, question: Question, response: Response, wait_s: float, successes: int) -> None:
        """Ask again after ``wait_s`` seconds what ``response`` was a failure to answer.

        ``successes`` is how many calls have succeeded up to now.
        """
        self._first_failed.setdefault(question.key, successes)
        self._numbers += 1
        heapq.heappush(self._again, _Again(self._clock() + wait_s, self._numbers, question, response))

    @property
    def waiting(self) -> int:
        """How many questions wait to be asked again."""
        return len(self._again)

    @property
    def due_in(self) -> float | None:
        """Seconds until one of them is to be asked; ``None`` if none waits."""
        return max(0.0, self._again[0].due - self._clock()) if self._again else None

    def suspects(self, successes: int) -> list[tuple[Question, Response]]:
        """Those that kept failing while others were answered, with their last failures; they are asked no more."""
        found = [
            one
            for one in self._again
            if len(one.question.failed_for) >= _SUSPECT_AFTER
            and successes > self._first_failed[one.question.key]
        ]
        self._again = [one for one in self._again if one not in found]
        heapq.heapify(self._again)
        return [(one.question, one.response) for one in found]

    def _new(self, count: int) -> tuple[Question, ...]:
        if self._exhausted or len(self._again) >= self._most_waiting:
            return ()
        fresh = tuple(islice(self._fresh, count))
        self._exhausted = len(fresh) < count
        return fresh
