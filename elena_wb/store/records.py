"""What goes into the store, and how a record becomes one line of an outbox and is read back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FiniteFloat, TypeAdapter
from pydantic_core import PydanticSerializationError

from elena_wb.core import BodyPart, Region
from elena_wb.store.schema import utc_now

GenerationStatus = Literal["ok", "unparsed", "refused", "error"]
RunStatus = Literal["running", "done", "partial", "failed", "interrupted"]


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


_Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
_Number = Annotated[float | None, BeforeValidator(_finite)]


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What a run is, before it has a number. The same ``run_key`` continues the same run."""

    run_key: str
    name: str | None
    spec_digest: str
    experiment: str | None
    model_uri: str
    model_digest: str
    model_card: Mapping[str, Any]
    prompt_name: str
    prompt_digest: str
    prompt_text: str
    condition: str
    dataset: str | None
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    environment: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """One answer, or one failure (``status="error"``, ``error`` says why).

    The fields from ``emotion`` to ``body_parts`` are those of :class:`elena_wb.core.Narrative`.
    ``content_digest`` is ``None`` where the picture could not be sent. ``created_at`` is UTC where it has no zone.
    ``retried_for`` holds why each attempt but the last had to be repeated, ``label_scores`` the natural logarithm of
    the probability of labels in canonical spelling, where the model can tell.
    """

    generation_id: str
    content_digest: str | None
    run_key: str
    stimulus_id: str
    repeat: _Count
    status: GenerationStatus
    raw_text: str | None = None
    emotion: str | None = None
    emotion_raw: str | None = None
    explicit_description: str | None = None
    implicit_description: str | None = None
    narrative: str | None = None
    valence: _Number = None
    arousal: _Number = None
    dominance: _Number = None
    notes: tuple[str, ...] = ()
    body_parts: tuple[BodyPart, ...] = ()
    finish_reason: str | None = None
    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    latency_ms: _Number = None
    cost_usd: _Number = None
    error: str | None = None
    attempts: _Count = 1
    retried_for: tuple[str, ...] = ()
    answered_by: str | None = None
    label_scores: Mapping[str, FiniteFloat] = field(default_factory=dict)
    created_at: datetime = field(default_factory=utc_now)
    kind: Literal["generation"] = "generation"


@dataclass(frozen=True, slots=True)
class RegionsRecord:
    """Everything ``locator`` found in a stimulus, which may be nothing; replaces its earlier finds."""

    stimulus_id: str
    locator: str
    regions: tuple[Region, ...]
    kind: Literal["regions"] = "regions"


@dataclass(frozen=True, slots=True)
class SizeRecord:
    """Width and height of a stimulus in pixels as displayed, learnt when it was opened."""

    stimulus_id: str
    width: _Count
    height: _Count
    kind: Literal["size"] = "size"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What ``detector`` saw in a stimulus that was masked as ``masking`` says; replaces an earlier such audit.

    ``faces`` are those left; ``uncovered`` counts the faces known from the data that are not wholly hidden,
    ``None`` where none is known. ``residual_faces`` is the number of faces left by either account.
    """

    stimulus_id: str
    condition: str
    masking: str
    detector: str
    residual_faces: _Count
    faces: tuple[Region, ...] = ()
    uncovered: _Count | None = None
    audited_at: datetime = field(default_factory=utc_now)
    kind: Literal["audit"] = "audit"


Record = GenerationRecord | RegionsRecord | SizeRecord | AuditRecord


def to_line(record: Record) -> bytes:
    """One line of UTF-8 JSON, newline included.

    Characters that UTF-8 cannot hold (lone surrogates) become ``?``, infinite and undefined numbers null.

    Raises:
        ValueError: the record could not be read back.
    """
    try:
        line = _adapter().dump_json(record)
    except PydanticSerializationError:
        body = json.dumps(_adapter().dump_python(record, mode="python"), ensure_ascii=False, default=str)
        line = body.encode("utf-8", "replace")
    from_line(line)
    return line + b"\n"


def from_line(line: bytes) -> Record:
    """Read a line back.

    Raises:
        ValueError: it is damaged, or of a kind this program does not know.
    """
    return _adapter().validate_json(line)


@cache
def _adapter() -> TypeAdapter[Record]:
    return TypeAdapter(Annotated[Record, Field(discriminator="kind")])
