"""What a report is asked for, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from elena_wb.core import Resampling, Upload
from elena_wb.data.policy import NO_SETTINGS

Pictures = Literal["all", "masked-only", "none"]
"""Which pictures may be shown: as the models saw them; only with the face hidden from sight; none."""


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """``pairs`` is how many telling pairs are shown at most; ``metrics`` those to score by, ``None`` for all.

    ``commands`` are the command lines that repeat it, where the caller knows better than the store, and
    ``missing`` what the caller knows to be missing of the runs or beside them. ``uploads`` are the
    user's settings of where pictures may go: a report is there to be handed on, so that it shows what may leave the
    machine, and the rest only with ``restricted``, the user's express word.
    """

    title: str = ""
    question: str = ""
    pictures: Pictures = "all"
    pairs: int = 12
    resampling: Resampling = field(default_factory=Resampling)
    metrics: tuple[str, ...] | None = None
    commands: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    restricted: bool = False
    uploads: Mapping[str, Upload] = field(default_factory=lambda: NO_SETTINGS)


@dataclass(frozen=True, slots=True)
class Missing:
    """A part of the report that could not be made, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Written:
    """The file that was written, its size in bytes, the pictures in it, and what of the report is missing."""

    path: Path
    size: int
    pictures: int
    missing: tuple[Missing, ...] = ()
