"""Body parts as models list them: a list, one string, a list of objects, or nested objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from elena_wb.core.narrative import BodyPart
from elena_wb.parsing.text import storable
from elena_wb.vocabulary import body_part

MOST_PARTS = 64
LONGEST_PHRASE = 300

_DEEPEST = 4
_SEPARATOR = re.compile(r"\s*[,;\n•]\s*")
_AND = re.compile(r"\s+(?:and|&)\s+|\s*&\s*", re.IGNORECASE)
_NOTHING = frozenset({"", "none", "n/a", "na", "null", "unknown", "not visible", "-", "..."})
_NAMING = ("part", "body_part", "bodypart", "name", "body part", "region", "area")
_EDGES = " \t\r\n-*•·.,;:\"'`"


def body_parts_of(value: Any) -> tuple[BodyPart, ...]:
    """Every part named, once each, at most 64; the phrase is the model's wording."""
    phrases: dict[str, None] = {}
    for phrase in islice(_phrases(value, 0), MOST_PARTS * 4):
        tidy = storable(phrase, LONGEST_PHRASE).strip(_EDGES)
        if tidy.lower() not in _NOTHING and len(phrases) < MOST_PARTS:
            phrases.setdefault(tidy)
    return tuple(body_part(phrase) for phrase in phrases)


def _phrases(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        text = value[: LONGEST_PHRASE * MOST_PARTS].strip().strip("[]")
        for piece in _SEPARATOR.split(text) if depth == 0 else [text]:
            yield from _joined_by_and(re.sub(r"^(?:and|&)\s+", "", piece, flags=re.IGNORECASE))
    elif isinstance(value, list):
        for item in value[: MOST_PARTS * 4]:
            yield from _phrases(item, depth + 1)
    elif isinstance(value, Mapping):
        yield from _of_mapping(value, depth)


def _joined_by_and(text: str) -> list[str]:
    """ "Hands and feet" are two; "arms bent and raised" are one, because "raised" names no part."""
    pieces = [piece for piece in _AND.split(text) if piece]
    apart = len(pieces) > 1 and all(len(piece.split()) <= 3 and body_part(piece).part for piece in pieces)
    return pieces if apart else [text]


def _of_mapping(value: Mapping[Any, Any], depth: int) -> Iterator[str]:
    items = [(str(key), inner) for key, inner in islice(value.items(), MOST_PARTS * 4)]
    named = [inner for key, inner in items if key.lower() in _NAMING and isinstance(inner, str)]
    if named:
        details = [inner for key, inner in items if isinstance(inner, str) and key.lower() not in _NAMING]
        yield ": ".join([named[0], *details[:1]])
        return
    for key, inner in items:
        key = key.replace("_", " ")
        if isinstance(inner, str) and inner.strip().lower() not in _NOTHING:
            yield f"{key}: {inner}" if body_part(key).part else inner
        elif inner is True:
            yield key
        elif isinstance(inner, list | Mapping):
            yield from _phrases(inner, depth + 1)
