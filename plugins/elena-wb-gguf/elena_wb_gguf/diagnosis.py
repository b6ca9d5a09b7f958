"""From llama.cpp's words about a model that it could not load to a sentence for people."""

from __future__ import annotations

import re

from elena_wb.core import ModelError
from elena_wb_gguf.loading import Loading

_AGAIN = "Fetch the file again."
_NEWER = "Perhaps a newer llama-cpp-python knows it; otherwise take another model."
_SMALLER = "Take a smaller quantisation, or give a smaller context: context_length=2048"

_UNKNOWN_TEXT = re.compile(r"unknown model architecture: '([^']{1,64})'")
_UNKNOWN_PROJECTOR = re.compile(r"unknown projector type: ?'?([\w-]{1,64})")
_MISMATCH = re.compile(r"mismatch between text model \(n_embd = (\d+)\) and mmproj \(n_embd = (\d+)\)")
_NO_MEMORY = re.compile(r"out of memory|(failed|unable) to allocate|cannot allocate|bad_alloc", re.IGNORECASE)
_DAMAGED = re.compile(
    r"invalid magic|not within the file bounds|corrupted or incomplete|failed to read|has invalid data"
    r"|missing tensor|wrong (number|shape) of|has wrong shape|key not found|tensor data is not within"
    r"|unable to find tensor|key .{1,80} (has wrong type|not found)|invalid (ggml )?type",
    re.IGNORECASE,
)


def loading_error(loading: Loading, message: str, hint: str | None, words: str) -> ModelError:
    """What to tell of a model that was not loaded.

    ``message`` and ``hint`` are what is known already; ``words`` is what llama.cpp wrote to standard error.
    """
    text, projector = loading.text.name, loading.projector.name
    if found := _MISMATCH.search(words):
        return ModelError(
            f"The projector {projector} does not belong to {text}: it makes vectors of {found[2]} numbers, "
            f"and the text model reads {found[1]}.",
            hint="Give the projector that was made for this model: mmproj=FILE",
        )
    if found := _UNKNOWN_TEXT.search(words):
        return ModelError(f"{text} is a `{found[1]}` model, which this llama.cpp does not know.", hint=_NEWER)
    if found := _UNKNOWN_PROJECTOR.search(words):
        return ModelError(
            f"{projector} is a `{found[1]}` projector, which this llama.cpp does not know.", hint=_NEWER
        )
    if _NO_MEMORY.search(words):
        return ModelError(f"There is not enough memory for {text}: {_last(words)}", hint=_SMALLER)
    told = message if text in message or projector in message else f"{text} cannot be used. {message}"
    last = _last(words)
    if last and last not in told:
        told = f"{told} llama.cpp says: {last}"
    return ModelError(told, hint=hint or (_AGAIN if _DAMAGED.search(words) else None))


def _last(words: str) -> str:
    """The first of llama.cpp's complaints, which the later ones follow from, in one line of bounded length."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    line = next((line for line in lines if "error" in line.lower() or "assert" in line.lower()), None)
    shown = line if line is not None else (lines[-1] if lines else "")
    return "".join(character if character.isprintable() else " " for character in shown)[:300]
