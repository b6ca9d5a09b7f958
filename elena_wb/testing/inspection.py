"""Keeping account of what was checked, and saying what went wrong to whoever wrote the plugin."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Report:
    """What the contract asks for and was seen to hold; ``left_out`` says what was not looked at, and why."""

    subject: str
    checked: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.subject}: {len(self.checked)} checks passed."]
        lines += [f"  ✓ {sentence}" for sentence in self.checked]
        lines += [f"  – {sentence}" for sentence in self.left_out]
        return "\n".join(lines)


class Unmet(Exception):  # noqa: N818 - not an error of the program: it becomes an AssertionError at once
    """What was seen in place of what is asked for."""


def must(condition: object, seen: str) -> None:
    """Go on if ``condition`` holds.

    Raises:
        Unmet: it does not.
    """
    if not condition:
        raise Unmet(seen)


class Overheard(io.StringIO):
    """Stands for stdout, keeps what is printed there, and lets it be seen on stderr."""

    def write(self, text: str, /) -> int:
        """Keep ``text`` and pass it on."""
        sys.stderr.write(text)
        return super().write(text)


@dataclass(slots=True)
class Inspection:
    """One plugin under inspection; ``heard`` collects what it said for other people to read."""

    subject: str
    heard: list[str] = field(default_factory=list)
    _checked: list[str] = field(default_factory=list)
    _left_out: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def asking(self, asked: str) -> Iterator[None]:
        """What is done within shows whether the plugin does what is ``asked`` ("an empty batch is no error").

        Raises:
            AssertionError: it does not, or it raises anything at all.
        """
        try:
            yield
        except Unmet as unmet:
            raise AssertionError(self._failed(asked, str(unmet))) from None
        except (Exception, SystemExit) as error:
            raise AssertionError(self._failed(asked, f"{type(error).__name__}: {error}")) from error
        self._checked.append(asked)

    def leave_out(self, what: str) -> None:
        """Say what is not looked at."""
        self._left_out.append(what)

    def report(self) -> Report:
        """What has been checked so far."""
        return Report(self.subject, tuple(self._checked), tuple(self._left_out))

    def _failed(self, asked: str, seen: str) -> str:
        return f"{self.subject}: the contract asks that {asked}. Seen: {seen}"
