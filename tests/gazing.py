"""A plugin of a model whose attention can be looked at: it attends to what is bright, the more the higher the layer.

``gazing:?log=FILE`` notes every opening and every look in the file.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from pydantic import BaseModel
from scripted import ScriptedModel, ScriptedOptions, ScriptedProvider

from elena_wb import hookimpl
from elena_wb.core import (
    AttentionMethod,
    AttentionQuestion,
    AttentionRecord,
    Block,
    Box,
    Model,
    Request,
    UsageError,
    WorkbenchError,
)

LAYERS, SIDE = 3, 6
IN_PICTURE = 0.8


class GazingOptions(ScriptedOptions):
    look: float = 0.0
    """Seconds that each look takes."""
    blind: int | None = None
    """Every so many-th picture (by digest) cannot be looked at."""


class GazingModel(ScriptedModel):
    options: GazingOptions

    def attention_methods(self) -> tuple[AttentionMethod, ...]:
        return ("raw", "rollout")

    def attend(self, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
        assert not self.closed
        assert request.image is not None
        note(self.options, f"looked {request.image_digest}")
        time.sleep(self.options.look)
        if self.options.blind and int(request.image_digest, 16) % self.options.blind == 0:
            raise WorkbenchError("it closed its eyes")
        wanted = question.layers or tuple(range(LAYERS))
        layers = tuple(LAYERS - 1 if layer == -1 else layer for layer in wanted)
        if max(layers) >= LAYERS:
            raise UsageError(f"There is no layer {max(layers)}.", hint=f"Layers: 0-{LAYERS - 1}.")
        heads = (0, 1) if question.heads == "each" else (None,)
        height, width = request.image.shape[:2]
        cells = np.array(
            [
                [column.mean() for column in np.array_split(row, SIDE, axis=1)]
                for row in np.array_split(request.image.astype(np.float64), SIDE, axis=0)
            ]
        ).ravel()
        maps = np.stack([(1 + cells) ** (1 + layer) for layer in layers])
        maps *= IN_PICTURE / maps.sum(axis=1, keepdims=True)
        shape = (len(question.targets), len(layers), len(heads))
        weights = np.broadcast_to(maps[None, :, None, :], (*shape, SIDE * SIDE)).astype(np.float32)
        return AttentionRecord(
            (Block("picture", SIDE, SIDE, Box(0, 0, width, height)),),
            layers,
            heads,
            (1,) * len(question.targets),
            tuple(range(len(question.targets))),
            weights,
            {"question": np.full(shape, 1 - IN_PICTURE, np.float32)},
        )


class GazingProvider(ScriptedProvider):
    options_model = GazingOptions

    def open(self, reference: str, options: BaseModel) -> Model:
        assert isinstance(options, GazingOptions)
        note(options, "opened")
        return GazingModel(options, self.describe(reference, options))

    def describe(self, reference, options):
        given = options.model_dump(exclude_defaults=True)
        uri = f"gazing:{reference}?{urlencode(given)}" if given else f"gazing:{reference}"
        return replace(super().describe(reference, options), uri=uri, name="gazing")


def note(options: GazingOptions, what: str) -> None:
    if options.log:
        with Path(options.log).open("a", encoding="utf-8") as log:
            log.write(what + "\n")


@hookimpl
def register_models(register):
    register("gazing", GazingProvider)
