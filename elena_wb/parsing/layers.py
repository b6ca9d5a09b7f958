"""Which layers of a model are wanted, as a user says it."""

from __future__ import annotations

import re

from elena_wb.errors import UsageError

_MOST_LAYERS = 1000
_PIECE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?", re.ASCII)


def parse_layers(text: str) -> tuple[int, ...] | None:
    """Layers as typed: ``all`` (``None``), ``last`` (``-1``), or numbers and ranges such as ``0-11,13``, sorted.

    Raises:
        UsageError: it is none of these.
    """
    written = text.strip().lower()
    if written == "all":
        return None
    if written == "last":
        return (-1,)
    found: set[int] = set()
    for piece in written.split(","):
        match = _PIECE.fullmatch(piece.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < _MOST_LAYERS:
            raise UsageError(
                f"`{text}` names no layers.",
                hint="`all`, `last`, a number from 0, or several: `3,8,13`, `0-11`.",
            )
        found |= set(range(first, last + 1))
    return tuple(sorted(found))
