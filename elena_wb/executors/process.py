"""The program's side of a worker process: starting it, asking it, and what is left when it dies."""

from __future__ import annotations

import collections
import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, cast

from elena_wb.core import ModelJob, Request, Response, SetupError
from elena_wb.executors.messages import (
    Answered,
    Ask,
    Drop,
    Ended,
    FromWorker,
    NotOpened,
    Open,
    packed,
    receive,
    send,
)
from elena_wb.executors.telling import raised
from elena_wb.executors.workers import Opened, WorkerLostError
from elena_wb.plain import plain

_GRACE_S = 3.0
_KEPT_LINES, _SHOWN_LINES, _LONGEST_WORDS = 50, 3, 300
_LONGEST_LINE = 4096
_FORWARDING = "ELENA_WB_DEBUG"
"""Set by ``--debug``: what workers write to stderr is then shown; their last lines are kept in any case."""


class ProcessWorker:
    """A copy of the model in a process of its own (implements :class:`elena_wb.executors.Worker`).

    ``environment`` is what differs of the environment there.
    """

    def __init__(self, job: ModelJob, environment: Mapping[str, str]) -> None:
        self._job = job
        self._environment = environment
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._clearing: threading.Thread | None = None
        self._calls: dict[int, queue.SimpleQueue[FromWorker | None]] = {}
        self._number = 0
        self._lost: str | None = None
        self._closed = False
        self._tail: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)

    @property
    def pid(self) -> int | None:
        """The number of the process, once there is one."""
        return None if self._process is None else self._process.pid

    def open(self) -> Opened:
        """See :meth:`elena_wb.executors.Worker.open`."""
        opening: queue.SimpleQueue[FromWorker | None] = queue.SimpleQueue()
        with self._lock:
            if self._closed:
                raise WorkerLostError("closed")
            self._calls[0] = opening
            self._process = self._started()
            words = threading.Thread(target=self._keep_words, args=(self._process,), daemon=True)
            words.start()
            threading.Thread(target=self._listen, args=(self._process, words), daemon=True).start()
            self._clearing = threading.Thread(target=_clear_after, args=(self._process,), daemon=True)
            self._clearing.start()
        self._say(packed(Open(self._job)))
        message = opening.get()
        if message is None:
            raise WorkerLostError(self._lost)
        if isinstance(message, NotOpened):
            raise raised(message.error)
        return cast(Opened, message)

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """See :meth:`elena_wb.executors.Worker.generate`."""
        arrivals: queue.SimpleQueue[FromWorker | None] = queue.SimpleQueue()
        with self._lock:
            if self._lost is not None or self._closed:
                raise WorkerLostError(self._lost or "closed")
            self._number += 1
            number = self._number
            self._calls[number] = arrivals
        over = False
        try:
            self._say(packed(Ask(number, tuple(requests))))
            while isinstance(message := arrivals.get(), Answered):
                yield message.response
            over = True
            if message is None:
                raise WorkerLostError(self._lost)
            if isinstance(message, Ended) and message.error is not None:
                raise raised(message.error)
        finally:
            with self._lock:
                self._calls.pop(number, None)
            if not over:
                self._say(packed(Drop(number)))

    def close(self) -> None:
        """See :meth:`elena_wb.executors.Worker.close`."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is None:
            return
        if self._sending.acquire(timeout=_GRACE_S):
            with contextlib.suppress(OSError, ValueError):
                _pipe(process.stdin).close()
            self._sending.release()
        else:  # it has stopped reading in the middle of what is said to it
            process.kill()
        self._ended(process)
        if self._clearing is not None:
            self._clearing.join(_GRACE_S)

    def _started(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "elena_wb.executors.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONUTF8": "1", **self._environment},
                start_new_session=True,  # a Ctrl-C at the terminal is for the program that asks
            )
        except OSError as error:
            raise SetupError(f"A worker process cannot be started: {error.strerror or error}") from error

    def _say(self, data: bytes) -> None:
        """Say something. Where nobody listens any more, the thread that listens to the process tells of it."""
        process = self._process
        if process is not None:
            with contextlib.suppress(OSError, ValueError), self._sending:
                send(_pipe(process.stdin), data)

    def _listen(self, process: subprocess.Popen[bytes], words: threading.Thread) -> None:
        """Hand on what the process says; when it is gone, find out how, and tell all who wait."""
        nonsense = False
        try:
            while (message := receive(_pipe(process.stdout))) is not None:
                number = message.number if isinstance(message, Answered | Ended) else 0
                with self._lock:
                    arrivals = self._calls.get(number)
                if arrivals is not None:
                    arrivals.put(cast(FromWorker, message))
        except Exception:  # noqa: BLE001 - bytes that are no message can raise anything
            nonsense = True
            process.kill()
        code = self._ended(process)
        words.join(_GRACE_S)
        how = "its process said what makes no sense" if nonsense else way_of_death(code)
        said = self._last_words()
        with self._lock:
            self._lost = "closed" if self._closed else how + (f": {said}" if said else "")
            waiting = list(self._calls.values())
        for arrivals in waiting:
            arrivals.put(None)

    def _ended(self, process: subprocess.Popen[bytes]) -> int:
        """See to it that the process is gone; its exit code."""
        try:
            return process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _keep_words(self, process: subprocess.Popen[bytes]) -> None:
        forwarding = bool(os.environ.get(_FORWARDING))
        with contextlib.suppress(OSError, ValueError):
            while raw := _pipe(process.stderr).readline(_LONGEST_LINE):
                line = raw.decode("utf-8", "replace")
                self._tail.append(line)
                if forwarding:
                    sys.stderr.write(line)

    def _last_words(self) -> str:
        lines = [line for raw in self._tail if (line := plain(raw).strip())]
        shown = " / ".join(lines[-_SHOWN_LINES:])
        return shown if len(shown) <= _LONGEST_WORDS else "…" + shown[-_LONGEST_WORDS:]


def _clear_after(process: subprocess.Popen[bytes]) -> None:
    """Once the process is gone, end what it has left in its session, which holds its pipes open, and graphics cards."""
    process.wait()
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)


def way_of_death(code: int) -> str:
    """How a process ended, in words, by its exit code (below 0: the number of the signal)."""
    if code >= 0:
        return f"its process ended with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    why = " (the system does this when memory runs out)" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{why}"


def _pipe(pipe: object) -> BinaryIO:
    """A pipe of the process, which ``subprocess`` types as one of several things."""
    return cast(BinaryIO, pipe)
