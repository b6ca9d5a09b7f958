"""What a run tells whoever watches it: a progress bar, a program reading JSON lines, or the interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

RunStatus = Literal["done", "partial", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins or goes on: ``to_ask`` generations are missing, ``answered`` and ``failed`` are there."""

    run_id: int
    name: str | None
    prompt: str
    condition: str
    to_ask: int
    answered: int
    failed: int


@dataclass(frozen=True, slots=True)
class Answered:
    """One generation was stored."""

    run_id: int
    generation_id: str
    stimulus_id: str
    path: Path
    repeat: int
    status: str
    emotion: str | None
    error: str | None
    notes: tuple[str, ...] = ()
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth knowing that is about no single generation."""

    message: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is asked for so many ``seconds`` from now, unless it is told otherwise."""

    run_id: int
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run came to its end, for now. The counts are of this sitting, ``status`` is that of the whole run.

    ``unaudited`` counts pictures answered about earlier whose audit could not be made up for. ``retries`` counts the
    calls that repeated one, by the trouble that it had had.
    """

    run_id: int
    status: RunStatus
    ok: int
    unparsed: int
    refused: int
    failed: int
    seconds: float
    cost_usd: float
    reason: str | None = None
    unaudited: int = 0
    retries: Mapping[str, int] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """How many generations this sitting dealt with."""
        return self.ok + self.unparsed + self.refused + self.failed


@dataclass(frozen=True, slots=True)
class AttendStarted:
    """The answers of a run are about to be looked at: ``to_do`` of them, ``done`` were before."""

    run_id: int
    name: str | None
    prompt: str
    condition: str
    to_do: int
    done: int


@dataclass(frozen=True, slots=True)
class Attended:
    """One answer was looked at, or could not be: ``error`` says why. ``targets`` are the words that it has."""

    run_id: int
    generation_id: str
    stimulus_id: str
    path: Path
    repeat: int
    targets: tuple[str, ...]
    error: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttendFinished:
    """Looking at the answers of a run came to its end, for now."""

    run_id: int
    extracted: int
    failed: int
    skipped: int
    interrupted: bool
    seconds: float


Event = RunStarted | Answered | Notice | Waiting | RunFinished | AttendStarted | Attended | AttendFinished


class Listener(Protocol):
    """Receives events in the thread that drives the run."""

    def __call__(self, event: Event) -> None:
        """Take note; must be quick."""
