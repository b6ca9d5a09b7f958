"""From a plan to stored answers: prefetch → batch → generate → outbox → store.

Imports core, plugins, data, masking, prompts, parsing, vocabulary and store; knows no model by name and
prints nothing: whoever starts a run listens to its events.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_MODULES = {"ModelAddress": "models", "describe": "models", "Patience": "pace", "execute": "run"}
_MODULES |= dict.fromkeys(("RunPlan", "Setting", "Wish", "plan_run"), "plan")


def __getattr__(name: str) -> object:
    """A public name, from its module when it is first asked for: most of what needs one of them needs few."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'events')}"), name)
