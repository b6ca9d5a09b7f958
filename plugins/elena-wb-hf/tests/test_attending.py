"""Attention taken from Hugging Face models beside what the same networks compute eagerly."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from elena_wb_hf.capture import NAME, captured
from elena_wb_hf.rows import continued
from transformers import AttentionMaskInterface

from elena_wb.core import Attends, AttentionQuestion, ModelError
from tests import eagerly
from tests.eagerly import TARGETS, TEXT, Whole

ARCHITECTURES = ("gemma3", "llama", "llava", "qwen")
everywhere = pytest.mark.parametrize("architecture", ARCHITECTURES)


@pytest.fixture(scope="module")
def shown(opened):
    """A model and the eager attention of one answer, computed once."""
    known = {}

    def show(architecture, request):
        if architecture not in known:
            model = opened(architecture)
            if architecture == "gemma3":  # the first words see part of the picture, the last none of it
                model.network.config.text_config.sliding_window = 90
            whole = Whole.of(model, request)
            known[architecture] = model, whole, eagerly.attention(model.network, whole)
        return known[architecture]

    yield show
    if "gemma3" in known:
        opened("gemma3").network.config.text_config.sliding_window = 32


class Everything:
    """Hears every row of every layer."""

    def __init__(self):
        self.found = {}

    def wants(self, layer):
        return True

    def hear(self, heard):
        self.found[heard.layer] = heard.probabilities(torch.arange(heard.query.shape[1]))


@everywhere
def test_every_row_of_every_layer_is_that_of_eager_attention(architecture, shown, question):
    model, whole, maps = shown(architecture, question())
    listener = Everything()
    with torch.inference_mode(), captured(model.network, listener):
        model.network(**whole.inputs, use_cache=False)
    assert sorted(listener.found) == list(range(len(maps)))
    for layer, expected in enumerate(maps):
        assert listener.found[layer].shape == expected.shape
        assert np.abs(listener.found[layer].numpy() - expected).max() < 1e-5


@everywhere
def test_an_answer_that_is_fed_scores_as_it_did_when_it_was_written_in_a_batch(
    architecture, opened, question
):
    """So its tokens have the positions, masks and kinds that they had then."""
    model, network = opened(architecture), opened(architecture).network
    requests = [question("?", size=(90, 50)), question("What is to be seen here? " * 3, picture=2)]
    inputs = model._placed(model._chat.inputs(requests))
    settings = {"max_new_tokens": 16, "output_logits": True, "return_dict_in_generate": True}
    with torch.inference_mode():
        written = network.generate(**inputs, **settings)
    answers = written.sequences[:, inputs["input_ids"].shape[1] :]
    for row, request in enumerate(requests):
        alone = model._placed(model._chat.inputs([request]))
        prompt = alone["input_ids"].shape[1]
        with torch.inference_mode():
            fed = network(**continued(alone, answers[row].tolist()), use_cache=False).logits[
                0, prompt - 1 : -1
            ]
        then = torch.stack([scores[row] for scores in written.logits])
        assert (fed - then).abs().max() < 1e-4


@everywhere
@pytest.mark.parametrize("heads", ["mean", "max", "each"])
def test_weights_are_the_means_of_eager_rows(architecture, heads, shown, question):
    model, whole, maps = shown(architecture, question())
    record = model.attend(question(), TEXT, AttentionQuestion(TARGETS, heads=heads))
    assert isinstance(model, Attends)
    assert record.layers == whole.where.layers
    assert record.blocks == whole.where.blocks
    assert record.heads == ((0, 1) if heads == "each" else (None,))
    assert record.tokens == tuple(len(whole.rows(target)) for target in TARGETS)
    for place, layer in enumerate(record.layers):
        for number, target in enumerate(TARGETS):
            expected = eagerly.over_heads(maps[layer][:, whole.rows(target)], heads)[:, whole.where.keys]
            assert np.abs(record.weights[number, place] - expected).max() < 1e-5
        expected = eagerly.over_heads(maps[layer][:, whole.question], heads)[:, whole.where.keys]
        assert np.abs(record.baseline[place] - expected).max() < 1e-5
    assert record.weights.max() > 1e-2
    if heads != "max":
        total = record.weights.sum(-1) + sum(record.elsewhere.values())
        assert np.abs(total - 1).max() < 1e-5


def test_a_sliding_layer_forgets_the_picture_as_the_answer_grows(shown, question):
    model, _, _ = shown("gemma3", question())
    record = model.attend(question(), TEXT, AttentionQuestion(TARGETS[:1]))
    last = model.attend(question(), TEXT + " " * 60 + "end", AttentionQuestion((last_word(TEXT, 60),)))
    assert record.weights[0, 0].max() > 0
    assert last.weights[0, 0].max() == 0
    assert last.weights[0, 1].max() > 0


def last_word(text, gap):
    return dataclasses.replace(TARGETS[0], spans=((len(text) + gap, len(text) + gap + 3),))


@everywhere
def test_what_else_is_attended_to_is_told_by_kind(architecture, shown, question):
    model, whole, maps = shown(architecture, question())
    record = model.attend(question(), TEXT, AttentionQuestion(TARGETS[:1]))
    row = maps[record.layers[-1]][:, whole.rows(TARGETS[0])].mean((0, 1))
    if whole.where.cross:
        kinds = whole.where.others
    else:
        between = np.setdiff1d(np.arange(1, whole.prompt), whole.where.keys)
        kinds = {"beginning": [0], "question": between, "answer": np.arange(whole.prompt, len(row))}
    assert set(record.elsewhere) == set(kinds)
    for name, keys in kinds.items():
        assert record.elsewhere[name][0, -1, 0] == pytest.approx(row[keys].sum(), abs=1e-5)


@everywhere
def test_values_weigh_attention_by_their_norm(architecture, shown, question):
    model, whole, maps = shown(architecture, question())
    record = model.attend(question(), TEXT, AttentionQuestion(TARGETS, heads="each", method="value-norm"))
    values = eagerly.values(model.network, whole)
    for place, layer in enumerate(record.layers):
        weighed = maps[layer] * np.linalg.norm(values[layer], axis=-1)[:, None]
        weighed /= weighed.sum(-1, keepdims=True)
        for number, target in enumerate(TARGETS):
            expected = weighed[:, whole.rows(target)].mean(1)[:, whole.where.keys]
            assert np.abs(record.weights[number, place] - expected).max() < 1e-5
    total = record.weights.sum(-1) + sum(record.elsewhere.values())
    assert np.abs(total - 1).max() < 1e-5


@everywhere
def test_answers_and_scores_are_the_same_before_while_and_after(architecture, shown, question):
    model, whole, _ = shown(architecture, question())
    network, config = model.network, model.network.config

    def scores():
        with torch.inference_mode():
            return network(**whole.inputs, use_cache=False).logits

    answer = next(iter(model.generate([question()]))).text
    before, names = scores(), (config._attn_implementation, config.get_text_config()._attn_implementation)
    with captured(network, Everything()):
        assert config.vision_config._attn_implementation == names[0]
        assert config.get_text_config()._attn_implementation == NAME
        assert torch.equal(scores(), before)
    model.attend(question(), TEXT, AttentionQuestion(TARGETS))
    assert (config._attn_implementation, config.get_text_config()._attn_implementation) == names
    assert torch.equal(scores(), before)
    assert next(iter(model.generate([question()]))).text == answer


def test_only_one_answer_at_a_time_can_be_captured(shown, question):
    model, whole, _ = shown("llava", question())
    two = {name: torch.cat([value, value]) for name, value in whole.inputs.items()}
    with pytest.raises(ModelError, match="one answer at a time"), captured(model.network, Everything()):
        model.network(**two, use_cache=False)
    assert model.network.config.get_text_config()._attn_implementation == "sdpa"


def test_without_its_mask_function_a_capture_would_let_every_word_see_all(shown, question, monkeypatch):
    """transformers makes no mask for a name that it knows none for, and says nothing."""
    model, whole, maps = shown("gemma3", question())
    monkeypatch.delitem(AttentionMaskInterface._global_mapping, NAME)
    listener = Everything()
    with torch.inference_mode(), captured(model.network, listener):
        model.network(**whole.inputs, use_cache=False)
    assert np.abs(listener.found[0].numpy() - maps[0]).max() > 0.01
    monkeypatch.undo()
    assert AttentionMaskInterface()[NAME] is AttentionMaskInterface()["sdpa"]
