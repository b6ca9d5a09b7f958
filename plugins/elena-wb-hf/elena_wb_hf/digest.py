"""What identifies a model: a sha256 over the files that decide its answers, remembered between runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from elena_wb.core import ModelError
from elena_wb.digests import FileDigests

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
    memory = FileDigests("hf-digests.json")
    for name in sorted({*weights, *(name for name in _BESIDE_WEIGHTS if (folder / name).is_file())}):
        try:
            total.update(f"{name}\0{memory.sha256(folder / name)}\n".encode())
        except OSError as error:
            raise ModelError(f"{folder / name} cannot be read: {error.strerror or error}") from error
    memory.save()
    return total.hexdigest()
