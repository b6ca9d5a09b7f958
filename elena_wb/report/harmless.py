"""Text on its way into a page that is handed on: no keys, no places on this machine, nothing unseen, not endless."""

from __future__ import annotations

import re

from elena_wb.plain import plain_lines

LONGEST = 6000
"""Characters of one text; what a model wrote may be endless."""
_PLACE = re.compile(
    r"(?<![\w/.])/(?!/)(?:[^\s/\"'`<>|:]+/)+(?=[^\s/])|(?<!\w)[A-Za-z]:\\(?:[^\s\\\"'`<>|]+\\)+"
)
"""The folders before a file's name, of Unix or Windows; a URL has none, nor a share such as 1/2."""


def harmless(text: object, longest: int = LONGEST) -> str:
    """``text`` with keys and folders taken out, control and direction-changing characters visible, and cut."""
    return without_places(exact(bounded(str(text), longest)))


def exact(text: str) -> str:
    """``text`` as it is but for keys and for characters that cannot be seen: for SQL and commands of our own."""
    return plain_lines(text)


def without_places(text: str) -> str:
    """``text`` in which absolute paths are their last part: ``…/photo.jpg``."""
    return _PLACE.sub("…/", text)


def bounded(text: str, longest: int = LONGEST) -> str:
    """``text``, or its beginning and how much is left out."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest:,} more characters)"
