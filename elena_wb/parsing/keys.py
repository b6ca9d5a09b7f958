"""The many names under which models return the fields of an answer."""

from __future__ import annotations

import re

EMOTION = "emotion"
BODY_PARTS = "body_parts"
NUMBERS = ("valence", "arousal", "dominance")
TEXTS = ("explicit_description", "implicit_description", "narrative")

_ALIASES = {
    EMOTION: (
        "category emotion_category emotion_label label primary_emotion main_emotion predicted_emotion "
        "final_emotion dominant_emotion emotional_state emotion_name emotions final_answer answer prediction "
        "class final_emotion_label overall_emotion detected_emotion"
    ),
    BODY_PARTS: (
        "bodyparts body_part parts bodypart body_parts_involved involved_body_parts key_body_parts parts_involved"
    ),
    "explicit_description": "explicit explicit_descriptions explicit_embodied_emotion visible_description",
    "implicit_description": "implicit implicit_descriptions implicit_embodied_emotion inner_description",
    "narrative": "story short_story narration narratives narrative_description short_narrative",
    "valence": "valence_score v valence_rating valence_1_10",
    "arousal": "arousal_score a arousal_rating arousal_1_10",
    "dominance": "dominance_score d dominance_rating dominance_1_10",
}
_FIELD_OF = {alias: field for field, aliases in _ALIASES.items() for alias in aliases.split()}
_FIELD_OF |= {field: field for field in _ALIASES}


def field_of(key: str) -> str | None:
    """The field that ``key`` ("Emotion Category", "bodyParts") stands for."""
    return _FIELD_OF.get(normal(key))


def normal(key: str) -> str:
    """``key`` in lower snake case; only its first 80 characters count."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key[:80])
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
