"""The child process that runs llama.cpp: ``python -P -m elena_wb_gguf.worker``, spoken to through its pipes.

llama.cpp ends the process that it runs in when it meets what it did not expect. Here it may: the program that asked
lives in another one. This one goes when its pipe closes, whatever became of the other side.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import BinaryIO, Literal

import llama_cpp.llama_cpp as llama
import numpy as np
import numpy.typing as npt

from elena_wb.offline import forbid_network, is_offline
from elena_wb_gguf.asking import (
    TO_CHILD,
    Answer,
    Ask,
    Cancel,
    Failed,
    Load,
    Look,
    Part,
    Progress,
    Ready,
    Seen,
)
from elena_wb_gguf.engine import Engine
from elena_wb_gguf.looking import QuestionError
from elena_wb_gguf.native import AnswerError, EngineError, NoRoomError, device_name, quieten
from elena_wb_gguf.wire import receive, send
from elena_wb_gguf.writing import CancelledError

_EVERY_S = 0.5
_LONGEST_WORDS = 2000


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _leave_no_core_files()
    incoming, outgoing = _private_pipes()
    if is_offline():
        forbid_network()
    first = receive(incoming)
    if first is None:
        return
    load = TO_CHILD.validate_json(first[0])
    if not isinstance(load, Load):
        raise TypeError("the first message is to say what to load")
    quieten(everything=load.debug)
    questions = _Questions(incoming)
    questions.start()
    engine = _loaded(load, outgoing)
    if engine is None:
        return
    progress = _progress(outgoing)
    while True:
        question, pixels = questions.next()
        if isinstance(question, Look):
            send(outgoing, *_seen(engine, question, pixels, questions, progress))
        else:
            send(outgoing, _answered(engine, question, pixels, questions, progress))


def _loaded(load: Load, outgoing: BinaryIO) -> Engine | None:
    """The engine, of which the other side has been told; ``None`` if there is none."""
    progress = _progress(outgoing)
    threads = load.threads or _usual_threads()
    gpu_layers = load.gpu_layers
    if gpu_layers is None:
        gpu_layers = -1 if llama.llama_supports_gpu_offload() else 0
    try:
        engine = Engine(load, threads=threads, gpu_layers=gpu_layers, progress=progress)
    except EngineError as error:
        send(outgoing, Failed(message=_bounded(str(error)), hint=error.hint))
        return None
    except MemoryError:
        send(outgoing, Failed(message="There is not enough memory for the model.", hint=None))
        return None
    send(
        outgoing,
        Ready(
            context_length=engine.context.length,
            trained_context=engine.model.trained_context,
            micro_batch=engine.context.micro_batch,
            device=device_name(threads, gpu_layers),
            llama_cpp=llama.llama_version().decode("ascii", "replace"),
            binding=version("llama-cpp-python"),
        ),
    )
    return engine


def _progress(outgoing: BinaryIO) -> Callable[[Part], None]:
    """Tells the other side, but not too often, that this one still lives."""
    told: tuple[Part, float] | None = None

    def progress(part: Part) -> None:
        nonlocal told
        if told is None or told[0] != part or time.monotonic() - told[1] >= _EVERY_S:
            send(outgoing, Progress(part=part))
            told = part, time.monotonic()

    return progress


def _answered(
    engine: Engine,
    ask: Ask,
    pixels: bytes,
    questions: _Questions,
    progress: Callable[[Part], None],
) -> Answer:
    def cancelled() -> bool:  # asked for before each token
        progress("answer")
        return questions.is_cancelled(ask.number)

    try:
        return engine.answer(ask, _image(ask, pixels), cancelled=cancelled)
    except EngineError as error:
        words = f"{error}. {error.hint}" if error.hint else str(error)
    except CancelledError:
        words = "cancelled"
    except Exception as error:  # noqa: BLE001 - one question's failure is told as such, and the next is answered
        words = f"{type(error).__name__}: {error}"
    return Answer(number=ask.number, finish_reason="error", error=_bounded(words))


def _seen(
    engine: Engine,
    look: Look,
    pixels: bytes,
    questions: _Questions,
    progress: Callable[[Part], None],
) -> tuple[Seen, bytes]:
    def cancelled() -> bool:  # asked for in each layer
        progress("answer")
        return questions.is_cancelled(look.number)

    trouble: Literal["question", "answer", "memory", "model"] = "model"
    hint: str | None = None
    try:
        return engine.look(look, _image(look.ask, pixels), cancelled=cancelled)
    except QuestionError as error:
        trouble, words, hint = "question", str(error), error.hint
    except AnswerError as error:
        trouble, words, hint = "answer", str(error), error.hint
    except NoRoomError as error:
        trouble, words, hint = "memory", str(error), error.hint
    except MemoryError:
        trouble, words = "memory", "there is not enough memory for its attention"
    except EngineError as error:
        words, hint = str(error), error.hint
    except CancelledError:
        words = "cancelled"
    except Exception as error:  # noqa: BLE001 - one look's failure is told as such, and the next question is answered
        words = f"{type(error).__name__}: {error}"
    return Seen(number=look.number, trouble=trouble, error=_bounded(words), hint=hint), b""


def _image(ask: Ask, pixels: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(pixels, np.uint8).reshape(ask.height, ask.width, 3)


class _Questions(threading.Thread):
    """Reads what comes through the pipe while llama.cpp works, and ends the process when the pipe does."""

    def __init__(self, incoming: BinaryIO) -> None:
        super().__init__(name="questions", daemon=True)
        self._incoming = incoming
        self._waiting: queue.SimpleQueue[tuple[Ask | Look, bytes]] = queue.SimpleQueue()
        self._cancelled: set[int] = set()

    def next(self) -> tuple[Ask | Look, bytes]:
        """The next question and its picture's bytes."""
        return self._waiting.get()

    def is_cancelled(self, number: int) -> bool:
        """Whether nobody waits for the answer to this question."""
        return number in self._cancelled

    def run(self) -> None:
        """Read until the pipe ends."""
        try:
            while (found := receive(self._incoming)) is not None:
                message = TO_CHILD.validate_json(found[0])
                if isinstance(message, Ask | Look):
                    self._waiting.put((message, found[1]))
                elif isinstance(message, Cancel):
                    self._cancelled.add(message.number)
        finally:
            os._exit(0)


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the other side, out of reach of C code that prints or reads."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


def _leave_no_core_files() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows knows no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _usual_threads() -> int:
    """As many as OMP_NUM_THREADS allows, which is how processes share a machine; else one less than there are cores."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told):
        return int(told)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def _bounded(words: str) -> str:
    return words if len(words) <= _LONGEST_WORDS else words[:_LONGEST_WORDS] + "…"


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
