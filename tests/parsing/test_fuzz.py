"""No text makes the parser raise, hang, or return what cannot be stored."""

import json
import time
from dataclasses import asdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elena_wb.parsing import parse
from elena_wb.vocabulary import load_scheme

EKMAN = load_scheme("ekman7")
FIELDS = ("narrative", "body_parts", "emotion", "valence", "arousal", "dominance")
KEYS = st.sampled_from([*FIELDS, "Emotion", "category", "vad", "explicit_description", "x"])
TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.sampled_from(["Sad", "7/10", "hands and feet"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | TEXT, inner, max_size=4),
    max_leaves=12,
)


def check(text: str) -> None:
    began = time.monotonic()
    for finish_reason in ("stop", "length"):
        answer = parse(text, scheme=EKMAN, fields=FIELDS, finish_reason=finish_reason)  # type: ignore[arg-type]
        json.dumps(asdict(answer), ensure_ascii=False, allow_nan=False).encode("utf-8")
        assert answer.status in ("ok", "unparsed", "refused")
        assert answer.emotion in {None, *EKMAN.names}
        for number in (answer.valence, answer.arousal, answer.dominance):
            assert number is None or 1 <= number <= 10
        assert "\x00" not in str(asdict(answer).values())
        assert len(answer.body_parts) <= 64
    assert time.monotonic() - began < 5


@given(st.text(st.characters(exclude_categories=())))
def test_any_text(text):
    check(text)


@given(st.text("{}[]\":,\\`' \n1.emotion", max_size=200))
def test_text_made_of_structure(text):
    check(text)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(VALUES)
def test_any_json_value(value):
    check(json.dumps(value))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=6), st.data())
def test_mutated_answers(content, data):
    text = json.dumps(content, ensure_ascii=data.draw(st.booleans()))
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 5))
        text = text[:place] + data.draw(st.text('{}[]":,\\ \x00\ud800', max_size=3)) + text[place + length :]
    check(text[: data.draw(st.integers(0, len(text)))])


@pytest.mark.parametrize(
    "unit",
    [
        "[", '{"a":', '{"', '["', '{"a" ', '"', '"}{', "```{", "`", "emotion: ", "a: \n", '{"emotion":[', "\\",
        '{"a":"x\\', " ", "\n", '{"a": "x", y', "i faces ", "I am sorry ", "no facial ", "1. Category: ", "{'a'b ", "}",
        "sad ", '{"body_parts":', '"emotion":', "\x00", "\ud800", "9", "-", "{emotion:", "/*", "//", "emotion: (",
        "7 - ",
    ],
)  # fmt: skip
def test_a_million_characters_end_quickly(unit):
    text = unit * (1_000_000 // len(unit))
    began = time.monotonic()
    parse(text, scheme=EKMAN, fields=FIELDS, finish_reason="stop")
    parse('{"emotion": "Sad", "body_parts": "' + text, scheme=EKMAN, fields=FIELDS, finish_reason="length")
    assert time.monotonic() - began < 5
