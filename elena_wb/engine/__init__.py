"""From a plan to stored answers: prefetch → batch → generate → outbox → store.

Imports core, plugins, data, masking, prompts, parsing, vocabulary and store; knows no model by name and
prints nothing: whoever starts a run listens to its events.
"""

from __future__ import annotations

from elena_wb.engine.events import (
    Answered,
    Attended,
    AttendFinished,
    AttendStarted,
    Event,
    Listener,
    Notice,
    RunFinished,
    RunStarted,
    Waiting,
)
from elena_wb.engine.models import ModelAddress, describe
from elena_wb.engine.pace import Patience
from elena_wb.engine.plan import RunPlan, Setting, Wish, plan_run
from elena_wb.engine.run import execute

__all__ = [
    "Answered",
    "AttendFinished",
    "AttendStarted",
    "Attended",
    "Event",
    "Listener",
    "ModelAddress",
    "Notice",
    "Patience",
    "RunFinished",
    "RunPlan",
    "RunStarted",
    "Setting",
    "Waiting",
    "Wish",
    "describe",
    "execute",
    "plan_run",
]
