"""Asking a model that answers elsewhere, and holding its answers against those of the model itself."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from elena_wb.core import (
    Box,
    Executor,
    KnockOut,
    Model,
    ModelJob,
    Response,
    Sampling,
    WorkbenchError,
)
from elena_wb.testing import probe
from elena_wb.testing.inspection import must
from elena_wb.testing.questions import Question, hopeless, plain, unusual, with_schema

ENDED_S = 15.0
"""How long the processes of a model may take to end once it was closed."""


def questions() -> dict[str, list[Question]]:
    """What is asked → questions of every kind, with every field of a request in use."""
    knocked = replace(plain(0).request, knock_out=KnockOut((Box(1.5, 2, 8, 9),), (0, 3)), seed=7)
    sampled = replace(plain(1).request, sampling=Sampling(0.7, 0.9, 20), seed=3)
    return {
        "everyday questions": [plain(number) for number in range(4)],
        "questions with a schema, sampling or a part knocked out": [
            with_schema(0),
            Question("a question with sampling", sampled, True),
            Question("a question with a part knocked out", knocked, True),
        ],
        "unusual questions (scripts, emoji, control characters, length)": unusual(24),
        "hopeless questions (1×1, 3×900, no words)": hopeless(24),
    }


def order(text: str) -> Question:
    """A question that is an order to the check's own model (:mod:`elena_wb.testing.probe`)."""
    question = plain(0)
    return replace(question, what=f"`{text}`", request=replace(question.request, user=text))


def asked(model: Model, questions: Sequence[Question]) -> list[Response]:
    """One response for each question, in their order.

    Raises:
        Unmet: a question got none, or two.
    """
    given: dict[int, Response] = {}
    for response in model.generate([question.request for question in questions]):
        must(isinstance(response, Response), f"{response!r}, which is no Response")
        must(
            response.index in range(len(questions)),
            f"the index {response.index} in a batch of {len(questions)}",
        )
        must(response.index not in given, f"two responses to {questions[response.index].what}")
        given[response.index] = response
    missing = [question.what for index, question in enumerate(questions) if index not in given]
    must(not missing, f"no response to {', '.join(missing)}")
    return [given[index] for index in range(len(questions))]


def must_agree(got: Sequence[Response], expected: Sequence[Response], questions: Sequence[Question]) -> None:
    """Make sure that responses are the same but for the time that they took."""
    for one, other, question in zip(got, expected, questions, strict=True):
        same = replace(one, latency_ms=other.latency_ms) == other
        must(same, f"{one!r} to {question.what}, where the model itself answers {other!r}")


def must_raise(kind: type[Exception], model: Model, questions: Sequence[Question]) -> None:
    """Make sure that asking ends in an error of this kind, with a word of why."""
    try:
        answers = list(model.generate([question.request for question in questions]))
    except kind as error:
        must(str(error), f"a {type(error).__name__} without a word")
        return
    must(False, f"{answers!r}")


def must_not_open(executor: Executor, job: ModelJob, kind: type[WorkbenchError]) -> None:
    """Make sure that opening ends in an error of this kind, with a word of why."""
    try:
        model = executor.open(job)
    except kind as error:
        must(str(error), f"a {type(error).__name__} without a word")
        return
    model.close()
    must(False, "it was opened")


def told(model: Model) -> Mapping[str, Any]:
    """What the check's own model knows of where it is."""
    (response,) = asked(model, [order(probe.WHERE)])
    place: Mapping[str, Any] = json.loads(response.text)
    return place


def where(model: Model) -> tuple[int, str]:
    """The process and the machine in which the check's own model answers."""
    place = told(model)
    return int(place["process"]), str(place["machine"])


def ended(process: int) -> bool:
    """Whether the process ends in time; one that only waits to be counted out has ended."""
    return any(not _runs(process) for _ in _moments(ENDED_S))


def _moments(seconds: float) -> Iterator[None]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    try:
        state = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state != "Z"
