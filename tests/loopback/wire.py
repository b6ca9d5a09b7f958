"""One connection while one call is answered on it, down to the socket."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any


class Wire:
    """Writes one answer, properly or not. ``open`` says whether the connection can serve another call.

    ``closing`` is set when the server ends: nothing here outlasts it. ``ending`` is called just before the client can
    know that the call is over, so that what the server remembers is never behind what the client has seen.
    """

    def __init__(
        self, connection: socket.socket, closing: threading.Event, ending: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._closing = closing
        self._ending = ending
        self.open = True
        self.status: int | None = None

    def send_json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        """A whole and proper reply."""
        self.send(
            status,
            json.dumps(value).encode(),
            headers={"Content-Type": "application/json", **(headers or {})},
        )

    def send(self, status: int, *bodies: bytes, headers: Mapping[str, str] | None = None) -> None:
        """A whole reply with this body; with several bodies as many replies, which arrive in one piece."""
        given = headers or {}
        replies = [self._head(status, {**given, "Content-Length": str(len(body))}) + body for body in bodies]
        self.write(b"".join(replies), last=True)

    def begin(self, status: int, length: int, headers: Mapping[str, str] | None = None) -> None:
        """Only the head of a reply that promises ``length`` bytes of JSON."""
        given = {"Content-Type": "application/json", **(headers or {}), "Content-Length": str(length)}
        self.write(self._head(status, given))

    def write(self, data: bytes, *, last: bool = False) -> None:
        """These bytes, as they are; ``last``: they end the reply."""
        if last:
            self._ending()
        self._connection.sendall(data)

    def pause(self, seconds: float) -> bool:
        """Say nothing for so long; whether the server is still wanted afterwards."""
        return not self._closing.wait(seconds)

    def hang_up(self) -> None:
        """Close the connection in the ordinary way, whatever was promised."""
        self.open = False
        self._ending()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Break the connection: the peer sees ECONNRESET (TCP RST), not an end."""
        self.open = False
        self._ending()
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self._connection.detach())

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        self.status = status
        try:
            reason = HTTPStatus(status).phrase
        except ValueError:
            reason = "Overloaded"
        lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")
