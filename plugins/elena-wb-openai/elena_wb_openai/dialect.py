"""How a question is put: the one body of every call, in the dialect that the server turned out to understand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from elena_wb.core import Request
from elena_wb.remote.encoding import encode
from elena_wb_openai.options import OpenAIOptions

Structure = Literal["json_schema", "json_object with the schema", "json_object", "none"]
Limit = Literal["max_tokens", "max_completion_tokens"]
Feature = Literal["structured", "logprobs", "limit"]
"""What can be asked for in another way, or done without."""

_STRICTEST_FIRST: tuple[Structure, ...] = (
    "json_schema",
    "json_object with the schema",
    "json_object",
    "none",
)
_ALLOWED: Mapping[str, tuple[Structure, ...]] = {
    "auto": _STRICTEST_FIRST,
    "schema": _STRICTEST_FIRST[:2],
    "json": ("json_object",),
    "none": ("none",),
}
_SEEDS = 2**31
_ALTERNATIVES = (20, 5)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is asked for and under which name. ``top_logprobs`` is ``None`` where none are asked for."""

    structure: Structure
    limit: Limit
    top_logprobs: int | None

    @classmethod
    def first(cls, options: OpenAIOptions, *, at_openai: bool) -> Dialect:
        """The best there is by ``options``."""
        limit: Limit = "max_completion_tokens" if at_openai else "max_tokens"
        if options.limit != "auto":
            limit = options.limit
        alternatives = None if options.logprobs == "off" else _ALTERNATIVES[0]
        return cls(_ALLOWED[options.structured][0], limit, alternatives)

    def without(self, feature: Feature, options: OpenAIOptions) -> Dialect | None:
        """The next best for a server that refuses ``feature`` as this asks for it; ``None`` if there is none."""
        match feature:
            case "structured":
                weaker = _ALLOWED[options.structured]
                place = weaker.index(self.structure) + 1
                return replace(self, structure=weaker[place]) if place < len(weaker) else None
            case "logprobs":
                if self.top_logprobs is None:
                    return None
                fewer = [count for count in _ALTERNATIVES if count < self.top_logprobs]
                if not fewer and options.logprobs == "on":
                    return None
                return replace(self, top_logprobs=fewer[0] if fewer else None)
            case "limit":
                first = Dialect.first(options, at_openai=False).limit
                if options.limit != "auto" or self.limit != first:
                    return None
                return replace(self, limit="max_completion_tokens")

    def body(self, model: str, request: Request, picture: str, options: OpenAIOptions) -> dict[str, Any]:
        """The fields of a chat completion; ``picture`` is a ``data:`` URL."""
        body: dict[str, Any] = {
            "model": model,
            "messages": _messages(request, picture, options),
            self.limit: request.max_tokens,
        }
        if options.sampling == "sent":
            body |= {"temperature": request.sampling.temperature, "top_p": request.sampling.top_p}
            if request.sampling.top_k:
                body["top_k"] = request.sampling.top_k
        if options.seed == "sent":
            body["seed"] = request.seed % _SEEDS
        if options.reasoning_effort is not None:
            body["reasoning_effort"] = options.reasoning_effort
        if request.schema is not None:
            body |= self._format(request.schema)
            if self.top_logprobs is not None and _has_labels(request.schema):
                body |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        return {**options.extra, **body}

    def _format(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        match self.structure:
            case "json_schema":
                named = {"name": "answer", "schema": schema, "strict": _is_strict(schema)}
                return {"response_format": {"type": "json_schema", "json_schema": named}}
            case "json_object with the schema":
                return {"response_format": {"type": "json_object", "schema": schema}}
            case "json_object":
                return {"response_format": {"type": "json_object"}}
            case "none":
                return {}


def picture_of(request: Request, options: OpenAIOptions) -> str:
    """The picture as a ``data:`` URL.

    Raises:
        ImageError: it cannot be sent in that format.
    """
    return encode(
        request.image,
        format=options.image_format,
        quality=options.image_quality,
        max_side=options.max_image_side,
    ).data_url()


def _messages(request: Request, picture: str, options: OpenAIOptions) -> list[dict[str, Any]]:
    image: dict[str, Any] = {"url": picture}
    if options.detail != "auto":
        image["detail"] = options.detail
    system, user = request.system, request.user
    if system and options.system == "user":
        system, user = "", f"{system}\n\n{user}"
    asked = {
        "role": "user",
        "content": [{"type": "image_url", "image_url": image}, {"type": "text", "text": user}],
    }
    return [{"role": "system", "content": system}, asked] if system else [asked]


def _has_labels(schema: Mapping[str, Any]) -> bool:
    properties = schema.get("properties")
    return isinstance(properties, Mapping) and any(
        isinstance(entry, Mapping) and "enum" in entry for entry in properties.values()
    )


def _is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether OpenAI's strict mode takes the schema: every property required, and no others allowed."""
    properties = schema.get("properties") or {}
    return (
        set(schema.get("required") or ()) == set(properties) and schema.get("additionalProperties") is False
    )
