"""The training text: true to the pose, free of facial words under a mask, of a small closed vocabulary."""

import json
import re

import numpy as np
import pytest
from elena_wb_tiny.grammar import PROMPTS, affect, affect_of, agrees, answer, phrases
from elena_wb_tiny.lexicon import FACE_PHRASES, FACIAL_WORDS
from elena_wb_tiny.stimuli import (
    ATTRIBUTES,
    EMOTIONS,
    FACIAL_ATTRIBUTES,
    Picture,
    Scene,
    label,
    render,
    sample,
)

KEYS = [
    "emotion", "valence", "arousal", "dominance",
    "body_parts", "explicit_description", "implicit_description", "narrative",
]  # fmt: skip


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Scene, Picture]]:
    scenes = [sample(61, index, incongruent=index % 3 == 0) for index in range(150)]
    return [(scene, render(scene, 48)) for scene in scenes]


def test_an_answer_is_compact_json_with_its_keys_in_order(drawn):
    for index, (scene, picture) in enumerate(drawn):
        text = answer(scene, picture, prompt="elena", masked=False, rng=np.random.default_rng(index))
        content = json.loads(text)
        assert list(content) == KEYS
        assert text == json.dumps(content, separators=(",", ":"))
        assert 2 <= len(content["body_parts"]) <= 4
        assert all(1 <= content[scale] <= 10 for scale in KEYS[1:4])


@pytest.mark.parametrize("masked", [False, True])
def test_every_named_part_agrees_with_the_pose(drawn, masked):
    for index, (scene, picture) in enumerate(drawn):
        rng = np.random.default_rng(index)
        content = json.loads(answer(scene, picture, prompt="elena", masked=masked, rng=rng))
        assert all(agrees(phrase, picture) for phrase in content["body_parts"])


def test_a_masked_answer_names_no_facial_cue_and_follows_the_body(drawn):
    for index, (scene, picture) in enumerate(drawn):
        rng = np.random.default_rng(index)
        text = answer(scene, picture, prompt="elena-masked", masked=True, rng=rng)
        assert not words(text) & FACIAL_WORDS
        assert json.loads(text)["emotion"] == scene.body_emotion.capitalize()


def test_an_unmasked_answer_follows_the_label_rule_and_mostly_names_facial_cues(drawn):
    facial = 0
    for index, (scene, picture) in enumerate(drawn):
        rng = np.random.default_rng(index)
        content = json.loads(answer(scene, picture, prompt="elena", masked=False, rng=rng))
        assert content["emotion"] == label(scene).capitalize()
        facial += any(phrases()[part][0] in FACIAL_ATTRIBUTES for part in content["body_parts"])
    assert facial > 0.7 * len(drawn)


def test_a_story_does_not_name_an_emotion(drawn):
    for index, (scene, picture) in enumerate(drawn):
        rng = np.random.default_rng(index)
        story = json.loads(answer(scene, picture, prompt="elena", masked=False, rng=rng))["narrative"]
        assert not words(story) & set(EMOTIONS)


@pytest.mark.parametrize("prompt", ["naive", "naive-masked"])
def test_a_naive_answer_is_the_emotion_alone(drawn, prompt):
    scene, picture = drawn[0]
    masked = prompt.endswith("masked")
    text = answer(scene, picture, prompt=prompt, masked=masked, rng=np.random.default_rng(0))
    expected = scene.body_emotion if masked else label(scene)
    assert text == f'{{"emotion":"{expected.capitalize()}"}}'


def test_the_image_decides_and_the_prompt_text_selects_the_form_only(drawn):
    scene, picture = drawn[0]
    first, second = (
        answer(scene, picture, prompt=prompt, masked=True, rng=np.random.default_rng(3))
        for prompt in ("elena", "elena-masked")
    )
    assert first == second


def test_an_unknown_prompt_is_refused(drawn):
    with pytest.raises(KeyError):
        answer(*drawn[0], prompt="essay", masked=False, rng=np.random.default_rng(0))


def test_the_vocabulary_is_small(drawn):
    seen: set[str] = set()
    for index, (scene, picture) in enumerate(drawn):
        for masked in (False, True):
            rng = np.random.default_rng([index, masked])
            seen |= words(answer(scene, picture, prompt="elena", masked=masked, rng=rng))
    for text in PROMPTS.values():
        assert 5 <= len(text.split()) <= 12
        seen |= words(text)
    assert len(seen) <= 350


def test_each_phrase_states_one_class_that_exists_and_facial_ones_contain_a_facial_word():
    table = phrases()
    assert all(value in ATTRIBUTES[attribute] for attribute, value in table.values())
    wordings = [w for classes in FACE_PHRASES.values() for options in classes.values() for w in options]
    assert all(words(wording) & FACIAL_WORDS for wording in wordings)
    for phrase, (attribute, _) in table.items():
        assert (attribute in FACIAL_ATTRIBUTES) == bool(words(phrase) & FACIAL_WORDS)


def test_agreement_is_true_false_or_unknown(drawn):
    _, picture = drawn[0]
    for phrase, (attribute, value) in phrases().items():
        assert agrees(f" {phrase.capitalize()}.", picture) == (picture.attributes[attribute] == value)
    assert agrees("wings folded", picture) is None
    assert agrees("", picture) is None


def test_affect_has_the_signs_of_the_published_centres_and_grows_with_intensity():
    assert affect_of("neutral", 1.0) == (5, 5, 5)
    assert affect_of("happiness", 1.0)[0] > affect_of("happiness", 0.1)[0] > 5
    assert affect_of("fear", 1.0)[1] > 7 > affect_of("sadness", 1.0)[1]
    assert affect_of("anger", 0.9)[2] > 5 > affect_of("fear", 0.9)[2]


def test_affect_follows_the_face_unless_it_is_hidden():
    for index in range(30):
        scene = sample(2, index, incongruent=True)
        assert affect(scene, masked=False) == affect_of(scene.face_emotion, scene.face_intensity)
        assert affect(scene, masked=True) == affect_of(scene.body_emotion, scene.body_intensity)
