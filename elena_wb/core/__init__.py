"""The nouns of the workbench: frozen and typed, without input or output.

This room imports the standard library, numpy and pydantic, and nothing of ours.
"""

from __future__ import annotations

from elena_wb.core.condition import UNMASKED, Condition
from elena_wb.core.exchange import Model, ModelCard, Provider, Request, Response, Sampling
from elena_wb.core.narrative import BodyPart, Narrative
from elena_wb.core.prompt import Prompt
from elena_wb.core.protocols import Collection, Dataset, Locator, Masker, Pixels, Prepares, Problem
from elena_wb.core.stimulus import Box, Label, Region, Stimulus
from elena_wb.errors import (
    ExitCode,
    ImageError,
    ModelError,
    OutOfMemoryError,
    SetupError,
    UsageError,
    WorkbenchError,
)

__all__ = [
    "UNMASKED",
    "BodyPart",
    "Box",
    "Collection",
    "Condition",
    "Dataset",
    "ExitCode",
    "ImageError",
    "Label",
    "Locator",
    "Masker",
    "Model",
    "ModelCard",
    "ModelError",
    "Narrative",
    "OutOfMemoryError",
    "Pixels",
    "Prepares",
    "Problem",
    "Prompt",
    "Provider",
    "Region",
    "Request",
    "Response",
    "Sampling",
    "SetupError",
    "Stimulus",
    "UsageError",
    "WorkbenchError",
]
