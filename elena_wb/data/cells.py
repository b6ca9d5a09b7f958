"""What one cell of a table may say: a number, a label, a list, the corners of a box, the name of a picture.

Every reader here raises :class:`BadRowError` with a reason for people, which names the column.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import PurePosixPath

from elena_wb.core import Box, UsageError
from elena_wb.nearest import nearest
from elena_wb.vocabulary import LabelScheme, load_scheme, scheme_names

_USUAL_SCHEMES = ("ekman7", "heco8", "emotic26")
_LISTED_LABELS = 8
_STEM = 3
_LONGEST_SHOWN = 60
_LONGEST_LIST = 5000
_LARGEST_COORDINATE = 1e6
_NAN = re.compile(r"(?<![\w'\"])[-+]?(?:nan|NaN|None)(?![\w'\"])")
_NUMPY_NUMBER = re.compile(r"\bnp\.\w+\(([^()]*)\)")
_DOUBLED = re.compile(r"\[\s*(\[[^\[\]]*\])\s*\]")
_BARE_NUMBERS = re.compile(r"\[(?:[-+.\deE\s]|None)+\]")
_TEXT = r"""'[^']*'|"[^"]*\""""
_BARE_TEXTS = re.compile(rf"\[\s*(?:{_TEXT})(?:\s+(?:{_TEXT}))*\s*\]")
_WITH_DRIVE = re.compile(r"[A-Za-z]:")


class BadRowError(ValueError):
    """What is wrong with one row, in words."""


def number(column: str, text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        raise BadRowError(f"{column} is `{shown(text)}`, which is no number") from None
    if not math.isfinite(value):
        raise BadRowError(f"{column} is {text}")
    return value


def affect(column: str, text: str) -> float | None:
    """Valence, arousal or dominance, 1 to 10; ``None`` where nothing is written."""
    if not text:
        return None
    value = number(column, text)
    if not 1 <= value <= 10:
        raise BadRowError(f"{column} is {text}, outside 1 to 10")
    return value


def in_scheme(written: str, name: str) -> str:
    """``written`` as the scheme ``name`` spells it; of a scheme that is not known, in lower case."""
    scheme = known_scheme(name)
    if scheme is None:
        return written.lower()
    label = _canonical(scheme.name, written)
    if label is not None:
        return label
    if len(scheme.names) <= _LISTED_LABELS:
        raise BadRowError(f"`{shown(written)}` is no label of {name}, which has {', '.join(scheme.names)}")
    raise BadRowError(f"`{shown(written)}` is no label of {name}. {nearest(written, scheme.names)}")


@cache
def known_scheme(name: str) -> LabelScheme | None:
    """The scheme ``name``, or ``None`` where there is no such scheme."""
    return load_scheme(name) if name in scheme_names() else None


def likeliest_scheme(words: Iterable[str]) -> LabelScheme:
    """The scheme that has most of ``words``; of several a usual one, whose own names most of them are, with few others.

    Everyday words for its labels count in the first of the usual ones; the others have what they call their labels,
    inflected or not: ``contempt`` among Ekman's is not to become ``disapproval`` unasked, nor HECO's ``Peace``
    ``neutral``.
    """
    wanted = {word.strip() for word in words}

    def fit(scheme: LabelScheme) -> tuple[int, bool, int, int]:
        own = {name.casefold() for name in (*scheme.names, *scheme.displayed)}
        everyday = scheme.name == _USUAL_SCHEMES[0]
        had = sum(_is_known(scheme, word) if everyday else _is_named(scheme, word) for word in wanted)
        exact = sum(word.casefold() in own for word in wanted)
        return had, scheme.name in _USUAL_SCHEMES, exact, -len(scheme.names)

    return max((load_scheme(name) for name in (*_USUAL_SCHEMES, *scheme_names())), key=fit)


def _is_known(scheme: LabelScheme, word: str) -> bool:
    return scheme.canonical(word) is not None


def _is_named(scheme: LabelScheme, word: str) -> bool:
    """Whether ``word`` is a label of ``scheme``, or begins as the label does that it stands for."""
    label = scheme.canonical(word)
    return label is not None and word.casefold()[:_STEM] == label[:_STEM]


@lru_cache(maxsize=4096)
def _canonical(scheme: str, written: str) -> str | None:
    return load_scheme(scheme).canonical(written)


def several(column: str, text: str) -> tuple[str, ...]:
    """The pieces of a cell that holds several words: a Python list of texts, or texts parted by ``|`` or ``;``.

    Lists in the list, such as one for each annotator, are one after the other.
    """
    if not text.startswith(("[", "(", "{")):
        return tuple(piece.strip() for piece in re.split(r"[|;]", text) if piece.strip())
    pieces: list[object] = []
    for piece in literal(column, text):
        pieces += piece if isinstance(piece, list | tuple) else [piece]
    return tuple(str(piece).strip() for piece in pieces if str(piece).strip())


def literal(column: str, text: str) -> list[object]:
    """A list as Python or numpy writes it: commas may be lacking, numbers absent (``nan``), brackets doubled."""
    if len(text) > _LONGEST_LIST:
        raise BadRowError(f"{column} is a list of {len(text):,} characters")
    plain = _NAN.sub("None", _NUMPY_NUMBER.sub(r"\1", text)).strip()
    doubled = _DOUBLED.fullmatch(plain)
    if doubled:
        plain = doubled[1]
    if _BARE_NUMBERS.fullmatch(plain):
        plain = "[" + ",".join(plain[1:-1].split()) + "]"
    elif _BARE_TEXTS.fullmatch(plain):
        plain = "[" + ",".join(re.findall(_TEXT, plain)) + "]"
    try:
        value = ast.literal_eval(plain)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise BadRowError(f"{column} is `{shown(text)}`, which is no list") from None
    if isinstance(value, set):
        return sorted(value, key=str)
    if not isinstance(value, list | tuple):
        raise BadRowError(f"{column} is `{shown(text)}`, which is no list")
    return list(value)


def corners(
    column: str, x1: float, y1: float, x2: float, y2: float, size: tuple[float, float] | None = None
) -> Box:
    """The box between two corners, cut to the picture: at 0 and, where ``size`` (width, height) is known, there."""
    written = f"{x1:g}, {y1:g}, {x2:g}, {y2:g}"
    if not all(math.isfinite(value) and abs(value) <= _LARGEST_COORDINATE for value in (x1, y1, x2, y2)):
        raise BadRowError(f"{column} is {written}, which is outside any picture")
    if x2 <= x1 or y2 <= y1:
        raise BadRowError(f"{column} is {written}, which is an empty box")
    if min(x1, y1) >= 0 and max(x2, y2) <= 1:
        raise BadRowError(f"{column} is {written}, which looks like shares of the picture; pixels are needed")
    width, height = size or (_LARGEST_COORDINATE, _LARGEST_COORDINATE)
    left, top = max(x1, 0.0), max(y1, 0.0)
    right, bottom = min(x2, width), min(y2, height)
    if right <= left or bottom <= top:
        within = f" of {size[0]:g} x {size[1]:g} pixels" if size else ""
        raise BadRowError(f"{column} is {written}, which lies outside the picture{within}")
    return Box(left, top, right - left, bottom - top)


def picture_name(column: str, written: str) -> PurePosixPath:
    """A relative path that stays below the folder it is relative to."""
    path = PurePosixPath(written.replace("\\", "/"))
    if not written or path == PurePosixPath():
        raise BadRowError(f"{column} is empty: no picture is named")
    if path.is_absolute() or ".." in path.parts or "\0" in written or _WITH_DRIVE.match(path.parts[0]):
        raise BadRowError(f"{column} is `{shown(written)}`, which lies outside the folder of the pictures")
    return path


def checked_scheme(name: str) -> str:
    """``name``, if there is such a scheme.

    Raises:
        ValueError: there is none; the message names the nearest.
    """
    try:
        return load_scheme(name).name
    except UsageError as error:
        raise ValueError(f"{error.message} {error.hint or ''}".strip()) from error


def shown(text: str) -> str:
    """``text`` short enough for a message."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
