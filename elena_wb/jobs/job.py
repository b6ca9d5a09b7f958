"""One job: a command of the program, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast, get_args

from elena_wb.errors import ExitCode

State = Literal["queued", "running", "done", "partial", "failed", "cancelled", "lost"]
"""``lost``: its process is gone, and nobody saw how it ended (a power cut, or killed together with the queue)."""

WAITING: tuple[State, ...] = ("queued", "running")
ENDED: tuple[State, ...] = ("done", "partial", "failed", "cancelled", "lost")


@dataclass(frozen=True, slots=True)
class Job:
    """What is known of a job. Times are UTC without a zone, as the store's are.

    ``argv`` are the arguments of the program after ``elena-wb --store PATH``. ``expected`` is how many answers it is to
    bring, where whoever submitted it knew. ``reason`` is why it failed, in the words of the command itself. Where it
    is ``offline`` its command may not use the network, whoever carries it out.
    """

    number: int
    title: str
    argv: tuple[str, ...]
    state: State
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    pid: int | None = None
    expected: int | None = None
    reason: str | None = None
    cwd: str = ""
    environment: str = ""
    interrupts: int = 0
    offline: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED


def state_of(exit_code: int | None, *, interrupts: int) -> State:
    """What an exit code means, after so many times that the command was told to stop; ``None``: nobody saw it."""
    if exit_code == ExitCode.OK:
        return "done"
    if exit_code == ExitCode.PARTIAL:
        return "partial"
    if interrupts or exit_code == ExitCode.INTERRUPTED:
        return "cancelled"
    return "lost" if exit_code is None else "failed"


def as_record(job: Job) -> dict[str, Any]:
    """``job`` as JSON holds it."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name in Job.__slots__
        if (value := getattr(job, name)) is not None
    }


def from_record(record: object) -> Job | None:
    """The job that ``record`` tells of; ``None`` where it is damaged."""
    if not isinstance(record, Mapping):
        return None
    try:
        argv = record["argv"]
        if record["state"] not in get_args(State) or not isinstance(argv, list):
            return None
        return Job(
            number=int(record["number"]),
            title=str(record["title"]),
            argv=tuple(map(str, argv)),
            state=cast("State", record["state"]),
            created_at=datetime.fromisoformat(record["created_at"]),
            started_at=_time(record.get("started_at")),
            ended_at=_time(record.get("ended_at")),
            exit_code=_whole(record.get("exit_code")),
            pid=_whole(record.get("pid")),
            expected=_whole(record.get("expected")),
            reason=None if record.get("reason") is None else str(record["reason"]),
            cwd=str(record.get("cwd", "")),
            environment=str(record.get("environment", "")),
            interrupts=_whole(record.get("interrupts")) or 0,
            offline=record.get("offline") is True,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _time(text: Any) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
