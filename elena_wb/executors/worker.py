"""The worker process: ``python -P -m elena_wb.executors.worker``, spoken to through its standard input and output.

It ends when its input does, whatever became of the program that started it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from dataclasses import replace
from typing import BinaryIO

from elena_wb.core import Model, Response
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
from elena_wb.executors.opening import open_here
from elena_wb.executors.telling import told
from elena_wb.executors.workers import Opened
from elena_wb.remote.redaction import redact_stderr

_CLOSING_S = 2.0
"""How long a model may take to close once nobody listens any more."""


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that asks
    incoming, outgoing = _private_pipes()
    redact_stderr()
    first = receive(incoming)
    if not isinstance(first, Open):
        return
    calls, answers = _Calls(incoming), _Answers(outgoing)
    calls.start()
    try:
        model = open_here(first.job)
        opened = Opened.of(model)
    except BaseException as error:  # noqa: BLE001 - told to whoever asked for it
        answers.say(NotOpened(told(error)))
        return
    answers.say(replace(opened, card=replace(opened.card, libraries=dict(opened.card.libraries))))
    while (ask := calls.next()) is not None:
        if opened.max_concurrency > 1:
            threading.Thread(target=_answer, args=(model, ask, calls, answers), daemon=True).start()
        else:
            _answer(model, ask, calls, answers)
    with contextlib.suppress(Exception):
        model.close()
    os._exit(0)  # a thread of a library must not keep the process


def _answer(model: Model, ask: Ask, calls: _Calls, answers: _Answers) -> None:
    error = None
    try:
        for response in model.generate(ask.requests):
            if calls.is_dropped(ask.number):
                break
            answers.say(Answered(ask.number, _portable(response)))
    except BaseException as problem:  # noqa: BLE001 - told to whoever asked
        error = told(problem)
    answers.say(Ended(ask.number, error))


def _portable(response: Response) -> Response:
    return replace(response, label_logprobs=dict(response.label_logprobs))


class _Answers:
    """What is said to the program that asks; from several threads."""

    def __init__(self, outgoing: BinaryIO) -> None:
        self._outgoing = outgoing
        self._lock = threading.Lock()

    def say(self, message: FromWorker) -> None:
        """Say it; where nobody listens any more, that is the end of the process."""
        data = packed(message)
        try:
            with self._lock:
                send(self._outgoing, data)
        except OSError:
            os._exit(0)


class _Calls(threading.Thread):
    """Reads what comes while the model is at work, and ends the process when nothing can come any more."""

    def __init__(self, incoming: BinaryIO) -> None:
        super().__init__(name="calls", daemon=True)
        self._incoming = incoming
        self._waiting: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        self._dropped: set[int] = set()

    def next(self) -> Ask | None:
        """The next call; ``None`` when there will be no more."""
        return self._waiting.get()

    def is_dropped(self, number: int) -> bool:
        """Whether nobody waits for this call."""
        return number in self._dropped

    def run(self) -> None:
        """Read until the pipe ends."""
        try:
            while (message := receive(self._incoming)) is not None:
                if isinstance(message, Ask):
                    self._waiting.put(message)
                elif isinstance(message, Drop):
                    self._dropped.add(message.number)
            self._waiting.put(None)
            time.sleep(_CLOSING_S)
        finally:
            os._exit(0)


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the program that asks, out of reach of plugins and libraries that print or read."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return incoming, outgoing


if __name__ == "__main__":
    main()
