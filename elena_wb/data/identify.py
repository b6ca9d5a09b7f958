"""Who is who: the identity of a picture is the sha256 of its file's bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from elena_wb.core import NOTHING_KNOWN, KnownFile, Problem, Stimulus
from elena_wb.data.walk import FoundFile

_AT_ONCE = 16
"""Files that a thread hashes before it is given more: asking for each by itself takes longer than hashing it."""


def identify(
    files: Sequence[FoundFile], dataset: str, known: Mapping[str, KnownFile] = NOTHING_KNOWN
) -> tuple[list[Stimulus], list[Problem]]:
    """One stimulus a file, in order, and the files that could not be read or are empty.

    ``known`` maps absolute paths to what is known of them; a file of unchanged size and time is not read
    again. The others are hashed in threads.
    """
    stimuli: list[Stimulus] = []
    problems: list[Problem] = []
    for file, outcome in zip(files, _digests(files, known), strict=True):
        if isinstance(outcome, Problem):
            problems.append(outcome)
        else:
            stimuli.append(Stimulus(outcome, file.path, dataset, file.size, file.mtime_ns))
    return stimuli, problems


def storable(path: Path) -> str:
    """``path`` as text that can be printed and stored: bytes that are no UTF-8 become escapes."""
    text = str(path)
    return text if text.isascii() else os.fsencode(text).decode("utf-8", "backslashreplace")


def _digests(files: Sequence[FoundFile], known: Mapping[str, KnownFile]) -> Iterator[str | Problem]:
    remembered = [_remembered(file, known) for file in files] if known else [None] * len(files)
    unknown = [file for file, digest in zip(files, remembered, strict=True) if digest is None]
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="hash") as pool:
        parts = [unknown[start : start + _AT_ONCE] for start in range(0, len(unknown), _AT_ONCE)]
        fresh = chain.from_iterable(pool.map(lambda part: [_digest(file) for file in part], parts))
        for digest in remembered:
            yield next(fresh) if digest is None else digest


def _remembered(file: FoundFile, known: Mapping[str, KnownFile]) -> str | None:
    entry = known.get(storable(file.path))
    if entry is None or (entry.size, entry.mtime_ns) != (file.size, file.mtime_ns):
        return None
    return entry.stimulus_id


def _digest(file: FoundFile) -> str | Problem:
    if file.size == 0:
        return Problem(storable(file.path), "the file is empty")
    try:
        with file.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return Problem(storable(file.path), f"cannot be read: {error.strerror}")
