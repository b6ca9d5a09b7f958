"""The embedded model keeps the contract that every model plugin is held to."""

from __future__ import annotations

import pytest
from elena_wb_tiny.provider import TinyProvider

from elena_wb.testing import check_model


@pytest.mark.parametrize("constrained", [False, True])
def test_the_embedded_model_keeps_the_contract_of_models(constrained):
    check_model(TinyProvider, "", {"constrained": constrained}, constrained=constrained, max_tokens=12)
