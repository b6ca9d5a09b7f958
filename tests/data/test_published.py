"""Files of published answers: every form that is known, and what else people and machines write."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elena_wb.core import UsageError
from elena_wb.data import published
from elena_wb.data.published import Published, read_published
from tests.real_data import real

NUMBERED = {
    "embodied_emotion": "Yes",
    "category": "Sad",
    "narrative": "His shoulders drop.",
    "raw_response": "1. Embodied Emotion: Yes\n2. Category: Sad\n3. Narrative: His shoulders drop.",
}
PLAIN = {
    "explicit_description": "Fists clenched.",
    "implicit_description": "My heart pounded.",
    "narrative": "He slammed the door.",
    "body_parts": ["fists"],
    "emotion": "Anger",
}
WITH_AFFECT = {**PLAIN, "valence": 2, "arousal": 9, "dominance": 7}
UNANSWERED = {**dict.fromkeys(PLAIN, "N/A"), "emotion": "Unknown"}


def read(folder: Path, content: Any) -> Published:
    path = folder / "answers.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return read_published(path)


@pytest.mark.parametrize(
    ("entry", "form"), [(NUMBERED, "numbered"), (PLAIN, "without affect"), (WITH_AFFECT, "with affect")]
)
def test_each_form_is_told_from_the_others(tmp_path: Path, entry: dict[str, Any], form: str) -> None:
    found = read(tmp_path, {"a.jpg": entry})
    assert found.form == form
    assert not found.problems
    assert found.sha256 == hashlib.sha256((tmp_path / "answers.json").read_bytes()).hexdigest()


def test_the_models_own_text_is_kept_apart_from_what_the_authors_made_of_it(tmp_path: Path) -> None:
    (answer,) = read(tmp_path, {"a.jpg": NUMBERED}).answers
    assert answer.raw == NUMBERED["raw_response"]
    assert answer.label == "Sad"
    assert "raw_response" not in answer.fields
    assert not answer.silent


def test_fields_stand_for_the_text_where_there_is_none(tmp_path: Path) -> None:
    lacking = {key: value for key, value in NUMBERED.items() if key != "raw_response"}
    for entry in (lacking, {**lacking, "raw_response": "N/A"}, {**lacking, "raw_response": None}):
        (answer,) = read(tmp_path, {"a.jpg": entry}).answers
        assert answer.raw is None
        assert answer.fields == lacking


def test_a_checkpoint_is_read_like_the_file_made_of_it(tmp_path: Path) -> None:
    found = read(tmp_path, {"processed_files": ["a.jpg"], "results": {"a.jpg": WITH_AFFECT}})
    assert [answer.name for answer in found.answers] == ["a.jpg"]


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"error": "Failed to extract JSON"}, "Failed to extract JSON"),
        ({"error": {"code": 429}}, '{"code": 429}'),
        ({}, "The file has no answer for this picture."),
        (None, "The file has no answer for this picture."),
    ],
)
def test_a_failure_is_an_error_and_no_answer(tmp_path: Path, entry: object, error: str) -> None:
    _, failed = read(tmp_path, {"a.jpg": PLAIN, "b.jpg": entry}).answers
    assert failed.error == error
    assert not failed.silent


def test_an_answer_that_also_speaks_of_an_error_is_an_answer(tmp_path: Path) -> None:
    (answer,) = read(tmp_path, {"a.jpg": {**PLAIN, "error": "She dialled the wrong number."}}).answers
    assert answer.error is None


@pytest.mark.parametrize(
    "entry", [UNANSWERED, {"embodied_emotion": "Unknown", "category": "Unknown", "narrative": "N/A"}]
)
def test_values_that_the_scripts_start_with_say_nothing(tmp_path: Path, entry: dict[str, str]) -> None:
    (answer,) = read(tmp_path, {"a.jpg": entry}).answers
    assert answer.silent
    assert answer.raw is None
    assert answer.label == "Unknown"


def test_an_abstention_with_a_story_says_something(tmp_path: Path) -> None:
    (answer,) = read(tmp_path, {"a.jpg": {**PLAIN, "emotion": "Unknown"}}).answers
    assert not answer.silent


@pytest.mark.parametrize(
    ("name", "entry", "reason"),
    [
        ("b.jpg", ["Anger"], "is a list"),
        ("b.jpg", "Anger", "is a text"),
        ("b.jpg", 3, "is a number"),
        ("b.jpg", True, "is true or false"),
        ("", PLAIN, "is no file name"),
        ("..", PLAIN, "is no file name"),
        ("folder/", PLAIN, "is no file name"),
        ("a\x00.jpg", PLAIN, "is no file name"),
    ],
)
def test_a_bad_entry_is_reported_with_its_key_and_the_rest_is_read(
    tmp_path: Path, name: str, entry: object, reason: str
) -> None:
    found = read(tmp_path, {"a.jpg": PLAIN, name: entry, "c.jpg": PLAIN})
    assert [answer.name for answer in found.answers] == ["a.jpg", "c.jpg"]
    (problem,) = found.problems
    assert problem.excludes
    assert problem.where == f"{tmp_path / 'answers.json'}: {name}"
    assert problem.reason.startswith(reason)


def test_what_a_model_made_up_is_still_its_answer(tmp_path: Path) -> None:
    found = read(tmp_path, {"a.jpg": WITH_AFFECT, "b.jpg": {"analysis": "no idea"}})
    assert [answer.fields for answer in found.answers] == [WITH_AFFECT, {"analysis": "no idea"}]
    assert not found.problems


@pytest.mark.parametrize("depth", [100, *range(900, 1000, 5), 5000])
def test_an_entry_nested_however_deeply_takes_nothing_down(tmp_path: Path, depth: int) -> None:
    deep = '{"emotion": "Fear", "more": ' + "[" * depth + "]" * depth + "}"
    try:
        found = read(tmp_path, f'{{"a.jpg": {json.dumps(PLAIN)}, "b.jpg": {deep}}}'.encode())
    except UsageError as error:
        refusal = error.message
    else:
        refusal = ""
    if refusal:
        assert "nested too deeply" in refusal
        return
    assert found.answers[0].written == json.dumps(PLAIN)
    assert len(found.answers) == 2 or "nested too deeply" in found.problems[0].reason


def test_a_key_given_twice_is_reported_and_the_last_counts(tmp_path: Path) -> None:
    one, other = json.dumps(PLAIN), json.dumps(WITH_AFFECT)
    found = read(tmp_path, f'{{"a.jpg": {one}, "a.jpg": {other}, "b.jpg": {one}, "b.jpg": {one}}}'.encode())
    assert [answer.fields for answer in found.answers] == [WITH_AFFECT, PLAIN]
    (problem,) = found.problems
    assert "a.jpg" in problem.where
    assert not problem.excludes


def test_numbers_that_are_none_become_null(tmp_path: Path) -> None:
    text = '{"a.jpg": {"emotion": "Fear", "valence": NaN, "arousal": 1e999, "dominance": ' + "9" * 6000 + "}}"
    (answer,) = read(tmp_path, text.encode()).answers
    assert answer.fields == {"emotion": "Fear", "valence": None, "arousal": None, "dominance": None}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_files_may_begin_with_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    (answer,) = read(tmp_path, json.dumps({"ä.jpg": PLAIN}, ensure_ascii=False).encode(encoding)).answers
    assert answer.name == "ä.jpg"


def test_half_a_character_in_a_name_can_be_stored(tmp_path: Path) -> None:
    (answer,) = read(tmp_path, {"\ud800.jpg": PLAIN}).answers
    assert answer.name == "\\ud800.jpg"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no JSON"),
        (b"not json", "is no JSON"),
        (b'{"a.jpg": ', "is no JSON"),
        ('{"ä.jpg": {}}'.encode("latin-1"), "is no text in UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        ([PLAIN], "holds a list"),
        ("Anger", "holds a text"),
        (None, "holds null"),
        ({}, "no answers at all"),
        ({"processed_files": [], "results": {}}, "no answers at all"),
        ({"name": "elena", "version": "1"}, "`name` has a text"),
        ({"a.jpg": {"width": 3, "height": 4}}, "`a.jpg` has width, height"),
        ({"a.jpg": {}}, "`a.jpg` has nothing in it"),
        ({"": PLAIN}, "no other entry is an answer"),
    ],
)
def test_a_file_without_answers_is_a_clear_error(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, content)
    assert said in caught.value.message
    assert str(tmp_path / "answers.json") in caught.value.message


def test_a_file_that_is_missing_a_folder_or_too_large_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        read_published(tmp_path / "none.json")
    with pytest.raises(UsageError, match="it is no file"):
        read_published(tmp_path)
    monkeypatch.setattr(published, "LARGEST_FILE", 10)
    with pytest.raises(UsageError, match="larger than"):
        read(tmp_path, {"a.jpg": PLAIN})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_JSON | st.dictionaries(st.text(), st.fixed_dictionaries({"emotion": _JSON}) | _JSON) | st.binary())
def test_any_file_gives_answers_or_an_error_for_people(tmp_path: Path, content: Any) -> None:
    try:
        found = read(tmp_path, content)
    except UsageError:
        return
    assert found.answers
    for answer in found.answers:
        assert answer.name.encode()


def test_the_published_answers_are_all_read() -> None:
    found = read_published(real("elena/elena_besst_gemini.json"))
    assert found.form == "numbered"
    assert not found.problems
    assert len(found.answers) == 1134
    assert sum(answer.silent for answer in found.answers) == 4
    assert sum(answer.raw is None for answer in found.answers) == 4
