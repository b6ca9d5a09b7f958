"""The real Gemini client against the server that misbehaves."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from tests.loopback import Batches, Gemini, Unreliable, emotion_of, faults

MODEL = "gemini-2.5-flash"
SCHEMA = {
    "type": "object",
    "properties": {"emotion": {"type": "string", "enum": ["Happiness", "Sadness"]}},
    "required": ["emotion"],
}


def png(seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def client(server: Unreliable, key: str = "AIza-planted", timeout: float = 2.0) -> genai.Client:
    options = types.HttpOptions(base_url=server.url, timeout=int(timeout * 1000))
    return genai.Client(api_key=key, http_options=options)


def contents(seed: int = 0) -> list[types.Content]:
    parts = [
        types.Part.from_text(text="What do they feel?"),
        types.Part.from_bytes(data=png(seed), mime_type="image/png"),
    ]
    return [types.Content(role="user", parts=parts)]


def ask(to: genai.Client, picture: int = 0, /, **config: Any) -> types.GenerateContentResponse:
    given = types.GenerateContentConfig(system_instruction="Answer.", **config)
    return to.models.generate_content(model=MODEL, contents=contents(picture), config=given)


@pytest.fixture
def server() -> Iterator[Unreliable]:
    with Unreliable(Gemini()) as server:
        yield server


@pytest.mark.parametrize("field", ["response_schema", "response_json_schema"])
def test_an_answer_has_the_shape_of_the_schema(server: Unreliable, field: str) -> None:
    config: dict[str, Any] = {"response_mime_type": "application/json", "seed": 5, field: SCHEMA}
    with client(server) as to:
        answer = ask(to, **config)
    question = server.asked[0].questions[0]
    assert json.loads(answer.text or "") == {"emotion": emotion_of(question)}
    assert (question.seed, question.system) == (5, "Answer.")
    assert answer.usage_metadata
    assert (answer.usage_metadata.prompt_token_count or 0) > 258
    assert server.keys_seen == {"AIza-planted"}


def test_scores_and_thoughts_are_told_when_asked_for() -> None:
    with Unreliable(Gemini(thinks=40)) as server, client(server) as to:
        answer = ask(
            to,
            response_logprobs=True,
            logprobs=2,
            response_mime_type="application/json",
            response_json_schema=SCHEMA,
            thinking_config=types.ThinkingConfig(thinking_budget=16),
        )
        assert answer.usage_metadata
        assert answer.usage_metadata.thoughts_token_count == 16
        assert answer.candidates
        assert answer.candidates[0].logprobs_result
        chosen = answer.candidates[0].logprobs_result.chosen_candidates or []
        assert "".join(token.token or "" for token in chosen) == answer.text


def test_a_wrong_key_is_a_400_as_it_is_with_google() -> None:
    with Unreliable(Gemini(), keys={"AIza-right"}) as server:
        with client(server) as to, pytest.raises(errors.ClientError) as caught:
            ask(to)
        assert caught.value.code == 400
        assert "API_KEY_INVALID" in str(caught.value.details)


def test_unknown_fields_and_models_are_refused(server: Unreliable) -> None:
    response = httpx2.post(f"{server.url}/v1beta/models/{MODEL}:generateContent", json={"images": []})
    assert response.status_code == 400
    assert "Cannot find field" in response.text
    with client(server) as to, pytest.raises(errors.ClientError, match="not found"):
        to.models.generate_content(model="gemini-0", contents="hello")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.rate_limited(3, "retry-info"), errors.ClientError),
        (faults.status(503), errors.ServerError),
        (faults.cut_body, httpx2.RemoteProtocolError),
        (faults.reset_before, httpx2.ReadError),
        (faults.invalid_json, ValueError),
        (faults.html, ValueError),
        (faults.stall(3.0), httpx2.ReadTimeout),
        (faults.slow_headers(3.0), httpx2.ReadTimeout),
    ],
    ids=lambda value: value.name if isinstance(value, faults.Fault) else "",
)
def test_a_fault_reaches_the_client(server: Unreliable, fault: faults.Fault, error: type[Exception]) -> None:
    server.script = [fault]
    with client(server, timeout=0.3) as to:
        with pytest.raises(error):
            ask(to)
        ask(to)
    assert [call.fault for call in server.asked] == [fault.name, None]


def test_proper_http_may_carry_worthless_answers(server: Unreliable) -> None:
    server.script = [
        faults.empty,
        faults.blocked,
        faults.refused,
        faults.prohibited,
        faults.truncated,
        faults.two_answers,
        faults.echo,
    ]
    with client(server) as to:
        empty, blocked, refused, prohibited, cut, two, echo = (ask(to, n) for n in range(7))
    assert not empty.candidates
    assert blocked.prompt_feedback
    assert blocked.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
    reasons = [(answer.candidates or [])[0].finish_reason for answer in (refused, prohibited, cut)]
    assert [str(reason.value) for reason in reasons if reason] == [
        "SAFETY",
        "PROHIBITED_CONTENT",
        "MAX_TOKENS",
    ]
    assert len(two.candidates or []) == 2
    assert "AIza-planted" in (echo.text or "")


def inlined(count: int) -> list[types.InlinedRequest]:
    return [
        types.InlinedRequest(
            model=MODEL,
            contents=contents(n),
            metadata={"key": str(n)},
            config=types.GenerateContentConfig(seed=n, system_instruction="Answer."),
        )
        for n in range(count)
    ]


def test_a_batch_is_worked_off_and_told_when_it_is_done() -> None:
    spoil = lambda index, entry: {"error": {"code": 500, "message": "no"}} if index == 1 else entry  # noqa: E731
    with Unreliable(Gemini(batches=Batches(polls=2, spoil=spoil))) as server, client(server) as to:
        job = to.batches.create(model=MODEL, src=inlined(3), config={"display_name": "mine"})
        assert job.name
        assert job.state == types.JobState.JOB_STATE_PENDING
        states = [to.batches.get(name=job.name).state for _ in range(2)]
        assert [state and state.value for state in states] == ["JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED"]
        done = to.batches.get(name=job.name)
        assert done.display_name == "mine"
        assert done.dest
        answers = done.dest.inlined_responses or []
        assert [answer.metadata for answer in answers] == [{"key": str(n)} for n in range(3)]
        assert answers[0].response
        assert json.loads(answers[0].response.text or "")["emotion"] == emotion_of(
            server.asked[0].questions[0]
        )
        assert answers[1].error
        assert [question.system for question in server.asked[0].questions] == ["Answer."] * 3
        assert [found.name for found in to.batches.list()] == [job.name]
        to.batches.delete(name=job.name)
        assert list(to.batches.list()) == []
        with pytest.raises(errors.ClientError):
            to.batches.get(name=job.name)


def test_a_batch_can_be_cancelled_and_can_fail() -> None:
    with Unreliable(Gemini(batches=Batches(polls=1, outcome="EXPIRED"))) as server, client(server) as to:
        first, second = (to.batches.create(model=MODEL, src=inlined(1)) for _ in range(2))
        to.batches.cancel(name=first.name or "")
        states = [to.batches.get(name=job.name or "").state for job in (first, second)]
        assert [state and state.value for state in states] == ["JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"]


def test_nothing_in_the_server_outlasts_it() -> None:
    began = time.monotonic()
    with (
        Unreliable(Gemini(), faults.stall(60.0)) as server,
        client(server, timeout=0.2) as to,
        pytest.raises(httpx2.ReadTimeout),
    ):
        ask(to)
    assert time.monotonic() - began < 10
