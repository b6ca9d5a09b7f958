"""The gate that every call passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from elena_wb.core import Request, Usage
from elena_wb.engine.answering import Question
from elena_wb.engine.budget import Budget
from elena_wb.engine.gate import Gate, Permit
from elena_wb.engine.pace import Hold, Patience
from elena_wb.remote.ledger import Ledger
from tests.scripted import MeteredModel, ScriptedOptions, ScriptedProvider


class _Dear(MeteredModel):
    """A call costs at most as many dollars as it has tokens."""

    def at_most(self, request: Request) -> Usage:
        return Usage(request.max_tokens, float(request.max_tokens))


def test_what_a_question_may_cost_is_not_taken_from_one_of_an_earlier_run(tmp_path: Path) -> None:
    model = _Dear(ScriptedOptions(), ScriptedProvider().describe("", ScriptedOptions()))
    gate = Gate(model, Budget(4.0), Patience(), Ledger(tmp_path / "ledger"))
    pixels = np.zeros((2, 2, 3), dtype=np.uint8)
    dear, cheap = (Question(0, Request(pixels, "same", "", "what?", max_tokens=tokens)) for tokens in (5, 1))
    assert isinstance(gate.admit([dear]), Hold)
    assert isinstance(gate.admit([cheap]), Permit)
