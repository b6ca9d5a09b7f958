"""Asking a model and holding each of its responses against the contract."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import get_args

from elena_wb.core import FinishReason, Model, Response, Trouble
from elena_wb.data import pixel_digest
from elena_wb.testing.inspection import Inspection, must
from elena_wb.testing.questions import Question

_FINISHES: tuple[str, ...] = get_args(FinishReason)
_TROUBLES: tuple[str, ...] = get_args(Trouble)
_CLOCKS_MAY_DIFFER_MS = 100.0


def ask(inspection: Inspection, model: Model, questions: Sequence[Question]) -> list[Response]:
    """The responses in the order of ``questions``, each sound, and an answer where one can be expected.

    Raises:
        Unmet: a request went without a response or got two; a response breaks the contract; an everyday
            question failed; a picture was changed.
    """
    started = time.perf_counter()
    given: dict[int, Response] = {}
    for response in model.generate([question.request for question in questions]):
        must(isinstance(response, Response), f"generate yields {response!r}, which is no Response")
        must(
            response.index in range(len(questions)),
            f"a response with the index {response.index} to a batch of {len(questions)}",
        )
        must(
            response.index not in given,
            f"two responses with the index {response.index} ({questions[response.index].what})",
        )
        given[response.index] = response
    elapsed = (time.perf_counter() - started) * 1000
    for index, question in enumerate(questions):
        must(index in given, f"no response with the index {index} ({question.what})")
        inspection.heard.append(given[index].error or "")
        _check(given[index], question, elapsed)
    return [given[index] for index in range(len(questions))]


def _check(response: Response, question: Question, elapsed_ms: float) -> None:
    what, request = question.what, question.request
    failed = response.finish_reason == "error"
    must(isinstance(response.text, str), f"the text of {what} is {response.text!r}")
    must(
        response.finish_reason in _FINISHES,
        f"{what} ended with {response.finish_reason!r}, and there are {', '.join(_FINISHES)}",
    )
    must(not failed or response.error, f"{what} failed and its response has no `error` that says why")
    must(failed or response.error is None, f"{what} was answered and has an `error`: {response.error!r}")
    must(failed or not response.retryable, f"{what} was answered and calls itself retryable")
    must(
        response.trouble is None or (failed and response.trouble in _TROUBLES),
        f"{what} ended with {response.finish_reason!r} and the trouble {response.trouble!r}",
    )
    must(not (failed and question.answerable), f"{what} failed: {response.error}")
    _check_number(response.retry_after_s, f"retry_after_s of {what}")
    _check_number(response.cost_usd, f"cost_usd of {what}")
    _check_number(response.latency_ms, f"latency_ms of {what}")
    must(
        (response.latency_ms or 0.0) <= elapsed_ms + _CLOCKS_MAY_DIFFER_MS,
        f"{what} took {response.latency_ms} ms by its response and {elapsed_ms:.0f} ms by the clock",
    )
    _check_tokens(response.prompt_tokens, f"prompt_tokens of {what}")
    _check_tokens(response.completion_tokens, f"completion_tokens of {what}")
    must(
        (response.completion_tokens or 0) <= request.max_tokens,
        f"{what} got {response.completion_tokens} tokens and allows {request.max_tokens}",
    )
    for label, logprob in response.label_logprobs.items():
        must(
            isinstance(label, str) and not math.isnan(logprob) and logprob <= 1e-6,
            f"label_logprobs of {what} hold {label!r}: {logprob!r}",
        )
    must(pixel_digest(request.image) == request.image_digest, f"the picture of {what} was changed")


def _check_number(value: object, what: str) -> None:
    sound = value is None or (isinstance(value, int | float) and math.isfinite(value) and value >= 0)
    must(sound, f"{what} is {value!r}, and must be None or a number that is not negative")


def _check_tokens(value: object, what: str) -> None:
    sound = value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)
    must(sound, f"{what} is {value!r}, and must be None or a count")
