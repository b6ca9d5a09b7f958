"""From llama.cpp's words about a model that it could not load to a sentence for people."""

from __future__ import annotations

import re

from elena_wb.core import ModelError
from elena_wb_gguf.asking import DAMAGED
from elena_wb_gguf.loading import Loading

_NEWER = "Perhaps a newer llama-cpp-python knows it; otherwise take another model."
_MADE_FOR = "Give the projector that was made for this model: mmproj=FILE"
_REINSTALL = "Run: pip install --force-reinstall elena-wb-gguf"
_SMALLER = "Take a smaller quantisation, or give a smaller context: context_length=2048"

_UNKNOWN_TEXT = re.compile(r"unknown model architecture: '([^']{1,64})'")
_UNKNOWN_PROJECTOR = re.compile(r"unknown projector type: ?'?([\w-]{1,64})")
_MISMATCH = re.compile(r"mismatch between text model \(n_embd = (\d+)\) and mmproj \(n_embd = (\d+)\)")
_NO_MEMORY = re.compile(
    r"out of memory|(failed|unable) to allocate|cannot allocate|bad_alloc|memory allocation (still )?failed",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(r"error|fail|assert|invalid|not found|unknown|mismatch|nan value", re.IGNORECASE)
_GENERAL = re.compile(r"load_from_file_impl: failed|Failed to load CLIP model|failed to load model from ")


def lacks_memory(words: str) -> bool:
    """Whether llama.cpp's words, or the way its process ended, tell of too little memory."""
    return bool(_NO_MEMORY.search(words)) or "SIGKILL" in words


def loading_error(loading: Loading, message: str, hint: str | None, words: str) -> ModelError:
    """What to tell of a model that was not loaded.

    ``message`` and ``hint`` are what is known already; ``words`` is what llama.cpp wrote to standard error.
    """
    text, projector = loading.text.name, loading.projector.name
    if found := _MISMATCH.search(words):
        return ModelError(
            f"The projector {projector} does not belong to {text}: it makes vectors of {found[2]} numbers, "
            f"and the text model reads {found[1]}.",
            hint=_MADE_FOR,
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
    return ModelError(told, hint=hint)


def loading_crash(loading: Loading, part: str | None, how: str, words: str) -> ModelError:
    """What to tell of a model that ended llama.cpp's process or never came, while ``part`` of it was loaded."""
    known = loading_error(loading, "", None, words)
    if known.hint in {_NEWER, _SMALLER, _MADE_FOR}:
        return known
    if part is None:
        return ModelError(f"llama.cpp cannot be started: {how}", hint=_REINSTALL)
    if part == "context":
        return ModelError(f"There is no context to be had for {loading.text.name}: {how}", hint=_SMALLER)
    name = (loading.projector if part == "projector" else loading.text).name
    return ModelError(f"Loading {name} failed: {how}", hint=DAMAGED)


def _last(words: str) -> str:
    """The first of llama.cpp's complaints, which the later ones follow from, in one line of bounded length."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    complaints = [line for line in lines if _COMPLAINT.search(line)]
    telling = [line for line in complaints if not _GENERAL.search(line)]
    shown = next(iter((*telling, *complaints, *lines[-1:])), "")
    return "".join(character if character.isprintable() else " " for character in shown)[:300]
