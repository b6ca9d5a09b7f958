"""A model provider with every ability there is, which keeps its contract: what the tests then break."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from elena_wb.core import (
    KeySlot,
    LocalModel,
    ModelCard,
    ModelError,
    PostponedError,
    Quota,
    Request,
    Response,
    Usage,
    UsageError,
)

CARD = ModelCard("sound:", "sound", hashlib.sha256(b"sound").hexdigest(), priced_on="2026-11-01")


class SoundOptions(BaseModel, extra="forbid"):
    warmth: int = Field(3, description="How kind the answers are.")


class SoundModel:
    """Answers by what it is shown and asked."""

    preferred_batch_size = 2
    max_concurrency = 2
    quota: Any = Quota("sound/one", 60)

    def __init__(self) -> None:
        self.card = CARD
        self.closed = False
        self.stop = threading.Event()

    def stop_on(self, stop: threading.Event) -> None:
        self.stop = stop

    def at_most(self, request: Request) -> Usage:
        return Usage(100 + request.max_tokens, 0.02)

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        if self.closed:
            raise ModelError("The model was closed.")
        if self.stop.is_set():
            raise PostponedError("To be fetched later.")
        for index, request in reversed(list(enumerate(requests))):
            yield self.answer(index, request)

    def answer(self, index: int, request: Request) -> Response:
        if request.image.shape[0] == 1:
            return Response(index, "", "error", error="too small to see anything", latency_ms=0.1)
        text = f"{request.image_digest[:8]} {hashlib.sha256(request.user.encode()).hexdigest()[:8]}"
        scores: dict[str, float] = {}
        if request.schema is not None:
            text = json.dumps({"emotion": "Anger", "valence": 2})
            scores = {"Anger": -0.1, "Neutral": -3.0}
        tokens = min(2, request.max_tokens)
        return Response(index, text, "stop", 100, tokens, 0.1, 0.01, label_logprobs=scores)

    def close(self) -> None:
        self.closed = True


class SoundProvider:
    options_model: ClassVar[Any] = SoundOptions
    requires: ClassVar[Any] = {"json": "comes with Python"}
    keys: ClassVar[Any] = (KeySlot("sound", ("SOUND_API_KEY",), "https://sound.example/keys"),)
    formats: ClassVar[Mapping[str, str]] = {"paper": "one sheet for each weight"}
    model_class: ClassVar[type[SoundModel]] = SoundModel

    def destination(self, reference: str, options: BaseModel) -> Any:
        return "api.sound.example"

    def describe(self, reference: str, options: BaseModel) -> Any:
        if reference:
            raise ModelError(f"There is no sound `{reference}`.")
        return CARD

    def open(self, reference: str, options: BaseModel) -> Any:
        return self.model_class()

    def at_most(self, reference: str, options: BaseModel, request: Request) -> Any:
        return Usage(100 + request.max_tokens, 0.02)

    def local_models(self) -> Any:
        return [LocalModel("sound:", "sound", Path("/sound"), 12, needs_bytes=24, fits=True)]

    def export(self, reference: str, options: BaseModel, out: Path, format_name: str) -> Sequence[Path]:
        if format_name not in self.formats:
            raise UsageError(f"There is no format `{format_name}`.")
        return []


def with_model(**overrides: Any) -> type[SoundProvider]:
    """A provider whose models have these methods and attributes instead."""
    model = type("Broken", (SoundModel,), overrides)
    return type("Faulty", (SoundProvider,), {"model_class": model})


def with_provider(**overrides: Any) -> type[SoundProvider]:
    """A provider with these methods and attributes instead."""
    return type("Faulty", (SoundProvider,), overrides)


def answering(**fields: Any) -> type[SoundProvider]:
    """A provider whose models' answers differ in these fields."""

    def answer(self: SoundModel, index: int, request: Request) -> Response:
        return replace(SoundModel.answer(self, index, request), **fields)

    return with_model(answer=answer)
