"""Why a server turned a question down, read from what it says: it is asked in another way, or the user is told.

Servers agree on the shape of a question and not on how they refuse one: status 400, 404, 422, 500 and 501 are all in
use, and the words are each server's own.
"""

from __future__ import annotations

import re
from typing import Literal

Refusal = Literal[
    "structured",
    "logprobs",
    "limit",
    "sampling",
    "seed",
    "reasoning",
    "image",
    "system",
    "context",
    "policy",
    "spent",
    "model",
]

_STATUSES = frozenset({400, 403, 404, 413, 415, 422, 429, 500, 501})
_LONGEST_READ = 20_000
_NO = (
    r"(unsupported|not.{0,20}support|does ?n.t (support|have|take)|unknown|unrecogni[sz]ed|unexpected|extra"
    r"|not permitted|not allowed|invalid|incompatible|cannot|can.t|must be|only|disabled"
    r"|not available|not enabled|requires)"
)


def _both(what: str) -> re.Pattern[str]:
    """``what`` together with a word that says no, in either order."""
    return re.compile(rf"(?s)(?=.*{what})(?=.*{_NO})", re.IGNORECASE)


_SPENT = re.compile(
    r"insufficient_quota|insufficient.{0,10}(credit|balance|fund)|billing_hard_limit", re.IGNORECASE
)
_POLICY = re.compile(
    r"content_filter|content_policy_violation|\"invalid_prompt\"|content management policy|usage policy|safety system",
    re.IGNORECASE,
)
_MODEL = re.compile(
    r"(?s)model_not_found|model .{1,200}(does not exist|not found|is not (available|loaded))", re.IGNORECASE
)
_CONTEXT = re.compile(
    r"context_length_exceeded|context (length|window|size)|maximum (model|context) length|max_model_len|exceeds? n_ctx"
    r"|(prompt|input|request).{0,40}(too long|exceeds? .{0,30}(token|length))",
    re.IGNORECASE,
)
_OTHERS: tuple[tuple[Refusal, re.Pattern[str]], ...] = (
    ("structured", _both(r"(response_format|json_schema|json_object|json schema|json mode|structured[ _]output"
                         r"|guided[ _]|grammar|'?messages'? must contain the word)")),
    ("logprobs", _both(r"log_?probs")),
    ("limit", re.compile(r"(?s)(unsupported|unknown|unrecogni[sz]ed|unexpected|extra|not permitted|not supported)"
                         r".{0,80}max_(completion_)?tokens|max_(completion_)?tokens.{0,40}(not supported|not permitted"
                         r"|unsupported|unknown|unrecogni[sz]ed|unexpected|extra)", re.IGNORECASE)),
    ("reasoning", _both(r"reasoning_effort")),
    ("sampling", _both(r"\b(temperature|top_p)\b")),
    ("seed", _both(r"\bseed\b")),
    ("image", re.compile(r"(?s)(not.{0,20}(support|accept)|unsupported|no ).{0,60}(image|vision|multi-?modal)"
                         r"|(image|vision|multi-?modal).{0,60}(not.{0,20}support|unsupported|not accept)|mmproj"
                         r"|not a multi-?modal|at most 0 image", re.IGNORECASE)),
    ("system", re.compile(r"(?s)system (role|message|prompt).{0,40}(not|unsupported|incompatible)"
                          r"|incompatible with system|roles must alternate", re.IGNORECASE)),
)  # fmt: skip
_MAY_BE_A_FAULT = frozenset({"structured", "logprobs", "context", "image", "system"})
"""What servers report as a fault of their own (500, 501) though it is none."""


def refusal_of(status: int, body: str) -> Refusal | None:
    """What the server refuses; ``None`` where its answer says nothing of the kind."""
    if status == 402:
        return "spent"
    if status not in _STATUSES:
        return None
    text = body[:_LONGEST_READ]
    if status == 429:
        return "spent" if _SPENT.search(text) else None
    if status == 403:
        return "policy" if _POLICY.search(text) else None
    found = _read(text)
    return found if status < 500 or found in _MAY_BE_A_FAULT else None


def _read(text: str) -> Refusal | None:
    if _SPENT.search(text):
        return "spent"
    if _POLICY.search(text):
        return "policy"
    if _CONTEXT.search(text):
        return "context"
    if _MODEL.search(text):
        return "model"
    return next((refusal for refusal, pattern in _OTHERS if pattern.search(text)), None)
