"""From tokens to labels, however a tokenizer splits the answer."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.remote.logprobs import TokenLogprob, label_logprobs

LABELS = ["Happiness", "Sadness", "Surprise", "Fear"]
SCHEMA = {
    "type": "object",
    "properties": {
        "narrative": {"type": "string"},
        "emotion": {"type": "string", "enum": LABELS},
        "valence": {"type": "integer"},
    },
}


def _log(share: float) -> float:
    return math.log(share)


def _token(token: str, share: float = 1.0, **others: float) -> TokenLogprob:
    alternatives = [(token, _log(share)), *((text, _log(other)) for text, other in others.items())]
    return TokenLogprob(token, _log(share), alternatives)


def _shares(tokens: list[TokenLogprob], schema=SCHEMA) -> dict[str, float]:
    return {label: round(math.exp(one), 6) for label, one in label_logprobs(tokens, schema).items()}


def test_labels_that_differ_in_their_first_token_are_scored_there() -> None:
    tokens = [
        _token('{"'),
        _token("emotion"),
        _token('": "'),
        _token("Fear", 0.6, Happiness=0.3, Sad=0.05, x=0.01),
        _token('"}'),
    ]
    assert _shares(tokens) == {"Fear": 0.6, "Happiness": 0.3, "Sadness": 0.05}


def test_labels_with_a_first_token_in_common_are_scored_where_they_part() -> None:
    tokens = [
        _token('{"emotion": "'),
        _token("S", 0.8, F=0.15, H=0.05),
        _token("ur", 0.75, ad=0.2, un=0.05),
        _token('prise"}'),
    ]
    assert _shares(tokens) == {"Fear": 0.15, "Happiness": 0.05, "Surprise": 0.6, "Sadness": 0.16}


def test_branches_that_were_not_taken_and_could_be_several_labels_are_left_out() -> None:
    tokens = [_token('{"emotion": "'), _token("Fear", 0.7, S=0.3), _token('"}')]
    assert _shares(tokens) == {"Fear": 0.7}


def test_several_tokens_that_stand_for_one_label_are_added() -> None:
    tokens = [_token('{"emotion": "'), _token("Fe", 0.4, Fear=0.3, fear=0.1, F=0.1), _token('ar"}')]
    assert _shares(tokens) == {"Fear": 0.9}


def test_a_label_that_begins_another_is_told_apart_by_its_end() -> None:
    schema = {"properties": {"emotion": {"enum": ["sad", "sadness", "joy"]}}}
    tokens = [_token('{"emotion":"'), _token("sad", 0.9, joy=0.1), _token('"', 0.6, ness=0.4), _token("}")]
    assert _shares(tokens, schema) == {"joy": 0.1, "sad": 0.54, "sadness": 0.36}


@pytest.mark.parametrize(
    "pieces",
    [
        ['{"emotion": "', 'Fear"}'],
        ['{"emotion"', ":", ' "', "Fear", '"}'],
        ['{"emotion":"Fe', 'ar"}'],
        ['{\n  "emotion" :\n "', "Fear", '"\n}'],
        ['{"emotion": ', '"Fear"', "}"],
        ['```json\n{"narrative": "a \\"quoted\\" {brace}", "emotion": "', 'Fear"}\n```'],
        ['{"narrative": "\\"emotion\\": \\"Sadness\\"", "emo', 'tion": "', "Fear", '"}'],
        ['{"valence": 3, "list": [{"emotion": "Sadness"}], "emotion": "', "Fear", '"}'],
        ['Look, "emotion": it is here. {"emotion": "', "Fear", '"}'],
        ['{"emotion": "', " fear", '"}'],
        ['{"emotion": "', "Fear"],
        ["", '{"emotion": "', "", "Fear", '"}'],
    ],
)
def test_the_label_is_found_however_the_answer_is_laid_out_and_cut(pieces: list[str]) -> None:
    tokens = [_token(piece, 0.5) for piece in pieces]
    found = label_logprobs(tokens, SCHEMA)
    assert set(found) == {"Fear"}
    assert found["Fear"] < 0


def test_blanks_before_the_value_may_differ_between_alternatives() -> None:
    tokens = [
        _token('{"emotion":'),
        TokenLogprob(
            ' "Fear',
            _log(0.5),
            [(' "Fear', _log(0.5)), ('"Happiness', _log(0.2)), ('\n "Sad', _log(0.1)), (" {", _log(0.1))],
        ),
        _token('"}'),
    ]
    assert _shares(tokens) == {"Fear": 0.5, "Happiness": 0.2, "Sadness": 0.1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Fear",
        "{}",
        '{"emotion": 3}',
        '{"emotion": null}',
        '{"emotion": ["Fear"]}',
        '{"emotion": ',
        '{"emotion": "',
        '{"emotion": "Boredom"}',
        '{"emotion": "Sadness", "emotion": "Fear"}',
        '{"emotion": "Fear"} {"emotion": "Fear"}',
        '{"other": {"emotion": "Fear"}}',
        '["emotion", "Fear"]',
        '{"narrative": "emotion", "x": "Fear"}',
        '{"narrative": "unclosed, "emotion": "Fear"',
        "}}}{",
    ],
)
def test_nothing_is_told_where_the_answer_names_no_label_in_one_place(text: str) -> None:
    tokens = [_token(character, 0.9) for character in text]
    assert label_logprobs(tokens, SCHEMA) == {}


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {},
        {"properties": {}},
        {"properties": {"emotion": {"type": "string"}}},
        {"properties": {"emotion": {"enum": [1, None]}}},
        {"properties": {"emotion": True}},
    ],
)
def test_without_labels_in_the_schema_nothing_is_told(schema: object) -> None:
    assert label_logprobs([_token('{"emotion": "'), _token("Fear")], schema) == {}


def test_another_property_is_taken_where_no_emotion_lists_its_values() -> None:
    schema = {"properties": {"emotion": {"type": "string"}, "mood": {"enum": ["good", "bad", None]}}}
    tokens = [_token('{"emotion": "good", "mood": "'), _token("bad", 0.7, good=0.3), _token('"}')]
    assert _shares(tokens, schema) == {"bad": 0.7, "good": 0.3}


def test_labels_beyond_ascii_and_with_quotation_marks_are_read_as_json_writes_them() -> None:
    schema = {"properties": {"emotion": {"enum": ["Müdigkeit", 'so "so"', "Čas"]}}}
    for label in schema["properties"]["emotion"]["enum"]:
        for ascii_only in (True, False):
            written = json.dumps({"emotion": label}, ensure_ascii=ascii_only)
            assert set(label_logprobs([_token(one, 0.9) for one in written], schema)) == {label}


@pytest.mark.parametrize("bad", [-math.inf, math.nan, math.inf])
def test_numbers_that_are_none_do_not_count(bad: float) -> None:
    alternatives = [("Fear", _log(0.5)), ("Happiness", bad)]
    tokens = [_token('{"emotion": "'), TokenLogprob("Fear", _log(0.5), alternatives), _token('"}')]
    assert _shares(tokens) == {"Fear": 0.5}
    tokens = [
        _token('{"emotion": "'),
        TokenLogprob("S", bad, [("S", bad), ("Fear", _log(0.2))]),
        _token('ad"}'),
    ]
    assert set(_shares(tokens)) == {"Fear"}


@given(st.data())
def test_shares_of_a_whole_distribution_come_out_whatever_the_cuts(data: st.DataObject) -> None:
    """The exact distribution over labels is known; tokens are cut at random and tell the truth at each place."""
    labels = ["sad", "sadness", "surprise", "sure", "happy", "anger"]
    weights = [data.draw(st.floats(0.01, 1)) for _ in labels]
    shares = {label: weight / sum(weights) for label, weight in zip(labels, weights, strict=True)}
    chosen = data.draw(st.sampled_from(labels))
    rest, before, tokens = f'{chosen}"', "", [_token('{"emotion": "')]
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        options: dict[str, float] = {}
        still = {f'{label}"': share for label, share in shares.items() if f'{label}"'.startswith(before)}
        for whole, share in still.items():
            piece = whole[len(before) : len(before) + size]
            options[piece] = options.get(piece, 0.0) + share / sum(still.values())
        piece = rest[:size]
        tokens.append(
            TokenLogprob(piece, _log(options[piece]), [(text, _log(p)) for text, p in options.items()])
        )
        before, rest = before + piece, rest[size:]
    found = label_logprobs([*tokens, _token("}")], {"properties": {"emotion": {"enum": labels}}})
    assert chosen in found
    for label, one in found.items():
        assert math.isclose(math.exp(one), shares[label], rel_tol=1e-6)


@given(st.lists(st.tuples(st.text(max_size=12), st.floats()), max_size=40))
def test_whatever_a_server_sends_raises_nothing_and_gives_probabilities(
    sent: list[tuple[str, float]],
) -> None:
    tokens = [TokenLogprob(text, one, [(text[::-1], one)]) for text, one in sent]
    for found in (label_logprobs(tokens, SCHEMA), label_logprobs([_token('{"emotion": "'), *tokens], SCHEMA)):
        assert all(one <= 0 and math.isfinite(one) for one in found.values())
        assert set(found) <= set(LABELS)


def test_a_long_answer_is_read_in_good_time() -> None:
    text = '{"narrative": "' + 'a\\"b{' * 40_000 + '", "emotion": "Fear"}'
    tokens = [_token(text[start : start + 4], 0.9) for start in range(0, len(text), 4)]
    assert set(label_logprobs(tokens, SCHEMA)) == {"Fear"}
    hostile = [_token('{"' * 20_000), _token("{" * 100_000), _token('"\\' * 50_000)]
    assert label_logprobs(hostile, SCHEMA) == {}
