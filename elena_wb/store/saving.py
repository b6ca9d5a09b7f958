"""Answers of queries as files: which format a name means, and writing so that an earlier answer is not spoilt."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from elena_wb.core import SetupError, UsageError
from elena_wb.store.database import Store
from elena_wb.store.formats import WRITERS

_SUFFIXES = {".feather": "arrow", ".ndjson": "jsonl", ".markdown": "md"}


def format_of(path: Path) -> str | None:
    """The format (a key of ``WRITERS``) that the name of a file means, if it means one."""
    suffix = path.suffix.lower()
    named = _SUFFIXES.get(suffix, suffix.removeprefix("."))
    return named if named in WRITERS else None


def refuse_devices(path: Path) -> None:
    """What is written takes the place of a file, and of nothing else: not of a pipe, and not of ``/dev/stdout``.

    Raises:
        UsageError: ``path`` is there and no file, or lies among the devices.
    """
    device = Path(os.path.abspath(path)).parent in (Path("/dev"), Path("/dev/fd"))  # noqa: PTH100 - links stay
    # A name that no file can have is no error of os.path: writing tells of it.
    if device or (os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)):  # noqa: PTH110, PTH112, PTH113
        raise UsageError(f"{path} is no file.", hint="A file that is new, or one to replace, can be written.")


def refuse_own_files(store: Store, path: Path) -> None:
    """Answers are not written over the store itself, nor over what is no file.

    Raises:
        UsageError: ``path`` is the store's file or lies in its outbox, however it is spelt, or is a device.
    """
    refuse_devices(path)
    # Links that lead in a circle are no error of realpath: writing tells of them.
    whole = Path(os.path.realpath(path))
    if whole == store.path.resolve() or store.outbox_dir.resolve() in whole.parents:
        raise UsageError(f"{path} belongs to the store itself.", hint="Write the answer to another file.")


def save(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let ``write`` write beside the file first, so that a query that fails leaves an earlier answer as it was.

    Raises:
        SetupError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        try:
            with draft.open("wb") as out:
                write(out)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as problem:
        if problem.errno is None:  # not of the disk: what DuckDB says in the midst of an answer
            raise
        raise SetupError(f"Cannot write {path}: {problem.strerror or problem}.") from problem
