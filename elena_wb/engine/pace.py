"""How many calls of a model may run at once, and when all of them must wait.

A server that takes several calls at once is begun with few. Their number grows by one for each round of successes and
is halved when the server asks to slow down; when it fails or cannot be reached, every call waits, longer each time,
and a single call then tries whether it is back. Nothing here sleeps: whoever calls asks first and waits itself.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from elena_wb.core import Trouble

_AT_FIRST = 4
_FEWEST_PAUSES = 5
_LONGEST_ASKED_FOR_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long the engine waits for a model that fails for a while.

    A question is asked again up to ``retries`` times, after a random time below ``first_wait_s``, then below twice
    that, and so on up to ``longest_wait_s``. ``first_pause_s`` is the first pause of all calls after a fault of the
    server; pauses double up to ``longest_wait_s`` too. What would have everybody wait for longer than
    ``longest_hold_s`` (a limit by the day, a server that asks for hours) ends the run instead.
    """

    retries: int = 10
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    first_pause_s: float = 0.1
    longest_hold_s: float = 300.0

    def wait_s(self, failures: int) -> float:
        """Seconds until a question that failed so many times is asked again: exponential with full jitter."""
        return random.uniform(0.0, self._doubled(self.first_wait_s, failures))

    def pause_s(self, failures: int) -> float:
        """Seconds that all calls wait after so many faults of the server in a row, at least half of them sure."""
        return random.uniform(0.5, 1.0) * self._doubled(self.first_pause_s, failures)

    def _doubled(self, first: float, times: int) -> float:
        return min(self.longest_wait_s, first * 2.0 ** min(times - 1, 60))


@dataclass(frozen=True, slots=True)
class Hold:
    """Why no call may begin now, and for how many seconds; infinity means until one in flight has ended.

    One that is ``provisional`` may be over as soon as a call in flight has ended.
    """

    seconds: float
    reason: str = ""
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: whether it brought an answer, be it a lasting refusal, and if it did not, why.

    ``retry_after_s`` is how long the server asked to be left alone.
    """

    answered: bool
    trouble: Trouble | None = None
    retry_after_s: float | None = None
    error: str = ""


class Pace:
    """Lets calls begin, up to ``most`` at once. Used by one thread; ``clock`` gives seconds, never going back.

    With ``eager`` as many begin from the start: what answers is this user's alone. While it is
    ``probing``, the next call is the one that tries whether the server is back.
    """

    def __init__(
        self,
        most: int,
        patience: Patience | None = None,
        *,
        eager: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = max(1, most)
        self._patience = patience or Patience()
        self._clock = clock
        self.width = self._most if eager else min(_AT_FIRST, self._most)
        self.in_flight = 0
        self.successes = 0
        self._begun = 0
        self._in_round = 0
        self._narrowed_at = 0
        self._paused_at = 0
        self._failures = 0
        self._closed_until = -math.inf
        self._why = ""
        self.probing = False
        self._probe: int | None = None

    def hold(self) -> Hold | None:
        """What stands in the way of another call now."""
        left = self._closed_until - self._clock()
        if left > 0:
            return Hold(left, self._why)
        if self.in_flight >= self.width or self._probe is not None:
            return Hold(math.inf)
        return None

    def begin(self) -> int:
        """A call begins; gives its number, which :meth:`end` wants back."""
        self._begun += 1
        self.in_flight += 1
        if self.probing:
            self._probe = self._begun
        return self._begun

    def end(self, number: int, ending: Ending) -> None:
        """The call of this number has ended."""
        self.in_flight -= 1
        if number == self._probe:
            self._probe = None
            self.probing = False
        if ending.answered:
            self._succeed(number)
        elif ending.trouble in ("server", "connection"):
            self._pause(number, ending)
        elif ending.trouble in ("rate-limited", "timeout"):
            self._narrow(number, ending)
        if ending.retry_after_s is not None:
            self._leave_alone(ending.retry_after_s)

    @property
    def gave_up(self) -> str | None:
        """What to tell the user once too many calls in a row have failed without a single success."""
        if self._failures < max(_FEWEST_PAUSES, self._patience.retries):
            return None
        return f"No call has succeeded any more, after {self._failures} pauses: {self._why}"

    def _succeed(self, number: int) -> None:
        self.successes += 1
        self._failures = 0
        if number <= self._narrowed_at or self.width >= self._most:
            return
        self._in_round += 1
        if self._in_round >= self.width:
            self._in_round = 0
            self.width += 1

    def _narrow(self, number: int, ending: Ending) -> None:
        """Halve, once for all calls that were under way together; a single one at a time makes way by pausing."""
        if number <= self._narrowed_at:
            return
        alone = self.width == 1
        self.width = max(1, self.width // 2)
        self._in_round = 0
        self._narrowed_at = self._begun
        if alone and ending.retry_after_s is None:
            self._pause(number, ending)

    def _pause(self, number: int, ending: Ending) -> None:
        """Hold all calls back, once for all that were under way together."""
        if number <= self._paused_at:
            return
        self._failures += 1
        self._paused_at = self._begun
        self.probing = True
        self._close(self._patience.pause_s(self._failures), ending.error or str(ending.trouble))

    def _leave_alone(self, seconds: float) -> None:
        if not seconds > 0:
            return
        seconds = min(seconds, _LONGEST_ASKED_FOR_S)
        self.probing = True
        self._close(seconds + random.uniform(0.0, min(1.0, seconds / 10)), "the server asked to wait")

    def _close(self, seconds: float, why: str) -> None:
        until = self._clock() + seconds
        if until > self._closed_until:
            self._closed_until = until
            self._why = why
