"""What calls cost and can cost at most, and where that is not known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from elena_wb_openai.addresses import DEFAULT_URL, Address
from elena_wb_openai.bounds import openai_image_tokens
from elena_wb_openai.options import OpenAIOptions
from elena_wb_openai.pricing import find_price
from elena_wb_openai.provider import OpenAIProvider
from elena_wb_openai.reply import read_reply

from elena_wb.core import Metered, Prices, Request
from tests.loopback import OpenAI, Unreliable


def test_cached_tokens_of_a_prompt_cost_less() -> None:
    price = find_price("gpt-4o", [Address(DEFAULT_URL)])
    body = (
        b'{"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1000000,'
        b' "completion_tokens": 100000, "prompt_tokens_details": {"cached_tokens": 400000}}}'
    )
    response = read_reply(0, body, schema=None, price=price)
    assert response.cost_usd == pytest.approx(0.6 * 2.5 + 0.4 * 1.25 + 0.1 * 10.0)


def test_openais_models_have_prices_at_openai_and_nowhere_else() -> None:
    elsewhere = [Address("http://localhost:8000/v1")]
    for name in ("gpt-4o", "gpt-4o-2024-08-06", "gpt-4.1-mini", "gpt-5-nano-2025-08-07", "o3", "o4-mini"):
        assert find_price(name, [Address(DEFAULT_URL)]) is not None
        assert find_price(name, elsewhere) is None
    assert find_price("gpt-4o-audio-preview", [Address(DEFAULT_URL)]) is None


def test_a_user_may_say_what_another_server_charges(
    home: Path, opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    from elena_wb.remote.prices import user_prices_path

    path = user_prices_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('updated = "2026-11-01"\n[openai."tiny-vision"]\ninput = 100.0\noutput = 1000.0\n')
    with Unreliable(OpenAI()) as server:
        model = opened(server)
        assert server.asked == []  # where calls cost money, none is made for the plugin's own ends
        (response,) = model.generate([question()])
    assert response.cost_usd == pytest.approx(
        response.prompt_tokens * 1e-4 + response.completion_tokens * 1e-3
    )
    assert model.card.priced_on == "2026-11-01"
    assert model.at_most(question()).cost_usd >= response.cost_usd


def test_the_most_that_a_call_can_use_is_told_before_and_after_opening(
    opened: Callable[..., Any], question: Callable[..., Request]
) -> None:
    provider = OpenAIProvider()
    assert isinstance(provider, Prices)
    usage = provider.at_most("gpt-4o", OpenAIOptions(), question())
    assert 64 + 85 + 170 < usage.tokens < 1000
    assert usage.cost_usd == pytest.approx((usage.tokens - 64) * 2.5e-6 + 64 * 10e-6)
    here = OpenAIOptions.model_validate({"base_url": "http://localhost:1/v1"})
    assert provider.at_most("m", here, question()).cost_usd is None
    assert provider.at_most("m", here, question()).tokens > 6500
    few = here.model_copy(update={"image_tokens": 300})
    assert provider.at_most("m", few, question()).tokens < 1000
    with Unreliable(OpenAI()) as server:
        model = opened(server, requests_per_minute=60, tokens_per_minute=10**6, requests_per_day=500)
        assert isinstance(model, Metered)
        assert model.at_most(question()).tokens == provider.at_most("m", here, question()).tokens
        assert (model.quota.requests_per_minute, model.quota.requests_per_day) == (60, 500)
        assert model.quota.account == f"openai/127.0.0.1:{server.port}/tiny-vision"


@pytest.mark.parametrize(
    ("model", "width", "height", "detail", "tokens"),
    [
        ("gpt-4o", 1024, 1024, "high", 765),  # the examples of OpenAI's page
        ("gpt-4o", 2048, 4096, "auto", 1105),
        ("gpt-4o-2024-08-06", 4096, 8192, "low", 85),
        ("gpt-4o", 512, 512, "auto", 255),
        ("gpt-4o-mini", 512, 512, "auto", 2833 + 5667),
        ("gpt-4.1", 512, 512, "auto", 255),
        ("gpt-4.1-mini", 1024, 1024, "auto", 1659),
        ("gpt-5", 1024, 1024, "auto", 630),
        ("gpt-5-nano", 8000, 8000, "auto", 3779),
        ("o4-mini", 32, 32, "auto", 2),
        ("o3", 512, 512, "auto", 225),
        ("gpt-5.9-mini", 512, 512, "auto", 6500),
        ("another", 512, 512, "auto", 6500),
    ],
)
def test_tokens_of_pictures_with_openais_models(
    model: str, width: int, height: int, detail: Any, tokens: int
) -> None:
    assert openai_image_tokens(model, width, height, detail) == tokens
