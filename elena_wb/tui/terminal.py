"""Keeping the screen clean: what code of others prints goes to a listener and not over what is drawn."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_CHUNK = 65_536


class Quiet:
    """While it is ``on``, what is printed to descriptors 1 and 2 of this process goes to ``heard``, in a thread.

    Libraries in C (OpenCV about a damaged picture, say) write there past Python. ``sys.__stdout__`` and
    ``sys.__stderr__``, through which the interface draws and asks for the terminal's size, lead on to the terminal.
    """

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._kept: tuple[int, int] | None = None
        self._write_end = -1

    @contextmanager
    def on(self) -> Iterator[None]:
        """Hold both descriptors; afterwards they are what they were, and all that was printed has been heard."""
        read_end, self._write_end = os.pipe()
        self._kept = (os.dup(1), os.dup(2))
        streams = sys.__stdout__, sys.__stderr__
        drawing = [_stream_on(descriptor, was) for descriptor, was in zip(self._kept, streams, strict=True)]
        listener = threading.Thread(target=self._listen, args=(read_end,), name="printed", daemon=True)
        listener.start()
        _put_streams(*drawing)
        self._hold()
        try:
            yield
        finally:
            self._let_go()
            _put_streams(*streams)
            for one in drawing:
                with suppress(OSError):
                    one.flush()
            for descriptor in (*self._kept, self._write_end):
                os.close(descriptor)
            self._kept = None
            listener.join(timeout=1)  # a process started meanwhile may hold the other end for longer

    @contextmanager
    def off(self) -> Iterator[None]:
        """For a while the descriptors lead to the terminal: another program has it."""
        if self._kept is None:
            yield
            return
        self._let_go()
        try:
            yield
        finally:
            self._hold()

    def _hold(self) -> None:
        os.dup2(self._write_end, 1)
        os.dup2(self._write_end, 2)

    def _let_go(self) -> None:
        assert self._kept is not None
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os.dup2(self._kept[0], 1)
        os.dup2(self._kept[1], 2)

    def _listen(self, read_end: int) -> None:
        with open(read_end, "rb", buffering=0) as pipe:
            while chunk := pipe.read(_CHUNK):
                with suppress(Exception):  # whatever becomes of the words, the printing must not block
                    self._heard(chunk.decode("utf-8", "replace"))


def _stream_on(descriptor: int, like: TextIO | None) -> TextIO:
    encoding = getattr(like, "encoding", None) or "utf-8"
    raw: Any = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace")


def _put_streams(out: TextIO | None, err: TextIO | None) -> None:
    sys.__stdout__ = out  # type: ignore[misc, assignment]
    sys.__stderr__ = err  # type: ignore[misc, assignment]
