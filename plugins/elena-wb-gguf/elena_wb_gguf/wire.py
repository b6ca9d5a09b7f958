"""Messages through a pipe: two lengths, a message in JSON, and bytes that go with it."""

from __future__ import annotations

import struct
from typing import BinaryIO

from pydantic import BaseModel

_LENGTHS = struct.Struct(">II")
_MOST = 2**31


class BrokenPipeMessageError(Exception):
    """What came through the pipe is no message: the other side is out of its mind."""


def send(pipe: BinaryIO, message: BaseModel, payload: bytes | memoryview = b"") -> None:
    """Write one message.

    Raises:
        OSError: the other side is gone.
    """
    text = message.model_dump_json().encode()
    pipe.write(_LENGTHS.pack(len(text), len(payload)) + text)
    if payload:
        pipe.write(payload)
    pipe.flush()


def receive(pipe: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next message and its payload; ``None`` at the end of the pipe, also within a message.

    Raises:
        BrokenPipeMessageError: the lengths cannot be right.
    """
    head = _exactly(pipe, _LENGTHS.size)
    if head is None:
        return None
    length, extra = _LENGTHS.unpack(head)
    if length + extra > _MOST:
        raise BrokenPipeMessageError(f"a message of {length + extra:,} bytes was announced")
    text = _exactly(pipe, length)
    payload = _exactly(pipe, extra)
    return None if text is None or payload is None else (text, payload)


def _exactly(pipe: BinaryIO, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        part = pipe.read(count - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)
