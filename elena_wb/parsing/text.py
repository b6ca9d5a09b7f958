"""Making untrusted text storable."""

from __future__ import annotations

import re

LONGEST_ANSWER = 100_000
LONGEST_FIELD = 20_000

_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str, longest: int = LONGEST_FIELD) -> str:
    """``text`` without NUL, with lone surrogates as U+FFFD, cut to ``longest`` characters."""
    text = text[:longest].replace("\x00", "")
    if _SURROGATE.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
