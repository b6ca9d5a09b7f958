"""What the servers answer: a deterministic function of picture, prompt and seed, in the shape that was asked for."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.loopback.calls import Asked

LABELS = ("Happiness", "Sadness", "Fear", "Anger", "Surprise", "Disgust", "Neutral")
_DEFAULT_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "emotion": {"type": "string", "enum": list(LABELS)},
        "valence": {"type": "integer", "minimum": 1, "maximum": 10},
        "body_parts": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
        "narrative": {"type": "string"},
    },
}
_TOKEN = re.compile(r"\s*\w+|\s*[^\w\s]+|\s+")
_IMAGE_TOKENS = 258


@dataclass(frozen=True, slots=True)
class Token:
    """One token of an answer; ``alternatives`` holds the likeliest ones, itself included, best first."""

    text: str
    logprob: float
    alternatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Written:
    """An answer with its tokens; ``cut`` says that the token limit ended it."""

    text: str
    tokens: tuple[Token, ...]
    prompt_tokens: int
    cut: bool


def write(asked: Asked) -> Written:
    """The answer to ``asked``, cut where its token limit ends."""
    schema = asked.schema or _DEFAULT_SCHEMA
    value = _value(schema, asked.fingerprint, "answer")
    text = json.dumps(value, ensure_ascii=False)
    tokens = tuple(_tokens(text, schema, value, asked))
    limit = len(tokens) if asked.max_tokens is None else asked.max_tokens
    kept = tokens[:limit]
    words = len(_TOKEN.findall(asked.system + " " + asked.user))
    return Written(
        "".join(token.text for token in kept),
        kept,
        prompt_tokens=words + _IMAGE_TOKENS * len(asked.pictures),
        cut=len(kept) < len(tokens),
    )


def emotion_of(asked: Asked) -> str | None:
    """The label in the answer to ``asked``, for tests that compare it with what was stored."""
    value = _value(asked.schema or _DEFAULT_SCHEMA, asked.fingerprint, "answer")
    found = value.get("emotion") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _value(schema: Mapping[str, Any], seed: str, name: str) -> Any:
    """A value that the (JSON or Gemini) schema allows, chosen by hash."""
    choice = int(hashlib.sha256(f"{seed}/{name}".encode()).hexdigest(), 16)
    if schema.get("enum"):
        return schema["enum"][choice % len(schema["enum"])]
    for union in ("anyOf", "oneOf"):
        if schema.get(union):
            return _value(schema[union][0], seed, name)
    kind = str(schema.get("type", "object" if "properties" in schema else "string")).lower()
    match kind:
        case "object":
            properties: Mapping[str, Any] = schema.get("properties") or {}
            order = schema.get("propertyOrdering") or list(properties)
            return {key: _value(properties[key], seed, f"{name}.{key}") for key in order}
        case "array":
            low = int(schema.get("minItems") or 1)
            high = min(int(schema.get("maxItems") or low + 1), low + 1)
            count = low + choice % (high - low + 1)
            items = schema.get("items") or {}
            return [_value(items, seed, f"{name}[{index}]") for index in range(count)]
        case "integer" | "number":
            low = int(schema.get("minimum") or 0)
            high = int(schema.get("maximum") or low + 9)
            return low + choice % (high - low + 1)
        case "boolean":
            return bool(choice % 2)
        case _:
            return f"The shoulders are drawn up and the arms held close ({choice % 10_000:04})."


def _tokens(text: str, schema: Mapping[str, Any], value: Any, asked: Asked) -> Iterator[Token]:
    label_at, labels = _label(text, schema, value)
    at = 0
    for piece in _TOKEN.findall(text):
        starts_label = label_at is not None and at <= label_at < at + len(piece)
        at += len(piece)
        if not starts_label:
            yield Token(piece, -0.01, ((piece, -0.01), ("…", -5.0)))
            continue
        lead = piece[: len(piece) - len(piece.lstrip())]
        scores = {label: _weight(asked.fingerprint, label) for label in labels}
        scores[piece.strip()] = max(scores.values(), default=0.0) + 1.0
        total = math.log(sum(math.exp(score) for score in scores.values()))
        best = sorted(scores.items(), key=lambda pair: -pair[1])
        alternatives = tuple((lead + label, score - total) for label, score in best)
        yield Token(piece, alternatives[0][1], alternatives)


def _label(text: str, schema: Mapping[str, Any], value: Any) -> tuple[int | None, Sequence[str]]:
    """Where the label begins in ``text``, and the first tokens of all labels."""
    properties = schema.get("properties") or {}
    for key in sorted(
        (key for key in properties if properties[key].get("enum")), key=lambda k: k != "emotion"
    ):
        start = text.find(f'"{key}": "{value[key]}"')
        if start >= 0:
            firsts = dict.fromkeys(_TOKEN.findall(str(label))[0] for label in properties[key]["enum"])
            return start + len(f'"{key}": "'), list(firsts)
    return None, ()


def _weight(fingerprint: str, label: str) -> float:
    return -(int(hashlib.sha256(f"{fingerprint}:{label}".encode()).hexdigest(), 16) % 600) / 100
