"""Which call gets which misbehaviour."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence

from tests.loopback.calls import Call
from tests.loopback.faults import Fault

Script = Callable[[Call], Fault | None]
"""``None`` stands for a proper answer."""


def in_turn(faults: Sequence[Fault | None]) -> Script:
    """The first call that asks for an answer gets the first, and so on; those after the last are answered properly."""

    def script(call: Call) -> Fault | None:
        if call.number is None or call.number >= len(faults):
            return None
        return faults[call.number]

    return script


def always(fault: Fault) -> Script:
    """Every call that asks for an answer gets it."""
    return lambda call: None if call.number is None else fault


def first_time(fault: Fault) -> Script:
    """Each question gets it the first time that it is asked, and a proper answer from then on."""
    seen: set[str] = set()
    lock = threading.Lock()

    def script(call: Call) -> Fault | None:
        with lock:
            new = [q.fingerprint for q in call.questions if q.fingerprint not in seen]
            seen.update(new)
        return fault if new else None

    return script


def on(method: str, part: str, then: Script | Fault) -> Script:
    """Only calls with this method whose path holds ``part``; whatever they ask for."""

    def script(call: Call) -> Fault | None:
        if call.method != method or part not in call.path:
            return None
        return then if isinstance(then, Fault) else then(call)

    return script


def one_of(*scripts: Script) -> Script:
    """The first of ``scripts`` that deals out a fault."""
    return lambda call: next((fault for script in scripts if (fault := script(call))), None)


class Share:
    """A random share of the calls that ask for answers fails, each with one of ``faults``.

    What the n-th call gets depends on ``seed`` and n alone, so the sequence is the same for every client:
    :meth:`calls_needed` is what a perfect one, which repeats each failed call once and no other, would make.
    """

    def __init__(self, share: float, faults: Sequence[Fault], seed: int = 0) -> None:
        self._share = share
        self._faults = tuple(faults)
        self._seed = seed

    def __call__(self, call: Call) -> Fault | None:
        return None if call.number is None else self.dealt(call.number)

    def dealt(self, number: int) -> Fault | None:
        """What the call with this number gets."""
        chance = random.Random(f"{self._seed}/{number}")
        return chance.choice(self._faults) if chance.random() < self._share else None

    def calls_needed(self, answers: int) -> int:
        """How many calls it takes until so many were answered."""
        number = got = 0
        while got < answers:
            fault = self.dealt(number)
            got += fault is None or fault.answers
            number += 1
        return number
