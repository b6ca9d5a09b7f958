"""How questions are put to servers that do not take all there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from elena_wb_openai.refusals import refusal_of

from elena_wb.core import ModelError, Request, Sampling
from tests.loopback import Call, OpenAI, Unreliable, faults


def last_body(server: Unreliable) -> Any:
    return server.asked[-1].body


def only(*types: str) -> Any:
    """A script of a server that takes response formats of these types alone, as llama-cpp-python refuses others."""

    def due(call: Call) -> faults.Fault | None:
        wanted = call.body.get("response_format") if isinstance(call.body, dict) else None
        if wanted is None or (wanted["type"] in types and ("schema" not in wanted or "beside" in types)):
            return None
        message = (
            f"1 validation error: {{'loc': ('body', 'response_format', 'type'), 'input': '{wanted['type']}'}}"
        )
        return faults.status(500, message=message)

    return due


@pytest.mark.parametrize(
    ("taken", "expected", "note"),
    [
        (("json_schema",), {"type": "json_schema"}, "to the prompt's schema (json_schema)"),
        (("json_object", "beside"), {"type": "json_object", "schema": True}, "takes no json_schema"),
        (("json_object",), {"type": "json_object"}, "not to the prompt's schema (json_object)"),
        ((), None, "does not constrain answers"),
    ],
)
def test_the_strictest_form_that_a_server_takes_is_found_once_and_noted(
    opened: Callable[..., Any],
    question: Callable[..., Request],
    taken: tuple[str, ...],
    expected: dict[str, Any] | None,
    note: str,
) -> None:
    with Unreliable(OpenAI(), only(*taken)) as server:
        model = opened(server)
        before = len(server.asked)
        responses = list(model.generate([question(number) for number in range(3)]))
        assert len(server.asked) == before + 3
        wanted = last_body(server).get("response_format")
    assert [response.finish_reason for response in responses] == ["stop"] * 3
    assert any(note in told for told in model.card.notes)
    if expected is None:
        assert wanted is None
    else:
        assert wanted["type"] == expected["type"]
        assert ("schema" in wanted) == ("schema" in expected)


def test_what_the_user_insists_on_is_not_done_without(opened: Callable[..., Any]) -> None:
    with Unreliable(OpenAI(), only()) as server:
        for asked in ("schema", "json"):
            with pytest.raises(ModelError, match="does not constrain answers") as caught:
                opened(server, structured=asked)
            assert "structured" in str(caught.value.hint)
        opened(server, structured="none")
    with (
        Unreliable(OpenAI(refuses=("logprobs",))) as server,
        pytest.raises(ModelError, match="gives no log-probabilities"),
    ):
        opened(server, logprobs="on")


def test_log_probabilities_are_asked_for_in_smaller_numbers_and_then_not_at_all(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    def few(call: Call) -> faults.Fault | None:
        many = isinstance(call.body, dict) and call.body.get("top_logprobs", 0) > 5
        return faults.status(400, message="top_logprobs must be at most 5") if many else None

    with Unreliable(OpenAI(), few) as server:
        list(opened(server).generate([question()]))
        assert last_body(server)["top_logprobs"] == 5
    with Unreliable(OpenAI(refuses=("logprobs",))) as server:
        model = opened(server)
        (response,) = model.generate([question()])
        assert "logprobs" not in last_body(server)
    assert response.label_logprobs == {}
    assert "Log-probabilities of labels are not asked for." in model.card.notes


def test_the_limit_is_named_as_the_server_wants_it(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI(refuses=("max_tokens",))) as server:
        list(opened(server).generate([question()]))
        assert last_body(server)["max_completion_tokens"] == 64
        assert "max_tokens" not in last_body(server)
        with pytest.raises(ModelError, match="under another name"):
            opened(server, limit="max_tokens")


def test_a_form_that_has_worked_is_kept_whatever_one_question_meets(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(server)
        grumble = faults.status(400, message="response_format: the grammar could not be compiled this time")
        server.script = lambda call: grumble if call.number == 1 else None
        bad, good = model.generate([question(1), question(2)])
        assert last_body(server)["response_format"]["type"] == "json_schema"
    assert (bad.finish_reason, bad.retryable) == ("error", False)
    assert good.finish_reason == "stop"


def test_without_a_first_question_the_form_is_found_with_the_first_picture(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI(), only("json_object")) as server:
        responses = list(opened(server, probe="off").generate([question(1), question(2)]))
        assert len(server.asked) == 4
    assert [response.finish_reason for response in responses] == ["stop", "stop"]


def test_options_shape_the_question(opened: Callable[..., Any], question: Callable[..., Request]) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(
            server,
            sampling="server",
            seed="server",
            system="user",
            detail="low",
            reasoning_effort="low",
            logprobs="off",
            structured="none",
            extra='{"repeat_penalty": 1.0, "chat_template_kwargs": {"enable_thinking": false}}',
            image_format="png",
            max_image_side=32,
        )
        list(model.generate([question()]))
        body = last_body(server)
        (picture,) = server.asked[-1].questions[0].pictures
    assert not {"temperature", "top_p", "seed", "logprobs", "response_format"} & set(body)
    assert body["reasoning_effort"] == "low"
    assert body["repeat_penalty"] == 1.0
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    (message,) = body["messages"]
    image, text = message["content"]
    assert image["image_url"]["detail"] == "low"
    assert text["text"].startswith("You look closely.\n\nWhat does")
    assert (picture.format.lower(), picture.width, picture.height) == ("png", 32, 24)


def test_sampling_is_sent_whole_and_top_k_only_where_it_is_given(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(server)
        list(model.generate([question(sampling=Sampling(0.7, 0.9, 40))]))
        assert {name: last_body(server)[name] for name in ("temperature", "top_p", "top_k")} == {
            "temperature": 0.7,
            "top_p": 0.9,
            "top_k": 40,
        }
        list(model.generate([question()]))
        assert "top_k" not in last_body(server)


def test_extra_fields_do_not_take_the_place_of_what_the_run_is_recorded_with(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(server, extra='{"top_k": -1}')
        list(model.generate([question(sampling=Sampling(0.7, 1.0, 40)), question()]))
        assert [call.body["top_k"] for call in server.asked[-2:]] == [40, -1]


def test_a_schema_with_fields_that_may_be_left_out_is_not_called_strict(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(server)
        strict = question()
        list(model.generate([strict]))
        assert last_body(server)["response_format"]["json_schema"]["strict"] is True
        assert strict.schema is not None
        list(model.generate([question(schema={**strict.schema, "required": ["emotion"]})]))
        assert last_body(server)["response_format"]["json_schema"]["strict"] is False


@pytest.mark.parametrize(
    ("status", "body", "refusal"),
    [
        (
            400,
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model",
            "structured",
        ),
        (400, "'response_format.type' must be 'json_schema' or 'text'", "structured"),
        (400, "'messages' must contain the word 'json' in some form, to use 'response_format'", "structured"),
        (500, "Failed to initialize samplers: failed to parse grammar", "structured"),
        (
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'",
            "limit",
        ),
        (422, '{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"]}]}', "limit"),
        (400, "max_tokens is too large: 99999", None),
        (403, "You are not allowed to sample from this model", None),
        (403, '{"error": {"message": "…", "code": "content_policy_violation"}}', "policy"),
        (400, "tiny is not a multimodal model", "image"),
        (400, "At most 0 image(s) may be provided in one prompt.", "image"),
        (500, "the temperature of the room is not supported", None),
        (402, "", "spent"),
        (429, "Rate limit reached for gpt-4o", None),
        (503, "response_format", None),
        (400, "model 'x' not found", "model"),
    ],
)
def test_refusals_are_read_in_the_words_of_many_servers(status: int, body: str, refusal: str | None) -> None:
    assert refusal_of(status, body) == refusal
