"""Everything that was told as a notice, and what code of others printed, to be read again in peace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from elena_wb.tui.widgets.reading import Reading


@dataclass(frozen=True, slots=True)
class Told:
    """One notice: when, what, what to do about it, and whether it is an error, or was printed by code of others."""

    at: datetime
    message: str
    hint: str | None
    error: bool
    printed: bool = False

    @property
    def text(self) -> str:
        """All of it as lines."""
        kind = "Error: " if self.error else "Printed: " if self.printed else ""
        lines = [f"{self.at:%H:%M:%S}  {kind}{self.message}"]
        if self.hint:
            lines.append(f"→ {self.hint}")
        return "\n          ".join(part for whole in lines for part in whole.splitlines())


class Notices(Reading):
    """The notices of this session, newest first."""

    def __init__(self, told: Sequence[Told]) -> None:
        newest = sorted(told, key=lambda one: one.at, reverse=True)
        text = "\n".join(one.text for one in newest)
        super().__init__("Notices, newest first", text or "Nothing was told so far.")
