"""Training text: short prompts and the answers that describe what a figure really does.

Nothing here draws or learns; the sentences are assembled from `lexicon` according to a picture's attributes.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import numpy as np

from elena_wb_tiny.lexicon import BODY_PHRASES, EVENTS, FACE_PHRASES, FEELINGS, PLAIN, SUBJECTS, VERBS
from elena_wb_tiny.stimuli.picture import Picture
from elena_wb_tiny.stimuli.scene import FACE_CLEAR, Scene, label

PROMPTS: dict[str, str] = {
    "elena": "Tell what this person feels, as full JSON.",
    "elena-masked": "The face is hidden. Tell what this person feels, as full JSON.",
    "naive": "Which emotion does this person show? Answer in JSON.",
    "naive-masked": "The face is hidden. Which emotion is it? Answer in JSON.",
}
"""User text of each short pack. The text selects the answer's form; the picture alone decides its content."""

VAD_CENTRES: dict[str, tuple[float, float, float]] = {
    "happiness": (0.81, 0.51, 0.46),
    "sadness": (-0.68, -0.20, -0.37),
    "fear": (-0.64, 0.70, -0.43),
    "anger": (-0.51, 0.59, 0.35),
    "surprise": (0.40, 0.67, -0.13),
    "disgust": (-0.60, 0.35, 0.11),
    "neutral": (0.0, -0.10, 0.0),
}
"""Pleasure, arousal and dominance in -1..1, rough centres after J. A. Russell and A. Mehrabian (1977),
"Evidence for a three-factor theory of emotions", Journal of Research in Personality 11, 273-294;
sadness lies between their terms sad and depressed."""

_EMPHASIS = {
    "head": (0.45, 0.9),
    "hands": (0.2, 0.65),
    "torso": (0.15, 0.7),
    "shoulders": (0.15, 0.5),
    "legs": (0.15, 0.6),
}
"""How often a bodily part besides the arms is named: in its plain class, and in any other."""


def answer(scene: Scene, picture: Picture, *, prompt: str, masked: bool, rng: np.random.Generator) -> str:
    """Write the answer to `prompt` (a key of `PROMPTS`) about `picture` as compact JSON.

    Unmasked, emotion, VAD and story follow `label(scene)` while each named part follows what it does;
    masked, all of it follows the body and no facial word occurs. Raises KeyError for an unknown prompt.
    """
    if prompt not in PROMPTS:
        raise KeyError(prompt)
    emotion = scene.body_emotion if masked else label(scene)
    if prompt.startswith("naive"):
        return json.dumps({"emotion": emotion.capitalize()}, separators=(",", ":"))
    body, face = _named(picture, masked=masked, rng=rng)
    valence, arousal, dominance = affect(scene, masked=masked)
    content = {
        "emotion": emotion.capitalize(),
        "valence": valence,
        "arousal": arousal,
        "dominance": dominance,
        "body_parts": body + face,
        "explicit_description": _explicit(body, face, rng),
        "implicit_description": _pick(FEELINGS[emotion], rng),
        "narrative": _narrative(emotion, body, face, rng),
    }
    return json.dumps(content, separators=(",", ":"))


def affect(scene: Scene, *, masked: bool) -> tuple[int, int, int]:
    """Valence, arousal and dominance (1-10) of what decides the answer, scaled with its intensity."""
    if not masked and scene.face_intensity >= FACE_CLEAR:
        return affect_of(scene.face_emotion, scene.face_intensity)
    return affect_of(scene.body_emotion, scene.body_intensity)


def affect_of(emotion: str, intensity: float) -> tuple[int, int, int]:
    """Valence, arousal and dominance (1-10) of an emotion shown with an intensity of 0..1."""
    strength = 0.55 + 0.45 * intensity
    # The scale's middle, 5.5, counts as 5.
    valence, arousal, dominance = (
        int(np.clip(np.ceil(5.0 + 4.5 * centre * strength), 1, 10)) for centre in VAD_CENTRES[emotion]
    )
    return valence, arousal, dominance


@cache
def phrases() -> Mapping[str, tuple[str, str]]:
    """Every body-part phrase of the vocabulary with the (attribute, class) it states."""
    table = {
        phrase: (attribute, name)
        for family in (BODY_PHRASES, FACE_PHRASES)
        for attribute, classes in family.items()
        for name, wordings in classes.items()
        for phrase in wordings
    }
    return MappingProxyType(table)


def agrees(phrase: str, picture: Picture) -> bool | None:
    """Tell whether a named body-part phrase is true of the picture; None for a phrase outside the
    vocabulary."""
    known = phrases().get(re.sub(r"[^a-z ]", "", phrase.lower()).strip())
    if known is None:
        return None
    attribute, name = known
    return picture.attributes[attribute] == name


def _named(picture: Picture, *, masked: bool, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Choose two to four visible parts to name, the telling ones more often; bodily and facial phrases
    apart."""
    seen = {name: value for name, value in picture.attributes.items() if value != "hidden"}
    facial = [name for name in FACE_PHRASES if name in seen] if not masked else []
    wanted = min(int(rng.choice(3, p=[0.1, 0.6, 0.3])), len(facial))
    chosen_facial = (
        [facial[int(i)] for i in sorted(rng.choice(len(facial), wanted, replace=False))] if wanted else []
    )
    room = 4 - wanted if masked else min(4 - wanted, 3)
    bodily = ["arms"] if "arms" in seen else []
    for name in _EMPHASIS:
        if len(bodily) < room and name in seen and rng.random() < _EMPHASIS[name][seen[name] != PLAIN[name]]:
            bodily.append(name)
    for name in ("head", "shoulders", "torso"):
        if len(bodily) + wanted < 2 and name in seen and name not in bodily:
            bodily.append(name)
    body = [_pick(BODY_PHRASES[name][seen[name]], rng) for name in bodily]
    return body, [_pick(FACE_PHRASES[name][seen[name]], rng) for name in chosen_facial]


def _explicit(body: list[str], face: list[str], rng: np.random.Generator) -> str:
    """One sentence about what is visible, from the first bodily phrase and another phrase."""
    first = body[0] if body else face[0]
    rest = [phrase for phrase in (face + body[1:]) if phrase != first]
    form = int(rng.integers(3))
    if not rest:
        return f"The person stands with {first}."
    second = rest[0]
    if form == 0:
        return f"The person stands with {first} and {second}."
    if form == 1:
        return f"It shows in the {_bare(first)} and the {_bare(second)}."
    return f"We see {first} and {second}."


def _bare(phrase: str) -> str:
    """Drop a leading article or number so that a phrase can follow "the"."""
    return re.sub(r"^(a|one) ", "", phrase)


def _narrative(emotion: str, body: list[str], face: list[str], rng: np.random.Generator) -> str:
    """Two short sentences: an event, and what the person does; the emotion is shown and not named."""
    pool = face if face and (not body or rng.random() < 0.3) else body
    phrase = pool[int(rng.integers(min(len(pool), 2)))]
    act = f"{_pick(SUBJECTS, rng)} {_pick(VERBS[emotion], rng)} with {phrase}."
    event = _pick(EVENTS[emotion], rng)
    return f"{event} {act}" if rng.random() < 0.5 else f"{act} {event}"


def _pick(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
