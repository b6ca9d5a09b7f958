"""Odd texts, questions that cannot be answered, and failures while attention is taken."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
import torch
from elena_wb_hf import capture
from elena_wb_hf.capture import NAME, captured
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider
from elena_wb_hf.rows import Answer, Rows, continued

from elena_wb.core import AttentionQuestion, Box, KnockOut, ModelError, OutOfMemoryError, Target, UsageError
from tests.eagerly import TARGETS, TEXT

SIGNS = {
    "gemma3": "<image_soft_token><start_of_image>",
    "llama": "<|image|>",
    "llava": "<image>",
    "qwen": "<|vision_start|><|image_pad|>",
}


@pytest.mark.parametrize("architecture", SIGNS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        '{"emotion": "jo',
        "broken \ud83d half",
        "\ufffd\x00\u202eéé",
        "👩‍👩‍👧 👐🏽",
        "IMAGE <end_of_turn> IMAGE",
        "a\n" * 200,
    ],
)
def test_any_text_can_be_looked_at(architecture, text, opened, question):
    text = text.replace("IMAGE", SIGNS[architecture])
    targets = (Target("answer", ((0, len(text)),)), Target("beyond", ((len(text), 10**9),)))
    record = opened(architecture).attend(question(), text, AttentionQuestion(targets))
    assert np.isnan(record.weights[0]).any() == (text == "")
    assert record.tokens[1] == 0
    assert np.isnan(record.weights[1]).all()
    assert all(np.isnan(kind[1]).all() for kind in record.elsewhere.values())
    assert np.isfinite(record.baseline).all()


def test_a_character_of_several_tokens_is_all_of_them(opened):
    tokenizer = opened("qwen")._chat.processor.tokenizer
    answer = Answer.read(tokenizer, "a👐 b", "tiny")
    assert len(answer.tokens) == len("a👐 b".encode())
    assert answer.places(Target("hands", ((1, 2),))) == [1, 2, 3, 4]
    assert answer.places(Target("two", ((0, 1), (3, 4)))) == [0, 6]
    assert answer.places(Target("none", ((1, 1), (9, 12)))) == []


def test_the_token_before_the_answer_chooses_its_first_token(opened, question):
    model = opened("llava")
    record = model.attend(
        question(), "joy", AttentionQuestion((Target("j", ((0, 1),)), Target("y", ((2, 3),))))
    )
    assert record.first_token == (0, 2)
    assert record.tokens == (1, 1)
    assert record.elsewhere["answer"][0].max() == 0  # before it nothing of the answer was there
    assert record.elsewhere["answer"][1].min() > 0


def test_a_tokenizer_without_offsets_is_refused_by_name():
    class Slow:
        is_fast = False

    with pytest.raises(ModelError, match="gemma-9"):
        Answer.read(Slow(), "joy", "gemma-9")


def test_an_input_that_cannot_be_continued_is_refused_by_name():
    inputs = {"input_ids": torch.ones(1, 5, dtype=torch.int64), "scent_ids": torch.ones(1, 5)}
    with pytest.raises(ModelError, match="scent_ids"):
        continued(inputs, [1, 2])


@pytest.mark.parametrize("layers", [(2,), (0, 7), (-2,)])
def test_a_layer_that_does_not_exist_is_a_mistake_of_the_user(layers, opened, question):
    with pytest.raises(UsageError, match="does not exist") as raised:
        opened("gemma3").attend(question(), TEXT, AttentionQuestion(TARGETS, layers=layers))
    assert "0-1" in raised.value.hint


def test_a_layer_that_sees_no_picture_is_a_mistake_of_the_user(opened, question):
    model = opened("llama")
    with pytest.raises(UsageError, match="sees no picture") as raised:
        model.attend(question(), TEXT, AttentionQuestion(TARGETS, layers=(0,)))
    assert raised.value.hint == "Layers that see it: 1."
    assert model.attend(question(), TEXT, AttentionQuestion(TARGETS, layers=(-1, 1))).layers == (1,)


@pytest.mark.parametrize(("method", "heads"), [("grad-cam", "mean"), ("raw", "median"), ("rollout", "each")])
def test_an_unknown_method_is_a_mistake_of_the_user(method, heads, opened, question):
    with pytest.raises(UsageError):
        opened("gemma3").attend(question(), TEXT, AttentionQuestion(TARGETS, heads=heads, method=method))


def test_a_closed_model_looks_at_nothing(folders, question):
    model = HFProvider().open(str(folders["llava"]), HFOptions(dtype="float32", device="cpu"))
    model.close()
    with pytest.raises(ModelError, match="closed"):
        model.attend(question(), TEXT, AttentionQuestion(TARGETS))
    with pytest.raises(ModelError, match="closed"):
        model.attention_methods()


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), OutOfMemoryError),
        (RuntimeError("a shape is wrong"), ModelError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
@pytest.mark.parametrize("method", ["raw", "gradient"])
def test_a_failure_in_the_middle_leaves_the_network_as_it_was(
    raised, expected, method, opened, question, monkeypatch
):
    model = opened("gemma3")

    def fail(*_args):
        raise raised

    with monkeypatch.context() as patch, pytest.raises(expected):
        patch.setattr(capture.Heard, "probabilities", fail)
        model.attend(question(), TEXT, AttentionQuestion(TARGETS, method=method))
    assert model.network.config.get_text_config()._attn_implementation == "sdpa"
    assert all(weight.requires_grad for weight in model.network.parameters())
    assert model.attend(question(), TEXT, AttentionQuestion(TARGETS, method=method)).weights.max() > 0


def test_layers_that_cannot_be_heard_are_an_error(opened, question, monkeypatch):
    model = opened("llava")
    for layer in model.network.get_decoder().layers[1:]:
        monkeypatch.setattr(layer.self_attn, "layer_idx", None)
    for method in ("raw", "gradient"):
        with pytest.raises(ModelError, match="Nothing was heard of the attention of layer 1"):
            model.attend(question(), TEXT, AttentionQuestion(TARGETS, method=method))


@pytest.mark.parametrize("option", ["softcap", "s_aux"])
def test_attention_of_a_kind_that_is_not_followed_is_refused_by_name(option):
    module = torch.nn.Linear(1, 1)
    with pytest.raises(ModelError, match="Linear"):
        capture._attention(module, *[torch.zeros(1, 1, 2, 4)] * 3, None, **{option: 1.0})


def test_captures_wait_for_each_other_and_hear_only_their_own_thread(opened, question):
    models = [opened("llava"), opened("qwen")]
    asked = [question(picture=number) for number in (1, 2)]
    alone = [
        model.attend(request, TEXT, AttentionQuestion(TARGETS))
        for model, request in zip(models, asked, strict=True)
    ]
    found = {}

    def look(number):
        for _ in range(3):
            found[number] = models[number].attend(asked[number], TEXT, AttentionQuestion(TARGETS))

    threads = [threading.Thread(target=look, args=(number,)) for number in (0, 1)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    for number, record in enumerate(alone):
        assert np.array_equal(found[number].weights, record.weights)


def test_another_thread_is_not_heard(opened, question):
    model = opened("llava")

    class Nobody:
        def wants(self, layer):
            raise AssertionError

    answer = next(iter(model.generate([question()]))).text
    heard = []
    with captured(model.network, Nobody()):
        assert model.network.config.get_text_config()._attn_implementation == NAME
        thread = threading.Thread(target=lambda: heard.extend(model.generate([question()])))
        thread.start()
        thread.join()
    assert [response.text for response in heard] == [answer]


@pytest.mark.parametrize("architecture", ["gemma3", "llama", "qwen"])
@pytest.mark.parametrize("method", ["raw", "gradient"])
def test_what_is_knocked_out_is_not_attended_to(architecture, method, opened, question):
    model, half = opened(architecture), KnockOut((Box(0, 0, 80, 30),))
    asked = AttentionQuestion(TARGETS, method=method)
    free = model.attend(question(), TEXT, asked)
    hidden = model.attend(question(knock_out=half), TEXT, asked)
    middles = [
        (place.x + place.w / 2, place.y + place.h / 2)
        for block in free.blocks
        for place in map(block.place, range(block.places))
    ]
    upper = [x < 80 and y < 30 for x, y in middles]
    inside = np.array(upper) & (np.nan_to_num(free.weights).max((0, 1, 2)) > 0)
    assert inside.any()
    assert hidden.weights[..., inside].max() == 0
    assert hidden.weights.max() > 0
    assert hidden.notes == ()
    assert np.array_equal(model.attend(question(), TEXT, asked).weights, free.weights)


def test_a_picture_knocked_out_as_a_whole_is_told_of_where_it_leaves_nothing(opened, question):
    whole = question(knock_out=KnockOut((Box(0, 0, 80, 60),)))
    (note,) = opened("llama").attend(whole, TEXT, AttentionQuestion(TARGETS)).notes
    assert "reach no word" in note
    assert opened("gemma3").attend(whole, TEXT, AttentionQuestion(TARGETS)).weights.max() == 0


def test_of_a_long_question_some_rows_evenly_spread_are_the_baseline():
    answer = Answer((1, 2), ((0, 1), (1, 2)))
    rows = Rows.of_targets(answer, (Target("b", ((1, 2),)),), 1000, range(100, 999))
    assert rows.at.tolist() == [*range(100, 999, 15), 1000]
    assert rows.shares.sum(1).tolist() == pytest.approx([1, 1])
    short = Rows.of_targets(answer, (), 300, range(240, 299))
    assert short.at.tolist() == list(range(240, 299))
    assert Rows.of_targets(answer, (), 3, range(3, 2)).shares.shape == (1, 0)
