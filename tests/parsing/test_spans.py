"""Where the words of an answer stand in its raw text, and which words a user may ask for."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress

import pytest

from elena_wb.errors import UsageError
from elena_wb.parsing import parse
from elena_wb.parsing.spans import find_targets, parse_tokens
from elena_wb.parsing.tokens import matches
from elena_wb.vocabulary import load_scheme

SCHEME = load_scheme("ekman7")
EVERYTHING = ("emotion", "narrative", "explicit", "implicit", "parts", "answer")


def found_in(text: str, *wanted: str) -> tuple[dict[str, list[str]], list[str]]:
    """Name of each target → its words, as the answer was read by the parser; and the notes."""
    read = parse(text, scheme=SCHEME)
    targets, notes = find_targets(
        text,
        wanted or EVERYTHING,
        fields={
            "narrative": read.narrative,
            "explicit_description": read.explicit_description,
            "implicit_description": read.implicit_description,
        },
        emotion_raw=read.emotion_raw,
        phrases=[(part.phrase, part.part) for part in read.body_parts],
        emotion=read.emotion,
        scheme=SCHEME,
    )
    return {target.name: [text[start:end] for start, end in target.spans] for target in targets}, notes


def test_the_fields_of_a_json_answer_are_found_with_their_escapes() -> None:
    text = json.dumps(
        {
            "emotion": "Sadness",
            "body_parts": ["raised arms", "hands"],
            "explicit_description": "Arms\nup",
            "implicit_description": "Tränen 😢 kommen",
            "narrative": 'She said "no". Her hands fell, hands down.',
        }
    )
    found, notes = found_in(text)
    assert found["emotion"] == ["Sadness"]
    assert json.loads(f'"{found["narrative"][0]}"') == 'She said "no". Her hands fell, hands down.'
    assert json.loads(f'"{found["implicit"][0]}"') == "Tränen 😢 kommen"
    assert json.loads(f'"{found["explicit"][0]}"') == "Arms\nup"
    assert found["part:arms"] == ["raised arms"]
    assert found["part:hands"] == ["hands", "hands", "hands"]
    assert found["answer"] == [text]
    assert notes == []


def test_what_a_model_thinks_before_it_answers_is_not_looked_at() -> None:
    text = '<think>"emotion": "Joy"? Her hands…</think>\n{"emotion": "Fear", "body_parts": ["hands"]}'
    found, _ = found_in(text, "emotion", "parts", "answer", r"/[Hh]ands/")
    assert found["emotion"] == ["Fear"]
    assert found["part:hands"] == ["hands"]
    assert found["answer"] == ['{"emotion": "Fear", "body_parts": ["hands"]}']
    assert found["/[Hh]ands/"] == ["hands"]
    targets, _ = find_targets(text, ["emotion"], fields={}, emotion_raw="Fear", phrases=[])
    assert targets[0].spans[0][0] > text.index("</think>")


@pytest.mark.parametrize(
    ("text", "emotion", "narrative"),
    [
        ('```json\n{"category": "Fear", "narrative": "x y z"}\n```', "Fear", "x y z"),
        ('Sure: {"emotion":"Joy"} no, {"emotion":"Sadness","narrative":"a b"}', "Sadness", "a b"),
        ('{"emotion": "Anger", "narrative": "He said "stop" to her."}', "Anger", 'He said "stop" to her.'),
        ("{'emotion': 'Anger', 'narrative': 'He left'", "Anger", "He left"),
        ('{"emotion":"Sadness","narrative":"cut off here and', "Sadness", "cut off here and"),
        ("**Emotion:** Anger\n**Narrative:** He is\nvery angry.", "Anger", "He is\nvery angry."),
        ("1. Category: Sad\n2. Story: The day ends.", "Sad", "The day ends."),
        ('{"result": {"emotion": "Sad", "story": "The day ends."}}', "Sad", "The day ends."),
    ],
)
def test_the_fields_of_answers_in_other_forms_are_found(text: str, emotion: str, narrative: str) -> None:
    found, _ = found_in(text, "emotion", "narrative")
    assert found == {"emotion": [emotion], "narrative": [narrative]}


def test_a_bare_label_is_an_emotion_and_no_narrative() -> None:
    found, notes = found_in("Sad.", "emotion", "narrative")
    assert found == {"emotion": ["Sad."]} or found == {"emotion": ["Sad"]}
    assert notes == ["narrative: not in the answer"]


def test_the_emotion_of_a_sentence_is_the_word_that_names_it_and_the_sentence_the_narrative() -> None:
    text = "The person appears to be sad, with drooping shoulders."
    found, _ = found_in(text, "emotion", "narrative")
    assert found == {"emotion": ["sad"], "narrative": [text]}


def test_a_part_said_in_a_mapping_is_found_by_its_own_name() -> None:
    found, notes = found_in('{"emotion":"Fear","body_parts":{"left_hand":"raised","chin":"up"}}', "parts")
    assert found["part:hands"] == ["left_hand"]
    assert notes == []


def test_words_within_longer_words_are_no_parts() -> None:
    targets, _ = find_targets(
        "a handle, a Hand; HANDS", ["parts"], fields={}, emotion_raw=None, phrases=[("hand", "hands")]
    )
    assert [target.spans for target in targets] == [((12, 16),)]


def test_what_an_answer_has_not_is_noted() -> None:
    found, notes = found_in("I cannot help with that request.", "emotion", "parts", "explicit", "/xyz/")
    assert found == {}
    assert len(notes) == 4


def test_a_pattern_finds_each_match_where_it_stands_in_the_raw_text() -> None:
    text = '{"narrative": "Tr\\u00e4nen, \\"Hand\\" und Hände"}'
    found, _ = found_in(text, r"/(?i)h[aä]nd\w*/", r"/Trä\w+/")
    assert found == {r"/(?i)h[aä]nd\w*/": ["Hand", "Hände"], r"/Trä\w+/": ["Tr\\u00e4nen"]}


@pytest.mark.parametrize(
    "pattern", [r"/(a+)+$/", r"/(a|aa)+b/", r"/(.*a){40}b/", r"/((a*)*)*b/", "/a?{3}b|(x+x+)+y/"]
)
def test_patterns_that_explode_elsewhere_end_soon(pattern: str) -> None:
    began = time.monotonic()
    with suppress(UsageError):
        matches(pattern, "a" * 100_000)
    assert time.monotonic() - began < 5


def test_matches_are_bounded_and_those_of_nothing_left_out() -> None:
    assert len(matches("/a/", "a" * 100_000)) == 500
    assert matches("/a*/", "bab") == [(1, 2)]
    assert matches("/\ue000?b/", "a\ue000b\ue001b") == [(2, 3), (4, 5)]


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000,
        '"emotion":' * 10_000,
        "\\" * 100_000,
        "\\ud83d" * 20_000,
        "<think>" * 15_000,
        "a_ " * 33_000,
        '{"emotion": "' + "sad " * 25_000,
        "Emotion: " + " " * 99_000,
        "\x00\ufeff\u202e" * 1000,
        "",
    ],
)
def test_hostile_answers_are_dealt_with_quickly_and_spans_lie_within_them(text: str) -> None:
    phrases = [("a", "hands"), ("\\", None), ("", None), ("sad " * 100, None)]
    began = time.monotonic()
    targets, _ = find_targets(
        text,
        (*EVERYTHING, r"/\w+/"),
        fields={"narrative": "sad sad", "explicit_description": "{"},
        emotion_raw="sad",
        phrases=phrases,
        emotion="sadness",
        scheme=SCHEME,
    )
    assert time.monotonic() - began < 5
    for target in targets:
        assert target.spans
        assert all(0 <= start < end <= len(text) for start, end in target.spans)


@pytest.mark.parametrize(
    ("spec", "items"),
    [
        ("emotion", ("emotion",)),
        (" Emotion , parts,emotion", ("emotion", "parts")),
        (r"/a{1,2}, b/,answer", ("/a{1,2}, b/", "answer")),
        (r"/x\/y/", (r"/x\/y/",)),
    ],
)
def test_items_stand_between_commas_and_patterns_between_slashes(spec: str, items: Sequence[str]) -> None:
    assert parse_tokens(spec) == items


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("emotoin", "Did you mean `emotion`?"),
        ("", "No words"),
        ("emotion,,parts", "names no words"),
        ("/abc", "no slash"),
        ("//", "no slash"),
        ("/(a/", "no pattern"),
        ("/(?=a)b/", "look-around"),
        (r"/(a)\1/", "references back"),
        ("/a/b", "not a comma"),
        ("/" + "a" * 300 + "/", "more than 200"),
    ],
)
def test_what_cannot_be_asked_for_is_said_with_what_can(spec: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_tokens(spec)
    assert says in f"{refused.value.message} {refused.value.hint}"
