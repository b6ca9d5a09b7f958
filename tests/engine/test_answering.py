"""Every request ends in one answer, whatever the model does with the batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from elena_wb.core import ModelError, Request, Response, SetupError
from elena_wb.data import pixel_digest
from elena_wb.engine.answering import Answer, Asker, Question
from elena_wb.engine.pace import Ending
from tests.scripted import ScriptedModel, ScriptedOptions, ScriptedProvider


def questions(count: int) -> list[Question]:
    found = []
    for key in range(count):
        pixels = np.full((16, 16, 3), key, dtype=np.uint8)
        found.append(Question(key, Request(pixels, pixel_digest(pixels), "", "what?")))
    return found


def model(**options: object) -> ScriptedModel:
    opened = ScriptedProvider().open("", ScriptedOptions.model_validate(options))
    assert isinstance(opened, ScriptedModel)
    return opened


def ask(scripted: ScriptedModel, count: int) -> tuple[list[Answer], Asker]:
    """Ask as long as there is anything to ask, as a run does."""
    answers: list[Answer] = []
    asker = Asker(scripted, answers.append)
    batches = deque([questions(count)])
    while batches:
        called = asker.call(batches.popleft())
        if called.error is not None:
            raise called.error
        batches.extend(list(part) for part in called.parts)
        batches.extend([question.after(response)] for question, response in called.again)
    return sorted(answers, key=lambda answer: answer.key), asker


def test_answers_in_any_order_go_to_their_questions() -> None:
    answers, _ = ask(model(), 5)
    assert [answer.key for answer in answers] == list(range(5))
    alone = [ask(model(), 1)[0][0].response.text]
    assert answers[0].response.text == alone[0]


def test_out_of_memory_halves_the_batch_for_good() -> None:
    scripted = model(oom_above=2, batch=8)
    answers, asker = ask(scripted, 8)
    assert len(answers) == 8
    assert all(answer.response.finish_reason == "stop" for answer in answers)
    assert scripted.batches[0] == 8
    assert asker.batch_limit == 2


def test_a_picture_that_fits_in_no_batch_fails_alone() -> None:
    answers, _ = ask(model(oom_above=0), 3)
    assert [answer.response.error for answer in answers] == ["Out of memory: 1 requests do not fit"] * 3


def test_a_batch_that_raises_is_asked_in_parts_so_that_only_the_culprits_fail() -> None:
    answers, _ = ask(model(crash=5), 12)
    failed = {answer.key for answer in answers if answer.response.finish_reason == "error"}
    culprits = {q.key for q in questions(12) if int(q.request.image_digest, 16) % 5 == 0}
    assert culprits
    assert failed == culprits
    assert len(answers) == 12


def test_a_model_that_says_nothing_fails_each_request() -> None:
    answers, _ = ask(model(silent=True), 3)
    assert [answer.response.error for answer in answers] == [
        "The model returned no answer to this request."
    ] * 3


def test_a_passing_failure_is_retried_and_counted() -> None:
    answers, _ = ask(model(flaky=True), 4)
    assert [(answer.response.finish_reason, answer.attempts) for answer in answers] == [("stop", 2)] * 4


def test_a_lasting_failure_is_not_retried() -> None:
    scripted = model(fail=1)
    answers, _ = ask(scripted, 4)
    assert [(answer.response.error, answer.attempts) for answer in answers] == [("scripted failure", 1)] * 4
    assert scripted.batches == [4]


def test_a_model_that_gives_up_keeps_the_answers_it_gave() -> None:
    answers: list[Answer] = []
    called = Asker(model(gone_after=2), answers.append).call(questions(4))
    assert isinstance(called.error, ModelError)
    assert len(answers) == 2
    assert [response is None for response in called.responses] == [True, True, False, False]


def test_an_answer_that_cannot_be_kept_ends_the_work_instead_of_being_asked_again() -> None:
    scripted = model(batch=4)

    def full_disk(_answer: Answer) -> None:
        raise SetupError("The disk is full.")

    called = Asker(scripted, full_disk).call(questions(4))
    assert isinstance(called.error, SetupError)
    assert (called.again, called.parts) == ((), ())


def test_what_retries_cost_is_counted() -> None:
    answers, _ = ask(model(flaky=True, cost=0.1, flaky_cost=0.02), 2)
    assert [answer.response.cost_usd for answer in answers] == [pytest.approx(0.12)] * 2


def test_a_connection_that_can_never_be_made_ends_the_work_and_fails_no_picture() -> None:
    class Untrusted(ScriptedModel):
        def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
            yield Response(0, "", "error", error="The certificate does not hold.", trouble="connection")

    answers: list[Answer] = []
    card = ScriptedProvider().describe("", ScriptedOptions())
    called = Asker(Untrusted(ScriptedOptions(), card), answers.append).call(questions(2))
    assert isinstance(called.error, ModelError)
    assert called.error.message == "The certificate does not hold."
    assert (answers, called.again, called.parts) == ([], (), ())


def test_a_batch_that_was_answered_in_part_shows_that_the_server_is_there() -> None:
    class Partly(ScriptedModel):
        def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
            for index in range(len(requests)):
                if index % 2:
                    yield Response(index, "yes", "stop")
                else:
                    yield Response(
                        index,
                        "",
                        "error",
                        error="HTTP 500",
                        retryable=True,
                        trouble="server",
                        retry_after_s=2,
                    )

    partly = Partly(ScriptedOptions(), ScriptedProvider().describe("", ScriptedOptions()))
    answers: list[Answer] = []
    called = Asker(partly, answers.append).call(questions(4))
    assert called.ending == Ending(answered=True, retry_after_s=2)
    assert [question.key for question, _ in called.again] == [0, 2]
    assert Asker(partly, answers.append).call(questions(1)).ending == Ending(False, "server", 2, "HTTP 500")
