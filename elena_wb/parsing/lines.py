"""Answers as lines of ``key: value``, numbered or not ("2. Category: Sad", "**Emotion:** Fear")."""

from __future__ import annotations

import re
from collections.abc import Collection

from elena_wb.parsing.keys import EMOTION, field_of, normal

LINE = re.compile(
    r"^[ \t>]*(?P<mark>\d{1,2}[.)][ \t]*|[-*•#]+[ \t]+)?[*_\"]{0,3}(?P<key>[A-Za-z][A-Za-z _/()0-9-]{0,40})"
    r"[*_\"]{0,3}[ \t]{0,9}[:=](?P<value>.*)$"
)
_MOST_LINES = 500
WRAPPING = " \t*_\"'`,"
_STRUCTURAL = (
    "embodied_emotion",
    "reason",
    "reasoning",
    "explanation",
    "justification",
    "rationale",
    "description",
)


def find_lines(text: str, expected: Collection[str] = ()) -> dict[str, str]:
    """Canonical field → value for every line whose key is known; lines without a key go on with the last.

    ``expected`` names further keys, which end the value before them. The first line of a field counts, but
    of the emotion the last that says something: models correct themselves. An emotion is one line long.
    """
    fields: dict[str, list[str]] = {}
    ends = {*map(normal, expected), *_STRUCTURAL}
    current: list[str] | None = None
    for line in text.splitlines()[:_MOST_LINES]:
        match = LINE.match(line[:4000])
        field = field_of(match["key"]) if match else None
        if match and field is not None:
            value = match["value"].strip(WRAPPING)
            if field == EMOTION and value:
                fields[field], current = [value], None
            elif field == EMOTION or field not in fields:
                current = fields.setdefault(field, [value])
            else:
                current = None
        elif match and (match["mark"] or normal(match["key"]) in ends):
            current = None
        elif current is not None and line.strip():
            if current is fields.get(EMOTION):
                fields[EMOTION], current = [line.strip(WRAPPING)], None
            else:
                current.append(line.strip(WRAPPING))
    return {field: "\n".join(value).strip() for field, value in fields.items()}
