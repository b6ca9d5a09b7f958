"""What an answer says, and where in its raw text each character of that stands."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from elena_wb.parsing.text import LONGEST_ANSWER
from elena_wb.parsing.thinking import answer_spans

Span = tuple[int, int]

_PIECE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[\"\\/bfnrt]|.",
    re.DOTALL,
)
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "b": " ", "f": " ", "n": "\n", "r": "\n", "t": "\t"}
_SURROGATES = range(0xD800, 0xE000)
_QUOTES = {"’": "'", "‘": "'", "“": '"', "”": '"'}


@dataclass(frozen=True, slots=True)
class View:
    """An answer without its thinking and with the escapes of JSON read.

    ``visible`` has the length of the raw text: thinking is blanked out. Character ``i`` of ``text`` stands at
    ``[starts[i], ends[i])`` of the raw text. ``flat`` is ``text`` in lower case with every run of white space and
    underscores as one space, for comparing; its character ``k`` is that at ``flat_at[k]`` of ``text``.
    """

    visible: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    flat: str
    flat_at: tuple[int, ...]

    def raw(self, start: int, end: int) -> Span:
        """Where ``text[start:end]``, which is not empty, stands in the raw text."""
        return self.starts[start], self.ends[end - 1]

    def places(self, words: str, within: Span | None = None, *, most: int = 500) -> list[Span]:
        """Where ``words`` stand in the raw text, not as a part of longer words; the first ``most`` places.

        Case and white space do not matter. ``within`` is a stretch of the raw text.
        """
        wanted = flattened(words)
        first, last = (0, len(self.flat)) if within is None else self._flat_span(within)
        found: list[Span] = []
        for at in _occurrences(self.flat, wanted, first, last):
            if len(found) == most:
                break
            end = at + len(wanted)
            if not (_joined(self.flat, at) or _joined(self.flat, end)):
                found.append(self.raw(self.flat_at[at], self.flat_at[end - 1] + 1))
        return found

    def flat_of(self, span: Span) -> str:
        """What stands in a stretch of the raw text, for comparing with :func:`flattened`."""
        first, last = self._flat_span(span)
        return self.flat[first:last].strip()

    def _flat_span(self, span: Span) -> Span:
        first, last = bisect_left(self.starts, span[0]), bisect_left(self.starts, span[1])
        return bisect_left(self.flat_at, first), bisect_left(self.flat_at, last)


def view_of(raw: str) -> View:
    """Read an answer; only its first 100,000 characters."""
    raw = raw[:LONGEST_ANSWER]
    kept = answer_spans(raw)
    visible, at = [], 0
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in kept:
        visible += [" " * (start - at), raw[start:end]]
        at = end
        for piece in _PIECE.finditer(raw, start, end):
            characters.append(_read(piece[0]))
            starts.append(piece.start())
            ends.append(piece.end())
    visible.append(" " * (len(raw) - at))
    flat: list[str] = []
    flat_at: list[int] = []
    for index, character in enumerate(characters):
        if not (character.isspace() or character == "_"):
            lower = _QUOTES.get(character, character.lower())
            flat.append(lower if len(lower) == 1 else character)
        elif flat and flat[-1] != " ":
            flat.append(" ")
        else:
            continue
        flat_at.append(index)
    text = "".join(characters)
    return View("".join(visible), text, tuple(starts), tuple(ends), "".join(flat), tuple(flat_at))


def flattened(words: str) -> str:
    """``words`` as they are compared: lower case, plain quotes, one space between them."""
    lower = ((_QUOTES.get(one, one.lower()), one) for one in " ".join(words.replace("_", " ").split()))
    return "".join(low if len(low) == 1 else one for low, one in lower)


def _read(piece: str) -> str:
    """The one character that a piece of raw text stands for."""
    if len(piece) == 1:
        return "\ufffd" if ord(piece) in _SURROGATES else piece
    if piece[1] != "u":
        return _ESCAPED[piece[1]]
    units = [int(piece[at + 2 : at + 6], 16) for at in range(0, len(piece), 6)]
    if len(units) == 2:
        return chr(0x10000 + ((units[0] - 0xD800) << 10) + (units[1] - 0xDC00))
    return "\ufffd" if units[0] in _SURROGATES else chr(units[0])


def _occurrences(text: str, wanted: str, first: int, last: int) -> Iterator[int]:
    at = text.find(wanted, first, last) if wanted else -1
    while at >= 0:
        yield at
        at = text.find(wanted, at + len(wanted), last)


def _joined(text: str, at: int) -> bool:
    """Whether the characters before and after position ``at`` belong to one word."""
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()
