"""A plugin of models that attend to what is bright: each place gets the share of light that falls on it.

Half of all attention goes to the picture. The answer names the emotion by the brightest corner.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import BaseModel

from elena_wb import hookimpl
from elena_wb.core import (
    AttentionQuestion,
    AttentionRecord,
    Block,
    Box,
    ModelCard,
    ModelError,
    OutOfMemoryError,
    Request,
    Response,
    UsageError,
)

ROWS, COLUMNS, LAYERS = 4, 6, 3
ANSWER = json.dumps(
    {"emotion": "Fear", "body_parts": ["raised hands"], "narrative": "Her raised hands shake."}
)


class AttentiveOptions(BaseModel, extra="forbid"):
    version: str = "1"
    """Another version is another model."""
    blind: bool = False
    """Its attention cannot be looked at."""
    unknown: bool = False
    """Where its places lie is not known."""
    too_large: int | None = None
    """The so many-th look runs out of memory."""
    gone_at: int | None = None
    """From the so many-th look on it can do no more."""
    wordless: bool = False
    """It answers in words that hold no emotion."""
    refuse: bool = False
    """It declines."""
    unanswered: bool = False
    """Each question fails."""


class BlindModel:
    preferred_batch_size = 2
    max_concurrency = 1

    def __init__(self, options: AttentiveOptions, card: ModelCard) -> None:
        self.options = options
        self.card = card
        self.looks: list[tuple[Request, str, AttentionQuestion]] = []
        self.closed = 0

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        for index, _ in enumerate(requests):
            if self.options.unanswered:
                yield Response(index, "", "error", error="no answer")
            elif self.options.refuse:
                yield Response(index, "I'm sorry, but I can't help with that.", "refused")
            else:
                yield Response(index, "A field of wheat." if self.options.wordless else ANSWER, "stop")

    def close(self) -> None:
        self.closed += 1


class AttentiveModel(BlindModel):
    """Layer 0 attends to light, layer 1 evenly, layer 2 to the darkest third of it."""

    def attention_methods(self) -> tuple[str, ...]:
        if self.options.unknown:
            raise ModelError("Where the places of `odd` lie in a picture is not known.")
        return ("raw", "value-norm")

    def attend(self, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
        self.looks.append((request, text, question))
        if self.options.too_large == len(self.looks):
            raise OutOfMemoryError("300 words do not fit")
        if self.options.gone_at is not None and len(self.looks) >= self.options.gone_at:
            raise ModelError("The device is gone.")
        layers = tuple(range(LAYERS)) if question.layers is None else question.layers
        if max(layers) >= LAYERS:
            raise UsageError(f"The model has {LAYERS} layers.")
        block = block_over(request)
        light = light_on(request.image, block)
        of_layer = np.stack([light, np.full_like(light, 1 / len(light)), light**0.5 / (light**0.5).sum()])
        count = len(question.targets)
        weights = np.repeat(0.5 * of_layer[None, list(layers), None], count, axis=0).astype(np.float32)
        tokens = tuple(sum(end - start for start, end in target.spans) for target in question.targets)
        return AttentionRecord(
            (block,),
            layers,
            (None,),
            tokens,
            tuple(target.spans[0][0] for target in question.targets),
            weights,
            {"question": np.full((count, len(layers), 1), 0.5, dtype=np.float32)},
            None,
            ("looked at for a test",),
        )


def block_over(request: Request) -> Block:
    height, width = request.image.shape[:2]
    return Block("picture", ROWS, COLUMNS, Box(0, 0, width, height))


def light_on(image: np.ndarray, block: Block) -> np.ndarray:
    """The share of all light on each place (whole pixels; the picture's sides are multiples of the grid's)."""
    height, width = image.shape[:2]
    grey = image.astype(np.float64).mean(axis=2) + 1.0
    light = grey.reshape(block.rows, height // block.rows, block.columns, width // block.columns).sum(
        axis=(1, 3)
    )
    return (light / light.sum()).ravel()


class AttentiveProvider:
    options_model: ClassVar[type[BaseModel]] = AttentiveOptions
    requires: ClassVar[Mapping[str, str]] = {}
    opened: ClassVar[list[BlindModel]] = []

    def destination(self, reference: str, options: BaseModel) -> str | None:
        return "models.example" if reference == "far" else None

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        assert isinstance(options, AttentiveOptions)
        digest = hashlib.sha256(f"{reference} {options.version}".encode()).hexdigest()
        query = options.model_dump(exclude_defaults=True, exclude={"version"})
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return ModelCard(f"attentive:{reference}" + (f"?{asked}" if asked else ""), "attentive", digest)

    def open(self, reference: str, options: BaseModel) -> BlindModel:
        assert isinstance(options, AttentiveOptions)
        kind = BlindModel if options.blind else AttentiveModel
        self.opened.append(kind(options, self.describe(reference, options)))
        return self.opened[-1]


@hookimpl
def register_models(register):
    register("attentive", AttentiveProvider)
