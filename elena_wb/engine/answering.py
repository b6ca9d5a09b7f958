"""Asking a model for one batch, whatever goes wrong on the way.

Every request of the batch ends in exactly one emitted answer, unless the model itself gives up
(:class:`ModelError`) or the run is being stopped: requests without an answer can then be asked later.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from elena_wb.core import Model, ModelError, OutOfMemoryError, Request, Response, SetupError

MAX_ATTEMPTS = 4
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Question:
    """A request, with ``key`` for whoever asks to recognise the answer by."""

    key: int
    request: Request


@dataclass(frozen=True, slots=True)
class Answer:
    """The final response to one question after ``attempts`` calls."""

    key: int
    response: Response
    attempts: int


class Asker:
    """Asks one model; safe to use from several threads.

    ``batch_limit`` shrinks for good when the device runs out of memory, so that later batches fit.
    """

    def __init__(
        self,
        model: Model,
        emit: Callable[[Answer], None],
        stop: threading.Event,
        batch_size: int | None = None,
    ) -> None:
        self._model = model
        self._emit = emit
        self._stop = stop
        self._costs: dict[int, float] = {}
        self.batch_limit = max(1, batch_size or model.preferred_batch_size)

    def ask(self, questions: Sequence[Question], attempt: int = 1) -> None:
        """Emit one answer per question, retrying those worth it.

        Raises:
            ModelError: the model cannot answer at all any more.
            SetupError: an answer could not be kept.
        """
        unanswered, retry = self._once(questions, attempt)
        if unanswered:
            self._ask_in_parts(unanswered, attempt)
        if retry and not self._stop.wait(_pause(attempt)):
            self.ask(retry, attempt + 1)

    def _once(self, questions: Sequence[Question], attempt: int) -> tuple[list[Question], list[Question]]:
        """One call; returns the questions whose batch failed and those whose own answer is worth a retry."""
        waiting = dict(enumerate(questions))
        retry: list[Question] = []
        problem: str | None = None
        try:
            for response in self._model.generate([question.request for question in questions]):
                question = waiting.pop(response.index, None)
                if question is None:
                    continue
                self._add_cost(question.key, response)
                if response.finish_reason == "error" and response.retryable and attempt < MAX_ATTEMPTS:
                    retry.append(question)
                else:
                    self._finish(question.key, response, attempt)
            if waiting:
                problem = "The model returned no answer to this request."
        except OutOfMemoryError as error:
            if len(questions) > 1:
                self.batch_limit = max(1, min(self.batch_limit, len(questions) // 2))
            problem = f"Out of memory: {error.message}"
        except (ModelError, SetupError):
            raise
        except Exception as error:  # noqa: BLE001 - a plugin's bug must not lose the rest of the run
            problem = f"{type(error).__name__}: {error}"
        left = list(waiting.values())
        if problem is not None and len(questions) == 1:
            for question in left:
                self._finish(question.key, failure(problem), attempt)
            left = []
        return left, retry

    def _add_cost(self, key: int, response: Response) -> None:
        if response.cost_usd is not None:
            self._costs[key] = self._costs.get(key, 0.0) + response.cost_usd

    def _finish(self, key: int, response: Response, attempt: int) -> None:
        """Emit the final response, with what all attempts together cost."""
        self._emit(Answer(key, replace(response, cost_usd=self._costs.pop(key, None)), attempt))

    def _ask_in_parts(self, questions: Sequence[Question], attempt: int) -> None:
        """Ask again in halves, down to single requests, so that only the culprits fail."""
        size = max(1, len(questions) // 2)
        for start in range(0, len(questions), size):
            if self._stop.is_set():
                return
            self.ask(questions[start : start + size], attempt)


def failure(reason: str) -> Response:
    """A response that reports ``reason``."""
    return Response(index=0, text="", finish_reason="error", error=reason)


def _pause(attempt: int) -> float:
    """Seconds to wait after the given attempt: exponential with full jitter, bounded."""
    return random.uniform(0.5, 1.0) * float(min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (attempt - 1)))
