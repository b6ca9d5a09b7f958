"""What is said of a model before it is asked anything."""

from __future__ import annotations

import subprocess
import sys

import pytest
from elena_wb_gemini import plugin
from elena_wb_gemini.options import CHANGING_ANSWERS, GeminiOptions
from elena_wb_gemini.provider import GeminiProvider
from pydantic import ValidationError

from elena_wb.core import Keyed, ModelError, Prices, SetupError, UsageError
from elena_wb.engine import ModelAddress
from elena_wb.offline import NetworkForbiddenError
from elena_wb.plugins import plugin_host

PROVIDER = GeminiProvider()


def _digest(**options):
    return PROVIDER.describe("gemini-2.5-flash", GeminiOptions(**options)).digest


def test_finding_the_plugin_and_describing_a_model_import_no_client():
    program = (
        "import sys, elena_wb_gemini.plugin\n"
        "from elena_wb_gemini.provider import GeminiProvider\n"
        "assert 'numpy' not in sys.modules\n"
        "GeminiProvider().describe('gemini-2.5-pro', GeminiProvider.options_model())\n"
        "found = {'google.genai', 'httpx2', 'PIL'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_scheme_gemini_leads_to_a_provider_that_tells_its_keys_and_prices():
    claims = {}
    plugin.register_models(claims.__setitem__)
    assert claims == {"gemini": "elena_wb_gemini.provider:GeminiProvider"}
    assert isinstance(PROVIDER, Keyed)
    assert isinstance(PROVIDER, Prices)
    (slot,) = PROVIDER.keys
    assert (slot.service, slot.variables) == ("gemini", ("GOOGLE_API_KEY", "GEMINI_API_KEY"))


def test_options_that_change_answers_change_the_digest_and_no_others_do():
    other = {
        "api_version": "v1",
        "base_url": "https://proxy.example.org",
        "image_format": "png",
        "image_quality": 80,
        "max_image_side": 512,
        "media_resolution": "low",
        "safety": "default",
        "structured": "json",
        "thinking_allowance": 1,
        "thinking_budget": 0,
        "thinking_level": "low",
        "logprobs": 3,
        "concurrency": 2,
        "timeout": 5,
        "requests_per_minute": 9,
        "tokens_per_minute": 9,
        "requests_per_day": 9,
        "batch": True,
        "batch_size": 3,
    }
    assert set(other) == set(GeminiOptions.model_fields)
    changing = {name for name, value in other.items() if _digest(**{name: value}) != _digest()}
    assert changing == set(CHANGING_ANSWERS)


def test_a_model_has_one_digest_however_its_name_is_written():
    same = PROVIDER.describe("models/gemini-2.5-flash", GeminiOptions())
    assert (same.digest, same.name) == (_digest(), "gemini-2.5-flash")


def test_the_card_dates_its_prices_and_says_when_it_has_none():
    known = PROVIDER.describe("gemini-2.5-pro", GeminiOptions())
    assert known.priced_on == "2026-10-07"
    assert known.notes == ()
    unknown = PROVIDER.describe("gemini-99-ultra", GeminiOptions())
    assert unknown.priced_on is None
    assert "not known" in unknown.notes[0]


@pytest.mark.parametrize(
    "name", ["", "no model", "../secrets", "a/b", "gemini?key=1", "gemini-2.5-flash:x", "é"]
)
def test_a_name_that_no_model_can_have_is_refused(name):
    with pytest.raises(ModelError, match="names no model"):
        PROVIDER.describe(name, GeminiOptions())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org", "unencrypted"),
        ("https://me:secret@example.org", "no user"),
        ("https://example.org/?key=secret", "no user"),
        ("example.org", "no address"),
        ("ftp://example.org", "no address"),
    ],
)
def test_an_address_that_would_give_the_key_away_is_refused(url, why):
    with pytest.raises(ValidationError, match=why) as caught:
        GeminiOptions(base_url=url)
    assert "secret" not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "base_url=http://example.org",
            "The option `base_url` of `gemini:` is not acceptable: the key would travel",
        ),
        ("thinking_budget=1&thinking_level=low", "is not acceptable: it cannot be combined"),
        (
            "thinking_budget=0&thinking_budget=99",
            "The option `thinking_budget` of `gemini:` is given more than once",
        ),
    ],
)
def test_options_that_cannot_be_are_refused_in_plain_words(options, message):
    with pytest.raises(UsageError, match=message):
        ModelAddress.parse(f"gemini:gemini-2.5-flash?{options}", plugin_host())


def test_two_ways_to_limit_thinking_exclude_each_other():
    with pytest.raises(ValidationError, match="cannot be combined"):
        GeminiOptions(thinking_budget=5, thinking_level="low")


def test_pictures_go_to_google_or_where_the_address_leads():
    assert PROVIDER.destination("x", GeminiOptions()) == "generativelanguage.googleapis.com"
    assert (
        PROVIDER.destination("x", GeminiOptions(base_url="https://Proxy.example.org/g"))
        == "proxy.example.org"
    )
    assert PROVIDER.destination("x", GeminiOptions(base_url="http://127.0.0.1:8000")) is None


def test_the_most_that_a_call_can_cost_covers_thinking_and_halves_in_a_batch(question):
    request = question(max_tokens=600)

    def most(**options):
        return PROVIDER.at_most("gemini-2.5-flash", GeminiOptions(**options), request)

    free, bounded, none = most(), most(thinking_budget=1000), most(thinking_budget=0)
    assert free.tokens - none.tokens == 8192
    assert bounded.tokens - none.tokens == 1000
    assert bounded.cost_usd - none.cost_usd == pytest.approx(1000 * 2.5e-6)
    assert most(batch=True).cost_usd == pytest.approx(free.cost_usd / 2)
    assert PROVIDER.at_most("gemini-99", GeminiOptions(), request).cost_usd is None


def test_the_users_own_prices_count(question, home):
    (home / "config").mkdir(parents=True)
    (home / "config" / "prices.toml").write_text(
        '[gemini."gemini-2.5-flash"]\ninput = 0\noutput = 100\nupdated = "2030-01-01"\n', "utf-8"
    )
    assert PROVIDER.describe("gemini-2.5-flash", GeminiOptions()).priced_on == "2030-01-01"
    most = PROVIDER.at_most("gemini-2.5-flash", GeminiOptions(thinking_budget=0), question(max_tokens=1000))
    assert most.cost_usd == pytest.approx(0.1)


def test_without_a_key_the_model_cannot_be_opened_but_described(monkeypatch):
    monkeypatch.delenv("GOOGLE_API_KEY")
    assert _digest()
    with pytest.raises(SetupError, match="no API key") as caught:
        PROVIDER.open("gemini-2.5-flash", GeminiOptions())
    assert "keys set gemini" in caught.value.hint


def test_with_the_network_switched_off_opening_says_who_wanted_it(monkeypatch):
    monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    with pytest.raises(NetworkForbiddenError, match=r"elena-wb-gemini.*generativelanguage\.googleapis\.com"):
        PROVIDER.open("gemini-2.5-flash", GeminiOptions())
