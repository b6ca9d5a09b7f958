"""Telling a refusal from an answer that merely could not be read."""

from __future__ import annotations

import re

_HEAD = 600
_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am)?|we)\s+(?:(?:really|truly|very|so)\s+)?(?:sorry|apologi[sz]e)\b.{0,80}"
    r"\b(?:can(?:no|')t|not able|unable|won't)\b"
    r"|\bi\s*(?:'m|am)\s+(?:unable|not\s+able|not\s+allowed|not\s+permitted)\s+to\b"
    r"|\bi\s+(?:can(?:no|')t|can\s+not|won't|will\s+not|must\s+decline|decline|refuse)\b"
    r"|\bas\s+an?\s+(?:ai|artificial\s+intelligence|(?:large\s+)?language\s+model)\b.{0,120}\b(?:can(?:no|')t|not|unable)\b"
    r"|\b(?:violates?|against)\s+(?:my|our|the)\s+(?:\w+\s+)?(?:guidelines?|polic(?:y|ies)|programming)\b"
    r"|\bi\s+(?:don't|do\s+not)\s+feel\s+comfortable\b",
    re.IGNORECASE | re.DOTALL,
)


def is_refusal(text: str) -> bool:
    """Whether the beginning of ``text`` declines to answer. Ask only where no emotion could be read."""
    return _REFUSAL.search(text[:_HEAD].replace("’", "'")) is not None
