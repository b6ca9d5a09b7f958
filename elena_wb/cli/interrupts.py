"""Ctrl-C as designed: once finishes what is in flight, twice stops."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from elena_wb.cli.output import say
from elena_wb.errors import ExitCode


@contextmanager
def stopping_on_interrupt(last_words: str) -> Iterator[threading.Event]:
    """The first Ctrl-C sets the event, so that what is in flight is kept; the second says ``last_words`` and stops."""
    stop = threading.Event()

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            say(f"Stopped. {last_words}")
            os._exit(ExitCode.INTERRUPTED)
        stop.set()
        say("Finishing what is in flight; Ctrl-C again stops at once.")

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
