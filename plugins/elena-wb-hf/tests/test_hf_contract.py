"""A transformers model keeps the contract that every model plugin is held to."""

from __future__ import annotations

import pytest
from elena_wb_hf.provider import HFProvider

from elena_wb.testing import check_model
from elena_wb.testing.attention import check_attention
from elena_wb.testing.inspection import Inspection
from elena_wb.testing.knocking import check_knock_out
from elena_wb.testing.responses import ask


def test_a_gemma_3_keeps_the_contract_of_models(folders):
    check_model(HFProvider, str(folders["gemma3"]), {"dtype": "float32", "device": "cpu"}, max_tokens=12)


def test_a_gemma_3_that_is_made_to_follow_schemas_keeps_the_contract_of_models(folders):
    options = {"dtype": "float32", "device": "cpu", "constrained": True}
    check_model(HFProvider, str(folders["gemma3"]), options, constrained=True, max_tokens=12)


@pytest.mark.parametrize("name", ["llama", "llava", "qwen"])
def test_attention_and_knock_out_of_every_known_architecture_keep_their_contract(opened, name):
    model, inspection = opened(name), Inspection(name)
    check_attention(inspection, model)
    check_knock_out(
        inspection, model, lambda questions: ask(inspection, model, questions), 12, deterministic=True
    )
    assert not inspection.report().left_out
