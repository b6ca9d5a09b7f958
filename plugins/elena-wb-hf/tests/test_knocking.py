"""Regions knocked out of the attention, beside networks that are given every mask by hand."""

from __future__ import annotations

import contextlib
import dataclasses

import numpy as np
import pytest
import torch
from elena_wb_hf import knocking
from elena_wb_hf.capture import captured
from elena_wb_hf.geometry import Layout, layout

from elena_wb.core import Block, Box, KnockOut, KnocksOut, ModelError

ARCHITECTURES = ("gemma3", "llama", "llava", "qwen")
everywhere = pytest.mark.parametrize("architecture", ARCHITECTURES)
WHOLE = KnockOut((Box(0, 0, 80, 60),))
LEFT = KnockOut((Box(0, 0, 41, 60),))


def knocked(request, knock_out=LEFT):
    return dataclasses.replace(request, knock_out=knock_out)


def layouts(model, inputs, requests):
    return [
        layout(
            model.network,
            model._chat.processor,
            inputs,
            row,
            request.image.shape[1],
            request.image.shape[0],
            max_image_side=None,
        )
        for row, request in enumerate(requests)
    ]


def logits(model, requests):
    """Of every token of the prompts, as knocked out as answers are: float ``[rows, tokens, vocabulary]``."""
    inputs = model._placed(model._chat.inputs(requests))
    with torch.inference_mode(), model._knocked_out(model.network, inputs, requests):
        return model.network(**inputs).logits, inputs


class Weights:
    """Hears what the last row of some layers attends to."""

    def __init__(self, layers):
        self.layers, self.last = layers, {}

    def wants(self, layer):
        return layer in self.layers

    def hear(self, heard):
        self.last[heard.layer] = heard.probabilities(torch.tensor([heard.query.shape[1] - 1]))[:, 0]


class ByHand:
    """Eager attention in which the softmax of chosen layers never sees chosen keys: written out, with no hook.

    ``rows`` says what is hidden: for every row of the batch, keys and layers.
    """

    def __init__(self, rows, cross):
        self.rows, self.cross = rows, cross

    def __call__(self, module, query, key, value, mask, scaling=None, **_):
        groups = query.shape[1] // key.shape[1]
        scores = query @ key.repeat_interleave(groups, 1).transpose(2, 3) * scaling
        queries, keys = scores.shape[2:]
        if mask is not None:
            scores = scores.masked_fill(~mask, -1e30) if mask.dtype == torch.bool else scores + mask
        elif queries > 1:
            scores = scores.masked_fill(torch.ones(queries, keys).triu(1).bool(), -1e30)
        gone = torch.zeros(scores.shape[0], queries, keys, dtype=torch.bool)
        if ("Cross" in type(module).__name__) == self.cross:
            for row, (hidden, layers) in enumerate(self.rows):
                if module.layer_idx not in layers:
                    continue
                for place in range(queries):
                    if self.cross or place not in set(hidden.tolist()):
                        gone[row, place, hidden] = True
        weights = scores.masked_fill(gone[:, None], -1e30).softmax(-1).masked_fill(gone[:, None], 0)
        return (weights @ value.repeat_interleave(groups, 1)).transpose(1, 2), weights


@contextlib.contextmanager
def by_hand(network, rows, cross):
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    configurations = {
        id(module.config): module.config
        for module in network.get_decoder().modules()
        if hasattr(module, "config")
    }
    AttentionInterface.register("by_hand", ByHand(rows, cross))
    AttentionMaskInterface.register("by_hand", sdpa_mask)
    for one in configurations.values():
        one._attn_implementation_internal = "by_hand"
    try:
        yield
    finally:
        for one in configurations.values():
            one._attn_implementation_internal = "sdpa"


def expected(model, requests):
    """The logits when each mask is written out."""
    inputs = model._placed(model._chat.inputs(requests))
    found = layouts(model, inputs, requests)
    rows = []
    for one, request in zip(found, requests, strict=True):
        out = request.knock_out
        if out is None:
            rows.append((torch.empty(0, dtype=torch.long), ()))
            continue
        height, width = request.image.shape[:2]
        first, last = out.layers or (0, 99)
        keys = torch.from_numpy(knocking.hidden_keys(one, out, width, height))
        rows.append((keys, [layer for layer in one.layers if first <= layer <= last]))
    with torch.inference_mode(), by_hand(model.network, rows, found[0].cross):
        return model.network(**inputs).logits


def mixed(question):
    """Rows of unlike lengths: one region, another in one layer, none, and all of the picture."""
    return [
        knocked(question("?", picture=1)),
        knocked(question("Which emotion? " * 3, picture=2), KnockOut((Box(40, 0, 40, 30),), (1, 1))),
        question("Not a thing is knocked out here.", picture=3),
        knocked(question("All of it.", picture=4), WHOLE),
    ]


@everywhere
def test_scores_are_those_of_masks_written_by_hand(architecture, opened, question):
    model, requests = opened(architecture), mixed(question)
    (found, inputs), wanted = logits(model, requests), expected(model, requests)
    real = inputs["attention_mask"].bool()
    assert (found - wanted)[real].abs().max() < 1e-5
    untouched, _ = logits(model, [dataclasses.replace(one, knock_out=None) for one in requests])
    different = [(found[row] - untouched[row])[real[row]].abs().max() > 1e-3 for row in range(4)]
    assert different == [True, True, False, True]


@everywhere
def test_an_answer_is_the_same_alone_and_beside_others(architecture, opened, question):
    model, requests = opened(architecture), mixed(question)
    together = {answer.index: answer for answer in model.generate(requests)}
    for row, request in enumerate(requests):
        (alone,) = model.generate([request])
        assert together[row].error is None
        assert together[row].text == alone.text


@pytest.mark.parametrize(
    ("architecture", "attention"),
    [("gemma3", "auto"), ("llama", "auto"), ("qwen", "auto"), ("gemma3", "eager"), ("llama", "eager")],
)
def test_tokens_written_one_by_one_see_what_they_would_in_one_pass(architecture, attention, opened, question):
    """Greedy answers, also past the sliding window of Gemma 3, are those of ever longer prompts read in one pass."""
    model = opened(architecture, **({} if attention == "auto" else {"attention": attention}))
    requests = [knocked(question("?", picture=5, system="")), question("Well?" * 4, picture=6)]
    inputs = model._placed(model._chat.inputs(requests))
    settings = {"max_new_tokens": 20, "output_logits": True, "return_dict_in_generate": True}
    with torch.inference_mode(), model._knocked_out(model.network, inputs, requests):
        cached = model.network.generate(**inputs, **settings, use_cache=True)
        whole = model.network.generate(**inputs, **settings, use_cache=False)
    assert torch.equal(cached.sequences, whole.sequences)
    assert (torch.stack(cached.logits) - torch.stack(whole.logits)).abs().max() < 1e-4


@everywhere
def test_nothing_of_a_picture_knocked_out_as_a_whole_is_left(architecture, opened, question):
    model = opened(architecture)
    first, second = (knocked(question(picture=n), WHOLE) for n in (1, 2))
    (one, _), (other, _) = logits(model, [first]), logits(model, [second])
    end = model._chat.inputs([first])["input_ids"].shape[1]
    start = layouts(model, model._chat.inputs([first]), [first])[0].question_from
    assert (one - other)[:, start:end].abs().max() < 1e-5
    seen = [logits(model, [dataclasses.replace(one, knock_out=None)])[0][:, -1] for one in (first, second)]
    assert (seen[0] - seen[1]).abs().max() > 1e-2


@everywhere
def test_knocking_out_nothing_leaves_the_answer_as_it_is(architecture, opened, question):
    model, request = opened(architecture), question(picture=3, max_tokens=30)
    (plain,) = model.generate([request])
    for nothing in (KnockOut(()), KnockOut((Box(500, 500, 20, 20),)), KnockOut((Box(4, 4, 0, 0),))):
        (answer,) = model.generate([knocked(request, nothing)])
        assert (answer.text, answer.error) == (plain.text, None)


@everywhere
def test_knocking_out_all_layers_by_number_is_knocking_them_all_out(architecture, opened, question):
    model, request = opened(architecture), question(picture=3)
    count = len(model.network.get_decoder().layers)
    (every, _), (named, _) = (
        logits(model, [knocked(request, KnockOut(LEFT.boxes, layers))]) for layers in (None, (0, count - 1))
    )
    assert torch.equal(every, named)


@pytest.mark.parametrize(
    ("architecture", "layers", "said"),
    [
        ("qwen", (1, 2), "layers 1-2"),
        ("gemma3", (-1, 1), "layers -1-1"),
        ("llava", (1, 0), "layers 1-0"),
        ("llama", (2, 2), "none of the layers 2-2 sees the picture; those that do are 1"),
    ],
)
def test_layers_that_cannot_be_knocked_out_are_an_error_of_their_request(
    architecture, layers, said, opened, question
):
    requests = [knocked(question(picture=1), KnockOut(LEFT.boxes, layers)), knocked(question(picture=2))]
    wrong, right = sorted(opened(architecture).generate(requests), key=lambda answer: answer.index)
    assert said in wrong.error
    assert right.error is None


def registered(network):
    return [
        hook
        for module in network.modules()
        for hook in (*module._forward_hooks.values(), *module._forward_pre_hooks.values())
    ]


@everywhere
def test_the_network_is_left_as_it_was_even_after_an_error(architecture, opened, question):
    model, request = opened(architecture), question(picture=1)
    (before,) = model.generate([request])
    inputs = model._placed(model._chat.inputs([request]))
    hooks = registered(model.network)
    with pytest.raises(KeyError), model._knocked_out(model.network, inputs, [knocked(request)]):
        assert len(registered(model.network)) > len(hooks)
        raise KeyError
    assert registered(model.network) == hooks
    (after,) = model.generate([request])
    assert after.text == before.text


@everywhere
def test_attention_is_taken_and_knocked_out_together_and_neither_is_left_behind(
    architecture, opened, question
):
    model, request = opened(architecture), knocked(question(picture=1))
    inputs = model._placed(model._chat.inputs([request]))
    (found,) = layouts(model, inputs, [request])
    hidden = torch.from_numpy(knocking.hidden_keys(found, LEFT, 80, 60))
    listener = Weights(found.layers)
    with (
        torch.inference_mode(),
        model._knocked_out(model.network, inputs, [request]),
        captured(model.network, listener),
    ):
        taken = model.network(**inputs).logits
    assert sorted(listener.last) == list(found.layers)
    for weights in listener.last.values():
        assert float(weights[:, hidden].max()) == 0.0
        assert weights.sum(-1).tolist() == pytest.approx([1.0] * len(weights))
    assert (taken - logits(model, [request])[0]).abs().max() < 1e-5
    assert {
        one.config._attn_implementation
        for one in model.network.get_decoder().modules()
        if hasattr(one, "config")
    } == {"sdpa"}


def test_a_place_is_out_when_the_boxes_cover_more_than_half_of_it_together(opened, question):
    model, request = opened("gemma3"), question(size=(40, 40))
    (found,) = layouts(model, model._chat.inputs([request]), [request])
    assert [(block.rows, block.columns) for block in found.blocks] == [(2, 2)]

    def out(*boxes):
        keys = knocking.hidden_keys(found, KnockOut(boxes), 40, 40)
        return sorted(np.flatnonzero(np.isin(found.keys, keys)).tolist())

    assert out(Box(0, 0, 11, 20)) == [0]
    assert out(Box(0, 0, 10, 20), Box(20, 0, 11, 20)) == [0, 1]
    assert out(Box(0, 0, 6, 20), Box(6, 0, 6, 20)) == [0]
    assert out(Box(0, 0, 6, 20), Box(0, 0, 6, 20), Box(20, 20, 20, 20)) == [0, 3]
    assert out(Box(-50, -50, 200, 200)) == [0, 1, 2, 3]


def test_a_box_smaller_than_a_place_takes_the_one_it_covers_most_of(opened, question):
    model, request = opened("gemma3"), question(size=(40, 40))
    (found,) = layouts(model, model._chat.inputs([request]), [request])
    keys = knocking.hidden_keys(found, KnockOut((Box(18, 22, 6, 6),)), 40, 40)
    assert keys.tolist() == [found.keys[3]]
    both = KnockOut((Box(0, 0, 20, 20), Box(15, 15, 4, 4), Box(25, 25, 4, 4)))
    assert knocking.hidden_keys(found, both, 40, 40).tolist() == found.keys[[0, 3]].tolist()


@pytest.mark.parametrize(
    ("boxes", "columns", "rows"),
    [
        ((Box(0, 0, 160, 30), Box(0, 30, 4, 130), Box(156, 30, 4, 130)), range(16), range(3)),
        ((Box(0, 0, 30, 160), Box(156, 0, 4, 160)), range(3), range(16)),
        ((Box(0, 0, 30, 160), Box(155, 95, 5, 5)), range(3), range(16)),
        ((Box(156, 0, 4, 160),), (15,), (0,)),
    ],
)
def test_a_band_narrower_than_half_a_place_leaves_what_it_runs_along(boxes, columns, rows):
    """The background around a person comes in bands, and most of the places beside a narrow one show the person."""
    block = Block("picture", 16, 16, Box(0, 0, 160, 160))
    found = Layout((block,), np.arange(256), {}, False, (0,), 256)
    expected = {16 * row + column for row in rows for column in columns}
    small = {16 * 9 + 15} if Box(155, 95, 5, 5) in boxes else set()
    assert set(knocking.hidden_keys(found, KnockOut(boxes), 160, 160).tolist()) == expected | small


def test_what_is_small_in_the_whole_picture_is_out_there_as_well_as_in_the_crop_that_shows_it_larger():
    blocks = (Block("picture", 2, 2, Box(0, 0, 80, 40)), Block("crop 1", 4, 4, Box(0, 0, 40, 40)))
    crops = (*blocks, Block("crop 2", 4, 4, Box(40, 0, 40, 40)))
    found = Layout(crops, np.arange(36), {}, False, (0,), 36)

    def out(*boxes):
        return knocking.hidden_keys(found, KnockOut(boxes), 80, 40).tolist()

    assert out(Box(0, 0, 10, 10)) == [0, 4]
    assert out(Box(30, 30, 11, 10)) == [2, 19]
    assert out(Box(42, 2, 2, 2)) == [1, 20]
    assert out(Box(0, 0, 40, 20)) == [0, 4, 5, 6, 7, 8, 9, 10, 11]


def test_class_tokens_and_padding_go_with_the_last_of_the_picture(opened, question):
    model, request = opened("llama"), question()
    (found,) = layouts(model, model._chat.inputs([request]), [request])
    part = set(knocking.hidden_keys(found, LEFT, 80, 60).tolist())
    others = {int(key) for keys in found.others.values() for key in keys}
    assert part
    assert not part & others
    whole = knocking.hidden_keys(found, WHOLE, 80, 60)
    assert sorted(whole) == sorted({*found.keys.tolist(), *others})


def test_models_that_can_say_so_and_those_that_cannot_say_why(opened, question, monkeypatch):
    for architecture in ARCHITECTURES:
        model = opened(architecture)
        assert isinstance(model, KnocksOut)
        model.require_knock_out()
    monkeypatch.setattr(model.network.config, "model_type", "idefics3")
    with pytest.raises(ModelError, match="idefics3"):
        model.require_knock_out()
    (answer,) = model.generate([knocked(question())])
    assert "idefics3" in answer.error
    monkeypatch.undo()
    monkeypatch.setattr(
        model.network.get_decoder().config, "_attn_implementation_internal", "flash_attention_2"
    )
    with pytest.raises(ModelError, match="flash_attention_2"):
        model.require_knock_out()
