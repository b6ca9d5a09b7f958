"""From a reply of the API to a response. Replies are untrusted: whatever is in one becomes a response."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from elena_wb.core import FinishReason, Response
from elena_wb.remote.logprobs import TokenLogprob, label_logprobs
from elena_wb.remote.prices import Price
from elena_wb.remote.redaction import redact, redact_answer
from elena_wb_gemini.wire import Candidate, Counts, Logprobs, Reply, Scored, Top

_LONGEST_TEXT = 1_000_000
_LONGEST_READ = 5000
_MOST_TOKENS = 100_000
_REFUSALS = frozenset(
    {
        "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "ESCALATION",
    }
)  # fmt: skip
"""Why the model does not answer, or stops answering. Reasons that are listed nowhere here are taken for faults."""
_LIMITS = frozenset({"MAX_TOKENS", "CONTINUATION"})
_PROPER = frozenset({"", "STOP", "FINISH_REASON_UNSPECIFIED"})
_FOR_GOOD = frozenset({"PUP_LIMITED_DISABLED"})
"""The account is barred: asking again does not help."""


def read(
    index: int,
    body: object,
    *,
    schema: Mapping[str, Any] | None = None,
    price: Price | None = None,
    batch: bool = False,
    latency_ms: float | None = None,
) -> Response:
    """The response that ``body`` (the parsed JSON of a ``GenerateContentResponse``) amounts to.

    Blocked questions and answers are ``refused``, with the text that there is; the token limit makes ``length``. An
    empty answer without a reason, and anything that is no such reply, are errors worth another try. Thoughts are no
    part of the text and are counted as tokens of the answer, as Google charges for them.
    """
    try:
        reply = Reply.model_validate(body)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the whole"
        return unreadable(index, f"The reply is not in the form of the Gemini API: {where}", latency_ms)
    candidate = reply.candidates[0] if reply.candidates else None
    text = _text(candidate)
    finish, problem = _outcome(reply, candidate, text)
    reason = _reason(candidate)
    return Response(
        index,
        text,
        finish,
        prompt_tokens=reply.usage_metadata.prompt_token_count,
        completion_tokens=reply.usage_metadata.written,
        latency_ms=latency_ms,
        cost_usd=_cost(reply.usage_metadata, price, batch),
        error=problem,
        retryable=finish == "error" and reason not in _FOR_GOOD,
        trouble="reply" if finish == "error" else None,
        label_logprobs=_labels(candidate.logprobs_result if candidate else None, schema),
        answered_by=shown(reply.model_version, 100) or None,
    )


def unreadable(index: int, problem: str, latency_ms: float | None = None) -> Response:
    """The response for a reply that makes no sense; another may."""
    return Response(
        index,
        "",
        "error",
        latency_ms=latency_ms,
        error=shown(problem, 300),
        retryable=True,
        trouble="reply",
    )


def _outcome(reply: Reply, candidate: Candidate | None, text: str) -> tuple[FinishReason, str | None]:
    """How the answer ended, and what is wrong if it is none."""
    feedback, reason = reply.prompt_feedback, _reason(candidate)
    if candidate is None and feedback.block_reason:
        why = shown(feedback.block_reason, 60) + _in_brackets(feedback.block_reason_message)
        return "refused", f"Google blocked the question: {why}"
    if candidate is None:
        return "error", "The reply holds no answer and no reason why."
    if reason in _REFUSALS:
        return "refused", f"Google stopped the answer: {reason}{_in_brackets(candidate.finish_message)}"
    if reason in _LIMITS:
        return "length", None
    if reason not in _PROPER:
        return "error", f"The model stopped: {shown(reason, 60)}{_in_brackets(candidate.finish_message)}"
    if not text:
        return "error", "The answer is empty, without a reason."
    return "stop", None


def _reason(candidate: Candidate | None) -> str:
    return (candidate.finish_reason or "").upper() if candidate else ""


def _text(candidate: Candidate | None) -> str:
    if candidate is None or candidate.content is None:
        return ""
    text = "".join(part.text for part in candidate.content.parts if part.text and not part.thought)
    return redact_answer(text)[:_LONGEST_TEXT]


def _cost(counts: Counts, price: Price | None, batch: bool) -> float | None:
    prompt, written = counts.prompt_token_count, counts.written
    if price is None or (prompt is None and written is None):
        return None
    cached = counts.cached_content_token_count or 0
    return price.cost(prompt or 0, written or 0, cached_tokens=cached, batch=batch)


def _labels(result: Logprobs | None, schema: Mapping[str, Any] | None) -> Mapping[str, float]:
    if result is None or schema is None:
        return {}
    chosen = result.chosen_candidates[:_MOST_TOKENS]
    tops = result.top_candidates[: len(chosen)]
    tops += [Top()] * (len(chosen) - len(tops))
    if not all(math.isfinite(one.log_probability) for one in chosen):
        return {}
    return label_logprobs(
        [
            TokenLogprob(one.token, one.log_probability, [_pair(other) for other in _likely(top)])
            for one, top in zip(chosen, tops, strict=True)
        ],
        schema,
    )


def _likely(top: Top) -> list[Scored]:
    return [one for one in top.candidates if math.isfinite(one.log_probability)]


def _pair(scored: Scored) -> tuple[str, float]:
    return scored.token, scored.log_probability


def _in_brackets(text: str | None) -> str:
    said = shown(text, 200)
    return f" ({said})" if said else ""


def shown(text: str | None, longest: int) -> str:
    """``text`` on one line for a message, without keys and control characters."""
    plain = "".join(c if c.isprintable() else " " for c in redact((text or "")[:_LONGEST_READ]))
    return " ".join(plain.split())[:longest]
