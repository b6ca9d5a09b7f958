"""The whole attention of a network as its eager implementation gives it, to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from elena_wb_hf.geometry import Layout, layout
from elena_wb_hf.rows import Answer, continued

from elena_wb.core import Request, Target

TEXT = '{"emotion": "joy", "narrative": "The hands are raised 👐, ünd open."}'
JOY = Target("emotion", ((13, 16),))
HANDS = Target("hands", ((37, 42), (54, 55)))
ANSWER = Target("answer", ((0, len(TEXT)),))
TARGETS = (JOY, HANDS, ANSWER)


@dataclass(frozen=True)
class Whole:
    """``inputs`` with the answer behind them; ``prompt`` tokens come before it."""

    inputs: dict[str, Any]
    prompt: int
    where: Layout
    answer: Answer

    @classmethod
    def of(cls, model: Any, request: Request, text: str = TEXT) -> Whole:
        chat = model._chat
        inputs = model._placed(chat.inputs([request]))
        height, width = request.image.shape[:2]
        where = layout(
            model.network, chat.processor, inputs, 0, width, height, max_image_side=chat.max_image_side
        )
        answer = Answer.read(chat.processor.tokenizer, text, "tiny")
        return cls(continued(inputs, answer.tokens), inputs["input_ids"].shape[1], where, answer)

    def rows(self, target: Target) -> list[int]:
        """The rows that chose the tokens of a target."""
        return [self.prompt + token - 1 for token in self.answer.places(target)]

    @property
    def question(self) -> list[int]:
        return list(range(self.where.question_from, self.prompt - 1))


@contextmanager
def eager(network: Any) -> Iterator[None]:
    before = network.config._attn_implementation
    network.set_attn_implementation("eager")
    try:
        yield
    finally:
        network.set_attn_implementation(before)


def attention(network: Any, whole: Whole) -> list[npt.NDArray[np.float32]]:
    """``[heads, rows, keys]`` of every layer."""
    with eager(network), torch.inference_mode():
        output = network(**whole.inputs, output_attentions=True, use_cache=False)
    return [layer[0].numpy() for layer in output.attentions]


def values(network: Any, whole: Whole) -> list[npt.NDArray[np.float32]]:
    """The values ``[heads, keys, size]`` of every layer, as its projection makes them, repeated for each head."""
    found: list[npt.NDArray[np.float32]] = []
    text = network.config.get_text_config()
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads

    def keep(_module: Any, _given: Any, made: torch.Tensor) -> None:
        each = made.reshape(-1, made.shape[-1] // size, size).transpose(0, 1)
        found.append(each.repeat_interleave(text.num_attention_heads // len(each), dim=0).numpy())

    hooks = [
        module.register_forward_hook(keep)
        for name, module in network.get_decoder().named_modules()
        if name.endswith("v_proj")
    ]
    try:
        with torch.inference_mode():
            network(**whole.inputs, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def over_heads(weights: npt.NDArray[np.float32], heads: str) -> npt.NDArray[np.float32]:
    """``[heads, rows, …]`` as the mean over the rows of what the heads were reduced to."""
    if heads != "each":
        weights = getattr(weights, heads)(axis=0, keepdims=True)
    return weights.mean(axis=1)
