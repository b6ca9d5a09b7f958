"""Numbers and texts as models write them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from elena_wb.parsing.text import LONGEST_FIELD, storable

LOWEST, HIGHEST = 1.0, 10.0

_FIGURE = r"(?P<number>[+-]?\d{1,6}(?:[.,]\d{1,12})?)\s*(?:(?:/|out\s+of)\s*(?P<scale>\d{1,6}(?:[.,]\d{1,12})?))?\s*"
_NUMBER = re.compile(
    rf"\s*{_FIGURE}(?:\([^)]*\)|[-–—:]\s+[^\W\d].*|\.)?\s*",
    re.DOTALL | re.IGNORECASE,
)
_WORD_AND_NUMBER = re.compile(rf"[^\d()]{{1,40}}\(\s*{_FIGURE}\)\s*\.?\s*", re.IGNORECASE)
_DEEPEST = 4
_MOST = 50


def ratings(values: Mapping[str, Any]) -> dict[str, float | str]:
    """For each value a rating of 1 to 10, or the reason why there is none.

    Numbers may be text: "7", "7.5", "7,5", "7/10", "7 out of 10", "7 (rather high)", "high (7)". Where all
    lie within -1 to 1 and one is below 1, none counts: 1 means the most on such a scale, not the least.
    """
    read = {name: _number(value) for name, value in values.items()}
    numbers = [number for number in read.values() if isinstance(number, float)]
    if numbers and min(numbers) < LOWEST and all(-1 <= number <= 1 for number in numbers):
        return {
            name: "on a scale of 0 to 1" if isinstance(number, float) else number
            for name, number in read.items()
        }
    return {
        name: number
        if isinstance(number, str) or LOWEST <= number <= HIGHEST
        else f"{number:g} is outside 1 to 10"
        for name, number in read.items()
    }


def _number(value: Any) -> float | str:
    """A number on a scale that ends at 10 as far as is said, or the reason why there is none."""
    if isinstance(value, Mapping):
        named = {str(key).lower(): inner for key, inner in islice(value.items(), _MOST)}
        for key in ("value", "score", "rating"):
            if key in named and not isinstance(named[key], Mapping):
                return _number(named[key])
        return "an object"
    if value is None:
        return "null"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return f"a {type(value).__name__}"
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value[:200]) or _WORD_AND_NUMBER.fullmatch(value[:200])
        if match is None:
            return f"`{storable(value, 40)}` is no number"
        if match["scale"] is not None and _decimal(match["scale"]) != HIGHEST:
            return f"on a scale of {match['scale']}"
        value = _decimal(match["number"])
    if not -1e6 < value < 1e6 or not math.isfinite(value):
        return "not a finite number of reasonable size"
    return float(value)


def _decimal(digits: str) -> float:
    return float(digits.replace(",", "."))


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
