"""The model and the batch model keep the contract of every model."""

from __future__ import annotations

import pytest
from elena_wb_gemini import batch
from elena_wb_gemini.provider import GeminiProvider

from elena_wb.testing import check_model
from tests.loopback import Batches, Gemini, Unreliable


def test_a_model_that_is_asked_at_once_keeps_the_contract():
    with Unreliable(Gemini(thinks=20)) as server:
        check_model(
            GeminiProvider, "gemini-2.5-flash", {"base_url": server.url, "thinking_budget": 0, "logprobs": 5}
        )


def test_a_model_that_writes_as_much_as_it_must_keeps_to_the_schema():
    with Unreliable(Gemini()) as server:
        check_model(
            GeminiProvider,
            "gemini-2.5-flash",
            {"base_url": server.url, "thinking_budget": 0},
            constrained=True,
            max_tokens=200,
        )


def test_a_model_that_is_asked_in_batches_keeps_the_contract(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batch, "_FIRST_PAUSE_S", 0.01)
    with Unreliable(Gemini(batches=Batches(shuffle=True))) as server:
        check_model(
            GeminiProvider,
            "gemini-2.5-flash",
            {"base_url": server.url, "thinking_budget": 0, "batch": True, "batch_size": 7},
        )
