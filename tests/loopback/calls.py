"""What a server remembers of each call, so that tests can count and compare."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it arrived; ``digest`` is the sha256 (hex) of the bytes as sent, ``pixels`` that of its RGB."""

    digest: str
    pixels: str
    format: str
    width: int
    height: int
    size_bytes: int
    metadata: tuple[str, ...] = ()
    """Names of what the file holds beside the picture (EXIF, comments, profiles): a client should send none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: what decides the answer."""

    model: str
    pictures: tuple[Picture, ...]
    system: str
    user: str
    seed: int | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None
    wants_json: bool = False
    top_logprobs: int | None = None
    """``None``: no log-probabilities are wanted."""
    thinking_tokens: int = 0

    @property
    def fingerprint(self) -> str:
        """The same for two questions that must get the same answer."""
        parts = (
            self.model,
            *(picture.digest for picture in self.pictures),
            self.system,
            self.user,
            self.seed,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(slots=True, eq=False)
class Call:
    """One HTTP request as it arrived, and, once it was served, what became of it.

    ``number`` counts the calls that ask for answers, from 0 (``None`` for others: listings, polling a batch);
    times are seconds of ``time.monotonic()``; ``ended`` is ``None`` while the call is in flight.
    """

    number: int | None
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """With names in lower case."""
    body: Any
    """As parsed from JSON, ``None`` if there was none."""
    body_digest: str
    key: str | None
    """The API key that came with it."""
    began: float
    connection: int
    """Which connection it came on, counted from 0: keep-alive shows."""
    questions: tuple[Asked, ...] = ()
    ended: float | None = None
    status: int | None = None
    """The status that was sent; ``None`` if the connection broke before there was any."""
    fault: str | None = None
    """The name of the misbehaviour that was dealt out, if any."""
    answered: bool = False
    """Whether a whole and usable answer was sent (a refusal is one)."""
    notes: list[str] = field(default_factory=list)


def most_at_once(calls: Iterable[Call], *, start: float | None = None, end: float | None = None) -> int:
    """The most of ``calls`` that were in flight at one moment between ``start`` and ``end``."""
    steps: list[tuple[float, int]] = []
    for call in calls:
        last = float("inf") if call.ended is None else call.ended
        if (start is not None and last < start) or (end is not None and call.began > end):
            continue
        steps += [(call.began, 1), (last, -1)]
    running = most = 0
    for _, step in sorted(steps):
        running += step
        most = max(most, running)
    return most


def answered_twice(calls: Iterable[Call]) -> Sequence[str]:
    """Fingerprints of questions that were given more than one whole answer: money spent for nothing."""
    counts = Counter(question.fingerprint for call in calls if call.answered for question in call.questions)
    return [fingerprint for fingerprint, count in counts.items() if count > 1]
