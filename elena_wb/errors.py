"""Errors meant for people, and the exit codes they map to."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller (``docs/reference/cli.md``)."""

    OK = 0
    FAILED = 1
    USAGE = 2
    ENVIRONMENT = 3
    PARTIAL = 4
    INTERRUPTED = 130


class WorkbenchError(Exception):
    """Something a user can act upon.

    ``message`` says what was being done and to which file or model; ``hint`` says what to do next.
    Neither ever holds a secret.
    """

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(WorkbenchError):
    """The command line or a configuration value asks for something that does not exist."""

    exit_code = ExitCode.USAGE


class SetupError(WorkbenchError):
    """The store or the machine stands in the way: a lock, a full disk, a missing package."""

    exit_code = ExitCode.ENVIRONMENT


class AbsentError(SetupError):
    """Something that can be fetched or installed was not yet: where there is a choice, another thing is taken."""


class ImageError(WorkbenchError):
    """One picture cannot be used. Recorded with its stimulus; the run goes on."""


class ModelError(WorkbenchError):
    """A model cannot be opened or can no longer answer; ends the run, keeping what it has."""


class PostponedError(ModelError):
    """Answers are being made elsewhere and are not here yet: the same command, given later, fetches them."""


class OutOfMemoryError(ModelError):
    """A batch did not fit on the device; the engine halves it and asks again."""
