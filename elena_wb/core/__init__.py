"""The nouns of the workbench: frozen and typed, without input or output.

This room imports the standard library, numpy and pydantic, and nothing of ours.
"""

from __future__ import annotations

from elena_wb.core.choice import Choice
from elena_wb.core.condition import UNMASKED, Condition
from elena_wb.core.exchange import Model, ModelCard, Provider, Request, Response, Sampling
from elena_wb.core.metric import (
    ABSTAINED,
    REFUSED,
    UNPARSED,
    Answers,
    Column,
    Crosstab,
    Estimate,
    Metric,
    Resampling,
    Scores,
)
from elena_wb.core.narrative import BodyPart, Narrative
from elena_wb.core.prompt import Prompt
from elena_wb.core.protocols import (
    NOTHING_KNOWN,
    Collection,
    Dataset,
    KnownFile,
    Locator,
    Masker,
    Pixels,
    Prepares,
    Problem,
    ReadsNames,
    Relocates,
)
from elena_wb.core.stimulus import Box, Label, Region, Stimulus, Upload, person_stimulus_id
from elena_wb.errors import (
    AbsentError,
    ExitCode,
    ImageError,
    ModelError,
    OutOfMemoryError,
    SetupError,
    UsageError,
    WorkbenchError,
)

__all__ = [
    "ABSTAINED",
    "NOTHING_KNOWN",
    "REFUSED",
    "UNMASKED",
    "UNPARSED",
    "AbsentError",
    "Answers",
    "BodyPart",
    "Box",
    "Choice",
    "Collection",
    "Column",
    "Condition",
    "Crosstab",
    "Dataset",
    "Estimate",
    "ExitCode",
    "ImageError",
    "KnownFile",
    "Label",
    "Locator",
    "Masker",
    "Metric",
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
    "ReadsNames",
    "Region",
    "Relocates",
    "Request",
    "Resampling",
    "Response",
    "Sampling",
    "Scores",
    "SetupError",
    "Stimulus",
    "Upload",
    "UsageError",
    "WorkbenchError",
    "person_stimulus_id",
]
