"""Weights quantised while loading."""

from __future__ import annotations

import pytest
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider


@pytest.mark.parametrize("load_in", ["8bit", "4bit"])
def test_a_model_loaded_in_fewer_bits_answers_and_says_so(load_in, folders, question):
    for package in ("bitsandbytes", "accelerate"):
        pytest.importorskip(package, reason="pip install 'elena-wb-hf[quantised]'")
    options = HFOptions(load_in=load_in, device="cpu", dtype="float32")
    card = HFProvider().describe(str(folders["llava"]), options)
    model = HFProvider().open(str(folders["llava"]), options)
    assert model.card.digest == card.digest
    assert model.card.quantisation == f"{load_in} (bitsandbytes, float32)"
    assert "bitsandbytes" in model.card.libraries
    kinds = {type(module).__module__.split(".")[0] for module in model.network.modules()}
    assert "bitsandbytes" in kinds
    answers = list(model.generate([question(picture=n) for n in range(3)]))
    assert [answer.error for answer in answers] == [None] * 3
    model.close()
