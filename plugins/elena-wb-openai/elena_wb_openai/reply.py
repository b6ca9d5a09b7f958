"""What a server's reply says: its body, which may hold anything, becomes one response."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from elena_wb.core import FinishReason, Response
from elena_wb.remote.logprobs import TokenLogprob, label_logprobs
from elena_wb.remote.prices import Price

_LONGEST_TEXT = 1_000_000
_LONGEST_VERSION = 120
_ENDS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "tool_calls": "stop",
    "function_call": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "refused",
    "refusal": "refused",
    "safety": "refused",
}
"""OpenAI's reasons, and those that servers of other origins let through in its place."""

_NOTHING_SAID = (
    "The model made tokens, and none of them is an answer; it may have reasoned or called for a tool."
)
_STREAMED = "The server sends its answer as a stream, which was not asked for and is not read."
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


def _text_of(value: object) -> object:
    """Content as a text; servers may send it in parts."""
    if not isinstance(value, list):
        return value
    parts = [part.get("text") if isinstance(part, dict) else part for part in value]
    return "".join(part for part in parts if isinstance(part, str))


def _finite(value: object) -> object:
    """A log-probability; ``None`` stands for one that the server does not know."""
    return -math.inf if value is None else value


def _count_or_none(value: object) -> object:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 else None


def _string_or_none(value: object) -> object:
    return value if isinstance(value, str) else None


def _object_or_none(value: object) -> object:
    return value if isinstance(value, dict) else None


def _objects(value: object) -> object:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


_Count = Annotated[int | None, BeforeValidator(_count_or_none)]
_Word = Annotated[str | None, BeforeValidator(_string_or_none)]
_Logprob = Annotated[float, BeforeValidator(_finite)]


class _Alternative(_Lenient):
    token: str
    logprob: _Logprob


class _Token(_Alternative):
    top_logprobs: Annotated[tuple[_Alternative, ...], BeforeValidator(_objects)] = ()


class _Message(_Lenient):
    content: Annotated[str | None, BeforeValidator(_text_of)] = None
    refusal: _Word = None


class _Choice(_Lenient):
    message: _Message
    finish_reason: _Word = None
    logprobs: Annotated[Mapping[str, Any] | None, BeforeValidator(_object_or_none)] = None


class _PromptDetails(_Lenient):
    cached_tokens: _Count = None


class _Usage(_Lenient):
    prompt_tokens: _Count = None
    completion_tokens: _Count = None
    prompt_tokens_details: Annotated[_PromptDetails | None, BeforeValidator(_object_or_none)] = None


class Reply(_Lenient):
    """A chat completion, as far as it is read."""

    choices: tuple[_Choice, ...] = Field(max_length=1024)
    usage: Annotated[_Usage | None, BeforeValidator(_object_or_none)] = None
    model: _Word = None
    system_fingerprint: _Word = None


def read_reply(
    index: int,
    body: bytes,
    *,
    schema: Mapping[str, Any] | None,
    price: Price | None,
    latency_ms: float | None = None,
) -> Response:
    """The response in ``body``, which came with HTTP status 200; an error of it where it holds no answer."""
    try:
        reply = Reply.model_validate_json(body.removeprefix(_BYTE_ORDER_MARK))
    except ValidationError as error:
        if body[:200].lstrip().startswith((b"data:", b"event:", b": ")):
            return Response(index, "", "error", error=_STREAMED, latency_ms=latency_ms)
        return _unreadable(index, _what_is_wrong(body, error), latency_ms)
    usage = reply.usage or _Usage()
    known: dict[str, Any] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "latency_ms": latency_ms,
        "cost_usd": _cost(usage, price),
        "answered_by": _version(reply),
    }
    if not reply.choices:
        return _unreadable(index, "The server's reply holds no answer.", **known)
    choice = reply.choices[0]
    message = choice.message
    if message.refusal:
        return Response(index, message.refusal[:_LONGEST_TEXT], "refused", **known)
    end = _ENDS.get((choice.finish_reason or "stop").lower())
    text = message.content
    if end == "refused":
        return Response(index, (text or "")[:_LONGEST_TEXT], "refused", **known)
    if end is None:
        shown = "".join(c for c in choice.finish_reason or "" if c.isprintable())[:40]
        return _unreadable(index, f"The server ended its answer for another reason: {shown}.", **known)
    if text is None and end == "length":
        text = ""  # a reasoning model that was still thinking
    if text is None:
        if usage.completion_tokens:  # asking again would most likely be paid for in vain
            return Response(index, "", "error", error=_NOTHING_SAID, **known)
        return _unreadable(index, "The server's reply holds no text.", **known)
    if len(text) > _LONGEST_TEXT:
        return _unreadable(index, "The answer is longer than a million characters.", **known)
    return Response(index, text, end, label_logprobs=_labels(choice.logprobs, schema), **known)


def _unreadable(index: int, reason: str, latency_ms: float | None, **known: Any) -> Response:
    return Response(
        index, "", "error", error=reason, retryable=True, trouble="reply", latency_ms=latency_ms, **known
    )


def _what_is_wrong(body: bytes, error: ValidationError) -> str:
    start = body[:200].lstrip().lower()
    if not body.strip():
        return "The server's reply is empty."
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "The server's reply is a web page and no JSON; is there a proxy or a log-in in between?"
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return "The server's reply is broken JSON."
    where = ".".join(str(part) for part in first["loc"])
    return f"The server's reply is no chat completion: {where}: {first['msg']}"


def _cost(usage: _Usage, price: Price | None) -> float | None:
    if price is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    details = usage.prompt_tokens_details
    cached = (details.cached_tokens if details is not None else None) or 0
    return price.cost(usage.prompt_tokens, usage.completion_tokens, cached_tokens=cached)


def _version(reply: Reply) -> str | None:
    """Model and fingerprint of the server's configuration, printable and short."""
    if not reply.model:
        return None
    named = f"{reply.model} ({reply.system_fingerprint})" if reply.system_fingerprint else reply.model
    return "".join(character for character in named if character.isprintable())[:_LONGEST_VERSION] or None


def _labels(logprobs: Mapping[str, Any] | None, schema: Mapping[str, Any] | None) -> Mapping[str, float]:
    """Log-probabilities of the labels, where the server tells those of tokens in the usual shape."""
    entries = (logprobs or {}).get("content")
    if not isinstance(entries, list):
        return {}
    try:
        tokens: Sequence[_Token] = [_Token.model_validate(entry) for entry in entries]
    except ValidationError:
        return {}
    return label_logprobs(
        [
            TokenLogprob(
                token.token, token.logprob, tuple((one.token, one.logprob) for one in token.top_logprobs)
            )
            for token in tokens
        ],
        schema,
    )
