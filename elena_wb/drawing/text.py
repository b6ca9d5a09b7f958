"""Words in pictures, in the font that ships with Pillow."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageFont

LONGEST = 400
"""Characters of a text that are looked at; what a model wrote may be endless."""
_ALIKE = {
    "→": "->",
    "←": "<-",
    "×": "x",
    "–": "-",
    "—": "-",
    "−": "-",
    "‑": "-",
    "•": "·",
    "≥": ">=",
    "≤": "<=",
    "ß": "ss",
    "ø": "o",
    "æ": "ae",
}
"""What stands for characters that the font lacks and Unicode does not decompose."""
_NO_CHARACTER = "\uffff"


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels."""
    found = ImageFont.load_default(size)
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, and cannot write.")
    return found


def shown(text: str) -> str:
    """The text in characters that the font has, on one line.

    White space becomes blanks; marks without a glyph of their own (which can turn the direction of writing) go; accents
    are left off where the font lacks the letter with them; what it lacks altogether is written as ``\\u5fc3``.
    """
    written = []
    for character in text[:LONGEST]:
        if character.isspace():
            written.append(" ")
        elif unicodedata.category(character) in ("Cc", "Cf"):
            continue
        elif _has(character):
            written.append(character)
        else:
            written.append(_replaced(character))
    return " ".join("".join(written).split()) + ("…" if len(text) > LONGEST else "")


def width(text: str, size: int) -> int:
    """Of a line of shown text, in pixels."""
    return int(font(size).getlength(text) + 0.999)


def line_height(size: int) -> int:
    """From one line to the next, in pixels."""
    return round(size * 1.35)


def fitted(text: str, size: int, room: int) -> str:
    """As much of a line as ``room`` pixels hold, with … where something is missing."""
    if width(text, size) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(text[:middle] + "…", size) <= room else (low, middle - 1)
    return text[:low].rstrip() + "…"


def lines(text: str, size: int, room: int, most: int) -> list[str]:
    """The text broken between words into at most so many lines, the last of them cut."""
    broken: list[str] = []
    words = text.split(" ") if text else []
    while words and len(broken) < most - 1:
        taken = 1
        while taken < len(words) and width(" ".join(words[: taken + 1]), size) <= room:
            taken += 1
        broken.append(fitted(" ".join(words[:taken]), size, room))
        words = words[taken:]
    return [*broken, fitted(" ".join(words), size, room)] if words else broken


def _replaced(character: str) -> str:
    if character in _ALIKE:
        return _ALIKE[character]
    letters = "".join(
        letter for letter in unicodedata.normalize("NFKD", character) if not unicodedata.combining(letter)
    )
    if letters and all(_has(letter) for letter in letters):
        return letters
    if unicodedata.combining(character):
        return ""
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


@lru_cache(maxsize=4096)
def _has(character: str) -> bool:
    if 0xD800 <= ord(character) <= 0xDFFF:
        return False
    return bytes(font(20).getmask(character)) != bytes(font(20).getmask(_NO_CHARACTER))
