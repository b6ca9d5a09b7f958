"""A transformers model keeps the contract that every model plugin is held to."""

from __future__ import annotations

from elena_wb_hf.provider import HFProvider

from elena_wb.testing import check_model


def test_a_gemma_3_keeps_the_contract_of_models(folders):
    check_model(HFProvider, str(folders["gemma3"]), {"dtype": "float32", "device": "cpu"}, max_tokens=12)


def test_a_gemma_3_that_is_made_to_follow_schemas_keeps_the_contract_of_models(folders):
    options = {"dtype": "float32", "device": "cpu", "constrained": True}
    check_model(HFProvider, str(folders["gemma3"]), options, constrained=True, max_tokens=12)
