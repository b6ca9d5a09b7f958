"""Parts of the body in phrases, and facial words in free text.

A phrase such as "arms raised high" or "tightly pressed lips" is about its head noun. The rules are
plain: at each place the longest entry of the vocabulary wins ("corners of the mouth" before "corners"),
and the first place in the phrase that matches is the head noun ("hands raised beside the head" is about
hands). Uses that name no part ("leaning back", "heads for the door") are taken out first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from elena_wb.core.narrative import BodyPart
from elena_wb.vocabulary.datafile import Strict, folded, read

_LONGEST_PHRASE = 400
LONGEST_TEXT = 20_000
"""As much of a text is searched for facial words."""


def body_part(phrase: str) -> BodyPart:
    """What ``phrase`` is about; ``part`` and ``group`` are ``None`` where no word is known.

    ``phrase`` is kept as it is. Only its first 400 characters are looked at.
    """
    words = _vocabulary()
    match = words.part.search(_without(words.not_parts, folded(phrase[:_LONGEST_PHRASE]).replace("_", " ")))
    if match is None:
        return BodyPart(phrase, None, None)
    part, group = words.meaning[re.sub(r"[\s-]+", " ", match[0])]
    return BodyPart(phrase, part, group)


def facial_mentions(text: str) -> list[str]:
    """Every word in ``text`` that speaks of a face, in lower case and in order; repeated words count again.

    Turning ("faces the wall"), idioms ("in the face of", "eye-level"), other expressions ("bodily
    expression"), statements that the face cannot be seen ("the face is covered") and gestures towards it
    ("a hand over the mouth") do not count: none of them claims to have seen a facial cue.
    Only the first 20,000 characters are looked at.
    """
    words = _vocabulary()
    return words.facial.findall(_without(words.not_facial, folded(text[:LONGEST_TEXT])))


def facial_patterns() -> tuple[str, tuple[str, ...]]:
    """One regular expression for every facial word, and those of what is no such word, in order.

    The first is without the boundaries of words on both sides.
    """
    facial = _vocabulary().file.facial
    return _spaced(facial.words), facial.not_facial


def _without(unwanted: re.Pattern[str], text: str) -> str:
    return unwanted.sub(" ; ", text)


class _PartEntry(Strict):
    name: str
    group: Literal["face", "head", "upper", "hands", "torso", "lower", "internal", "whole"]
    words: tuple[str, ...]


class _Facial(Strict):
    words: tuple[str, ...]
    not_facial: tuple[str, ...]


class _BodyFile(Strict):
    not_parts: tuple[str, ...]
    parts: tuple[_PartEntry, ...]
    facial: _Facial


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    part: re.Pattern[str]
    not_parts: re.Pattern[str]
    facial: re.Pattern[str]
    not_facial: re.Pattern[str]
    meaning: dict[str, tuple[str, str]]
    file: _BodyFile


@cache
def _vocabulary() -> _Vocabulary:
    file = read("body_parts.toml", _BodyFile)
    meaning: dict[str, tuple[str, str]] = {}
    for part in file.parts:
        for word in (part.name, *part.words):
            for form in (word, f"{word}s"):
                meaning.setdefault(form, (part.name, part.group))
    return _Vocabulary(
        part=_any_of(meaning),
        not_parts=re.compile("|".join(file.not_parts)),
        facial=_any_of(file.facial.words),
        not_facial=re.compile("|".join(file.facial.not_facial)),
        meaning=meaning,
        file=file,
    )


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Whole words, the longest at a place."""
    return re.compile(rf"(?<!\w)(?:{_spaced(words)})(?!\w)")


def _spaced(words: Iterable[str]) -> str:
    """Longer words are tried first, so that the longest at a place wins."""
    longest_first = sorted(words, key=len, reverse=True)
    return "|".join(r"[\s-]+".join(map(re.escape, word.split(" "))) for word in longest_first)
