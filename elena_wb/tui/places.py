"""Where the interface can be sent: a screen, and what it is to show there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from elena_wb.store.browsing import Filter


@dataclass(frozen=True, slots=True)
class Runs:
    """The table of runs, with the cursor on ``run_id`` if one is named."""

    screen: ClassVar[str] = "runs"
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class Narratives:
    """The answers that pass ``filter`` (``None``: as they were last looked at), with the cursor on one of them."""

    screen: ClassVar[str] = "narratives"
    filter: Filter | None = None
    generation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """Two runs side by side (numbers); the cursor on the pair of a stimulus, if one is named."""

    screen: ClassVar[str] = "compare"
    first: int | None = None
    second: int | None = None
    stimulus_id: str | None = None
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Attention:
    """Where the model looked as it gave one answer."""

    screen: ClassVar[str] = "attention"
    generation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """Blind rating by people, of the answers that pass ``filter`` if one is given."""

    screen: ClassVar[str] = "rate"
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Sql:
    """The SQL editor, with ``sql`` in it if given."""

    screen: ClassVar[str] = "sql"
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class NewRun:
    """The form for a new run, filled in as run ``like`` was started, if one is named."""

    screen: ClassVar[str] = "new_run"
    like: int | None = None


@dataclass(frozen=True, slots=True)
class Plugins:
    """What is installed, and what works on this machine."""

    screen: ClassVar[str] = "plugins"


Place = Runs | Narratives | Compare | Attention | Rate | Sql | NewRun | Plugins
