"""The part of JSON Schema that Gemini understands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEPT = frozenset(
    {
        "$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items", "prefixItems",
        "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties", "additionalProperties",
        "required", "propertyOrdering",
    }
)  # fmt: skip
"""What google-genai documents for ``response_json_schema``; the API answers 400 to some others."""

_DEEPEST = 32


def understood(schema: Mapping[str, Any]) -> dict[str, Any]:
    """``schema`` without the keywords that Gemini does not know, and with the order of properties spelled out.

    Leaving keywords out allows more answers and never fewer; the host checks answers against the whole schema.
    Models before 2.5 write properties in the order of ``propertyOrdering``, later ones in that of ``properties``.
    """
    return _understood(schema, 0)


def _understood(schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        return {}
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "const" and "enum" not in schema and isinstance(value, (str, int, float)):
            made["enum"] = [value]
        elif key not in _KEPT:
            continue
        elif key in ("properties", "$defs") and isinstance(value, Mapping):
            made[key] = {name: _sub(one, depth) for name, one in value.items()}
        elif key in ("items", "additionalProperties"):
            made[key] = _sub(value, depth)
        elif key in ("prefixItems", "anyOf", "oneOf") and isinstance(value, list):
            made[key] = [_sub(one, depth) for one in value]
        else:
            made[key] = value
    if isinstance(made.get("properties"), Mapping):
        made.setdefault("propertyOrdering", list(made["properties"]))
    return made


def _sub(value: Any, depth: int) -> Any:
    return _understood(value, depth + 1) if isinstance(value, Mapping) else value
