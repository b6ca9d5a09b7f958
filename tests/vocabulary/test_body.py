"""Body parts by head noun; facial words without the idioms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.vocabulary import body_part, facial_mentions


@pytest.mark.parametrize(
    ("phrase", "part", "group"),
    [
        ("arms raised high", "arms", "upper"),
        ("clenched fists", "hands", "hands"),
        ("tightly pressed lips", "mouth", "face"),
        ("Corners of the mouth turned up", "mouth", "face"),
        ("hands raised beside the head", "hands", "hands"),
        ("elbows out with hands on the hips", "arms", "upper"),
        ("back of the neck", "neck", "upper"),
        ("body leaning back", "body", "whole"),
        ("whole-body tremor", "body", "whole"),
        ("slumped posture", "posture", "whole"),
        ("racing heart", "heart", "internal"),
        ("shallow breath", "breathing", "internal"),
        ("knot in the stomach", "stomach", "internal"),
        ("left_hand", "hands", "hands"),
        ("feet planted wide", "feet", "lower"),
        ("back straight", "back", "torso"),
        ("eyebrows", "brows", "face"),
        ("lower body", "hips", "lower"),
        ("heads for the door", None, None),
        ("leaning back", None, None),
        ("on the other hand", None, None),
        ("handsome", None, None),
        ("", None, None),
    ],
)
def test_a_phrase_is_about_its_head_noun(phrase, part, group):
    found = body_part(phrase)
    assert (found.phrase, found.part, found.group) == (phrase, part, group)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("She smiles; her eyes are wide.", ["smiles", "eyes"]),
        ("Brows drawn, gaze fixed, mouth tight, tears falling.", ["brows", "gaze", "mouth", "tears"]),
        ("A neutral expression.", ["expression"]),
        ("Wide-eyed, with a look of horror", ["eyed", "look of"]),
        ("With fists clenched and a smile on her face", ["smile", "face"]),
        ("Hands at the sides, a frown on the brow", ["frown", "brow"]),
        ("Her face turned red", ["face"]),
        ("The face shows joy", ["face"]),
        ("Tears run down her cheeks", ["tears", "cheeks"]),
    ],
)
def test_facial_words_are_found(text, words):
    assert facial_mentions(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "He faces the wall.",
        "The person faces away from us",
        "They turn to face each other, face to face",
        "Facing the sea, she stands firm",
        "calm in the face of danger",
        "hands held at eye-level under the clock face",
        "The face is covered, so only the body speaks",
        "a covered face and bowed shoulders",
        "No facial cues are visible",
        "The facial expression cannot be seen",
        "A black box over the face leaves only the posture",
        "a bodily expression of grief",
        "Her face is buried in her hands",
        "The person covers their mouth, one hand on the chin",
        "Her hands flew to her mouth",
        "A hand is pressed to his masked face",
        "He tears the paper in two and heads home",
        "The news spread by word of mouth",
        "surface, preface, furtively, slips, earbrow",
        "",
    ],
)
def test_other_senses_and_statements_of_absence_are_no_facial_mention(text):
    assert facial_mentions(text) == []


@given(st.text())
def test_any_text_can_be_looked_through(text):
    body_part(text)
    facial_mentions(text)


def test_long_texts_end_quickly():
    import time

    began = time.monotonic()
    for text in (
        "person faces " * 20_000,
        "face is " * 20_000,
        "no " * 60_000,
        "lean back " * 20_000,
        " " * 200_000,
    ):
        facial_mentions(text)
        body_part(text)
    assert time.monotonic() - began < 2
