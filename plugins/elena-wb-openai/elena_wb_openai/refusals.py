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
_LONGEST_READ = 8_000
_NO = (
    r"(unsupported|not.{0,20}support|does ?n.t (support|have|take)|unknown|unrecogni[sz]ed|unexpected|extra|permitted"
    r"|allowed|invalid|cannot|can.t|must be|should be|only|disabled|not available|not enabled|requires)"
)
_STRANGE = r"(unsupported|unknown|unrecogni[sz]ed|unexpected|extra|not (permitted|supported))"


def _compiled(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


def _turned_down(name: str) -> re.Pattern[str]:
    """``name`` together with a word that says no, in either order."""
    return _compiled(rf"(?=.*{name})(?=.*{_NO})")


_SPENT = _compiled(r"insufficient_quota", r"insufficient.{0,10}(credit|balance|fund)", r"billing_hard_limit")
_POLICY = _compiled(
    r"content_filter",
    r"content_policy_violation",
    r"\"invalid_prompt\"",
    r"content management policy",
    r"usage policy",
    r"safety system",
)
_CONTEXT = _compiled(
    r"context_length_exceeded",
    r"context (length|window|size)",
    r"maximum (model|context) length",
    r"max_model_len",
    r"exceeds? n_ctx",
    r"(prompt|input|request).{0,40}(too long|exceeds? .{0,30}(token|length))",
)
_IN_ORDER: tuple[tuple[Refusal, re.Pattern[str]], ...] = (
    ("spent", _SPENT),
    ("policy", _POLICY),
    ("context", _CONTEXT),
    (
        "model",
        _compiled(r"model_not_found", r"model .{1,200}(does not exist|not found|is not (available|loaded))"),
    ),
    (
        "structured",
        _compiled(
            r"response_format", r"json.(schema|object|mode)", r"structured.output", r"guided[ _]", r"grammar"
        ),
    ),
    ("logprobs", _compiled(r"log_?probs")),
    (
        "limit",
        _compiled(
            rf"{_STRANGE}.{{0,80}}max_(completion_)?tokens",
            rf"max_(completion_)?tokens.{{0,40}}{_STRANGE}",
        ),
    ),
    ("reasoning", _turned_down("reasoning_effort")),
    ("sampling", _turned_down(r"\b(temperature|top_p)\b")),
    ("seed", _turned_down(r"\bseed\b")),
    (
        "image",
        _compiled(
            r"(not.{0,20}(support|accept)|unsupported|no ).{0,60}(image|vision|multi-?modal)",
            r"(image|vision|multi-?modal).{0,60}(not.{0,20}support|unsupported|not accept)",
            r"mmproj",
            r"not a multi-?modal",
            r"at most 0 image",
        ),
    ),
    (
        "system",
        _compiled(
            r"system (role|message|prompt).{0,40}(not|unsupported|incompatible)",
            r"incompatible with system",
            r"roles must alternate",
        ),
    ),
)
"""The first that is found in what the server says counts."""

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
    return next((refusal for refusal, pattern in _IN_ORDER if pattern.search(text)), None)
