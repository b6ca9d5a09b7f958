"""The real OpenAI client against the server that misbehaves: what each fault looks like from its side."""

from __future__ import annotations

import base64
import io
import json
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from PIL import Image

from tests.loopback import Account, Certificate, OpenAI, Share, Unreliable, emotion_of, faults, first_time

SCHEMA = {
    "type": "object",
    "properties": {
        "emotion": {"type": "string", "enum": ["Happiness", "Sadness", "Fear"]},
        "valence": {"type": "integer", "minimum": 1, "maximum": 10},
        "body_parts": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
    },
    "required": ["emotion", "valence", "body_parts"],
}


def data_url(seed: int = 0) -> str:
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def client(server: Unreliable, **options: Any) -> openai.OpenAI:
    given: dict[str, Any] = {"api_key": "sk-planted", "max_retries": 0, "timeout": 2.0, **options}
    return openai.OpenAI(base_url=server.url, **given)


def ask(to: openai.OpenAI, seed: int = 0, **fields: Any) -> Any:
    content: Any = [
        {"type": "text", "text": "What does this person feel?"},
        {"type": "image_url", "image_url": {"url": data_url(seed)}},
    ]
    messages: Any = [{"role": "system", "content": "Answer."}, {"role": "user", "content": content}]
    return to.chat.completions.create(model="tiny-vision", messages=messages, **fields)


@pytest.fixture
def server() -> Iterator[Unreliable]:
    with Unreliable(OpenAI()) as server:
        yield server


def test_an_answer_has_the_shape_of_the_schema_and_is_the_same_each_time(server: Unreliable) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
    with client(server) as to:
        first, again, other = (ask(to, seed, response_format=wanted) for seed in (0, 0, 1))
    answer = json.loads(first.choices[0].message.content)
    assert set(answer) == {"emotion", "valence", "body_parts"}
    assert answer["emotion"] == emotion_of(server.asked[0].questions[0])
    assert first.choices[0].message.content == again.choices[0].message.content
    assert first.choices[0].message.content != other.choices[0].message.content
    assert first.usage.prompt_tokens > 258
    assert first.choices[0].finish_reason == "stop"
    assert len(server.answered_twice()) == 1
    assert server.keys_seen == {"sk-planted"}
    picture = server.asked[0].questions[0].pictures[0]
    assert (picture.format, picture.width, picture.height, picture.metadata) == ("PNG", 8, 8, ())


def test_the_likeliest_label_is_the_one_that_is_answered(server: Unreliable) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
    with client(server) as to:
        choice = ask(to, response_format=wanted, logprobs=True, top_logprobs=3).choices[0]
    assert "".join(token.token for token in choice.logprobs.content) == choice.message.content
    label = json.loads(choice.message.content)["emotion"]
    token = next(token for token in choice.logprobs.content if token.token == label)
    assert token.top_logprobs[0].token == label
    assert sum(np.exp(other.logprob) for other in token.top_logprobs) == pytest.approx(1.0)


def test_what_is_no_picture_is_refused(server: Unreliable) -> None:
    with client(server) as to, pytest.raises(openai.BadRequestError, match="Unable to process"):
        to.chat.completions.create(
            model="tiny-vision",
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}}
                    ],
                }
            ],
        )


def test_models_are_listed_and_other_paths_are_not_found(server: Unreliable) -> None:
    with client(server) as to:
        assert [model.id for model in to.models.list()] == ["tiny-vision"]
        assert server.asked == []
        with pytest.raises(openai.NotFoundError):
            to.models.retrieve("another")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.rate_limited(), openai.RateLimitError),
        (faults.status(500), openai.InternalServerError),
        (faults.status(503), openai.InternalServerError),
        (faults.status(529), openai.InternalServerError),
        (faults.plain_status(502), openai.InternalServerError),
        (faults.cut_body, (openai.APIConnectionError, httpx2.RemoteProtocolError)),
        (faults.reset_before, openai.APIConnectionError),
        (faults.reset_after, (openai.APIConnectionError, httpx2.ReadError)),
        (faults.hang_up, openai.APIConnectionError),
        (faults.garbage, openai.APIConnectionError),
        (faults.invalid_json, ValueError),
        (faults.empty_body, ValueError),
        (faults.slow_headers(3.0), openai.APITimeoutError),
        (faults.stall(3.0), (openai.APITimeoutError, httpx2.ReadTimeout)),
    ],
    ids=lambda value: value.name if isinstance(value, faults.Fault) else "",
)
def test_a_fault_reaches_the_client_and_is_noted(
    server: Unreliable, fault: faults.Fault, error: type[Exception]
) -> None:
    server.script = [fault]
    with client(server, timeout=0.3) as to:
        with pytest.raises(error):
            ask(to)
        ask(to)
    spoilt, good = server.asked
    assert (spoilt.fault, good.fault) == (fault.name, None)
    assert good.answered
    assert server.answered_twice() == [] or fault.answers


def test_proper_http_may_carry_worthless_answers(server: Unreliable) -> None:
    server.script = [
        faults.empty,
        faults.no_content,
        faults.truncated,
        faults.refused,
        faults.blocked,
        faults.two_answers,
        faults.no_usage,
        faults.echo,
    ]
    with client(server) as to:
        empty, nothing, cut, refused, blocked, two, unmetered, echo = (ask(to, n) for n in range(8))
    assert empty.choices == []
    assert nothing.choices[0].message.content is None
    assert cut.choices[0].finish_reason == "length"
    assert refused.choices[0].message.refusal
    assert blocked.choices[0].finish_reason == "content_filter"
    assert len(two.choices) == 2
    assert unmetered.usage is None
    assert "sk-planted" in echo.choices[0].message.content


def test_the_wait_is_told_in_seconds_as_a_date_and_in_milliseconds(server: Unreliable) -> None:
    server.script = [faults.rate_limited(7, style) for style in ("seconds", "date", "milliseconds")]
    with client(server) as to:
        headers = []
        for _ in range(3):
            with pytest.raises(openai.RateLimitError) as caught:
                ask(to)
            headers.append(caught.value.response.headers)
    assert headers[0]["retry-after"] == "7"
    assert "GMT" in headers[1]["retry-after"]
    assert headers[2]["retry-after-ms"] == "7000"


def test_an_accounts_limit_is_enforced_and_told() -> None:
    with Unreliable(OpenAI(), account=Account(requests=3, window_s=0.5)) as server, client(server) as to:
        for number in range(3):
            ask(to, number)
        with pytest.raises(openai.RateLimitError) as caught:
            ask(to, 3)
        wait = float(caught.value.response.headers["retry-after"])
        assert 0 < wait <= 0.5
        time.sleep(wait + 0.05)
        ask(to, 3)
        assert server.count("limit") == 1


def test_too_many_calls_at_once_are_turned_away() -> None:
    with Unreliable(OpenAI(), account=Account(at_once=2), delay=0.3) as server, client(server) as to:

        def one(number: int) -> bool:
            try:
                ask(to, number)
            except openai.RateLimitError:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(one, range(6))) == 2
        assert server.most_at_once() >= 3


def test_a_share_deals_the_same_to_every_client_and_counts_what_a_perfect_one_needs() -> None:
    share = Share(0.3, [faults.status(500), faults.cut_body, faults.reset_before], seed=3)
    with Unreliable(OpenAI(), share) as server, client(server) as to:
        answered = 0
        for picture in range(40):
            while True:
                try:
                    ask(to, picture)
                except (openai.APIError, httpx2.HTTPError):
                    continue
                answered += 1
                break
    assert len(server.asked) == share.calls_needed(40)
    assert len(server.answered) == answered == 40
    assert server.answered_twice() == []
    assert 0.1 < 1 - 40 / len(server.asked) < 0.5


def test_each_question_can_fail_the_first_time(server: Unreliable) -> None:
    server.script = first_time(faults.status(503))
    with client(server, max_retries=1) as to:
        ask(to, 1)
        ask(to, 2)
    assert [call.status for call in server.asked] == [503, 200, 503, 200]


def test_only_who_trusts_the_certificate_is_served(tmp_path: Any) -> None:
    certificate = Certificate.make(tmp_path)
    with Unreliable(OpenAI(), certificate=certificate) as server:
        assert server.url.startswith("https://")
        with client(server) as to, pytest.raises(openai.APIConnectionError):
            ask(to)
        assert server.asked == []
        context = ssl.create_default_context(cafile=str(certificate.path))
        with client(server, http_client=httpx2.Client(verify=context)) as to:
            assert ask(to).choices
        assert server.failed_handshakes == 1


def test_a_redirect_points_to_another_host(server: Unreliable) -> None:
    with Unreliable(OpenAI()) as elsewhere:
        elsewhere_url = f"http://localhost:{elsewhere.port}/v1/chat/completions"
        server.script = [faults.redirect(elsewhere_url)]
        with client(server, http_client=httpx2.Client()) as to, pytest.raises(openai.APIStatusError):
            ask(to)
        assert elsewhere.calls == []


def test_only_known_keys_are_let_in() -> None:
    with Unreliable(OpenAI(), keys={"sk-right"}) as server:
        with client(server) as to, pytest.raises(openai.AuthenticationError):
            ask(to)
        with client(server, api_key="sk-right") as to:
            ask(to)
