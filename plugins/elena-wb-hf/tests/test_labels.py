"""The probabilities of labels that a model tells along with its answer."""

from __future__ import annotations

import json
import math

import pytest
import torch
from elena_wb_hf.labels import LabelListener, Pieces
from transformers import LogitsProcessorList

LABELS = ["Anger", "Fear", "Sadness", "Surprise"]
SCHEMA = {
    "type": "object",
    "properties": {
        "emotion": {"type": "string", "enum": LABELS},
        "valence": {"type": "integer", "minimum": 1, "maximum": 9},
    },
    "required": ["emotion", "valence"],
    "additionalProperties": False,
}
ARCHITECTURES = ("gemma3", "llama", "llava", "qwen")


def asked(question, count=3, **fields):
    fields = {"schema": SCHEMA, "max_tokens": 40, **fields}
    return [question("Which? " * (n + 1), picture=n, seed=n, **fields) for n in range(count)]


def expected(model, request, answer):
    """From one forward pass over question and answer: a label by its first letter, S by the second as well."""
    tokenizer = model._chat.processor.tokenizer
    inputs = model._placed(model._chat.inputs([request]))
    before = answer.text.index(': "') + 3
    shown = torch.tensor([tokenizer.encode(answer.text[: before + 1], add_special_tokens=False)])
    inputs["input_ids"] = torch.cat([inputs["input_ids"], shown], 1)
    for name, value in inputs.items():
        if name in ("attention_mask", "token_type_ids"):
            filler = value.new_full(shown.shape, int(name == "attention_mask"))
            inputs[name] = torch.cat([value, filler], 1)
        elif name == "cross_attention_mask":
            inputs[name] = torch.cat([value, value[:, -1:].expand(-1, shown.shape[1], -1, -1)], 1)
        elif name == "mm_token_type_ids":
            inputs[name] = torch.cat([value, torch.zeros_like(shown)], 1)
    with torch.inference_mode():
        probabilities = model.network(**inputs).logits[0].float().softmax(-1)

    def letter(place, one):
        return sum(
            float(probabilities[place, tokenizer.convert_tokens_to_ids(form)])
            for form in (one.lower(), one.upper())
        )

    scores = {"Anger": letter(-2, "a"), "Fear": letter(-2, "f")}
    first = answer.text[before]
    if first in "sS":
        chosen = float(probabilities[-2, tokenizer.convert_tokens_to_ids(first)])
        scores |= {"Sadness": chosen * letter(-1, "a"), "Surprise": chosen * letter(-1, "u")}
    return scores


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("temperature", [0.0, 2.0])
def test_labels_have_the_probability_that_the_network_gives_them_unrestricted(
    architecture, temperature, opened, question
):
    model = opened(architecture, constrained=True)
    requests = asked(question, temperature=temperature)
    for answer in model.generate(requests):
        assert json.loads(answer.text)["emotion"] in LABELS
        found = {label: math.exp(log) for label, log in answer.label_logprobs.items()}
        assert found == pytest.approx(expected(model, requests[answer.index], answer), rel=1e-4)


def test_a_request_without_labels_has_no_probabilities_beside_one_that_has(opened, question):
    model = opened("qwen", constrained=True)
    free = {"type": "object", "properties": {"emotion": {"type": "string"}}}
    requests = [*asked(question, 1), *asked(question, 1, schema=None), *asked(question, 1, schema=free)]
    assert [bool(answer.label_logprobs) for answer in model.generate(requests)] == [True, False, False]


def test_an_answer_that_names_no_label_has_no_probabilities(opened, question):
    for answer in opened("llava").generate(asked(question)):
        assert answer.label_logprobs == {}
        assert answer.error is None


def test_listening_changes_no_score(opened, question):
    model = opened("gemma3")
    listener = LabelListener(asked(question, 2), 3, Pieces(model._chat.processor.tokenizer))
    scores = torch.randn(2, 300)
    assert LogitsProcessorList([listener])(torch.zeros(2, 3, dtype=torch.long), scores) is scores


def test_of_a_long_answer_only_the_scores_at_the_label_are_kept(opened, question):
    model = opened("gemma3")
    tokenizer = model._chat.processor.tokenizer
    listener = LabelListener(asked(question, 1), 1, Pieces(tokenizer))
    written = tokenizer.encode(
        '{"emotion": "Fear", "valence": 3, "story": "' + "x" * 200, add_special_tokens=False
    )
    ids = torch.tensor([[0, *written]])
    for length in range(1, ids.shape[1]):
        listener(ids[:, :length], torch.zeros(1, len(tokenizer)))
    (row,) = listener._rows
    assert row is not None
    assert len(row._heard) == len(': "Fear"')
    assert all(heard.logs is None for heard in row._heard.values())
    assert listener.logprobs(0, written)["Anger"] == pytest.approx(math.log(2 / len(tokenizer)))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_pieces_of_an_answer_make_up_its_text(architecture, opened):
    tokenizer = opened(architecture)._chat.processor.tokenizer
    pieces, text = Pieces(tokenizer), ' {"emotion": "Fear "}\n  x'
    assert "".join(map(pieces.of, tokenizer.encode(text, add_special_tokens=False))) == text
    assert [pieces.of(token) for token in tokenizer.all_special_ids] == [""] * len(tokenizer.all_special_ids)
