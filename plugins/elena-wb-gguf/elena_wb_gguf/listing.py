"""GGUF models that lie on this machine, found by their headers alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from elena_wb.core import LocalModel, ModelError
from elena_wb.paths import user_data_dir
from elena_wb_gguf.contents import is_projector, quantisation, require_complete
from elena_wb_gguf.files import candidates, is_projector_name
from elena_wb_gguf.header import read_header
from elena_wb_gguf.memory import estimate, free_memory
from elena_wb_gguf.source import find_source

PATH_VARIABLE = "ELENA_WB_GGUF_PATH"
"""Folders to look for models in, separated as in ``PATH``."""

_MOST_FILES = 500
_MOST_ENTRIES = 20_000
_DEEPEST = 4


def places() -> list[Path]:
    """Folders that are looked through: the user's own, the workbench's, and those of other programs."""
    from huggingface_hub.constants import HF_HUB_CACHE

    home = Path.home()
    own = [
        Path(one).expanduser().absolute()
        for one in os.environ.get(PATH_VARIABLE, "").split(os.pathsep)
        if one.strip()
    ]
    caches = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return [
        *own,
        user_data_dir() / "models",
        Path(HF_HUB_CACHE),
        Path(os.environ.get("LLAMA_CACHE") or caches / "llama.cpp"),
        home / ".lmstudio" / "models",
        caches / "lm-studio" / "models",
    ]


def find_models() -> Sequence[LocalModel]:
    """Text models in the usual places, each file once, with what stands in the way of using it.

    At most 500 files are looked at, four folders deep. Projectors belong to text models and are not listed.
    """
    free = free_memory()
    found: list[LocalModel] = []
    seen: set[Path] = set()
    for folder, names in _folders():
        for one in candidates(names):
            parts = tuple(folder / name for name in one.parts)
            stored = parts[0].resolve()
            if stored not in seen and len(found) < _MOST_FILES:
                seen.add(stored)
                model = _listed(parts, free)
                if model is not None:
                    found.append(model)
    return found


def _folders() -> Iterator[tuple[Path, list[str]]]:
    """Folders that hold GGUF files, within bounds, and the names of these."""
    entries = 0
    seen: set[Path] = set()
    for place in places():
        waiting = [(place, 0)]
        while waiting:
            folder, depth = waiting.pop(0)
            try:
                resolved = folder.resolve()
                if resolved in seen:
                    continue
                seen.add(resolved)
                inside = sorted(folder.iterdir())
                entries += len(inside)
                if entries > _MOST_ENTRIES:
                    return
                names = [path.name for path in inside if _is_gguf(path)]
                below = [path for path in inside if path.name != "blobs" and path.is_dir()]
            except OSError:  # forbidden or gone: what lies there is nobody's to use
                continue
            if names:
                yield folder, names
            if depth < _DEEPEST:
                waiting += [(path, depth + 1) for path in below]


def _is_gguf(path: Path) -> bool:
    return path.suffix.lower() == ".gguf" and path.is_file() and not is_projector_name(path.name)


def _listed(parts: tuple[Path, ...], free: int | None) -> LocalModel | None:
    """What to tell of a model; ``None`` if it is a projector under another name."""
    first = parts[0]
    uri, size = f"gguf:{first}", _size(parts)
    try:
        headers = [read_header(path) for path in parts]
        if is_projector(headers[0]):
            return None
    except ModelError as error:
        return LocalModel(uri, first.stem, first, size, problem=error.message)
    name = headers[0].text("general.name") or first.stem
    kind = quantisation(headers)
    try:
        for header in headers:
            require_complete(header)
        source = find_source(str(first), None, None)
        projector = read_header(source.projector)
        require_complete(projector)
    except ModelError as error:
        return LocalModel(uri, name, first, size, kind, problem=error.message)
    size += projector.file_size
    needs = estimate(headers, projector).total
    fits = None if free is None else needs <= free
    return LocalModel(uri, name, first, size, kind, needs_bytes=needs, fits=fits)


def _size(parts: Sequence[Path]) -> int:
    total = 0
    for path in parts:
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total
