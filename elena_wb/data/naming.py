"""Names for copies of pictures: safe inside a folder on any file system, and never two alike."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence

from elena_wb.data.walk import PICTURE_SUFFIXES

_FORBIDDEN = frozenset('<>:"/\\|?*')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)
_LONGEST = 160
"""Bytes of UTF-8 in one name, so that an ending and a number still fit where 255 are allowed."""
_HASHED = 8


def safe_name(written: str) -> str:
    """``written`` as one name that is a plain file or folder wherever it is put, and never hidden.

    Path separators, characters that some file system forbids and those that cannot be printed become ``_``,
    bytes that are no UTF-8 ``%XX``; ``..`` and names of devices (``CON``, ``NUL.txt``) lose their meaning,
    long names are cut and get a hash of the whole. Safe names are returned as they are.
    """
    text = "".join(_safe_character(character) for character in written).rstrip(". ")
    if text.startswith("."):
        text = "_" + text.lstrip(".")
    if not text or _DEVICE.fullmatch(text):
        text = "_" + text
    encoded = text.encode()
    if len(encoded) <= _LONGEST:
        return text
    digest = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:_HASHED]
    start = encoded[: _LONGEST - _HASHED - 1].decode("utf-8", "ignore")
    return f"{start}-{digest}"


def allot(wanted: Sequence[tuple[Sequence[str], str]], reserved: Iterable[str] = ()) -> list[tuple[str, ...]]:
    """A path below the output folder for each of ``wanted``: (path of the original, ending of the copy).

    Paths are given by their parts. No two results are the same file, nor file and folder, even where letter
    case or Unicode composition does not tell names apart; ``reserved`` names are not used at the top. The same
    ``wanted``, in any order, gives the same names: of copies that would be called alike the one whose
    original bears that name keeps it, the others are numbered.
    """
    taken: dict[tuple[str, ...], _Names] = {(): _Names(reserved)}
    folders: dict[tuple[str, ...], tuple[str, ...]] = {(): ()}
    parents = {tuple(parts[:depth]) for parts, _ in wanted for depth in range(1, len(parts))}
    for folder in sorted(parents, key=lambda parts: (len(parts), parts)):
        above = folders[folder[:-1]]
        folders[folder] = (*above, taken[above].take(safe_name(folder[-1]), ""))
        taken[folders[folder]] = _Names()

    def kept_first(index: int) -> tuple[bool, tuple[str, ...]]:
        parts, suffix = wanted[index]
        return not parts[-1].endswith(suffix), tuple(parts)

    allotted: list[tuple[str, ...]] = [()] * len(wanted)
    for index in sorted(range(len(wanted)), key=kept_first):
        parts, suffix = wanted[index]
        folder = folders[tuple(parts[:-1])]
        allotted[index] = (*folder, taken[folder].take(safe_name(_stem(parts[-1])), suffix))
    return allotted


class _Names:
    """The names used in one folder."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._used = {_alike(name) for name in reserved}
        self._last: dict[str, int] = {}

    def take(self, stem: str, suffix: str) -> str:
        name = stem + suffix
        alike = _alike(name)
        number = self._last.get(alike, 1)
        while _alike(name) in self._used:
            number += 1
            name = f"{stem}-{number}{suffix}"
        self._last[alike] = number
        self._used.add(_alike(name))
        return name


def _alike(name: str) -> str:
    """Equal for names that some file system takes for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _stem(name: str) -> str:
    """``name`` without the ending of a picture."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    return stem if suffix.lower() in PICTURE_SUFFIXES else name


def _safe_character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python spells a byte that is no UTF-8
        return f"%{code - 0xDC00:02X}"
    return character if character.isprintable() and character not in _FORBIDDEN else "_"
