"""Where the embedded model looks when it names an emotion, on figures it has never seen."""

from __future__ import annotations

from collections import defaultdict

import pytest
from elena_wb_tiny.stimuli.folder import write_folder
from scipy.stats import binomtest

from elena_wb.analysis.gaze_shift import shift
from elena_wb.engine.attending import Wanted, plan_attention
from elena_wb.engine.study import Request, plan_study
from elena_wb.plugins import plugin_host
from elena_wb.store import Store
from elena_wb.store.attention import read_gaze

COUNT = 16


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """A store with figures of an unseen seed, asked about whole (run 1) and with the face hidden (run 2), looked at."""
    folder = tmp_path_factory.mktemp("gaze")
    write_folder(folder / "figures", COUNT, 424242, False)
    store, host = Store(folder / "store.duckdb"), plugin_host()
    request = Request(sources=[folder / "figures"], model_uri="tiny:", conditions=["none", "face"])
    study = plan_study(request, host, store)
    model = study.address.open()
    try:
        study.carry_out(store, listener=lambda _: None, open_model=lambda: model, keep_open=True)
        for run in ("1", "2"):
            plan = plan_attention(run, Wanted(tokens=("emotion",)), host, store)
            done = plan.carry_out(store, listener=lambda _: None, open_model=lambda: model)
            assert done.extracted == COUNT
    finally:
        model.close()
    return store


def test_the_emotion_word_looks_at_the_figure_and_not_at_the_background_far_above_chance(looked):
    by_picture = defaultdict(list)
    for row in read_gaze(looked, [1]).to_pylist():
        if row["part"] == "background":
            by_picture[row["stimulus_id"]].append((row["share"], row["area_fraction"]))
    assert len(by_picture) == COUNT
    below = sum(
        sum(share for share, _ in rows) < sum(area for _, area in rows) for rows in by_picture.values()
    )
    assert binomtest(below, COUNT, 0.5, alternative="greater").pvalue < 0.001
    shares = [share for rows in by_picture.values() for share, _ in rows]
    areas = [area for rows in by_picture.values() for _, area in rows]
    assert sum(shares) < 0.7 * sum(areas)


def test_the_gaze_leaves_a_hidden_face_for_the_arms(looked):
    found = shift(read_gaze(looked, [1]), read_gaze(looked, [2]))
    assert found.pairs == COUNT
    changes = {part.part: part for part in found.over_layers}
    assert changes["face"].share.high < 0 < changes["arms"].share.low
