"""What a program and its worker processes say to each other through pipes: a length, and one of these, pickled.

Both ends are this program, in the same version, and nobody else has the pipes.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import BinaryIO

from elena_wb.core import ModelJob, Request, Response
from elena_wb.executors.telling import Told
from elena_wb.executors.workers import Opened

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Open:
    """Load the model. The first message to a worker."""

    job: ModelJob


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer these; ``number`` is that of the call."""

    number: int
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Nobody waits for the rest of this call."""

    number: int


@dataclass(frozen=True, slots=True)
class Answered:
    """One response of a call."""

    number: int
    response: Response


@dataclass(frozen=True, slots=True)
class Ended:
    """A call has ended, with an error or without."""

    number: int
    error: Told | None = None


@dataclass(frozen=True, slots=True)
class NotOpened:
    """The model could not be loaded. The last message of a worker."""

    error: Told


ToWorker = Open | Ask | Drop
FromWorker = Opened | NotOpened | Answered | Ended


def packed(message: ToWorker | FromWorker) -> bytes:
    """The message as it is written.

    Raises:
        Exception: it holds something that cannot travel.
    """
    body = pickle.dumps(message, protocol=5)
    return _LENGTH.pack(len(body)) + body


def send(pipe: BinaryIO, data: bytes) -> None:
    """Write a packed message.

    Raises:
        OSError: the other side is gone.
        ValueError: this side was closed.
    """
    pipe.write(data)
    pipe.flush()


def receive(pipe: BinaryIO) -> object | None:
    """The next message; ``None`` at the end of the pipe, also within a message."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = pipe.read(length)
    return pickle.loads(body) if len(body) == length else None
