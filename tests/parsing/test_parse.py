"""What models really answer, and what becomes of it."""

import json

import pytest

from elena_wb.core import Narrative
from elena_wb.parsing import parse
from elena_wb.vocabulary import load_scheme
from tests.real_data import real

EKMAN = load_scheme("ekman7")
FIELDS = (
    "explicit_description",
    "implicit_description",
    "body_parts",
    "narrative",
    "emotion",
    "valence",
    "arousal",
    "dominance",
)
WHOLE = {
    "explicit_description": "Both fists are clenched.",
    "implicit_description": "Heat rises in the chest.",
    "body_parts": ["clenched fists", "shoulders raised"],
    "narrative": "He slammed the door.",
    "emotion": "Anger",
    "valence": 2,
    "arousal": 9,
    "dominance": 7.5,
}


def read(text: str, finish_reason: str = "stop", fields: tuple[str, ...] = FIELDS) -> Narrative:
    return parse(text, scheme=EKMAN, fields=fields, finish_reason=finish_reason)  # type: ignore[arg-type]


def test_a_whole_answer_is_read_whole():
    answer = read(json.dumps(WHOLE))
    assert (answer.status, answer.emotion, answer.emotion_raw) == ("ok", "anger", "Anger")
    assert (answer.valence, answer.arousal, answer.dominance) == (2, 9, 7.5)
    assert answer.narrative == "He slammed the door."
    assert [(part.phrase, part.group) for part in answer.body_parts] == [
        ("clenched fists", "hands"),
        ("shoulders raised", "upper"),
    ]
    assert answer.notes == ()


@pytest.mark.parametrize(
    "wrapped",
    [
        "```json\n{}\n```",
        "Here you are:\n```\n{}\n```\nAnything else?",
        "Certainly! {} I hope this helps.",
        "I first saw {{a gesture}}. Then: {}",
        '{{"analysis": {{"result": {}}}}}',
        "[{}]",
        "\ufeff{}",
    ],
)
def test_an_object_is_found_wherever_it_stands(wrapped):
    text = wrapped.replace("{}", json.dumps(WHOLE)).replace("{{", "{").replace("}}}}", "}}")
    answer = read(text)
    assert (answer.status, answer.emotion, answer.valence) == ("ok", "anger", 2)


@pytest.mark.parametrize(
    "damaged",
    [
        "{'emotion': 'Fear', 'narrative': 'He said \"no\" and ran', }",
        '{"emotion": "Fear", "narrative": "He ran',
        '{emotion: Fear, "narrative": "He ran"}',
        '{"emotion": "Fear" "narrative": "He ran"',
        '{"narrative": "line\nbreak", "emotion": "Fear"}',
    ],
)
def test_damaged_json_is_mended(damaged):
    answer = read(damaged)
    assert (answer.status, answer.emotion) == ("ok", "fear")
    assert answer.narrative


def test_the_fullest_object_wins_over_an_example():
    answer = read('I use the form {"emotion": "..."}.\n' + json.dumps(WHOLE))
    assert answer.emotion == "anger"


def test_a_number_cut_off_by_the_limit_is_not_believed():
    answer = read('{"emotion": "Anger", "valence": 3, "arousal": 1', finish_reason="length")
    assert (answer.status, answer.valence, answer.arousal) == ("ok", 3, None)
    assert "cut off at the token limit" in answer.notes


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("1. Embodied Emotion: Yes\n2. Category: Sad\n3. Narrative: Her head sinks.", "sadness"),
        ("1) **Category**: Fearful\n2) **Narrative**: Her head sinks.", "fear"),
        ("Emotion: Joy\nNarrative: Her head sinks.", "happiness"),
        ("- Emotion - none\n- Emotion: Disgusted\n- Story: Her head sinks.", "disgust"),
    ],
)
def test_lines_of_keys_and_values_are_read(text, emotion):
    answer = read(text)
    assert (answer.status, answer.emotion, answer.narrative) == ("ok", emotion, "Her head sinks.")


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("Happy", "happiness"),
        ("**Sadness.**", "sadness"),
        ("The person in the picture looks sad.", "sadness"),
        ('"Fear"', "fear"),
    ],
)
def test_a_bare_label_or_a_sentence_with_one_label_is_an_answer(text, emotion):
    assert read(text, fields=("emotion",)).emotion == emotion


@pytest.mark.parametrize(
    "text",
    [
        "It is either joy or anger.",
        "She is not happy.",
        "Joy, perhaps, though the fists speak of anger.",
        '{"emotion": ["Sad", "Fear"]}',
        '{"emotion": "He is not happy"}',
        '{"emotion": ""}',
        '{"emotion": "tarragon"}',
        '{"emotion": true}',
        '{"narrative": "He felt joy."}',
        "Choose one of Happiness, Sadness or Fear",
        "",
        "  \n",
        "lorem ipsum",
    ],
)
def test_nothing_is_guessed(text):
    answer = read(text)
    assert (answer.status, answer.emotion) == ("unparsed", None)


@pytest.mark.parametrize(
    "text", ["unknown", '{"emotion": "Unclear"}', '{"emotion": null}', "2. Category: Unknown"]
)
def test_an_explicit_abstention_is_an_answer_without_emotion(text):
    answer = read(text)
    assert (answer.status, answer.emotion) == ("ok", None)
    assert answer.emotion_raw


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with identifying people's emotions.",
        "I cannot determine how this person feels.",
        "As an AI, I am unable to judge real people.",
        "I’m not able to assist with that.",
    ],
)
def test_refusals_are_told_from_unreadable_answers(text):
    assert read(text).status == "refused"


def test_what_looks_like_a_refusal_inside_an_answer_is_none():
    told = {**WHOLE, "narrative": "“I'm sorry, but I can't,” he said."}
    assert read(json.dumps(told)).status == "ok"


def test_the_provider_s_word_counts_as_refusal():
    assert read("", finish_reason="refused").status == "refused"


@pytest.mark.parametrize(
    ("value", "rating"),
    [
        (7, 7.0),
        ("7/10", 7.0),
        ("7.5", 7.5),
        ("7,5", 7.5),
        ("8 out of 10", 8.0),
        ("6 (rather high)", 6.0),
        ("3.0/10.0", 3.0),
        ("3.0/5.0", None),
        ("low (3)", 3.0),
        ("rather low (3/10)", 3.0),
        ("low (3-4)", None),
        ("low (3/5)", None),
        ({"score": 4}, 4.0),
        (0, None),
        (11, None),
        (-3, None),
        (True, None),
        ([7], None),
        (None, None),
        ("high", None),
        ("3/5", None),
        ("6-7", None),
        (float("nan"), None),
        (float("inf"), None),
        ("1e309", None),
        (10**400, None),
    ],
)
def test_ratings_are_numbers_of_1_to_10_or_dropped_with_a_note(value, rating):
    answer = read(json.dumps({**WHOLE, "valence": value}))
    assert answer.valence == rating
    assert (rating is None) == any(note.startswith("valence: dropped") for note in answer.notes)


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("hands, shoulders and head", ["hands", "shoulders", "head"]),
        (["hands and feet", "arms bent and raised"], ["hands", "feet", "arms"]),
        ([{"part": "hands", "action": "clenched"}, {"body_part": "head"}], ["hands", "head"]),
        ({"hands": "clenched", "upper": ["arms raised"], "legs": None}, ["hands", "arms"]),
        (["hands", "hands"], ["hands"]),
        (["tail"], [None]),
        ("none", []),
        (7, []),
        (None, []),
    ],
)
def test_body_parts_come_in_many_shapes(value, parts):
    answer = read(json.dumps({**WHOLE, "body_parts": value}))
    assert [part.part for part in answer.body_parts] == parts


def test_what_is_missing_is_said():
    assert "missing: explicit_description" in read('{"emotion": "Sad"}').notes[-1]
    assert read('{"emotion": "Sad"}', fields=("emotion",)).notes == ()


def test_strings_can_always_be_stored():
    answer = read('{"emotion": "Sad", "narrative": "a\\u0000b\\ud800c\\ud83d\\ude00"}')
    assert answer.narrative == "ab\ufffdc\U0001f600"


def test_the_authors_own_answers_are_read_as_they_read_them():
    file = real("elena/elena_besst_gemini.json")
    answers = json.loads(file.read_text("utf-8"))
    told = [answer for answer in answers.values() if "raw_response" in answer]
    assert (len(answers), len(told)) == (1134, 1130)
    for answer in told:
        found = read(answer["raw_response"], fields=("emotion", "narrative"))
        assert (found.status, found.emotion) == ("ok", EKMAN.canonical(answer["category"]))
        assert found.narrative == answer["narrative"]


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ('<think>Could be {"emotion":"Anger"}; but…</think>{"emotion":"Sadness"}', "sadness"),
        ('Could be {"emotion":"Anger"}; but…</think>\n{"emotion":"Sadness"}', "sadness"),
        ("<think>It could be angry or sad</think>\nSadness", "sadness"),
        ("<Thinking>\nEmotion: Anger\n</Thinking>\nEmotion: Sadness", "sadness"),
        ('{"emotion": "Sadness"}<think>Is it anger?</think>', "sadness"),
        ("<think>Sadness</think>", "sadness"),
        ("<think>\nSadness", "sadness"),
    ],
)
def test_thinking_is_not_the_answer_where_there_is_one(text, emotion):
    assert read(text, fields=("emotion",)).emotion == emotion


def test_thinking_cut_off_by_the_limit_is_no_answer():
    answer = read('<think>It may be {"emotion": "Anger"}, but then', finish_reason="length")
    assert (answer.status, answer.emotion) == ("unparsed", None)
    assert "the answer ends while the model is thinking" in answer.notes


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ('{"emotion":"Neutral"} Wait: {"emotion":"Anger"}', "anger"),
        ('```json\n{"emotion":"Neutral"}\n```\nNo:\n```json\n{"emotion":"Anger"}\n```', "anger"),
        ('```json\n{"emotion":"Neutral"}\n```\nNo: {"emotion":"Anger"}', "anger"),
        ("Emotion: Anger?\nNo, the head hangs.\nEmotion: Sadness", "sadness"),
        ("Emotion: Anger\nFinal answer:\nSadness", "sadness"),
    ],
)
def test_of_several_answers_the_last_counts(text, emotion):
    assert read(text, fields=("emotion",)).emotion == emotion


SCHEMA = (
    '{"type": "object", "properties": {"emotion": {"type": "string", "enum": ["Anger"]}, '
    '"narrative": {"type": "string"}, "valence": {"type": "number"}}}'
)


@pytest.mark.parametrize(
    "form",
    [
        SCHEMA,
        f"```json\n{SCHEMA}\n```",
        '{"emotion": "…", "narrative": "…"}',
        '{"emotion": "<emotion>", "narrative": "<story>", "valence": 1}',
        '{"emotion": "one of Happiness, Fear", "narrative": "a story"}',
        '{"emotion": "Anger | Fear", "narrative": "a story"}',
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        '{"emotion": "Sadness"}',
        '```\n{"emotion": "Sadness"}\n```',
        '{"emotion": "Sadness',
        "Emotion: Sadness",
    ],
)
def test_a_form_repeated_before_or_after_the_answer_is_none(form, answer):
    assert read(f"{form}\n{answer}").emotion == "sadness"
    if answer.endswith(("}", "`")):
        assert read(f"{answer}\n{form}").emotion == "sadness"


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ((1.0, 0.9, 1), (None, None, None)),
        ((-1, 1, "0.5"), (None, None, None)),
        ((0.5, None, None), (None, None, None)),
        ((1, 1, 1), (1, 1, 1)),
        ((1, 0, 7), (1, None, 7)),
    ],
)
def test_ratings_on_another_scale_are_dropped_together(values, kept):
    answer = read(json.dumps(WHOLE | dict(zip(("valence", "arousal", "dominance"), values, strict=True))))
    assert (answer.valence, answer.arousal, answer.dominance) == kept
    assert any("on a scale of 0 to 1" in note for note in answer.notes) == (kept == (None, None, None))


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("Emotion: Sadness\nThe person is not angry or happy.", "sadness"),
        ("Emotion:\nSadness\nThe person is not angry or happy.", "sadness"),
        ("Category: Fear\nReason: the person isn't happy", "fear"),
        ('{"emotion":"Sadness, as the head hangs and there is no joy"}', "sadness"),
        ('{"emotion":"Sadness because the head hangs without joy"}', "sadness"),
        ('{"emotion":"Sadness, not anger"}', "sadness"),
        ('{"emotion":"Sadness, as well as anger"}', None),
        ('{"emotion":"Sadness, or maybe anger"}', None),
        ('{"emotion":"Sadness, no, anger"}', None),
        ('{"emotion":"Sadness, not joyful but angry"}', None),
        ('{"emotion":"Nicht Freude"}', None),
        ("Die Person ist nicht traurig.", None),
        ("Die Person wirkt wütend.", "anger"),
    ],
)
def test_an_explanation_does_not_take_the_label_back(text, emotion):
    assert read(text, fields=("emotion",)).emotion == emotion


def test_a_reason_does_not_go_on_with_the_story():
    answer = read("Emotion: Fear\nNarrative: She ran.\nReason: the arms are up")
    assert answer.narrative == "She ran."


STORY = "“I'm sorry, but I can't do this,” he said, and sank to the floor"


@pytest.mark.parametrize(
    ("text", "finish_reason", "status"),
    [
        (f'{{"narrative": "{STORY}', "length", "unparsed"),
        (json.dumps({"narrative": STORY, "emotion": "tarragon"}, ensure_ascii=False), "stop", "unparsed"),
        (f"Narrative: {STORY}", "stop", "unparsed"),
        ('{"emotion": "I\'m sorry, but I can\'t tell people\'s emotions."}', "stop", "refused"),
    ],
)
def test_words_of_a_story_are_no_refusal(text, finish_reason, status):
    assert read(text, finish_reason).status == status
