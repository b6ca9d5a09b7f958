"""The executor of every run that names none: the model answers in the process that runs the study."""

from __future__ import annotations

from elena_wb.core import Model, ModelJob
from elena_wb.executors.opening import open_here


class LocalExecutor:
    """The model in this process."""

    def open(self, job: ModelJob) -> Model:
        """Load the model here."""
        return open_here(job)
