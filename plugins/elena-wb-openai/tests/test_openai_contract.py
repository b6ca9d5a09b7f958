"""The plugin keeps the contract of model plugins, against servers of several kinds."""

from __future__ import annotations

import pytest
from elena_wb_openai.provider import OpenAIProvider

from elena_wb.engine import ModelAddress
from elena_wb.plugins import plugin_host
from elena_wb.testing import check_model
from tests.loopback import OpenAI, Unreliable


def test_the_contract_of_models_holds() -> None:
    with Unreliable(OpenAI()) as server:
        check_model(OpenAIProvider, "tiny-vision", {"base_url": server.url}, constrained=True)


def test_it_holds_with_a_key_and_no_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-9f3c1c7a")
    with Unreliable(OpenAI(), keys={"sk-planted-9f3c1c7a"}) as server:
        report = check_model(OpenAIProvider, "tiny-vision", {"base_url": server.url, "key": "openai"})
    assert "no key is in the card" in str(report)


def test_it_holds_with_a_server_that_knows_only_the_bare_minimum() -> None:
    bare = OpenAI(refuses=("response_format", "logprobs", "max_tokens"))
    with Unreliable(bare) as server:
        check_model(OpenAIProvider, "tiny-vision", {"base_url": server.url})


def test_the_plugin_is_found_under_its_scheme_and_takes_names_with_slashes_and_colons() -> None:
    address = ModelAddress.parse(
        "openai:org/some-model:11b?base_url=http://localhost:8000/v1&extra=%7B%22min_p%22%3A0%7D",
        plugin_host(),
    )
    assert address.describe().name == "org/some-model:11b"
    assert address.destination is None
