"""Answers held to a JSON Schema parse, whatever is sampled and wherever the limit of tokens falls."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
from elena_wb_gguf.asking import Answer, asked
from elena_wb_gguf.choosing import Grammar
from elena_wb_gguf.engine import Engine
from elena_wb_gguf.grammar import GrammarError, json_grammar
from elena_wb_gguf.native import EngineError
from elena_wb_gguf.testing import loaded_engine

from elena_wb.core import Request, Sampling

LABELS = ["Happiness", "Sadness", 'Überraschung "so\\lala"', "Angst\n"]
STRUCTURED = {
    "type": "object",
    "properties": {
        "emotion": {"type": "string", "enum": LABELS},
        "why": {"type": "string"},
        "valence": {"type": "integer", "minimum": 1, "maximum": 9},
        "parts": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 4},
        "weight": {"type": "number"},
        "aside": {"type": "string"},
    },
    "required": ["why", "emotion", "valence", "parts", "weight"],
    "additionalProperties": False,
}
NESTED = {
    "type": "object",
    "properties": {
        "space": {"type": "array", "items": {"type": "object", "properties": {"char": {"type": "boolean"}}}},
        "root": {"anyOf": [{"type": "null"}, {"$ref": "#/properties/number"}]},
        "number": {"type": "object", "properties": {'é"k': {"type": "string"}}, "required": ['é"k']},
    },
    "required": ["space", "root", "number"],
}
LABEL = {"type": "object", "properties": {"emotion": {"enum": ["Happiness", "Sadness", "Anger", "Surprise"]}}}
LABEL |= {"required": ["emotion"], "additionalProperties": False}


@pytest.fixture(scope="module")
def engine(exported: Any) -> Iterator[Engine]:
    engine = loaded_engine(*exported())
    yield engine
    engine.free()


def answer(engine: Engine, request: Request) -> Answer:
    return engine.answer(asked(request, 1), request.image)


@pytest.mark.parametrize(
    "schema",
    [
        STRUCTURED,
        NESTED,
        {"type": "object"},
        {"type": "object", "properties": {"any": {}}, "required": ["any"]},
        {"type": "string"},
        {"type": "array", "items": {"type": "number"}},
    ],
)
def test_answers_sampled_at_a_high_temperature_parse_and_fit_whatever_the_limit(
    engine: Engine, question: Callable[..., Request], schema: dict[str, Any]
) -> None:
    chance = random.Random(3)
    for seed in range(8):
        sampling = Sampling(temperature=chance.choice([0.0, 1.5, 1.5, 4.0]), top_p=chance.choice([1.0, 0.9]))
        request = question(schema=schema, sampling=sampling, seed=seed, max_tokens=chance.randint(130, 260))
        written = answer(engine, request)

        jsonschema.validate(json.loads(written.text), schema)
        written.text.encode()  # no half characters
        assert written.completion_tokens is not None
        assert written.completion_tokens <= request.max_tokens


def test_an_answer_that_was_closed_for_want_of_tokens_says_so(
    engine: Engine, question: Callable[..., Request]
) -> None:
    sampling = Sampling(temperature=1.5)
    endless = {
        "type": "object",
        "properties": {"all": {"type": "array", "items": {"const": "again and again"}, "maxItems": 90}},
        "required": ["all"],
    }
    closed = answer(engine, question(schema=endless, sampling=sampling, max_tokens=60))
    free = answer(engine, question(schema=LABEL, max_tokens=60))

    assert closed.finish_reason == "length"
    json.loads(closed.text)
    assert free.finish_reason == "stop"
    json.loads(free.text)


def test_a_limit_below_the_shortest_answer_is_told_as_length(
    engine: Engine, question: Callable[..., Request]
) -> None:
    assert answer(engine, question(schema=STRUCTURED, max_tokens=5)).finish_reason == "length"


def test_keys_come_in_the_order_of_the_schema_on_one_line(
    engine: Engine, question: Callable[..., Request]
) -> None:
    text = answer(engine, question(schema=STRUCTURED, max_tokens=200)).text

    assert list(json.loads(text))[:5] == ["emotion", "why", "valence", "parts", "weight"]
    assert "\n" not in text


def test_labels_are_written_in_their_own_letters() -> None:
    assert "Überraschung" in json_grammar(STRUCTURED)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "fancy"},
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "#/nowhere"},
        {"type": "string", "pattern": "^(?=a)b$"},
        {"type": "string", "pattern": "unanchored"},
        {"properties": 7},
        {"type": "array", "items": {"type": "string"}, "minItems": 10**7},
    ],
)
def test_a_schema_that_makes_no_grammar_fails_its_request_alone(
    engine: Engine, question: Callable[..., Request], schema: dict[str, Any]
) -> None:
    with pytest.raises(EngineError, match="JSON Schema"):
        answer(engine, question(schema=schema))

    assert json.loads(answer(engine, question(schema=LABEL)).text)["emotion"]


def test_a_damaged_grammar_is_an_error_and_no_crash(engine: Engine) -> None:
    for source in ("root ::= (", 'root ::= root "a"', "root ::= nowhere"):
        with pytest.raises(EngineError):
            Grammar(engine.model, source)


def test_bounds_of_lengths_are_kept_where_they_are_near_and_left_out_where_they_are_far() -> None:
    near = json_grammar({"type": "string", "maxLength": 3})
    far = json_grammar({"type": "string", "maxLength": 10**9})

    assert near.count("char") > 2
    assert "char*" in far


def test_schemas_are_held_to_what_json_knows() -> None:
    with pytest.raises(GrammarError):
        json_grammar({"enum": [object()]})


def test_labels_come_with_their_probabilities(engine: Engine, question: Callable[..., Request]) -> None:
    written = answer(engine, question("Tell what this person feels, as full JSON.", system="", schema=LABEL))
    scores = written.label_logprobs
    label = json.loads(written.text)["emotion"]

    assert set(scores) <= {"Happiness", "Sadness", "Anger", "Surprise"}
    assert max(scores, key=lambda one: scores[one]) == label
    assert all(score <= 0.0 for score in scores.values())


def test_without_constraint_the_model_writes_freely(exported: Any, question: Callable[..., Request]) -> None:
    engine = loaded_engine(*exported(), constrained=False)
    try:
        request = question("Tell what this person feels.", system="", schema={"type": "array"}, max_tokens=30)
        assert not answer(engine, request).text.startswith("[")
        assert answer(engine, question(schema={"type": "fancy"})).text
    finally:
        engine.free()


def test_an_answer_that_ends_in_time_is_the_one_written_freely(
    engine: Engine, question: Callable[..., Request]
) -> None:
    """Also where the schema, spelt letter by letter, would not fit into the limit of tokens."""
    labels = ["Happiness", "Sadness", "Fear", "Anger", "Surprise", "Disgust", "Neutral"]
    fields: dict[str, Any] = {"emotion": {"type": "string", "enum": labels}}
    fields |= {name: {"type": "integer", "minimum": 1, "maximum": 10} for name in ("valence", "arousal")}
    fields["dominance"] = fields["valence"]
    fields["body_parts"] = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 4}
    for name in ("explicit_description", "implicit_description", "narrative"):
        fields[name] = {"type": "string"}
    schema = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    settings: dict[str, Any] = {"system": "", "max_tokens": 176}
    free = answer(engine, question("Tell what this person feels, as full JSON.", **settings))
    held = answer(engine, question("Tell what this person feels, as full JSON.", schema=schema, **settings))

    assert free.finish_reason == held.finish_reason == "stop"
    assert held.text == free.text
