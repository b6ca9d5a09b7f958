"""Walking folders: every file that looks like a picture, in a stable order, each looked at once."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from elena_wb.core import Problem

_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")
_OTHERS = (".png", ".apng", ".webp", ".avif", ".tif", ".tiff", ".gif", ".bmp", ".heic", ".heif")
PICTURE_SUFFIXES = frozenset(_JPEG + _OTHERS)
"""Endings taken for pictures in a folder. HEIC is among them so that it is refused by name, not overlooked."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may be a picture. ``path`` is absolute."""

    path: Path
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Walk:
    """What a walk came across. ``folders`` are those entered; ``ignored`` counts files of other kinds."""

    files: list[FoundFile] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ignored: int = 0


def walk(root: Path) -> Walk:
    """Everything below the folder ``root``, sorted by path.

    Hidden files and folders are skipped, a folder reached twice (by a symbolic link) is entered once,
    and what is neither a file nor a folder (a pipe, a device) is passed over. Links are followed.
    """
    found = Walk()
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        waiting += _enter(waiting.pop(), seen, found)
    found.folders.sort()
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
        elif os.path.splitext(entry.name)[1].lower() not in PICTURE_SUFFIXES:  # noqa: PTH122 - 100,000 times
            found.ignored += 1
        else:
            _record(entry, found)


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
