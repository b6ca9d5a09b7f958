"""Text of models, files and plugins for the screen: never markup, bounded, control characters made visible."""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

from elena_wb.plain import plain, plain_lines

LONGEST = 20_000
"""Characters of one text that a widget shows; what is longer is cut, and says so."""

_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal acts upon instead of showing them; none takes a column."""


class Harmless(LineFilter):
    """Takes out of every line that any widget draws what the terminal would act upon.

    Lines of editable text show what they hold as it is, and what they hold may come from a file. A line in which the
    toolkit's own control codes stand (pictures) is left as it is.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments without such characters."""
        if any(control for _, _, control in segments) or not any(
            _ACTING.search(text) for text, _, _ in segments
        ):
            return segments
        return [Segment(_ACTING.sub("", text), style) for text, style, _ in segments]


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
