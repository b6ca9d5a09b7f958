"""A model whose attention can be looked at and knocked out, which keeps its contract: what the tests then break."""

from __future__ import annotations

from typing import Any

import numpy as np

from elena_wb.core import (
    AttentionQuestion,
    AttentionRecord,
    Block,
    Box,
    KnockOut,
    ModelError,
    Request,
    Response,
    UsageError,
)
from tests.testing.sound import SoundModel, SoundProvider

LAYERS, HEADS, ROWS, COLUMNS = (0, 2, 3), 2, 3, 4
PLACES = ROWS * COLUMNS
_CHARACTERS = 3  # of a token


class LookingModel(SoundModel):
    """Its attention is drawn by lot, for each token, layer and head: to the picture, the question and the answer."""

    methods: Any = ("raw", "rollout")

    def attention_methods(self) -> Any:
        return self.methods

    def require_knock_out(self) -> None:
        return None

    def attend(self, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
        if self.closed:
            raise ModelError("The model was closed.")
        if question.method not in self.methods:
            raise UsageError(f"There is no method {question.method}.")
        if request.image.shape[0] == 1:
            raise ModelError("The picture is too small.")
        layers = LAYERS if question.layers is None else question.layers
        layers = tuple(LAYERS[-1] if layer == -1 else layer for layer in layers)
        if not set(layers) <= set(LAYERS):
            raise UsageError(f"There are the layers {LAYERS}.")
        height, width = request.image.shape[:2]
        tokens = [
            sorted({at // _CHARACTERS for start, end in target.spans for at in range(start, end)})
            for target in question.targets
        ]
        drawn = np.stack([self.mean(one, layers, question.heads) for one in tokens])
        heads = tuple(range(HEADS)) if question.heads == "each" else (None,)
        return AttentionRecord(
            (Block("picture", ROWS, COLUMNS, Box(0, 0, width, height)),),
            layers,
            heads,
            tuple(len(one) for one in tokens),
            tuple(one[0] if one else 0 for one in tokens),
            drawn[..., :PLACES],
            {"question": drawn[..., PLACES], "answer": drawn[..., PLACES + 1]},
            self.mean([10_000], layers, question.heads)[..., :PLACES],
        )

    def mean(self, tokens: list[int], layers: tuple[int, ...], heads: str) -> Any:
        """float32 ``[layers, heads, places and 2 more]`` over these tokens."""
        if not tokens:
            return np.full((len(layers), HEADS if heads == "each" else 1, PLACES + 2), np.nan, np.float32)
        drawn = [[self.row(token, layer) for layer in layers] for token in tokens]
        rows = np.array(drawn)
        if heads != "each":
            rows = (rows.mean(2) if heads == "mean" else rows.max(2))[:, :, None]
        return rows.mean(0).astype(np.float32)

    def row(self, token: int, layer: int) -> Any:
        return np.random.default_rng([token, layer]).dirichlet(np.ones(PLACES + 2), HEADS)

    def answer(self, index: int, request: Request) -> Response:
        response = SoundModel.answer(self, index, request)
        if self.hidden(request.knock_out, request):
            return Response(index, request.user, "stop")
        return response

    def hidden(self, knock_out: KnockOut | None, request: Request) -> bool:
        """Whether nothing of the picture can be seen."""
        height, width = request.image.shape[:2]
        return knock_out is not None and any(
            box.w >= width and box.h >= height and max(box.x, box.y) <= 0 for box in knock_out.boxes
        )


def looking(**overrides: Any) -> type[SoundProvider]:
    """A provider whose models look, with these methods and attributes instead."""
    model = type("Broken", (LookingModel,), overrides)
    return type("Faulty", (SoundProvider,), {"model_class": model})
