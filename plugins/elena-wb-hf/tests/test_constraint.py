"""Answers held to a JSON Schema are valid, whatever the weights."""

from __future__ import annotations

import json
import sys

import jsonschema
import pytest
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider

from elena_wb.core import SetupError

ARCHITECTURES = ("gemma3", "llama", "llava", "qwen")
SCHEMA = {
    "type": "object",
    "properties": {
        "emotion": {"enum": ["happiness", "sadness", "fear", "überrascht"]},
        "valence": {"type": "integer", "minimum": 1, "maximum": 10},
        "body_parts": {"type": "array", "items": {"enum": ["hand", "arm", "torso"]}, "maxItems": 3},
        "note": {"type": "string", "maxLength": 8},
    },
    "required": ["emotion", "valence", "body_parts", "note"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def _library():
    pytest.importorskip("llguidance", reason="pip install 'elena-wb-hf[constrained]'")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_answer_of_a_random_model_fits_the_schema(architecture, opened, question):
    model = opened(architecture, constrained=True, batch_size=6)
    requests = [
        question(picture=n, seed=n, temperature=n % 2 * 1.5, schema=SCHEMA, max_tokens=300) for n in range(6)
    ]
    answers = list(model.generate(requests))
    assert [answer.finish_reason for answer in answers] == ["stop"] * 6
    for answer in answers:
        jsonschema.validate(json.loads(answer.text), SCHEMA)
    assert len({answer.text for answer in answers}) > 1


def test_rows_without_a_schema_are_free(opened, question):
    requests = [question(schema=SCHEMA, max_tokens=300), question(max_tokens=20)]
    free = {answer.index: answer.text for answer in opened("llava", constrained=True).generate(requests)}[1]
    (unconstrained,) = opened("llava").generate(requests[1:])
    assert free == unconstrained.text


def test_a_schema_is_ignored_unless_it_is_asked_for(opened, question):
    (with_schema,) = opened("llava").generate([question(schema=SCHEMA)])
    (without,) = opened("llava").generate([question()])
    assert with_schema.text == without.text


def test_a_schema_that_cannot_be_enforced_is_an_error_of_its_request(opened, question):
    (answer,) = opened("llava", constrained=True).generate([question(schema={"type": "nonsense"})])
    assert "JSON Schema" in answer.error


def test_a_missing_library_is_named_with_the_command_that_installs_it(folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "llguidance", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SetupError, match="llguidance") as caught:
        HFProvider().open(str(folders["llava"]), HFOptions(constrained=True))
    assert caught.value.hint == "Run: pip install 'elena-wb-hf[constrained]'"
