"""Which runs count as the same model, where pictures go, and what addresses and options are accepted."""

from __future__ import annotations

from typing import Any

import pytest
from elena_wb_openai.options import OpenAIOptions
from elena_wb_openai.provider import OpenAIProvider
from pydantic import ValidationError

from elena_wb.core import ModelError, SetupError, UsageError
from elena_wb.engine import ModelAddress
from elena_wb.plugins import plugin_host


def digest(model: str = "m", **options: Any) -> str:
    return OpenAIProvider().describe(model, OpenAIOptions.model_validate(options)).digest


def test_the_same_server_written_in_other_ways_is_the_same_model() -> None:
    one = digest(base_url="http://Node7:80/v1/, https://b/v1")
    assert one == digest(base_url="https://b:443/v1,http://node7/v1")
    assert one != digest(base_url="http://node7/v1")


def test_another_server_is_another_model_unless_a_revision_says_what_they_hold() -> None:
    here, there = "http://localhost:8000/v1", "http://localhost:8001/v1"
    assert digest(base_url=here) != digest(base_url=there)
    assert digest(base_url=here, revision="awq-1") == digest(base_url=there, revision="awq-1")
    assert digest(base_url=here, revision="awq-1") != digest(base_url=here, revision="awq-2")


@pytest.mark.parametrize(
    "options",
    [
        {"structured": "json"},
        {"detail": "low"},
        {"image_format": "png"},
        {"image_quality": 80},
        {"max_image_side": 512},
        {"system": "user"},
        {"sampling": "server"},
        {"seed": "server"},
        {"reasoning_effort": "low"},
        {"extra": '{"repeat_penalty": 1.0}'},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_that_can_change_answers_make_another_model(options: dict[str, Any]) -> None:
    assert digest(**options) != digest()


@pytest.mark.parametrize(
    "options",
    [
        {"concurrency": 2},
        {"timeout": 7},
        {"logprobs": "off"},
        {"requests_per_minute": 9},
        {"key": "mine"},
        {"ca": "ca.pem"},
        {"image_tokens": 3},
        {"probe": "off"},
        {"limit": "max_tokens"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_that_cannot_change_answers_do_not(options: dict[str, Any]) -> None:
    assert digest(**options) == digest()


def test_pictures_leave_the_machine_unless_every_server_is_on_it() -> None:
    def destination(urls: str) -> str | None:
        return OpenAIProvider().destination("m", OpenAIOptions.model_validate({"base_url": urls}))

    assert destination("http://127.0.0.1:1/v1,http://localhost:2,http://[::1]:3/v1") is None
    assert (
        destination("http://127.0.0.1:1/v1,http://a.example:2/v1,https://b.example/v1")
        == "a.example, b.example"
    )
    assert OpenAIProvider().destination("m", OpenAIOptions()) == "api.openai.com"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://host/v1",
        "http://",
        "http://host:notaport/v1",
        "http://host/v1?key=secret-value",
        "http://host/v1#there",
        "http://ho st/v1",
        "http://host\\@evil/v1",
        "",
        "http://a/v1,",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        OpenAIOptions.model_validate({"base_url": url})
    assert "secret-value" not in str(caught.value)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        ModelAddress.parse("openai:m?base_url=http://user:hunter2hunter2@host/v1", plugin_host())
    assert "elena-wb keys set" in caught.value.message
    assert "Value error" not in caught.value.message
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    "extra", ["[1]", "{", '{"model": "other"}', '{"messages": []}', '{"stream": true}', '{"x": NaN}']
)
def test_extra_fields_are_a_json_object_and_take_the_place_of_none_of_ours(extra: str) -> None:
    with pytest.raises(ValidationError):
        OpenAIOptions.model_validate({"extra": extra})


def test_a_model_must_be_named() -> None:
    with pytest.raises(ModelError, match="No model is named"):
        OpenAIProvider().describe(" ", OpenAIOptions())


def test_the_card_tells_where_pictures_or_keys_cross_a_network_unencrypted() -> None:
    def notes(**options: Any) -> str:
        return " ".join(OpenAIProvider().describe("m", OpenAIOptions.model_validate(options)).notes)

    assert "Pictures go to node7:8000 unencrypted" in notes(base_url="http://node7:8000/v1")
    assert "the key `lab` go to node7" in notes(base_url="http://node7/v1", key="lab")
    assert notes(base_url="http://127.0.0.1:8000/v1", key="lab") == ""
    assert notes(base_url="https://node7/v1", key="lab") == ""


def test_the_key_for_openai_is_never_sent_unencrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-9f3c1c7a")
    with pytest.raises(SetupError, match="would go to node7 unencrypted") as caught:
        OpenAIProvider().open(
            "m", OpenAIOptions.model_validate({"base_url": "http://node7/v1", "key": "openai"})
        )
    assert "planted" not in str(caught.value)


def test_without_the_network_only_this_machine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    with pytest.raises(SetupError, match=r"`openai` wanted to connect to api\.openai\.com"):
        OpenAIProvider().open("gpt-4o", OpenAIOptions())
    with pytest.raises(ModelError, match="refused"):
        OpenAIProvider().open("m", OpenAIOptions.model_validate({"base_url": "http://127.0.0.1:9/v1"}))
