"""sha256 of large files, remembered between runs of the program."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from elena_wb.paths import user_cache_dir


class FileDigests:
    """Digests by path, place on the disk, size and times of change, kept in the user's cache under ``name``.

    The time of writing alone does not tell two files apart: copies and archives carry it along.
    Reading gigabytes takes a while; a lost or damaged cache file only costs that time again. :meth:`save` writes
    what was learnt.
    """

    def __init__(self, name: str) -> None:
        self._path = user_cache_dir() / name
        self._known: dict[str, list[object]] = {}
        self._changed = False
        with contextlib.suppress(OSError, ValueError):
            loaded = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(loaded, dict):
                self._known = loaded

    def sha256(self, path: Path) -> str:
        """The digest of the file's bytes, in hex.

        Raises:
            OSError: the file cannot be read.
        """
        resolved = path.resolve()
        stat = resolved.stat()
        marks: list[object] = [stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
        match self._known.get(str(resolved)):
            case [*before, str(known)] if before == marks:
                return known
        with resolved.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._known[str(resolved)] = [*marks, digest]
        self._changed = True
        return digest

    def save(self) -> None:
        """Write to the cache, if anything is new. A cache that cannot be written to is no error."""
        if not self._changed:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, suffix=".json")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self._known, file)
            Path(name).replace(self._path)
