"""Text of models, files and plugins for the screen: never markup, bounded, control characters made visible."""

from __future__ import annotations

from textual.content import Content

from elena_wb.plain import plain, plain_lines

LONGEST = 20_000
"""Characters of one text that a widget shows; what is longer is cut, and says so."""


def line(text: object, *, longest: int = 500) -> Content:
    """``text`` as one line of at most ``longest`` characters."""
    shown = plain(text if not isinstance(text, str) else text[: longest + 1])
    return Content(shown if len(shown) <= longest else shown[: longest - 1] + "…")


def block(text: str | None, *, longest: int = LONGEST) -> Content:
    """``text`` with its line breaks; says how much is left out where it is longer than ``longest`` characters."""
    if not text:
        return Content("")
    shown = plain_lines(text[:longest])
    left = len(text) - longest
    return Content(shown if left <= 0 else f"{shown}\n… ({left:,} more characters)")
