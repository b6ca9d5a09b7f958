"""Words and what they stand for: label schemes and what corresponds between them, parts of the body, facial words,
words for emotions.

The words are data (``*.toml`` beside this file); the modules load, check and look them up. May import
core only.
"""

from __future__ import annotations

from elena_wb.vocabulary.body import body_part, facial_mentions
from elena_wb.vocabulary.emotion_words import EmotionWords, emotion_words
from elena_wb.vocabulary.mappings import LabelMapping, find_mapping, label_mappings
from elena_wb.vocabulary.schemes import LabelScheme, SchemeLabel, load_scheme, scheme_names

__all__ = [
    "EmotionWords",
    "LabelMapping",
    "LabelScheme",
    "SchemeLabel",
    "body_part",
    "emotion_words",
    "facial_mentions",
    "find_mapping",
    "label_mappings",
    "load_scheme",
    "scheme_names",
]
