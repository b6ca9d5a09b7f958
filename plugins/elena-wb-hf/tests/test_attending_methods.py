"""Rollout and gradient × attention beside plain references that hold every matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider

from elena_wb.core import AttentionQuestion, Target, UsageError
from tests import eagerly
from tests.eagerly import TARGETS, TEXT, Whole

WITH_PICTURE_IN_SIGHT = pytest.mark.parametrize("architecture", ["gemma3", "llava", "qwen"])


@WITH_PICTURE_IN_SIGHT
def test_rollout_is_the_product_of_the_layers(architecture, opened, question):
    model, request = opened(architecture), question()
    whole = Whole.of(model, request)
    maps = eagerly.attention(model.network, whole)
    record = model.attend(request, TEXT, AttentionQuestion(TARGETS, method="rollout"))
    product = np.eye(maps[0].shape[-1])
    for place, layer in enumerate(maps):
        product = (layer.mean(0) + np.eye(len(product))) / 2 @ product
        for number, target in enumerate(TARGETS):
            expected = product[whole.rows(target)].mean(0)[whole.where.keys]
            assert np.abs(record.weights[number, place, 0] - expected).max() < 1e-5
        assert (
            np.abs(record.baseline[place, 0] - product[whole.question].mean(0)[whole.where.keys]).max() < 1e-5
        )
    total = record.weights.sum(-1) + sum(record.elsewhere.values())
    assert np.abs(total - 1).max() < 1e-5
    only = model.attend(request, TEXT, AttentionQuestion(TARGETS, layers=(-1,), method="rollout"))
    assert np.array_equal(only.weights, record.weights[:, -1:])


def test_rollout_is_not_offered_where_the_picture_is_read_by_cross_attention(opened, question):
    model = opened("llama")
    assert model.attention_methods() == ("raw", "value-norm", "gradient")
    assert opened("gemma3").attention_methods() == ("raw", "value-norm", "rollout", "gradient")
    with pytest.raises(UsageError, match="rollout") as raised:
        model.attend(question(), TEXT, AttentionQuestion(TARGETS, method="rollout"))
    assert "gradient" in raised.value.hint


def by_autograd(model, whole, target):
    """relu(gradient * attention) ``[heads, rows, keys]`` of each layer, through the eager network's own matrices."""
    network, rows = model.network, whole.rows(target)
    kept = []

    def keep(_module, _given, made):
        made[1].retain_grad()
        kept.append(made[1])

    hooks = [
        module.register_forward_hook(keep)
        for name, module in network.get_decoder().named_modules()
        if name.endswith(("self_attn", "cross_attn"))
    ]
    try:
        with eagerly.eager(network), torch.enable_grad():
            logits = network(**whole.inputs, use_cache=False).logits[0]
            ids = whole.inputs["input_ids"][0]
            logits.log_softmax(-1)[rows, ids[torch.tensor(rows) + 1]].sum().backward()
    finally:
        for hook in hooks:
            hook.remove()
        network.zero_grad(set_to_none=True)
    return [(one * one.grad).relu()[0, :, rows].detach().numpy() for one in kept]


@pytest.mark.parametrize("architecture", ["gemma3", "llama", "llava", "qwen"])
@pytest.mark.parametrize("heads", ["mean", "each"])
def test_gradient_times_attention_is_that_of_autograd(architecture, heads, opened, question):
    model, request = opened(architecture), question()
    next(iter(model.generate([request])))  # leaves tensors behind that know no gradients
    whole = Whole.of(model, request)
    targets = (*TARGETS, Target("nothing", ()))
    record = model.attend(request, TEXT, AttentionQuestion(targets, heads=heads, method="gradient"))
    for number, target in enumerate(TARGETS):
        products = by_autograd(model, whole, target)
        largest = max(float(product.max()) for product in products)
        for place, layer in enumerate(record.layers):
            expected = eagerly.over_heads(products[layer], heads)
            found = record.weights[number, place]
            assert np.abs(found - expected[:, whole.where.keys]).max() < 1e-5 * max(largest, 1)
            total = found.sum(-1) + sum(kind[number, place] for kind in record.elsewhere.values())
            assert total == pytest.approx(expected.sum(-1), rel=1e-4, abs=1e-6)
    assert record.weights[:3].max() > 0
    assert np.isnan(record.weights[3]).all()
    assert record.baseline is None
    assert all(weight.requires_grad for weight in model.network.parameters())
    assert all(weight.grad is None for weight in model.network.parameters())


def test_gradients_of_one_layer_are_those_of_all(opened, question):
    model, request = opened("gemma3"), question()
    every = model.attend(request, TEXT, AttentionQuestion(TARGETS, method="gradient"))
    last = model.attend(request, TEXT, AttentionQuestion(TARGETS, layers=(-1,), method="gradient"))
    assert last.layers == every.layers[-1:]
    assert np.allclose(last.weights, every.weights[:, -1:], atol=1e-6)


def test_weights_that_lie_elsewhere_and_are_fetched_layer_by_layer_have_gradients_too(folders, question):
    accelerate = pytest.importorskip("accelerate")
    model = HFProvider().open(str(folders["llava"]), HFOptions(dtype="float32", device="cpu"))
    asked = AttentionQuestion(TARGETS, method="gradient")
    expected = model.attend(question(), TEXT, asked)
    accelerate.cpu_offload(model.network.get_decoder().layers[-1], execution_device="cpu")
    model.attend(question(), TEXT, AttentionQuestion(TARGETS))  # a pass that knows no gradients
    assert np.array_equal(model.attend(question(), TEXT, asked).weights, expected.weights)
    model.close()


def test_no_words_at_all_have_no_gradient(opened, question):
    record = opened("llava").attend(
        question(), "", AttentionQuestion((Target("answer", ((0, 9),)),), heads="each", method="gradient")
    )
    assert record.weights.shape[2] == 2
    assert np.isnan(record.weights).all()
