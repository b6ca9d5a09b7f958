"""What identifies a model: a sha256 over the files that decide its answers, remembered between runs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from elena_wb.core import ModelError
from elena_wb.paths import user_cache_dir

_BESIDE_WEIGHTS = (
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "config.json",
    "generation_config.json",
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "spiece.model",
    "tekken.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)


def folder_digest(folder: Path, weights: Iterable[str]) -> str:
    """sha256 (hex) over names and contents of the weights and of every small file that changes answers.

    Reading gigabytes takes a while, so a file's hash is kept in the user's cache and used again for as
    long as its path, size and time of change are the same.

    Raises:
        ModelError: a file cannot be read.
    """
    total = hashlib.sha256()
    memory = _Memory(user_cache_dir() / "hf-digests.json")
    for name in sorted({*weights, *(name for name in _BESIDE_WEIGHTS if (folder / name).is_file())}):
        try:
            total.update(f"{name}\0{memory.sha256(folder / name)}\n".encode())
        except OSError as error:
            raise ModelError(f"{folder / name} cannot be read: {error.strerror or error}") from error
    memory.save()
    return total.hexdigest()


class _Memory:
    """Hashes by path, size and mtime; a lost or damaged cache file only costs time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[object]] = {}
        self._changed = False
        with contextlib.suppress(OSError, ValueError):
            loaded = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(loaded, dict):
                self._known = loaded

    def sha256(self, path: Path) -> str:
        resolved = path.resolve()
        stat = resolved.stat()
        match self._known.get(str(resolved)):
            case [stat.st_size, stat.st_mtime_ns, str(known)]:
                return known
        with resolved.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._known[str(resolved)] = [stat.st_size, stat.st_mtime_ns, digest]
        self._changed = True
        return digest

    def save(self) -> None:
        if not self._changed:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, suffix=".json")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self._known, file)
            Path(name).replace(self._path)
