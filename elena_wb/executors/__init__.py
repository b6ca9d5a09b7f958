"""Where a model answers: here, in several processes of this machine, or wherever a plugin spreads it.

An executor makes workers, each with a copy of the model; :class:`Spread` makes one model of them. Imports the engine
and what is below it.
"""

from __future__ import annotations

from elena_wb.executors.opening import job_of, open_here, open_with
from elena_wb.executors.spread import Spread
from elena_wb.executors.telling import Told, raised, told
from elena_wb.executors.workers import Opened, Worker, WorkerLostError

__all__ = [
    "Opened",
    "Spread",
    "Told",
    "Worker",
    "WorkerLostError",
    "job_of",
    "open_here",
    "open_with",
    "raised",
    "told",
]
