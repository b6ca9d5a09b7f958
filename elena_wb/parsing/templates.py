"""Telling an answer from the form it should have, which models like to repeat before they fill it in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLACEHOLDER = re.compile(
    r"(?:…|\.{2,}|_{2,})?|<.*>|\[.*\]|\{.*\}|.*\|.*|(?:one of|your)\b.*|string|str|text|label"
    r"|emotion(?:[ _](?:label|name|category))?",
    re.IGNORECASE | re.DOTALL,
)
_SCHEMA_KEYS = frozenset({"enum", "const", "$ref", "anyOf", "oneOf", "allOf"})
_SCHEMA_TYPES = frozenset({"string", "object", "array", "number", "integer", "null"})


def is_placeholder(emotion: Any) -> bool:
    """Whether the value of the field ``emotion`` stands for one that is still to come.

    That is "…", "<emotion>", "one of …", an empty text, or the part of a JSON Schema.
    """
    if isinstance(emotion, str):
        return _PLACEHOLDER.fullmatch(emotion[:400].strip()) is not None
    if isinstance(emotion, Mapping):
        kind = emotion.get("type")
        return bool(_SCHEMA_KEYS & emotion.keys()) or (isinstance(kind, str) and kind in _SCHEMA_TYPES)
    return False
