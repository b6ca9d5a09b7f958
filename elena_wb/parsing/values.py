"""Numbers and texts as models write them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from elena_wb.parsing.text import LONGEST_FIELD, storable

LOWEST, HIGHEST = 1.0, 10.0

_NUMBER = re.compile(
    r"\s*(?P<number>[+-]?\d{1,6}(?:[.,]\d{1,12})?)\s*(?:(?:/|out\s+of)\s*(?P<scale>\d{1,6}))?\s*"
    r"(?:\([^)]*\)|[-–—:]\s+[^\W\d].*|\.)?\s*",
    re.DOTALL | re.IGNORECASE,
)
_DEEPEST = 4
_MOST = 50


def rating(value: Any) -> float | str:
    """A rating of 1 to 10, or the reason why there is none.

    Numbers may be text: "7", "7.5", "7,5", "7/10", "7 out of 10", "7 (rather high)".
    """
    if isinstance(value, Mapping):
        named = {str(key).lower(): inner for key, inner in islice(value.items(), _MOST)}
        for key in ("value", "score", "rating"):
            if key in named and not isinstance(named[key], Mapping):
                return rating(named[key])
        return "an object"
    if value is None:
        return "null"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return f"a {type(value).__name__}"
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value[:200])
        if match is None:
            return f"`{storable(value, 40)}` is no number"
        if match["scale"] not in (None, "10"):
            return f"on a scale of {match['scale']}"
        value = float(match["number"].replace(",", "."))
    if not -1e6 < value < 1e6 or not math.isfinite(value):
        return "not a finite number of reasonable size"
    number = float(value)
    return number if LOWEST <= number <= HIGHEST else f"{number:g} is outside 1 to 10"


def text_of(value: Any, depth: int = 0) -> str | None:
    """A text; lists and objects are joined. ``None`` where nothing is said."""
    if isinstance(value, str):
        return storable(value).strip() or None
    if value is None or isinstance(value, bool) or depth >= _DEEPEST:
        return None
    if isinstance(value, int | float):
        return f"{value:g}" if -1e15 < value < 1e15 else None
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    said = (text_of(item, depth + 1) for item in islice(items, _MOST))
    return " ".join(text for text in said if text)[:LONGEST_FIELD] or None
