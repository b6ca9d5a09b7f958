"""Bounds of memory and time for a program that came with a model."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_MORE_BYTES = 512 * 2**20


class OutOfBoundsError(Exception):
    """Something took too long, or too much memory."""


@contextlib.contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Let what runs within take ``seconds`` and half a gibibyte, as far as the system can hold it to that.

    Memory is bounded on Linux. Time is bounded where there are POSIX timers, in the main thread, between two steps of
    Python.

    Raises:
        OutOfBoundsError: it wanted more.
    """
    try:
        with _time(seconds), _memory():
            yield
    except MemoryError as error:
        raise OutOfBoundsError("it takes too much memory") from error


@contextlib.contextmanager
def _time(seconds: float) -> Iterator[None]:
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def enough(*_: object) -> None:
        raise OutOfBoundsError(f"it takes longer than {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, enough)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _memory() -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + _MORE_BYTES
    for limit in (soft, hard):
        if limit != resource.RLIM_INFINITY:
            most = min(most, limit)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
