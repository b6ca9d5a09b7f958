"""What an examination finds: one thing, how it is, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How something is: it works; it works for some; something that everyone needs does not."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """``says`` is a sentence for people; ``mend`` a command for a shell, where there is one."""

    area: str
    name: str
    state: State
    says: str
    mend: str | None = None


def ok(area: str, name: str, says: str, mend: str | None = None) -> Finding:
    """Something that works."""
    return Finding(area, name, State.OK, says, mend)


def warn(area: str, name: str, says: str, mend: str | None = None) -> Finding:
    """Something that does not work, or not yet, and that not everyone needs."""
    return Finding(area, name, State.WARN, says, mend)


def fail(area: str, name: str, says: str, mend: str | None = None) -> Finding:
    """Something that does not work and that everyone needs."""
    return Finding(area, name, State.FAIL, says, mend)
