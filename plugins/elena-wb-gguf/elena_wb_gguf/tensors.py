"""Numbers out of llama.cpp's tensors while it computes.

A callback is handed a pointer to a record whose layout llama.cpp may change. Its name and size are asked of the
library; type, buffer and shape have no function and are read from the record itself, once a record of known contents
was found to read as it should.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from llama_cpp._ggml import libggml

from elena_wb_gguf.native import EngineError

_FLOAT32 = 0
_LONGEST_NAME = 64
_PROBE = (5, 3, 2, 7)


class _Record(ctypes.Structure):
    """How ``struct ggml_tensor`` begins: ``ne`` counts elements and ``nb`` bytes along each of four axes."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * 4),
        ("nb", ctypes.c_size_t * 4),
    ]


class _InitParameters(ctypes.Structure):
    _fields_ = [("mem_size", ctypes.c_size_t), ("mem_buffer", ctypes.c_void_p), ("no_alloc", ctypes.c_bool)]


@dataclass(frozen=True, slots=True)
class Scores:
    """Attention of one layer in one computation: float32 ``[heads, queries, keys]``, still llama.cpp's."""

    pointer: int
    heads: int
    queries: int
    keys: int

    def rows(self, head: int, start: int, count: int) -> npt.NDArray[np.float32]:
        """A copy of ``count`` rows of one head from row ``start``, float32 ``[count, keys]``.

        Raises:
            EngineError: there are no such rows.
        """
        if not (0 <= head < self.heads and 0 <= start < start + count <= self.queries):
            raise EngineError("llama.cpp has no such rows of attention")
        found = np.empty((count, self.keys), np.float32)
        row = 4 * self.keys
        offset = (head * self.queries + start) * row
        _library().ggml_backend_tensor_get(self.pointer, found.ctypes.data, offset, count * row)
        return found


def name_of(pointer: int) -> str:
    """What a tensor is called."""
    raw = _library().ggml_get_name(pointer)
    return raw[:_LONGEST_NAME].decode("ascii", "replace") if raw else ""


def scores(pointer: int) -> Scores:
    """The tensor at ``pointer`` as a layer's attention.

    Raises:
        EngineError: it is none that can be read.
    """
    library = _library()
    record = _Record.from_address(pointer)
    keys, queries, heads, streams = record.ne
    size = 4 * keys * queries * heads * streams
    strides = (4, 4 * keys, 4 * keys * queries, 4 * keys * queries * heads)
    fits = (
        record.type == _FLOAT32
        and record.buffer
        and streams == 1
        and min(keys, queries, heads) > 0
        and tuple(record.nb) == strides
        and library.ggml_nbytes(pointer) == size
    )
    if not fits:
        raise EngineError(
            f"llama.cpp keeps the attention of {name_of(pointer)} in a form that is not known here: "
            f"{[*record.ne]} of type {record.type}"
        )
    return Scores(pointer, heads, queries, keys)


@cache
def _library() -> Any:
    """ggml, after making sure that the record above is its own.

    Raises:
        EngineError: it is not.
    """
    pointer, number = ctypes.c_void_p, ctypes.c_size_t
    signatures: dict[str, tuple[list[Any], Any]] = {
        "ggml_init": ([_InitParameters], pointer),
        "ggml_free": ([pointer], None),
        "ggml_new_tensor_4d": ([pointer, ctypes.c_int, *[ctypes.c_int64] * 4], pointer),
        "ggml_set_name": ([pointer, ctypes.c_char_p], pointer),
        "ggml_get_name": ([pointer], ctypes.c_char_p),
        "ggml_nbytes": ([pointer], number),
        "ggml_tensor_overhead": ([], number),
        "ggml_backend_tensor_get": ([pointer, pointer, number, number], None),
    }
    try:
        for name, (arguments, result) in signatures.items():
            function = getattr(libggml, name)
            function.argtypes, function.restype = arguments, result
    except AttributeError as error:
        raise EngineError("This llama.cpp does not let its tensors be read.") from error
    if not _as_expected(libggml):
        raise EngineError(
            "This llama.cpp keeps its tensors in a form that is not known here.",
            "Run: pip install --force-reinstall elena-wb-gguf",
        )
    return libggml


def _as_expected(library: Any) -> bool:
    """Whether a tensor made on purpose, without data, reads as it was made."""
    room = library.ggml_tensor_overhead()
    if room < ctypes.sizeof(_Record):
        return False
    context = library.ggml_init(_InitParameters(4 * room, None, True))
    if not context:
        return False
    try:
        made = library.ggml_new_tensor_4d(context, _FLOAT32, *_PROBE)
        library.ggml_set_name(made, b"probe")
        record = _Record.from_address(made)
        one, two, three, four = _PROBE
        return bool(
            record.type == _FLOAT32
            and not record.buffer
            and tuple(record.ne) == _PROBE
            and tuple(record.nb) == (4, 4 * one, 4 * one * two, 4 * one * two * three)
            and library.ggml_nbytes(made) == 4 * one * two * three * four
            and library.ggml_get_name(made) == b"probe"
        )
    finally:
        library.ggml_free(context)
