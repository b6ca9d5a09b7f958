"""Commands of the program that go on in processes of their own, one after the other, whoever started them.

Everything about the jobs of a store lies in the folder ``<store>.jobs``. Imports what stands below the rooms (errors,
paths, the lock on a file) and ``plain``; opens no store and no model, so that waiting costs little.
"""

from __future__ import annotations

from elena_wb.jobs.job import ENDED, WAITING, Job, State
from elena_wb.jobs.progress import Progress, progress
from elena_wb.jobs.queue import cancel, find, forget, is_idle, jobs, submit, wake

__all__ = [
    "ENDED",
    "WAITING",
    "Job",
    "Progress",
    "State",
    "cancel",
    "find",
    "forget",
    "is_idle",
    "jobs",
    "progress",
    "submit",
    "wake",
]
