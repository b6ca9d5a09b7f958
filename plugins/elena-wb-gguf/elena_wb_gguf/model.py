"""A GGUF model that answers from a child process."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from elena_wb.core import (
    AttentionMethod,
    AttentionQuestion,
    AttentionRecord,
    Model,
    ModelCard,
    ModelError,
    Request,
    Response,
)
from elena_wb_gguf.asking import Answer, Cancel, Failed, Load, Progress, Ready, Seen, Work, asked
from elena_wb_gguf.attending import METHODS, crashed, look, record
from elena_wb_gguf.child import Child, ChildDiedError
from elena_wb_gguf.diagnosis import loading_crash, loading_error
from elena_wb_gguf.facts import projector_facts
from elena_wb_gguf.geometry import require_known
from elena_wb_gguf.loading import Loading

_LOADING_S, _ANSWERING_S = 600.0, 1800.0
"""How long nothing may be heard: while a model is loaded, and between two tokens of prompt, picture or answer."""
_MOST_CRASHES = 3
_MOST_TRIES = 2

Told = TypeVar("Told", Answer, Seen)


def open_model(loading: Loading, card: ModelCard) -> Model:
    """Load a model in a child process. Its card gains what only a loaded model knows.

    Raises:
        ModelError: it cannot be loaded; the message says why and the hint what to do.
    """
    return GGUFModel(loading, card)


class GGUFModel:
    """A model that llama.cpp runs (implements :class:`elena_wb.core.Model` and :class:`elena_wb.core.Attends`).

    llama.cpp lives in a process of its own. Where a picture or a prompt ends that, the answer is an error, and the
    next request has a new process; one that keeps dying ends with a :class:`elena_wb.core.ModelError`. Answers are
    yielded one by one, as they come. ``work`` is what the last answer took.
    """

    def __init__(self, loading: Loading, card: ModelCard) -> None:
        self._loading = loading
        self._lock = threading.Lock()
        self._closed = False
        self._number = 0
        self._crashes = 0
        self._child: Child | None = None
        self.work: Work | None = None
        ready = self._start()
        self._card = replace(
            card,
            context_length=ready.context_length,
            device=ready.device,
            libraries={**card.libraries, "llama-cpp-python": ready.binding, "llama.cpp": ready.llama_cpp},
        )

    @property
    def card(self) -> ModelCard:
        """Provenance of this model."""
        return self._card

    @property
    def preferred_batch_size(self) -> int:
        """A few: they are answered one after the other."""
        return 4

    @property
    def max_concurrency(self) -> int:
        """One call at a time: the processor is busy with it."""
        return 1

    @property
    def pid(self) -> int | None:
        """The number of the child process, if there is one."""
        return None if self._child is None else self._child.pid

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Answer each request once, one after the other; see :meth:`elena_wb.core.Model.generate`."""
        for index, request in enumerate(requests):
            with self._lock:
                response = self._answer(index, request)
            yield response

    def attention_methods(self) -> tuple[AttentionMethod, ...]:
        """Attention as it is; see :meth:`elena_wb.core.Attends.attention_methods`."""
        require_known(projector_facts(self._loading.projector))
        return METHODS

    def attend(self, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
        """What the words of an answer attend to; see :meth:`elena_wb.core.Attends.attend`."""
        self._require_open()
        self.attention_methods()
        with self._lock:
            asking = look(request, text, question, self._number + 1)
            child = self._living()
            self._number += 1
            try:
                with child.watched(_ANSWERING_S):
                    child.send(asking, np.ascontiguousarray(request.image).data.cast("B"))
                    seen, payload = self._awaited(child, Seen)
            except ChildDiedError as error:
                self._count_crash(str(error))
                raise crashed(self._card.name, str(error)) from error
            self._crashes = 0
        return record(seen, payload, self._card.name)

    def close(self) -> None:
        """End the child process. Calling it twice is harmless."""
        self._closed = True
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _answer(self, index: int, request: Request) -> Response:
        child = self._living()
        self._number += 1
        ask = asked(request, self._number)
        started = time.perf_counter()
        try:
            with child.watched(_ANSWERING_S):
                child.send(ask, np.ascontiguousarray(request.image).data.cast("B"))
                answer, _ = self._awaited(child, Answer)
        except ChildDiedError as error:
            return self._crashed(index, str(error), (time.perf_counter() - started) * 1000)
        self._crashes = 0
        self.work = answer.work
        return Response(
            index,
            answer.text,
            answer.finish_reason,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            latency_ms=(time.perf_counter() - started) * 1000,
            error=answer.error,
            label_logprobs=answer.label_logprobs,
        )

    def _awaited(self, child: Child, kind: type[Told]) -> tuple[Told, bytes]:
        """What was told to the last question; what nobody waits for is passed over."""
        try:
            while True:
                message, payload = child.hear()
                if isinstance(message, kind) and message.number == self._number:
                    return message, payload
        except ChildDiedError:
            raise
        except BaseException:
            with contextlib.suppress(ChildDiedError):
                child.send(Cancel(number=self._number))
            raise

    def _require_open(self) -> None:
        if self._closed:
            raise ModelError(f"{self._card.name} was closed and can no longer answer.")

    def _crashed(self, index: int, how: str, latency_ms: float) -> Response:
        self._count_crash(how)
        return Response(index, "", "error", latency_ms=latency_ms, error=f"the model crashed: {how}")

    def _count_crash(self, how: str) -> None:
        """The child has died.

        Raises:
            ModelError: it was closed, or dies again and again.
        """
        self._require_open()
        self._child = None
        self._crashes += 1
        if self._crashes >= _MOST_CRASHES:
            raise ModelError(
                f"{self._card.name} crashed {self._crashes} times in succession: {how}",
                hint="Fetch the model again, or try a smaller context or fewer GPU layers.",
            )

    def _living(self) -> Child:
        """The child process, started anew if the last one died."""
        self._require_open()
        if self._child is not None and not self._child.is_alive:  # it died while nobody asked anything
            self._child.end()
            self._child = None
        for tries_left in reversed(range(_MOST_TRIES)):
            if self._child is not None:
                break
            try:
                self._start()
            except ModelError:
                if not tries_left:
                    raise
        if self._child is None:
            raise ModelError(f"{self._card.name} cannot be started again.")
        return self._child

    def _start(self) -> Ready:
        """Start a child process and have it load the model.

        Raises:
            ModelError: it cannot.
        """
        child, part = Child(debug=self._loading.debug), None
        try:
            with child.watched(_LOADING_S):
                child.send(_load(self._loading))
                while True:
                    message, _ = child.hear()
                    if isinstance(message, Ready):
                        self._child = child
                        return message
                    if isinstance(message, Failed):
                        child.end()
                        raise loading_error(self._loading, message.message, message.hint, child.all_words())
                    if isinstance(message, Progress):
                        part = message.part
        except ChildDiedError as error:
            child.end()
            raise loading_crash(self._loading, part, str(error), child.all_words()) from error
        except BaseException:
            child.end()
            raise


def _load(loading: Loading) -> Load:
    return Load(
        text=str(loading.text.absolute()),
        projector=str(loading.projector.absolute()),
        context_length=loading.context_length,
        batch_tokens=loading.batch_tokens,
        threads=loading.threads,
        gpu_layers=loading.gpu_layers,
        flash_attention=loading.flash_attention,
        cache_type=loading.cache_type,
        constrained=loading.constrained,
        debug=loading.debug,
    )
