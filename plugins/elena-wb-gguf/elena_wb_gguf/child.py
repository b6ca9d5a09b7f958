"""The other side of the child process: starting it, talking to it, and what is left when it dies."""

from __future__ import annotations

import collections
import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO

from pydantic import BaseModel

from elena_wb_gguf.asking import FROM_CHILD, FromChild
from elena_wb_gguf.wire import BrokenPipeMessageError, receive, send

_TAIL_BYTES = 16_384
_GRACE_S = 2.0
_LOOKING_S = 0.5
_LAST_LINES, _LONGEST_WORDS = 3, 300
_FOLDERS = re.compile(r"/\S*/(?=[\w.-]+\.(?:c|cpp|cu|h|hpp|m):\d)")
"""Where llama.cpp was built, which says nothing to anybody here."""
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffff]+")


class ChildDiedError(Exception):
    """The child is gone. The text says how, with the last words of llama.cpp."""


class Child:
    """One running child process and the pipes to it. ``debug`` shows what it writes to standard error."""

    def __init__(self, *, debug: bool) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "elena_wb_gguf.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"GGML_NO_BACKTRACE": "1", "PYTHONUTF8": "1"},
            start_new_session=True,  # a Ctrl-C at the terminal is the parent's to deal with
        )
        self._heard: queue.SimpleQueue[tuple[FromChild, bytes] | None] = queue.SimpleQueue()
        self._nonsense = False
        self._last_sign = 0.0
        self._patience_s: float | None = None
        self._silent_s: float | None = None
        self._over = threading.Event()
        self._tail: collections.deque[bytes] = collections.deque()
        self._threads = [
            threading.Thread(target=self._listen, name="gguf answers", daemon=True),
            threading.Thread(target=self._keep_words, args=(debug,), name="gguf words", daemon=True),
            threading.Thread(target=self._watch, name="gguf silence", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @contextlib.contextmanager
    def watched(self, patience_s: float) -> Iterator[None]:
        """Within this the child is killed once it has said nothing for ``patience_s`` seconds, as if it had died."""
        self._last_sign, self._patience_s = time.monotonic(), patience_s
        try:
            yield
        finally:
            self._patience_s = None

    def send(self, message: BaseModel, payload: bytes | memoryview = b"") -> None:
        """Say something. A message that is broken off half-way (Ctrl-C) is the last one.

        Raises:
            ChildDiedError: nobody listens any more.
        """
        try:
            send(_pipe(self._process.stdin), message, payload)
        except (OSError, ValueError) as error:
            raise ChildDiedError(self.end()) from error
        except BaseException:
            self._process.kill()
            raise

    def hear(self) -> tuple[FromChild, bytes]:
        """Wait for what the child says next: a message, and the bytes that go with it.

        Raises:
            ChildDiedError: it died, or what it said makes no sense.
        """
        heard = self._heard.get()
        if heard is None:
            raise ChildDiedError(self.end())
        return heard

    def words(self) -> str:
        """The last lines that it wrote to standard error, as one line that can be shown."""
        lines = [
            line for raw in self.all_words().splitlines() if (line := _UNPRINTABLE.sub(" ", raw).strip())
        ]
        shown = " / ".join(lines[-_LAST_LINES:])
        return shown if len(shown) <= _LONGEST_WORDS else "…" + shown[-_LONGEST_WORDS:]

    def all_words(self) -> str:
        """Everything that is kept of what it wrote to standard error."""
        return _FOLDERS.sub("", b"".join(self._tail).decode("utf-8", "replace"))

    def end(self) -> str:
        """See to it that the process is gone, and say how it went. Calling it twice is harmless."""
        with contextlib.suppress(OSError, ValueError):
            _pipe(self._process.stdin).close()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._over.set()
        for thread in self._threads:
            thread.join(_GRACE_S)
        for pipe in (self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError, ValueError):
                _pipe(pipe).close()
        words = self.words()
        if self._silent_s is not None:
            how = (
                f"nothing was heard of llama.cpp for {self._silent_s:.0f} seconds, and its process was ended"
            )
            return how + (f": {words}" if words else "")
        if self._nonsense:
            return "llama.cpp's process said what makes no sense" + (f": {words}" if words else "")
        return _way_of_death(self._process.returncode) + (f": {words}" if words else "")

    def _listen(self) -> None:
        pipe = _pipe(self._process.stdout)
        try:
            while (found := receive(pipe)) is not None:
                message = FROM_CHILD.validate_json(found[0])
                self._last_sign = time.monotonic()
                self._heard.put((message, found[1]))
        except (OSError, ValueError, BrokenPipeMessageError):
            self._nonsense = True
            self._process.kill()
        finally:
            self._heard.put(None)

    def _watch(self) -> None:
        """See to it that a process which hangs does not hang those who wait for it, in reading or in writing."""
        while not self._over.wait(_LOOKING_S):
            patience, silent = self._patience_s, time.monotonic() - self._last_sign
            if patience is not None and silent > patience:
                self._silent_s = silent
                self._process.kill()
                return

    def _keep_words(self, debug: bool) -> None:
        pipe, kept = self._process.stderr, 0
        with contextlib.suppress(OSError, ValueError):
            while part := os.read(_pipe(pipe).fileno(), 4096):
                self._tail.append(part)
                kept += len(part)
                while kept > _TAIL_BYTES and len(self._tail) > 1:
                    kept -= len(self._tail.popleft())
                if debug:
                    sys.stderr.write(part.decode("utf-8", "replace"))


def _pipe(pipe: object) -> BinaryIO:
    """A pipe of the child, which ``subprocess`` types as one of several things."""
    return pipe  # type: ignore[return-value]


def _way_of_death(code: int) -> str:
    if code >= 0:
        return f"llama.cpp's process ended with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    why = " (the system does this when memory runs out)" if name == "SIGKILL" else ""
    return f"llama.cpp's process was ended by {name}{why}"
