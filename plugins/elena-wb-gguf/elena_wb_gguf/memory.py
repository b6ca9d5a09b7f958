"""How much memory a model takes, as an estimate, and how much this machine has."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elena_wb.core import ModelError
from elena_wb_gguf.contents import architecture, of_architecture, stored_bytes, vocabulary
from elena_wb_gguf.header import Header
from elena_wb_gguf.loading import CacheType

DEFAULT_CONTEXT = 8192
"""Most tokens of context where none is asked for; models are often trained with far more than memory allows."""

_PROGRAM = 120 * 2**20
_MICRO_BATCH = 512
_CACHE_BYTES = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
_ACTIVATIONS = 8


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a model takes: its weights, the attention cache, and room to compute in."""

    weights: int
    cache: int
    working: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.weights + self.cache + self.working


def context_in_force(text: Header, wanted: int | None) -> int:
    """The context length that a model is run with: as wanted, else as trained, up to :data:`DEFAULT_CONTEXT`."""
    trained = of_architecture(text, "context_length") or DEFAULT_CONTEXT
    return wanted or max(256, min(trained, DEFAULT_CONTEXT))


def estimate(
    parts: Sequence[Header],
    projector: Header | None,
    *,
    context_length: int | None = None,
    batch_tokens: int | None = None,
    cache_type: CacheType = "f16",
) -> Need:
    """What running the model takes, on the processor.

    Weights: as stored, text and projector. Cache: layers x tokens x (key + value) of each head, in the cache's number
    format; all layers keep the whole context. Room: 120 MiB for the program; for each token of a batch float32
    scores of the whole vocabulary and eight times the activations of a layer; the same for each patch of a picture,
    with one head's attention between all patches. A rule of thumb: the embedded model took 105 MiB of 149 estimated,
    one of 500 MB 792 of 1016 with 8192 tokens of context and 622 of 848 with 1024.
    """
    text = parts[0]
    weights = sum(map(stored_bytes, parts)) + (stored_bytes(projector) if projector is not None else 0)
    tokens = context_in_force(text, context_length)
    batch = min(batch_tokens or _MICRO_BATCH, tokens)
    width, inner = (of_architecture(text, key) or 0 for key in ("embedding_length", "feed_forward_length"))
    working = _PROGRAM + 4 * batch * (vocabulary(text) + _ACTIVATIONS * (width + inner))
    if projector is not None:
        working += _seeing(projector)
    return Need(weights, int(tokens * _per_token(text) * _CACHE_BYTES[cache_type]), working)


def free_memory() -> int | None:
    """Bytes of main memory that can be had without swapping; ``None`` if the machine does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            name, _, amount = line.partition(":")
            if name == "MemAvailable":
                return int(amount.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def require_room(name: str, need: Need) -> None:
    """Refuse what does not fit.

    llama.cpp maps weights into memory and could run them from disk, reading the file again for every token; that is
    so slow that it is done only if asked for.

    Raises:
        ModelError: the machine has less memory than ``need``.
    """
    free = free_memory()
    if free is None or need.total <= free:
        return
    raise ModelError(
        f"{name} does not fit: it takes about {in_gib(need.total)} (weights {in_gib(need.weights)}, attention "
        f"cache {in_gib(need.cache)}), and {in_gib(free)} are free.",
        hint="Take a smaller quantisation, or give context_length=2048 or cache_type=q8_0; check_memory=false "
        "loads it all the same.",
    )


def computes_elsewhere(by: Sequence[str] = ("cuda", "metal", "vulkan", "hip", "sycl")) -> bool:
    """Whether the installed llama.cpp comes with code for a graphics card, whose memory is its own; ``by`` which."""
    import importlib.util

    spec = importlib.util.find_spec("llama_cpp")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        for name in by:
            if any((Path(folder) / "lib").glob(f"*ggml-{name}*")):
                return True
    return False


def in_gib(count: int) -> str:
    """Bytes for people to read."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def _per_token(text: Header) -> int:
    """Numbers that the attention cache keeps for each token, over all layers."""
    layers = of_architecture(text, "block_count") or 0
    width = of_architecture(text, "embedding_length") or 0
    heads = _by_layer(text, "attention.head_count", layers, 1)
    per_layer = _by_layer(text, "attention.head_count_kv", layers, heads[0] if heads else 1)
    size = width // max(1, heads[0]) if heads else 0
    key = of_architecture(text, "attention.key_length") or size
    value = of_architecture(text, "attention.value_length") or size
    return sum(per_layer) * (key + value)


def _by_layer(text: Header, key: str, layers: int, default: int) -> list[int]:
    """A number that a file tells once or for each layer."""
    found = text.values.get(f"{architecture(text)}.{key}")
    if isinstance(found, tuple):
        return [int(one) for one in found if isinstance(one, int)]
    return [found if isinstance(found, int) and found > 0 else default] * min(layers, 10_000)


def _seeing(projector: Header) -> int:
    """Room for encoding one picture."""
    side, patch, width, inner = (
        projector.whole(f"clip.vision.{key}") or 0
        for key in ("image_size", "patch_size", "embedding_length", "feed_forward_length")
    )
    patches = (side // patch) ** 2 if patch else 0
    return 4 * patches * (patches + _ACTIVATIONS * (width + inner))
