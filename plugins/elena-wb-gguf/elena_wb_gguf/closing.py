"""Ending a JSON answer in time: when its tokens run out, it is closed rather than cut off."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from elena_wb_gguf.outline import Outline

_DEEPEST = 16
_END = 6
"""What may be open beside brackets: an escape or a number, a string, a space, and the token that ends the answer."""
_FREE = 16
"""What a member of an object of any kind may need that was begun: the end of its key, a colon, an empty text."""


class Closing:
    """How many more tokens a JSON answer needs, going by what it has written so far.

    ``count`` tells how many tokens a text takes. What it says is raised by a quarter and some more, as the model
    may put the same text together of other tokens.
    """

    def __init__(self, schema: Mapping[str, Any], count: Callable[[str], int]) -> None:
        self._count = count
        self._whole = self._size(_least(schema, schema, 0))
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        required = set(schema.get("required", ())) if isinstance(properties, Mapping) else set()
        self._loose = self._begun(schema, schema, 0)
        self._members = {
            name: self._size({name: _least(part, schema, 0)})
            for name, part in (properties or {}).items()
            if name in required
        }

    def need(self, outline: Outline) -> int:
        """About how many tokens are to come, rather too many, if strings end now and lists as soon as they may."""
        done = outline.names[:-1]
        left = sum(size for name, size in self._members.items() if name not in done)
        return (left if self._members else self._whole) + self._loose + 2 * outline.depth + _END

    def _begun(self, schema: Any, root: Any, depth: int) -> int:
        """Tokens for parts that need not be there and have perhaps been begun: entries of lists, optional members."""
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return 0
        target = schema.get("$ref")
        if isinstance(target, str) and target.startswith("#/"):
            return self._begun(_looked_up(target, root), root, depth + 4)
        if schema.keys() <= {"title", "description", "type"} and schema.get("type") in {None, "object"}:
            return _FREE
        parts = [part for key in ("items", "additionalProperties") if (part := schema.get(key))]
        properties = schema.get("properties")
        members = properties if isinstance(properties, Mapping) else {}
        optional = [part for name, part in members.items() if name not in schema.get("required", ())]
        begun = max((self._size({"": _least(part, root, 0)}) for part in (*parts, *optional)), default=0)
        choices = [part for key in ("oneOf", "anyOf") for part in schema.get(key, ())]
        inner = max(
            (self._begun(part, root, depth + 1) for part in (*parts, *members.values(), *choices)), default=0
        )
        return begun + inner

    def _size(self, value: Any) -> int:
        text = json.dumps(value, ensure_ascii=False, separators=(" , ", ": "))
        return self._count(text) * 5 // 4 + 2


def _least(schema: Any, root: Any, depth: int) -> Any:
    """A shortest value that fits, except that of several labels it is the longest that counts."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    target = schema.get("$ref")
    if isinstance(target, str) and target.startswith("#/"):
        return _least(_looked_up(target, root), root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return max(schema["enum"], key=_length, default=None)
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return max(
                (_least(part, root, depth + 1) for part in schema[key]),
                key=_length,
                default=None,
            )
    match schema.get("type"):
        case "object":
            required, properties = schema.get("required", ()), schema.get("properties", {})
            return {name: _least(properties.get(name), root, depth + 1) for name in required}
        case "array":
            return [_least(schema.get("items"), root, depth + 1)] * min(schema.get("minItems", 0), 64)
        case "string":
            return "x" * min(schema.get("minLength", 0), 4096)
        case "boolean":
            return False
        case "integer" | "number":
            return -0.1
    return None


def _looked_up(target: str, root: Any) -> Any:
    for name in target[2:].split("/"):
        root = root.get(name) if isinstance(root, Mapping) else None
    return root


def _length(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False))
