"""One call of a model, whatever goes wrong in it.

Every question of a call ends in one of three ways: its answer is emitted, it is worth asking again, or the call broke
before it was answered. When to ask again, and what else may be asked meanwhile, is for others to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from elena_wb.core import Model, ModelError, OutOfMemoryError, Request, Response, SetupError, WorkbenchError
from elena_wb.engine.pace import Ending

_UNNAMED = "other"


@dataclass(frozen=True, slots=True)
class Question:
    """A request, with ``key`` for whoever asks to recognise the answer by.

    ``failed_for`` holds the trouble of every earlier attempt, in order, and ``spent_usd`` what those cost.
    """

    key: int
    request: Request
    failed_for: tuple[str, ...] = ()
    spent_usd: float | None = None

    def after(self, response: Response) -> Question:
        """The same question to be asked again after this failure."""
        trouble = response.trouble or _UNNAMED
        return replace(
            self,
            failed_for=(*self.failed_for, trouble),
            spent_usd=_added(self.spent_usd, response.cost_usd),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """The final response to one question after ``attempts`` calls; its cost is that of all of them.

    ``retried_for`` holds why each attempt but the last had to be repeated.
    """

    key: int
    response: Response
    attempts: int
    retried_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """What one call came to.

    ``responses`` has the response to each question in their order, ``None`` where there was none. ``again`` are the
    failures worth another attempt, each with the question as it was asked; ``parts`` are questions to be asked at
    once, in smaller batches, because their batch broke. ``error`` ends the work.
    """

    responses: tuple[Response | None, ...]
    again: tuple[tuple[Question, Response], ...] = ()
    parts: tuple[tuple[Question, ...], ...] = ()
    error: WorkbenchError | None = None

    @property
    def ending(self) -> Ending:
        """How the call ended as far as the pace of further calls goes.

        One that brought answers to some of its questions shows that the server is there, whatever befell the others.
        """
        given = [response for response in self.responses if response is not None]
        failed = [response for response in given if response.finish_reason == "error"]
        asked_to_wait = [response.retry_after_s for response in failed if response.retry_after_s is not None]
        longest = max(asked_to_wait, default=None)
        if any(not _passing(response) and response.trouble is None for response in given):
            return Ending(answered=True, retry_after_s=longest)
        troubled = [response for response in failed if response.trouble is not None]
        worst = min(troubled, key=lambda response: _WORST.index(response.trouble), default=None)
        return Ending(
            answered=False,
            trouble=worst.trouble if worst is not None else None,
            retry_after_s=longest,
            error=(worst.error or "") if worst is not None else "",
        )


_WORST: tuple[str | None, ...] = ("rate-limited", "connection", "server", "timeout", "reply")


class Asker:
    """Calls one model; safe to use from several threads.

    Each final answer is handed to ``emit`` before the model goes on. ``batch_limit`` shrinks for good when the device
    runs out of memory, so that later batches fit.
    """

    def __init__(
        self,
        model: Model,
        emit: Callable[[Answer], None],
        batch_size: int | None = None,
        *,
        retries: int = 10,
    ) -> None:
        self._model = model
        self._emit = emit
        self._retries = retries
        self.batch_limit = max(1, batch_size or model.preferred_batch_size)

    def call(self, questions: Sequence[Question]) -> Called:
        """Ask ``questions`` in one batch. Raises nothing that a model or a full disk could cause.

        A connection that is not worth another try, such as to a host whose certificate does not hold, is no fault of
        the question: it ends the work and leaves the question to be asked later.
        """
        responses: dict[int, Response] = {}
        again: list[tuple[Question, Response]] = []
        problem: str | None = None
        fatal: WorkbenchError | None = None
        try:
            for response in self._model.generate([question.request for question in questions]):
                if response.index in responses or not 0 <= response.index < len(questions):
                    continue
                responses[response.index] = response
                question = questions[response.index]
                if response.trouble == "connection" and not response.retryable:
                    fatal = ModelError(response.error or "No connection to the model can be made.")
                    break
                if _passing(response) and len(question.failed_for) < self._retries:
                    again.append((question, response))
                else:
                    self.finish(question, response)
            if len(responses) < len(questions):
                problem = "The model returned no answer to this request."
        except OutOfMemoryError as error:
            if len(questions) > 1:
                self.batch_limit = max(1, min(self.batch_limit, len(questions) // 2))
            problem = f"Out of memory: {error.message}"
        except (ModelError, SetupError) as error:
            fatal = error
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin's bug, or a panic of a library, must not lose the run
            problem = f"{type(error).__name__}: {error}"
        left = [question for index, question in enumerate(questions) if index not in responses]
        parts: tuple[tuple[Question, ...], ...] = ()
        if fatal is None and problem is not None and left:
            if len(questions) > 1:
                parts = _halves(left)
            else:
                fatal = self._fail(left[0], problem)
        given = tuple(responses.get(index) for index in range(len(questions)))
        return Called(given, tuple(again), parts, fatal)

    def finish(self, question: Question, response: Response) -> None:
        """Emit the final response, with what all attempts together cost."""
        cost = _added(question.spent_usd, response.cost_usd)
        attempts = len(question.failed_for) + 1
        self._emit(Answer(question.key, replace(response, cost_usd=cost), attempts, question.failed_for))

    def give_up(self, question: Question, last: Response) -> None:
        """Emit the last failure of a question that is not asked again after all."""
        *earlier, _ = question.failed_for
        self._emit(
            Answer(
                question.key,
                replace(last, cost_usd=question.spent_usd),
                len(question.failed_for),
                tuple(earlier),
            )
        )

    def _fail(self, question: Question, problem: str) -> WorkbenchError | None:
        try:
            self.finish(question, failure(problem))
        except (ModelError, SetupError) as error:
            return error
        return None


def failure(reason: str) -> Response:
    """A response that reports ``reason``."""
    return Response(index=0, text="", finish_reason="error", error=reason)


def _passing(response: Response) -> bool:
    return response.finish_reason == "error" and response.retryable


def _halves(questions: Sequence[Question]) -> tuple[tuple[Question, ...], ...]:
    """The questions in two parts (one by one, where there are few), so that in the end only the culprits fail."""
    size = max(1, len(questions) // 2)
    return tuple(tuple(questions[start : start + size]) for start in range(0, len(questions), size))


def _added(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
