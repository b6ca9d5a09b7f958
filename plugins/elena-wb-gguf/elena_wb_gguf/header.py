"""What a GGUF file says about itself, read without its weights and without trusting it.

The layout is that of the GGUF specification, versions 2 and 3 (github.com/ggml-org/ggml, docs/gguf.md). The reader of
the package `gguf` takes many seconds for a large vocabulary; this one passes over long arrays.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

from elena_wb.core import ModelError

Scalar = int | float | bool | str
Value = Scalar | tuple[Scalar, ...]

_MOST_KEYS = _MOST_TENSORS = 100_000
_MOST_TEXTS = 4_000_000
_LONGEST_HEADER = 256 * 2**20
_LONGEST_NAME, _LONGEST_TEXT, _LONGEST_ARRAY = 1024, 8192, 1024
_MOST_DIMENSIONS = 4
_CHUNK = 2**20
_ALIGNMENT = 32
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor's name, its shape as GGUF orders it (rows last), the number of its ggml type, and its place."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Header:
    """The beginning of a GGUF file.

    ``values`` leaves out texts and arrays that are too long to matter here; ``lengths`` has the length of every
    array. ``data_offset`` is where the weights begin, ``file_size`` the size of the file.
    """

    path: Path
    values: Mapping[str, Value]
    lengths: Mapping[str, int]
    tensors: tuple[TensorInfo, ...]
    data_offset: int
    file_size: int

    def text(self, key: str) -> str | None:
        """The value of ``key``, if it is a text."""
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def whole(self, key: str) -> int | None:
        """The value of ``key``, if it is a whole number that is not negative."""
        value = self.values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def read_header(path: Path) -> Header:
    """Read the header of the GGUF file at ``path``.

    Raises:
        ModelError: the file cannot be read, is no GGUF file, is cut off or damaged, or has numbers in an order of
            bytes or a version that is not supported.
    """
    try:
        with path.open("rb") as file:
            return _Reader(file, path).header()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error


class _Reader:
    """Walks over a header, reading no further than it must and never beyond the bounds above."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path
        self._size = file.seek(0, 2)
        file.seek(0)
        self._buffer = b""
        self._at = 0
        self._texts = 0

    def header(self) -> Header:
        if self._size < 4 or self._bytes(4) != b"GGUF":
            raise ModelError(f"{self._path} is no GGUF file.", hint="GGUF files begin with the letters GGUF.")
        version = self._number("I")
        if version and version & 0xFFFF == 0:
            raise ModelError(
                f"{self._path} holds its numbers in big-endian order, which llama.cpp cannot read here.",
                hint="Take a file for ordinary (little-endian) machines.",
            )
        if version not in (2, 3):
            raise ModelError(
                f"{self._path} is of GGUF version {version}; 2 and 3 are supported.",
                hint="Fetch a newer file of this model.",
            )
        tensor_count, key_count = self._number("Q"), self._number("Q")
        if tensor_count > _MOST_TENSORS or key_count > _MOST_KEYS:
            raise self._damaged("its counts are out of all proportion")
        values: dict[str, Value] = {}
        lengths: dict[str, int] = {}
        for _ in range(key_count):
            self._pair(values, lengths)
        tensors = tuple(self._tensor() for _ in range(tensor_count))
        alignment = values.get("general.alignment", _ALIGNMENT)
        if not isinstance(alignment, int) or not 0 < alignment <= 2**20:
            raise self._damaged("its alignment is impossible")
        offset = -(-self._at // alignment) * alignment
        return Header(self._path, values, lengths, tensors, offset, self._size)

    def _pair(self, values: dict[str, Value], lengths: dict[str, int]) -> None:
        key, kind = self._string(_LONGEST_NAME, "key"), self._number("I")
        if kind == _ARRAY:
            kind, count = self._number("I"), self._number("Q")
            lengths[key] = count
            items = self._array(kind, count)
            if items is not None:
                values[key] = items
        elif kind == _STRING:
            text = self._text()
            if text is not None:
                values[key] = text
        else:
            values[key] = self._number(self._letter(kind))

    def _array(self, kind: int, count: int) -> tuple[Scalar, ...] | None:
        """The items, or ``None`` after passing over them if they are too many or too long."""
        if kind == _STRING:
            if count > (self._size - self._at) // _LENGTH.size:
                raise self._damaged("a list is longer than the file")
            self._texts += count
            if self._texts > _MOST_TEXTS:
                raise self._damaged("its counts are out of all proportion")
            if count > _LONGEST_ARRAY:
                self._pass_strings(count)
                return None
            texts = [self._text() for _ in range(count)]
            kept = tuple(text for text in texts if text is not None)
            return kept if len(kept) == count else None
        letter = self._letter(kind)
        width = struct.calcsize(f"<{letter}")
        if count > (self._size - self._at) // width:
            raise self._damaged("a list is longer than the file")
        if count > _LONGEST_ARRAY:
            self._skip(count * width)
            return None
        items: tuple[Scalar, ...] = struct.unpack(f"<{count}{letter}", self._bytes(count * width))
        return items

    def _tensor(self) -> TensorInfo:
        name = self._string(_LONGEST_NAME, "name of a tensor")
        dimensions = self._number("I")
        if dimensions > _MOST_DIMENSIONS:
            raise self._damaged(f"a tensor has {dimensions} dimensions")
        shape: tuple[int, ...] = struct.unpack(f"<{dimensions}Q", self._bytes(8 * dimensions))
        kind = self._number("I")
        return TensorInfo(name, shape, kind, self._number("Q"))

    def _text(self) -> str | None:
        length = self._number("Q")
        if length > _LONGEST_TEXT:
            self._skip(length)
            return None
        return self._bytes(length).decode("utf-8", "replace")

    def _string(self, longest: int, what: str) -> str:
        length = self._number("Q")
        if length > longest:
            raise self._damaged(f"the {what} has {length} letters")
        return self._bytes(length).decode("utf-8", "replace")

    def _pass_strings(self, count: int) -> None:
        unpack: Callable[[bytes, int], tuple[int]] = _LENGTH.unpack_from
        at, buffer = self._at, self._buffer
        for _ in range(count):
            if at + 8 > len(buffer):
                self._need(at + 8)
                buffer = self._buffer
            at += 8 + unpack(buffer, at)[0]
        self._at = at
        self._need(at)

    def _letter(self, kind: int) -> str:
        if kind not in _NUMBERS:
            raise self._damaged(f"there is no type of values {kind}")
        return _NUMBERS[kind]

    def _number(self, letter: str) -> int:
        """One number; typed as whole, which those are that the walk depends on."""
        found: int = struct.unpack(f"<{letter}", self._bytes(struct.calcsize(f"<{letter}")))[0]
        return found

    def _bytes(self, count: int) -> bytes:
        start = self._at
        self._skip(count)
        return self._buffer[start : self._at]

    def _skip(self, count: int) -> None:
        self._need(self._at + count)
        self._at += count

    def _need(self, end: int) -> None:
        """Have the buffer reach ``end``."""
        if end > self._size:
            raise ModelError(
                f"{self._path} is cut off: its header goes on after its end at {self._size} bytes.",
                hint="Fetch the file again.",
            )
        if end > _LONGEST_HEADER:
            raise self._damaged("its header does not come to an end")
        if end > len(self._buffer):
            self._buffer += self._file.read(max(end - len(self._buffer), _CHUNK, len(self._buffer)))

    def _damaged(self, how: str) -> ModelError:
        return ModelError(f"{self._path} is damaged: {how}.", hint="Fetch the file again.")
