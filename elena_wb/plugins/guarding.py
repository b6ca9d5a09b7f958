"""Letting a plugin's code run at start-up without letting it take the program along, or write to its stdout.

What Python can catch is caught: errors of every kind, ``sys.exit``, ``os._exit``. What ends the process from below
Python (a crash in machine code, ``os.abort``) cannot be: Python's fault handler then tells on stderr which line it
was, and the variable ``ELENA_WB_WITHOUT_PLUGINS=NAME,…`` leaves plugins out.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator

from elena_wb.plugins.finding import WITHOUT
from elena_wb.plugins.health import LeftError

_MOST_HEARD = 2_000


class Heard(io.TextIOWrapper):
    """Stands for ``sys.stdout`` while a plugin is loaded and keeps the beginning of what is printed.

    Whoever still holds it afterwards (a logger that the plugin set up) writes to stderr.
    """

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
        self.text = ""
        self.listening = True

    def write(self, text: str, /) -> int:
        """Keep ``text`` while the plugin is loaded, and pass it on later."""
        if not self.listening:
            return sys.stderr.write(text)
        self.text += text[: _MOST_HEARD - len(self.text)]
        return len(text)


@contextlib.contextmanager
def guarded(plugin: str, failed: Callable[[BaseException], None]) -> Iterator[Heard]:
    """Give whatever a plugin raises to ``failed``, all but a ``KeyboardInterrupt``; its prints are heard, not seen."""
    heard = Heard()
    try:
        with contextlib.redirect_stdout(heard), _staying():
            yield heard
    except KeyboardInterrupt as error:
        error.add_note(f"The plugin `{plugin}` was being loaded. To go on without it, set {WITHOUT}={plugin}")
        raise
    except BaseException as error:  # noqa: BLE001 - one plugin must not take the program down
        failed(error)
    finally:
        heard.listening = False


@contextlib.contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Let what is written to file descriptor 1, by machine code or by child processes too, go to stderr."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # the program was started without a stdout
        yield
        return
    try:
        with contextlib.suppress(OSError):
            os.dup2(2, 1)
        with _faults_told():
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextlib.contextmanager
def _staying() -> Iterator[None]:
    """Let ``os._exit``, called by this thread, raise instead."""
    leave, thread = os._exit, threading.get_ident()
    inside = True

    def stay(status: int) -> None:
        if inside and threading.get_ident() == thread:
            raise LeftError(f"calls os._exit({status})")
        leave(status)

    os._exit = stay  # type: ignore[assignment]
    try:
        yield
    finally:
        inside = False
        os._exit = leave


@contextlib.contextmanager
def _faults_told() -> Iterator[None]:
    """Let Python tell where it was if the process crashes."""
    already = faulthandler.is_enabled()
    if not already:
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            faulthandler.enable(file=2)
    try:
        yield
    finally:
        if not already:
            faulthandler.disable()
