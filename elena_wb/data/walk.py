"""Walking folders: every file that looks like a picture, in a stable order, each looked at once."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from elena_wb.core import Problem

_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")
_OTHERS = (".png", ".apng", ".webp", ".avif", ".tif", ".tiff", ".gif", ".bmp", ".heic", ".heif")
PICTURE_SUFFIXES = frozenset(_JPEG + _OTHERS)
"""Endings taken for pictures in a folder. HEIC is among them so that it is refused by name, not overlooked."""


COMPANION_SUFFIXES = frozenset(
    (".csv", ".json", ".jsonl", ".txt", ".md", ".toml", ".yaml", ".xml", ".mat", ".parquet")
)
"""Endings of what usually lies beside pictures and needs no mention."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may be a picture. ``path`` is absolute."""

    path: Path
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Walk:
    """What a walk came across.

    ``folders`` are those entered, ``claimed`` those left to others. ``ignored`` counts files that are neither
    pictures nor companions of pictures.
    """

    files: list[FoundFile] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    claimed: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ignored: int = 0


def walk(root: Path, is_claimed: Callable[[Path], bool] = lambda _: False) -> Walk:
    """Everything below the folder ``root``, sorted by path.

    Hidden files and folders are skipped, a folder reached twice (by a symbolic link) is entered once,
    and what is neither a file nor a folder (a pipe, a device) is passed over. Links are followed. A folder
    below ``root`` that ``is_claimed`` is named and not entered.
    """
    found = Walk()
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        for folder in _enter(waiting.pop(), seen, found):
            (found.claimed if is_claimed(folder) else waiting).append(folder)
    found.folders.sort()
    found.claimed.sort()
    found.files.sort(key=lambda file: file.path.parts)
    return found


def _enter(folder: Path, seen: set[tuple[int, int]], found: Walk) -> Iterator[Path]:
    """Record the files of ``folder``; yield the folders in it."""
    try:
        info = folder.stat()
        if (info.st_dev, info.st_ino) in seen:
            return
        seen.add((info.st_dev, info.st_ino))
        with os.scandir(folder) as entries:
            listed = list(entries)
    except OSError as error:
        found.problems.append(Problem(str(folder), f"the folder cannot be read: {error.strerror}"))
        return
    found.folders.append(folder)
    for entry in listed:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield Path(entry.path)
            continue
        suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - 100,000 times
        if suffix in PICTURE_SUFFIXES:
            _record(entry, found)
        elif suffix not in COMPANION_SUFFIXES:
            found.ignored += 1


def _record(entry: os.DirEntry[str], found: Walk) -> None:
    try:
        info = entry.stat()
    except OSError as error:
        reason = "a link that leads nowhere" if entry.is_symlink() else f"cannot be read: {error.strerror}"
        found.problems.append(Problem(entry.path, reason))
        return
    if stat.S_ISREG(info.st_mode):
        found.files.append(FoundFile(Path(entry.path), info.st_size, info.st_mtime_ns))
    else:
        found.ignored += 1
