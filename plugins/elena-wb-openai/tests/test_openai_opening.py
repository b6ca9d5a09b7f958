"""What is found out before the first picture, and told."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from elena_wb_openai.addresses import Address

from elena_wb.core import ModelError, Request, SetupError
from tests.loopback import Certificate, OpenAI, Unreliable, faults, on
from tests.loopback.faults import anything


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_wrong_port_is_told_with_the_address(opened: Callable[..., Any]) -> None:
    port = free_port()
    with pytest.raises(ModelError, match=rf"127\.0\.0\.1:{port}.*refused") as caught:
        opened(f"http://127.0.0.1:{port}/v1")
    assert "base_url" in str(caught.value.hint)


def test_a_wrong_model_is_told_with_the_nearest_name(opened: Callable[..., Any]) -> None:
    with Unreliable(OpenAI(("tiny-vision", "other"))) as server:
        with pytest.raises(ModelError, match="has no model `tiny-vison`") as caught:
            opened(server, model="tiny-vison")
        assert "Did you mean `tiny-vision`?" in str(caught.value.hint)
        assert server.asked == []


def test_a_server_without_a_list_of_models_is_asked_and_its_word_taken(opened: Callable[..., Any]) -> None:
    with Unreliable(OpenAI(), on("GET", "/models", faults.status(404))) as server:
        opened(server)
        with pytest.raises(ModelError, match=r"is not there .*does not exist"):
            opened(server, model="another")


@pytest.mark.parametrize(
    "fault", [faults.json_list, faults.json_null, faults.invalid_json, faults.empty_body]
)
def test_a_list_of_models_that_makes_no_sense_is_passed_over(opened: Callable[..., Any], fault: Any) -> None:
    with Unreliable(OpenAI(), on("GET", "/models", fault)) as server:
        opened(server)


def test_a_web_page_in_the_place_of_a_server_is_recognised(opened: Callable[..., Any]) -> None:
    page = on("GET", "/models", faults.html)
    with Unreliable(OpenAI(), page) as server, pytest.raises(ModelError, match="with a web page") as caught:
        opened(server)
    assert "/v1" in str(caught.value.hint)


def test_a_wrong_and_a_missing_key_are_told_with_the_way_to_set_one(
    opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Unreliable(OpenAI(), keys={"right-key-0001"}) as server:
        with pytest.raises(ModelError, match="wants a key") as caught:
            opened(server)
        assert "key=NAME" in str(caught.value.hint)
        with pytest.raises(SetupError, match="no API key for `my-server`"):
            opened(server, key="my-server")
        monkeypatch.setenv("MY_SERVER_API_KEY", "wrong-key-0002")
        with pytest.raises(ModelError, match="does not accept the key `my-server`") as caught:
            opened(server, key="my-server")
        assert "elena-wb keys set my-server" in str(caught.value.hint)
        assert "wrong-key" not in f"{caught.value} {caught.value.hint}"
        monkeypatch.setenv("MY_SERVER_API_KEY", "right-key-0001")
        opened(server, key="my-server")


def test_no_key_is_sent_to_a_server_that_it_was_not_named_for(
    opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, question: Callable[..., Request]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-9f3c1c7a")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-planted")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer planted\nX-Mine: planted")
    with Unreliable(OpenAI()) as server:
        list(opened(server).generate([question()]))
        assert server.keys_seen == {None}
        assert not any("planted" in str(call.headers) for call in server.calls)


def test_a_redirect_is_not_followed_with_key_or_picture(
    opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, question: Callable[..., Request]
) -> None:
    monkeypatch.setenv("LAB_API_KEY", "lab-planted-77")
    with Unreliable(OpenAI()) as elsewhere, Unreliable(OpenAI()) as server:
        model = opened(server, key="lab")
        server.script = faults.redirect(f"http://localhost:{elsewhere.port}/v1/chat/completions")
        with pytest.raises(ModelError, match="sends on to http://localhost"):
            list(model.generate([question()]))
        assert elsewhere.calls == []


def test_a_certificate_of_the_servers_own_is_told_and_trusted_once_it_is_named(
    opened: Callable[..., Any], tmp_path: Path
) -> None:
    certificate = Certificate.make(tmp_path)
    with Unreliable(OpenAI(), certificate=certificate) as server:
        with pytest.raises(ModelError, match=r"is not trusted.*ca=FILE"):
            opened(server)
        opened(server, ca=str(certificate.path))
        with pytest.raises(SetupError, match="cannot be read"):
            opened(server, ca=str(tmp_path / "absent.pem"))
        (tmp_path / "empty.pem").write_text("no certificate\n")
        with pytest.raises(SetupError, match="cannot be read"):
            opened(server, ca=str(tmp_path / "empty.pem"))


def test_https_to_a_server_that_speaks_http_is_told(opened: Callable[..., Any]) -> None:
    with Unreliable(OpenAI()) as server, pytest.raises(ModelError, match=r"(?i)ssl|tls") as caught:
        opened(server.url.replace("http:", "https:"))
    assert "http or https" in str(caught.value.hint)


def test_a_proxy_of_the_environment_is_never_used_for_this_machine(
    opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, question: Callable[..., Request]
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with Unreliable(OpenAI()) as server:
        (response,) = opened(server).generate([question()])
    assert response.finish_reason == "stop"


def test_some_servers_may_be_absent_and_the_run_tells_which(opened: Callable[..., Any]) -> None:
    port = free_port()
    with Unreliable(OpenAI()) as server:
        model = opened(server, f"http://127.0.0.1:{port}/v1")
    assert any(f"127.0.0.1:{port}" in note for note in model.card.notes)


def test_trouble_that_passes_does_not_spoil_the_first_question(opened: Callable[..., Any]) -> None:
    with Unreliable(OpenAI(), [faults.status(503), faults.hang_up]) as server:
        model = opened(server)
        assert len(server.asked) == 3
    assert any("json_schema" in note for note in model.card.notes)


def test_nothing_is_claimed_of_a_server_that_left_the_first_question_unanswered(
    opened: Callable[..., Any],
) -> None:
    with Unreliable(OpenAI(), faults.status(418, message="I am a teapot")) as server:
        (note,) = opened(server).card.notes
    assert "did not answer the first, tiny question (HTTP 418: I am a teapot)" in note


def test_a_model_that_takes_no_pictures_is_told_before_the_first(opened: Callable[..., Any]) -> None:
    blind = faults.status(
        500, message="image input is not supported - hint: you may need to provide the mmproj"
    )
    with (
        Unreliable(OpenAI(), blind) as server,
        pytest.raises(ModelError, match="takes no pictures") as caught,
    ):
        opened(server)
    assert "--mmproj" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("message", "option"),
    [
        ("Prompting with images is incompatible with system messages.", "system=user"),
        ("Unsupported value: 'temperature' does not support 0 with this model.", "sampling=server"),
        ("Unrecognized request argument supplied: seed", "seed=server"),
    ],
)
def test_what_the_user_must_decide_is_asked_of_the_user(
    opened: Callable[..., Any], message: str, option: str
) -> None:
    with (
        Unreliable(OpenAI(), faults.status(400, message=message)) as server,
        pytest.raises(ModelError) as caught,
    ):
        opened(server)
    assert option in str(caught.value.hint)


def test_an_account_that_is_spent_ends_the_run(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    with Unreliable(OpenAI()) as server:
        model = opened(server)
        body = b'{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}'
        server.script = faults.plain_status(429, body, "application/json")
        with pytest.raises(ModelError, match="paid for no more calls"):
            list(model.generate([question()]))


def test_no_question_is_put_ahead_of_pictures_where_the_user_says_so(opened: Callable[..., Any]) -> None:
    with Unreliable(OpenAI()) as server:
        assert opened(server, probe="off").card.notes == ()
        assert server.asked == []


@pytest.mark.parametrize("limit", ["requests_per_minute", "tokens_per_minute", "requests_per_day"])
def test_no_call_is_made_behind_the_back_of_a_limit(opened: Callable[..., Any], limit: str) -> None:
    with Unreliable(OpenAI()) as server:
        opened(server, **{limit: 10_000})
        assert server.asked == []


def test_no_call_is_made_ahead_at_openai_whether_its_price_is_known_or_not(
    opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Address, "is_openai", True)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-9f3c1c7a")
    with Unreliable(OpenAI()) as server:
        opened(server)
        assert server.asked == []


def test_a_key_that_may_not_list_models_may_still_ask(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    closed = on("GET", "/models", faults.status(403, message="Missing scopes: api.model.read"))
    with Unreliable(OpenAI(), closed) as server:
        (response,) = opened(server).generate([question()])
    assert response.finish_reason == "stop"


def test_what_a_server_says_of_itself_reaches_no_terminal_as_control_characters(
    opened: Callable[..., Any],
) -> None:
    evil = anything(lambda wire, api, call: wire.send(401, b"\x1b[31mred\x1b]0;title\x07 \x00"))
    with Unreliable(OpenAI(), on("GET", "/models", evil)) as server, pytest.raises(ModelError) as caught:
        opened(server)
    assert caught.value.message.isprintable()
    assert "red" in caught.value.message
