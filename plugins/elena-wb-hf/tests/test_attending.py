"""Attention taken from a Hugging Face model against what the same network computes eagerly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from elena_wb_hf.geometry import layout
from elena_wb_hf.rows import Answer, continued

from elena_wb.core import AttentionQuestion, Target

TEXT = '{"emotion": "joy", "narrative": "The hands are raised 👐, ünd open."}'


def span(name, words, text=TEXT):
    start = text.index(words)
    return Target(name, ((start, start + len(words)),))


TARGETS = (
    Target("beginning", ((0, 4),)),
    span("emotion", "joy"),
    Target("hands", (span("", "hands").spans[0], span("", "👐").spans[0])),
    Target("answer", ((0, len(TEXT)),)),
)


def eager(model, request, text=TEXT):
    """Every layer's whole attention ``[heads, rows, keys]``, the width of the prompt and the layout."""
    network, chat = model.network, model._chat
    inputs = model._placed(chat.inputs([request]))
    where = layout(
        network,
        chat.processor,
        inputs,
        0,
        request.image.shape[1],
        request.image.shape[0],
        max_image_side=chat.max_image_side,
    )
    answer = Answer.read(chat.processor.tokenizer, text, "tiny")
    before = network.config._attn_implementation
    network.set_attn_implementation("eager")
    try:
        with torch.inference_mode():
            output = network(**continued(inputs, answer.tokens), output_attentions=True, use_cache=False)
    finally:
        network.set_attn_implementation(before)
    return [layer[0].numpy() for layer in output.attentions], inputs["input_ids"].shape[1], where, answer


@pytest.mark.parametrize("architecture", ["gemma3"])
@pytest.mark.parametrize("heads", ["mean", "max", "each"])
def test_weights_are_those_of_eager_attention(architecture, heads, opened, question, monkeypatch):
    model, request = opened(architecture), question()
    if (
        architecture == "gemma3"
    ):  # so that what is said first sees the picture in part, and the rest none of it
        monkeypatch.setattr(model.network.config.text_config, "sliding_window", 90)
    maps, prompt, where, answer = eager(model, request)
    record = model.attend(request, TEXT, AttentionQuestion(TARGETS, heads=heads))
    assert record.layers == where.layers
    assert record.blocks == where.blocks
    for place, layer in enumerate(where.layers):
        for number, target in enumerate(TARGETS):
            rows = [prompt + token - 1 for token in answer.places(target)]
            seen = maps[layer][:, rows]
            if heads != "each":
                seen = getattr(seen, heads)(0, keepdims=True)
            expected = seen.mean(1)[:, where.keys]
            assert np.abs(record.weights[number, place] - expected).max() < 1e-5
            assert number > 0 or expected.max() > 1e-3
