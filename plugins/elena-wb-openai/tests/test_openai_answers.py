"""What becomes of every kind of answer, good and bad, through the real client."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from elena_wb_openai.reply import read_reply

from elena_wb.core import ModelError, Request, Response
from tests.loopback import OpenAI, Unreliable, emotion_of, faults
from tests.loopback.faults import anything


def body(**changes: Any) -> Any:
    """A good completion with these changes to its parts."""
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": '{"emotion": "Fear"}'},
    }
    good: dict[str, Any] = {
        "model": "m",
        "choices": [choice],
        "usage": {"prompt_tokens": 9, "completion_tokens": 4},
    }
    choice["message"] |= changes.pop("message", {})
    choice |= changes.pop("choice", {})
    return json.dumps(good | changes).encode()


def trickling(start: bytes, again: bytes) -> faults.Fault:
    """A minute of lines before any reply, none of them long in coming."""

    def act(wire: Any, api: Any, call: Any) -> None:
        wire.write(start)
        for _ in range(600):
            if not wire.pause(0.1):
                return
            wire.write(again)

    return anything(act, f"trickle of {again!r}")


def read(raw: bytes) -> Response:
    return read_reply(3, raw, schema=None, price=None)


def test_an_answer_comes_with_all_that_the_server_tells(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI(answers_as="tiny-vision-2026-11-01")) as server:
        model = opened(server)
        (response,) = model.generate([question(1)])
        asked = server.asked[-1].questions[0]
    assert json.loads(response.text)["emotion"] == emotion_of(asked)
    assert response.finish_reason == "stop"
    assert response.answered_by == "tiny-vision-2026-11-01 (fp_loopback)"
    assert response.prompt_tokens
    assert response.completion_tokens
    assert response.latency_ms
    assert response.cost_usd is None
    assert set(response.label_logprobs) == {"Happiness", "Sadness", "Fear", "Anger"}
    assert max(response.label_logprobs, key=lambda label: response.label_logprobs[label]) == emotion_of(asked)
    assert (asked.seed, asked.temperature, asked.max_tokens, asked.top_logprobs) == (5, 0.0, 64, 20)
    assert asked.system == "You look closely."
    (picture,) = asked.pictures
    assert (picture.format.lower(), picture.width, picture.height, picture.metadata) == ("jpeg", 64, 48, ())


def test_seeds_fit_the_servers_with_the_narrowest(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as server:
        list(opened(server).generate([question(seed=2**31 + 7)]))
        assert server.asked[-1].questions[0].seed == 7


@pytest.mark.parametrize(
    ("fault", "finish", "retryable", "trouble"),
    [
        (faults.rate_limited(2), "error", True, "rate-limited"),
        (faults.status(500), "error", True, "server"),
        (faults.status(503, retry_after=2), "error", True, "server"),
        (faults.plain_status(502, b"<html>bad gateway</html>", "text/html"), "error", True, "server"),
        (faults.status(400, message="Unable to process the image."), "error", False, None),
        (faults.status(413, message="Body too large."), "error", False, None),
        (faults.cut_body, "error", True, "connection"),
        (faults.reset_before, "error", True, "connection"),
        (faults.reset_after, "error", True, "connection"),
        (faults.hang_up, "error", True, "connection"),
        (faults.garbage, "error", True, "connection"),
        (faults.slow_headers(60.0), "error", True, "timeout"),
        (faults.stall(60.0), "error", True, "timeout"),
        (faults.drip(60.0, pieces=600), "error", True, "timeout"),
        (trickling(b"HTTP/1.1 200 OK\r\n", b"X-Wait: 1\r\n"), "error", True, "timeout"),
        (trickling(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), "error", True, "timeout"),
        (faults.invalid_json, "error", True, "reply"),
        (faults.not_utf8, "error", True, "reply"),
        (faults.html, "error", True, "reply"),
        (faults.empty_body, "error", True, "reply"),
        (faults.json_null, "error", True, "reply"),
        (faults.json_list, "error", True, "reply"),
        (faults.strange_types, "error", True, "reply"),
        (faults.empty, "error", True, "reply"),
        (faults.no_content, "error", False, None),
        (faults.huge(33), "error", True, None),
        (faults.truncated, "length", False, None),
        (faults.refused, "refused", False, None),
        (faults.blocked, "refused", False, None),
        (faults.prohibited, "refused", False, None),
        (faults.two_answers, "stop", False, None),
        (faults.no_usage, "stop", False, None),
        (faults.prose, "stop", False, None),
    ],
    ids=lambda value: value.name if isinstance(value, faults.Fault) else "",
)
def test_each_fault_is_one_response_after_one_call_and_the_next_is_answered(
    opened: Callable[..., Any],
    question: Callable[..., Request],
    fault: faults.Fault,
    finish: str,
    retryable: bool,
    trouble: str | None,
) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(server, timeout=0.4 if trouble == "timeout" else 5.0)
        server.script = lambda call: fault if call.number == 1 else None
        began = time.monotonic()
        bad, good = model.generate([question(1), question(2)])
        assert time.monotonic() - began < 30.0
        assert len(server.asked) == 3  # the first, tiny one and these two
        assert (good.index, good.finish_reason) == (1, "stop")
        assert json.loads(good.text)["emotion"] == emotion_of(server.asked[-1].questions[0])
    assert (bad.index, bad.finish_reason, bad.retryable) == (0, finish, retryable)
    if trouble is not None or finish != "error":
        assert bad.trouble == trouble
    assert bool(bad.error) == (finish == "error")


def test_the_wait_that_a_server_asks_for_is_told(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(server)
        server.script = faults.rate_limited(1.5, "milliseconds")
        (response,) = model.generate([question()])
    assert response.retry_after_s == 1.5


def test_a_second_answer_to_one_call_is_not_taken_for_the_next(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(server)
        server.script = lambda call: faults.twice if call.number in (1, 3) else None
        responses = list(model.generate([question(number) for number in range(6)]))
    told = [json.loads(response.text)["emotion"] for response in responses]
    assert told == [emotion_of(call.questions[0]) for call in server.answered[1:]]
    assert len({call.connection for call in server.answered}) == 7


def test_a_packed_reply_which_was_not_asked_for_is_an_error(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    bomb = gzip.compress(bytes(2**20))
    packed = anything(lambda wire, api, call: wire.send(200, bomb, headers={"Content-Encoding": "gzip"}))
    with Unreliable(OpenAI()) as server:
        model = opened(server)
        server.script = packed
        (response,) = model.generate([question()])
    assert (response.finish_reason, response.retryable) == ("error", True)
    assert "packed" in str(response.error)


def test_a_key_that_a_server_repeats_is_in_no_error(
    opened: Callable[..., Any], question: Callable[..., Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_API_KEY", "lab-planted-77aa")
    with Unreliable(OpenAI()) as server:
        model = opened(server, key="lab")
        server.script = faults.echo_error(400)
        (response,) = model.generate([question()])
        server.script = faults.echo_error(401)
        with pytest.raises(ModelError) as caught:
            list(model.generate([question()]))
    assert response.error
    assert "planted" not in f"{response.error} {caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."),
        (500, "Prompt exceeds n_ctx: 2148 > 2048"),
        (400, "the request exceeds the available context size, try increasing it"),
    ],
)
def test_a_question_that_does_not_fit_the_context_fails_alone_and_clearly(
    opened: Callable[..., Any], question: Callable[..., Request], status: int, message: str
) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(server)
        server.script = lambda call: faults.status(status, message=message) if call.number == 1 else None
        long, other = model.generate([question(1), question(2)])
    assert "does not fit the model's context" in str(long.error)
    assert not long.retryable
    assert other.finish_reason == "stop"


def test_a_picture_that_a_filter_turns_away_is_refused_and_no_error(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    turned_away = b'{"error": {"message": "Your request was rejected by our safety system.", "code": "x"}}'
    with Unreliable(OpenAI()) as server:
        model = opened(server)
        server.script = faults.plain_status(400, turned_away, "application/json")
        (response,) = model.generate([question()])
    assert (response.finish_reason, response.error) == ("refused", None)
    assert "safety system" in response.text


def test_content_in_parts_is_joined_and_reasoning_left_out() -> None:
    parts = [{"type": "text", "text": "{}"}, {"type": "image"}, "!", {"text": 5}]
    assert read(body(message={"content": parts, "reasoning_content": "hm"})).text == "{}!"


def test_a_model_that_was_still_thinking_at_its_limit_has_said_nothing() -> None:
    response = read(body(message={"content": None}, choice={"finish_reason": "length"}))
    assert (response.text, response.finish_reason) == ("", "length")


def test_tokens_without_an_answer_are_not_paid_for_again() -> None:
    thought = {"content": None, "reasoning_content": "hm"}
    called = body(message={**thought, "tool_calls": [{}]}, choice={"finish_reason": "tool_calls"})
    for raw in (body(message=thought), called):
        response = read(raw)
        assert (response.finish_reason, response.retryable, response.completion_tokens) == ("error", False, 4)
    nothing = read(body(message=thought, usage={"prompt_tokens": 9, "completion_tokens": 0}))
    assert nothing.retryable


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("STOP", "stop"), ("end_turn", "stop"), ("eos_token", "stop"), ("MAX_TOKENS", "length")],
)
def test_ends_are_understood_in_the_words_of_other_servers(reason: str, finish: str) -> None:
    response = read(body(choice={"finish_reason": reason}))
    assert (response.finish_reason, response.text) == (finish, '{"emotion": "Fear"}')


def test_a_mark_of_byte_order_and_blank_lines_before_an_answer_do_not_spoil_it() -> None:
    for before in (b"\xef\xbb\xbf", b"\r\n\r\n", b"\n" * 1000):
        assert read(before + body()).text == '{"emotion": "Fear"}'


def test_a_stream_that_was_not_asked_for_is_told_and_not_asked_for_again() -> None:
    for start in (b"data: ", b": waiting\n\ndata: ", b"event: message\ndata: "):
        response = read(start + body() + b"\n\ndata: [DONE]\n\n")
        assert "as a stream" in str(response.error)
        assert not response.retryable


@pytest.mark.parametrize(
    "changes",
    [
        {"usage": None},
        {"usage": "many"},
        {"usage": {"prompt_tokens": -1, "completion_tokens": "7"}},
        {"usage": {"prompt_tokens": True, "completion_tokens": 1e300}},
        {"model": None},
        {"model": 7, "system_fingerprint": ["x"]},
        {"choice": {"logprobs": {"content": [{"token": 1}]}}},
        {"choice": {"logprobs": {"content": [{"token": "a", "logprob": None, "top_logprobs": None}]}}},
        {"choice": {"logprobs": "?", "finish_reason": None}},
    ],
    ids=str,
)
def test_oddities_beside_a_good_answer_do_not_spoil_it(changes: dict[str, Any]) -> None:
    response = read(body(**changes))
    assert (response.finish_reason, response.text) == ("stop", '{"emotion": "Fear"}')


@pytest.mark.parametrize(
    "raw", [b"[" * 100_000, b'{"choices": [' + b"{" * 50_000, b'{"a":"\\ud800"}', b"NaN"]
)
def test_hostile_json_is_a_broken_reply(raw: bytes) -> None:
    response = read(raw)
    assert (response.finish_reason, response.trouble) == ("error", "reply")


def test_a_version_is_short_and_printable() -> None:
    version = read(body(model="m\x1b[31m" + "x" * 500)).answered_by
    assert version is not None
    assert version.isprintable()
    assert len(version) <= 120
