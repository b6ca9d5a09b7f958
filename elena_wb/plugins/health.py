"""What is wrong with a plugin, in words: what keeps it from being used, and what only speaks against it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

_LONGEST_REASON = 300
_LONGEST_DETAIL = 8_000
_FRAMES = 8


@dataclass(frozen=True, slots=True)
class Failure:
    """A plugin, or one thing it claimed, that could not be used.

    ``reason`` is one line; ``detail`` is all that is known, over several lines, where there is more.
    """

    plugin: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something about a plugin that works nevertheless, in one line: it is slow to load, it prints."""

    plugin: str
    reason: str


class LeftError(BaseException):
    """A plugin called ``os._exit`` while it was loaded."""


def failure_from(plugin: str, error: BaseException) -> Failure:
    """What ``error``, raised while ``plugin`` was at work, has to say; never raises itself."""
    return Failure(plugin, one_line(_said(error)), _told(error)[-_LONGEST_DETAIL:])


def one_line(text: str, longest: int = _LONGEST_REASON) -> str:
    """``text`` without line breaks, cut where it is longer than a person would read."""
    text = " ".join(text[: 8 * longest].split())
    return text if len(text) <= longest else f"{text[:longest]}…"


def _said(error: BaseException) -> str:
    if isinstance(error, LeftError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"calls sys.exit({_str(error) if error.args else ''})"
    text = _str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _str(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - an error of a plugin's own making may be broken as well
        return "(the error cannot be shown)"


def _told(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-_FRAMES))
    except Exception:  # noqa: BLE001 - see above
        return ""
