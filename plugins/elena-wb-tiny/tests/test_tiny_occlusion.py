"""The embedded model's answers hang on the arms of figures it has never seen, more than on as much elsewhere."""

from __future__ import annotations

from pathlib import Path

from elena_wb_tiny.stimuli.folder import write_folder

from elena_wb.core import Choice
from elena_wb.engine.occluding import plan_occlusion
from elena_wb.engine.study import Request
from elena_wb.plugins import plugin_host
from elena_wb.store import Store

COUNT = 24
FEW = 4


def test_hiding_the_arms_changes_more_answers_than_hiding_as_much_elsewhere(tmp_path: Path) -> None:
    write_folder(tmp_path / "figures", COUNT, 90210, False)
    store = Store(tmp_path / "store.duckdb")
    request = Request(sources=[tmp_path / "figures"], model_uri="tiny:")
    occlusion = plan_occlusion(request, plugin_host(), store, parts=["arms@annotated"])
    occlusion.study.carry_out(store, listener=lambda _: None)
    (arms,) = occlusion.effects(store)
    assert arms.n + arms.left.total == COUNT
    assert arms.n > 0.8 * COUNT
    assert arms.verdict == "part"
    assert arms.hidden.value > arms.control.value + 0.2
    assert arms.confidence is not None
    assert arms.confidence.difference.high < 0
    assert arms.accuracy is not None
    assert arms.accuracy.hidden.value < arms.accuracy.control.value


def test_a_knock_out_reaches_the_model(tmp_path: Path) -> None:
    """What it may not attend to changes how sure the model is, and makes another question of the same pixels."""
    write_folder(tmp_path / "figures", FEW, 90210, False)
    store = Store(tmp_path / "store.duckdb")
    request = Request(sources=[tmp_path / "figures"], model_uri="tiny:")
    style = Choice("knock-out", (("padding", "0.3"),))
    parts = ["face+head@annotated"]
    occlusion = plan_occlusion(request, plugin_host(), store, parts=parts, style=style)
    occlusion.study.carry_out(store, listener=lambda _: None)
    (head,) = occlusion.effects(store)
    assert head.n + head.left.no_room == FEW
    assert head.confidence is not None
    assert head.confidence.hidden.value != 0.0
    with store.read() as connection:
        digests = connection.execute(
            "SELECT count(DISTINCT content_digest) FROM generations WHERE status <> 'error'"
        ).fetchall()
    assert digests == [(FEW + FEW + head.n,)]
