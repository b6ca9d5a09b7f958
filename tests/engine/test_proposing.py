"""Which runs are proposed to be compared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from elena_wb.engine.proposing import in_order, partner, proposed
from elena_wb.store import RunSummary


def run(run_id: int, condition: str, **changes: Any) -> RunSummary:
    values: dict[str, Any] = {
        "run_id": run_id,
        "run_key": f"key {run_id}",
        "name": None,
        "experiment": "one",
        "model_uri": "scripted:one",
        "prompt_name": "elena",
        "condition": condition,
        "dataset": "folder",
        "status": "done",
        "started_at": datetime(2026, 1, 1),
        "finished_at": None,
        "planned": 8,
        "generations": 8,
        "ok": 8,
        "unparsed": 0,
        "refused": 0,
        "errors": 0,
        "cost_usd": None,
    }
    return RunSummary(**(values | changes))


def test_the_partner_is_the_same_question_under_another_condition():
    runs = [
        run(1, "none"),
        run(2, "none", model_uri="scripted:two"),
        run(3, "face", prompt_name="naive"),
        run(4, "face", experiment="two"),
        run(5, "face"),
        run(6, "none", generations=0),
    ]
    assert partner(runs, 1) == 5
    assert partner(runs, 5) == 1
    assert partner(runs, 2) == 5
    assert partner(runs, 9) is None
    assert partner(runs[:1], 1) is None


def test_the_latest_run_that_has_answers_is_proposed_with_the_unmasked_one_first():
    runs = [run(1, "face"), run(2, "none"), run(3, "face", generations=0)]
    assert proposed(runs) == (2, 1)
    assert in_order(runs, 1, 3) == (1, 3)
    assert proposed(runs[:1]) is None
    assert proposed([]) is None
