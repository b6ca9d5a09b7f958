"""Errors on their way from one process to another: what they say, without what cannot travel and without keys."""

from __future__ import annotations

from dataclasses import dataclass

from elena_wb import errors
from elena_wb.core import WorkbenchError
from elena_wb.remote.redaction import redact

_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Told:
    """What an error says. ``kind`` is the name of its class, the host's own or that of a plugin's fault."""

    kind: str
    message: str
    hint: str | None = None


def told(error: BaseException) -> Told:
    """What ``error`` says, bounded and without keys.

    A :class:`WorkbenchError` of a class that a plugin made is told as the one of the host's that it is a kind of.
    """
    if isinstance(error, WorkbenchError):
        kind = next(one.__name__ for one in type(error).__mro__ if one.__module__ == errors.__name__)
        return Told(kind, _fit(error.message), None if error.hint is None else _fit(error.hint))
    return Told(type(error).__name__, _fit(str(error)))


def raised(told: Told) -> Exception:
    """An error that says the same, to be raised here.

    What is no :class:`WorkbenchError` becomes a ``RuntimeError`` under the name that it had.
    """
    kind = getattr(errors, told.kind, None)
    if isinstance(kind, type) and issubclass(kind, WorkbenchError):
        return kind(told.message, hint=told.hint)
    name = told.kind if told.kind.isidentifier() else "RuntimeError"
    fault: type[RuntimeError] = type(name, (RuntimeError,), {})
    return fault(told.message)


def _fit(text: str) -> str:
    text = redact(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
