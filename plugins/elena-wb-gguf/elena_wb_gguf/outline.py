"""Where a JSON answer stands while it is being written."""

from __future__ import annotations

import json


class Outline:
    """Follows the beginning of a JSON text byte by byte: how deep it is, and which keys it has come to.

    ``names`` are the keys of the outermost object, ``depth`` counts the brackets that are open, and ``in_string``
    says whether a string is. Text around the object does little harm: it may add names that nobody asks for.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.depth = 0
        self.in_string = False
        self._escaped = False
        self._string = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take in what was written next."""
        for byte in piece:
            if self.in_string:
                self._in_string(byte)
            elif byte == 0x22:
                self.in_string, self._string = True, bytearray(b'"')
            elif byte in b"{[":
                self.depth += 1
            elif byte in b"}]":
                self.depth -= 1
            elif byte == 0x3A and self.depth == 1:
                self._name()

    def at_value_of(self, name: str) -> bool:
        """Whether what comes next belongs to the value of ``name`` or to what separates it."""
        return self.depth == 1 and bool(self.names) and self.names[-1] == name

    def _in_string(self, byte: int) -> None:
        self._string.append(byte)
        if self._escaped:
            self._escaped = False
        elif byte == 0x5C:
            self._escaped = True
        elif byte == 0x22:
            self.in_string = False

    def _name(self) -> None:
        try:
            self.names.append(str(json.loads(self._string.decode("utf-8", "replace"), strict=False)))
        except ValueError:
            self.names.append("")
