"""What a projector's file says about itself, read by llama.cpp's own reader of GGUF files."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path

from llama_cpp._ctypes_extensions import load_shared_library
from llama_cpp._ggml import libggml_base_path

from elena_wb_gguf.asking import DAMAGED
from elena_wb_gguf.native import EngineError

_UINT32, _STRING = 4, 8

_ggml = load_shared_library("ggml-base", libggml_base_path)


class _Parameters(ctypes.Structure):
    _fields_ = (("no_alloc", ctypes.c_bool), ("context", ctypes.c_void_p))


_open = _ggml.gguf_init_from_file
_open.argtypes, _open.restype = [ctypes.c_char_p, _Parameters], ctypes.c_void_p
_find = _ggml.gguf_find_key
_find.argtypes, _find.restype = [ctypes.c_void_p, ctypes.c_char_p], ctypes.c_int64
_type = _ggml.gguf_get_kv_type
_type.argtypes, _type.restype = [ctypes.c_void_p, ctypes.c_int64], ctypes.c_int
_text = _ggml.gguf_get_val_str
_text.argtypes, _text.restype = [ctypes.c_void_p, ctypes.c_int64], ctypes.c_char_p
_number = _ggml.gguf_get_val_u32
_number.argtypes, _number.restype = [ctypes.c_void_p, ctypes.c_int64], ctypes.c_uint32
_close = _ggml.gguf_free
_close.argtypes, _close.restype = [ctypes.c_void_p], None


@dataclass(frozen=True, slots=True)
class ProjectorFacts:
    """``kind`` names the way it projects (``gemma3``); ``side`` is the edge of its input in pixels, 0 if not told."""

    kind: str
    side: int


def projector_facts(path: Path) -> ProjectorFacts:
    """Read the metadata of a projector.

    Raises:
        EngineError: the file is no GGUF file, or one without a projector for pictures.
    """
    handle = _open(os.fsencode(path), _Parameters(True, None))
    if not handle:
        raise EngineError(f"The projector {path.name} is damaged or no GGUF file.", DAMAGED)
    try:
        if _string(handle, b"general.architecture") != "clip":
            raise EngineError(
                f"{path.name} is no projector.", "A projector's file has mmproj in its name: give mmproj=FILE"
            )
        kind = _string(handle, b"clip.vision.projector_type") or _string(handle, b"clip.projector_type")
        return ProjectorFacts(kind, _whole(handle, b"clip.vision.image_size"))
    finally:
        _close(handle)


def _string(handle: int, key: bytes) -> str:
    index = _find(handle, key)
    if index < 0 or _type(handle, index) != _STRING:
        return ""
    return str((_text(handle, index) or b"").decode("utf-8", "replace"))


def _whole(handle: int, key: bytes) -> int:
    index = _find(handle, key)
    return int(_number(handle, index)) if index >= 0 and _type(handle, index) == _UINT32 else 0
