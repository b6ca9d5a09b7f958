"""What is sent for a request, and the most that its answer can use."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from elena_wb.core import Request, Usage
from elena_wb.remote.encoding import Encoded, encode
from elena_wb.remote.prices import Price
from elena_wb_gemini.options import GeminiOptions
from elena_wb_gemini.schema import understood

if TYPE_CHECKING:
    from google.genai import types

_ADJUSTABLE = (
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
)
_THRESHOLDS = {
    "off": "OFF",
    "none": "BLOCK_NONE",
    "high": "BLOCK_ONLY_HIGH",
    "medium": "BLOCK_MEDIUM_AND_ABOVE",
    "low": "BLOCK_LOW_AND_ABOVE",
}
_WITHOUT_THINKING = ("gemini-1", "gemini-2.0", "gemini-2.5-flash-lite", "gemma-2", "gemma-3", "learnlm")
"""Models that do not think unless they are told to."""
_PLAIN = ("gemma-2", "gemma-3")
"""Models that know neither system instructions nor JSON."""

_MOST_OUTPUT = 65_535
"""The most that any model takes for a limit."""

_TILE_TOKENS = 258
_LARGEST_PICTURE_TOKENS = 1120
_FORM_TOKENS = 64


def encoded(request: Request, options: GeminiOptions) -> Encoded:
    """The picture of ``request`` as it is sent.

    Raises:
        ImageError: it cannot be encoded.
    """
    return encode(
        request.image,
        format=options.image_format,
        quality=options.image_quality,
        max_side=options.max_image_side,
    )


def contents(request: Request, model: str, picture: Encoded) -> list[types.Content]:
    """The picture and the words of the question; with them the system's words for models that know no system."""
    from google.genai import types

    parts = [types.Part(inline_data=types.Blob(data=picture.data, mime_type=picture.media_type))]
    words = [request.system, request.user] if _is_plain(model) else [request.user]
    parts += [types.Part(text=text) for text in words if text]
    return [types.Content(role="user", parts=parts)]


def config(request: Request, model: str, options: GeminiOptions) -> types.GenerateContentConfig:
    """How the question is to be answered, in one call of the client, which hands its reply over as it came."""
    from google.genai import types

    sampling = request.sampling
    return types.GenerateContentConfig.model_validate(
        {
            "system_instruction": None if _is_plain(model) else request.system or None,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p if sampling.top_p < 1 else None,
            "top_k": sampling.top_k or None,
            "seed": request.seed % 2**31,
            "max_output_tokens": output_limit(request, model, options),
            "safety_settings": _safety(options),
            "thinking_config": _thinking(options),
            "media_resolution": None
            if options.media_resolution == "default"
            else f"MEDIA_RESOLUTION_{options.media_resolution.upper()}",
            "response_logprobs": True if options.logprobs else None,
            "logprobs": options.logprobs or None,
            "should_return_http_response": True,
            "automatic_continuation": False,
            "automatic_function_calling": {"disable": True},
            **_form(request, model, options),
        }
    )


def output_limit(request: Request, model: str, options: GeminiOptions) -> int:
    """The limit that is sent: ``max_tokens`` for the answer, and room on top for the thinking that Google counts too.

    The room is the thinking budget; where there is none and the model may think, the allowance.
    """
    return max(request.max_tokens, min(request.max_tokens + _thinking_room(model, options), _MOST_OUTPUT))


def at_most(request: Request, model: str, options: GeminiOptions, price: Price | None) -> Usage:
    """The most that a call for ``request`` can use; half the price in a batch."""
    words = f"{request.system}{request.user}{json.dumps(request.schema or {}, ensure_ascii=False)}"
    question = len(words.encode("utf-8", "replace")) // 2 + _picture_tokens(request, options) + _FORM_TOKENS
    answer = output_limit(request, model, options)
    cost = None if price is None else price.cost(question, answer, batch=options.batch)
    return Usage(question + answer, cost)


def identity(request: Request, model_digest: str) -> str:
    """A sha256 that is the same for two requests exactly when the same answer can serve both."""
    sampling = request.sampling
    decides = [
        model_digest,
        request.image_digest,
        request.system,
        request.user,
        request.schema,
        [sampling.temperature, sampling.top_p, sampling.top_k],
        request.seed,
        request.max_tokens,
    ]
    return hashlib.sha256(json.dumps(decides, ensure_ascii=True).encode()).hexdigest()


def _is_plain(model: str) -> bool:
    return model.startswith(_PLAIN)


def _thinking_room(model: str, options: GeminiOptions) -> int:
    if options.thinking_budget is not None and options.thinking_budget >= 0:
        return options.thinking_budget
    told = options.thinking_budget is not None or options.thinking_level is not None
    if model.startswith(_WITHOUT_THINKING) and not told:
        return 0
    return options.thinking_allowance


def _picture_tokens(request: Request, options: GeminiOptions) -> int:
    """Google cuts a larger picture into squares of 1/1.5 of its shorter side (256 to 768 pixels), each 258 tokens."""
    height, width = request.image.shape[:2]
    longest: int = max(height, width, 1)
    scale = min(1.0, options.max_image_side / longest)
    sides = [max(1, round(side * scale)) for side in (height, width)]
    unit = min(768, max(256, int(min(sides) / 1.5)))
    tiles: int = -(-sides[0] // unit) * -(-sides[1] // unit)
    return max(tiles * _TILE_TOKENS, _LARGEST_PICTURE_TOKENS)


def _safety(options: GeminiOptions) -> list[dict[str, str]] | None:
    threshold = _THRESHOLDS.get(options.safety)
    return None if threshold is None else [{"category": one, "threshold": threshold} for one in _ADJUSTABLE]


def _thinking(options: GeminiOptions) -> dict[str, Any] | None:
    if options.thinking_level is not None:
        return {"thinking_level": options.thinking_level.upper()}
    if options.thinking_budget is not None:
        return {"thinking_budget": options.thinking_budget}
    return None


def _form(request: Request, model: str, options: GeminiOptions) -> dict[str, Any]:
    if options.structured == "none" or (options.structured == "auto" and _is_plain(model)):
        return {}
    if options.structured == "json":
        return {"response_mime_type": "application/json"}
    if request.schema is None:
        return {}
    return {
        "response_mime_type": "application/json",
        "response_json_schema": understood(request.schema),
    }
