"""What the header of a GGUF file tells of the model in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType, LlamaFileType

from elena_wb.core import ModelError
from elena_wb_gguf.header import Header

MEANT_FOR_KEY = "elena_wb.meant_for"
"""Key of the names of the datasets that a model was made for (an array of strings; not a key of llama.cpp)."""

_BITS = re.compile(r"\d+")
_PROJECTOR_PARTS = ("v.", "a.")


def is_projector(header: Header) -> bool:
    """Whether it holds the part of a model that sees (or hears), and not its language."""
    return header.text("general.architecture") == "clip"


def projector_kind(header: Header) -> str:
    """The way a projector brings pictures to the text model (``gemma3``); empty if its file does not tell."""
    return header.text("clip.vision.projector_type") or header.text("clip.projector_type") or ""


def architecture(header: Header) -> str:
    """Name of the architecture; empty if the file does not tell."""
    return header.text("general.architecture") or ""


def of_architecture(header: Header, key: str) -> int | None:
    """A whole number that the architecture is described by, such as ``block_count``."""
    return header.whole(f"{architecture(header)}.{key}")


def parameters(headers: Iterable[Header]) -> int:
    """How many numbers all tensors of these files hold together."""
    return sum(tensor.size for header in headers for tensor in header.tensors)


def vocabulary(header: Header) -> int:
    """How many tokens the model knows."""
    return header.lengths.get("tokenizer.ggml.tokens", 0)


def meant_for(header: Header) -> tuple[str, ...]:
    """Names of the datasets that the model was made for, if it is no instrument for others."""
    value = header.values.get(MEANT_FOR_KEY)
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


def quantisation(headers: Iterable[Header]) -> str | None:
    """How the weights are stored, such as ``Q4_K_M``.

    The file's own word counts (``general.file_type``), unless most of its weights have another number of bits.
    """
    parts = list(headers)
    counted: Counter[int] = Counter()
    for header in parts:
        for tensor in header.tensors:
            if len(tensor.shape) > 1:
                counted[tensor.kind] += tensor.size
    main = type_name(counted.most_common(1)[0][0]) if counted else None
    told = _told(parts[0].whole("general.file_type")) if parts else None
    if told is None or main is None:
        return told or main
    return told if _bits(told) == _bits(main) else main


def type_name(kind: int) -> str:
    """Name of a ggml type, such as ``Q4_K``; of one that is not known here its number."""
    try:
        return GGMLQuantizationType(kind).name
    except ValueError:
        return f"type {kind}"


def stored_bytes(header: Header) -> int:
    """How many bytes its weights take."""
    return sum(_bytes(tensor.size, tensor.kind) for tensor in header.tensors)


def require_complete(header: Header) -> None:
    """Check that the file reaches as far as its tensors do.

    Raises:
        ModelError: it was cut off, for example by a download that did not end.
    """
    end = max((tensor.offset + _bytes(tensor.size, tensor.kind) for tensor in header.tensors), default=0)
    if header.data_offset + end > header.file_size and header.tensors:
        raise ModelError(
            f"{header.path} is cut off: it has {header.file_size} bytes, and its weights end at "
            f"{header.data_offset + end}.",
            hint="Fetch the file again.",
        )


def fits_together(text: Header, projector: Header) -> bool:
    """Whether the projector makes vectors of the width that the text model reads, as far as can be told.

    Old projectors tell another number under ``projection_dim``; their last layer has the right one.
    """
    width = of_architecture(text, "embedding_length")
    told = projector.whole("clip.vision.projection_dim")
    if width is None or told is None or told == width:
        return True
    beyond = [tensor for tensor in projector.tensors if not tensor.name.startswith(_PROJECTOR_PARTS)]
    return any(width in tensor.shape for tensor in beyond)


def _told(file_type: int | None) -> str | None:
    try:
        name = LlamaFileType(-1 if file_type is None else file_type).name
    except ValueError:
        return None
    return None if name == "GUESSED" else name.removeprefix("MOSTLY_").removeprefix("ALL_")


def _bits(name: str) -> str | None:
    found = _BITS.search(name)
    return found[0] if found else None


def _bytes(size: int, kind: int) -> int:
    """Bytes of ``size`` numbers of a type; 0 for a type that is not known here."""
    try:
        per_block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
    except (KeyError, ValueError):
        return 0
    return size // per_block * block_bytes
