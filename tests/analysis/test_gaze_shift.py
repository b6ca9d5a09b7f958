"""Profiles of attention and their shift between conditions, against plain loops and scipy."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from elena_wb.analysis.gaze_shift import profile, shift
from elena_wb.core import Resampling

MANY = Resampling(resamples=4000, seed=1)
FEW = Resampling(resamples=100, seed=0)
COLUMNS = {
    "run_id": pa.string(),
    "stimulus_id": pa.string(),
    "repeat": pa.int32(),
    "layer": pa.int32(),
    "head": pa.int32(),
    "target": pa.string(),
    "part": pa.string(),
    "mass": pa.float64(),
    "share": pa.float64(),
    "share_without_sinks": pa.float64(),
    "area_fraction": pa.float64(),
    "peak_inside": pa.bool_(),
    "entropy": pa.float64(),
}


def row(stimulus="s0", repeat=0, layer=0, part="face", share=0.5, **more) -> dict:
    base = {
        "run_id": "run", "stimulus_id": stimulus, "repeat": repeat, "layer": layer, "head": None, "target": "emotion",
        "part": part, "mass": None if share is None else share / 2, "share": share, "share_without_sinks": share,
        "area_fraction": 0.1, "peak_inside": True, "entropy": None,
    }  # fmt: skip
    return base | more


def table(rows) -> pa.Table:
    return pa.table({name: pa.array([r[name] for r in rows], kind) for name, kind in COLUMNS.items()})


def study(n=40, layers=3, repeats=2, seed=0, moved=0.0, run="run") -> list[dict]:
    """Rows of ``n`` stimuli whose share of the face is ``moved`` and whose sizes and difficulties are their own."""
    rng, own = np.random.default_rng(seed), np.random.default_rng(99)
    rows = []
    for k in range(n):
        area, base = own.uniform(0.02, 0.2), own.uniform(0.2, 0.5)
        for repeat, layer in np.ndindex(repeats, layers):
            face = float(np.clip(base + moved + 0.05 * layer + rng.normal(0, 0.05), 0, 1))
            here = {"stimulus": f"s{k}", "repeat": repeat, "layer": layer, "run_id": run}
            rows.append(row(**here, part="picture", share=1.0, area_fraction=1.0, entropy=4 + face))
            rows.append(
                row(
                    **here,
                    share=face,
                    share_without_sinks=face / 2,
                    area_fraction=area,
                    peak_inside=bool(rng.random() < face),
                )
            )
            rows.append(
                row(**here, part="background", share=1 - face, area_fraction=1 - area, peak_inside=False)
            )
            rows.append(row(**here, part="padding", share=None, share_without_sinks=None, area_fraction=None))
    return rows


def slow_means(rows, part, layer, figure) -> list[float]:
    """One mean for each stimulus, by plain loops: within a layer first, then over layers."""
    values = defaultdict(lambda: defaultdict(list))
    for r in rows:
        if r["part"] == part and (layer is None or r["layer"] == layer) and r["share"] is not None:
            values[r["stimulus_id"]][r["layer"]].append(float(r[figure]))
    return [float(np.mean([np.mean(v) for v in by.values()])) for by in values.values()]


def test_a_profile_is_what_plain_loops_compute():
    rows = study()
    found = {(g.part, g.layer): g for g in profile(table(rows), FEW)}
    assert set(found) == {(p, x) for p in ("picture", "face", "background") for x in (None, 0, 1, 2)}
    for (part, layer), gaze in found.items():
        assert gaze.n == 40
        share, area = (slow_means(rows, part, layer, f) for f in ("share", "area_fraction"))
        assert gaze.share.value == pytest.approx(np.mean(share))
        assert gaze.bias.value == pytest.approx(np.mean(share) / np.mean(area))
        assert gaze.share_without_sinks.value == pytest.approx(
            np.mean(slow_means(rows, part, layer, "share_without_sinks"))
        )
        assert gaze.pointing.value == pytest.approx(np.mean(slow_means(rows, part, layer, "peak_inside")))
    assert found["picture", 1].entropy.value == pytest.approx(
        np.mean(slow_means(rows, "picture", 1, "entropy"))
    )
    assert math.isnan(found["face", 1].entropy.value)


def test_intervals_of_a_profile_are_those_of_scipy():
    rows = study()
    gaze = next(g for g in profile(table(rows), MANY) if g.part == "face" and g.layer is None)
    share, area = (slow_means(rows, "face", None, f) for f in ("share", "area_fraction"))
    of_share = stats.bootstrap((share,), np.mean, method="percentile", n_resamples=4000, rng=0)
    of_bias = stats.bootstrap(
        (share, area), lambda s, a, axis=-1: np.mean(s, axis) / np.mean(a, axis), paired=True,
        method="percentile", n_resamples=4000, vectorized=True, rng=0,
    )  # fmt: skip
    for ours, theirs in ((gaze.share, of_share), (gaze.bias, of_bias)):
        low, high = theirs.confidence_interval
        width = high - low
        assert ours.low == pytest.approx(low, abs=0.06 * width)
        assert ours.high == pytest.approx(high, abs=0.06 * width)


def test_repeats_and_heads_do_not_count_as_stimuli():
    once = study(n=10, repeats=1)
    thrice = [r | {"repeat": repeat, "head": head} for r in once for repeat in range(3) for head in range(2)]
    for one, more in zip(profile(table(once), FEW), profile(table(thrice), FEW), strict=True):
        assert more.n == one.n == 10
        assert (more.share.low, more.share.high) == pytest.approx((one.share.low, one.share.high))


def test_runs_and_targets_are_profiled_apart():
    rows = [row(run_id=run, target=target, share=share) for run, target, share in
            (("a", "emotion", 0.1), ("a", "narrative", 0.2), ("b", "emotion", 0.3))]  # fmt: skip
    found = {(g.run_id, g.target): g.share.value for g in profile(table(rows), FEW) if g.layer is None}
    assert found == pytest.approx({("a", "emotion"): 0.1, ("a", "narrative"): 0.2, ("b", "emotion"): 0.3})


def test_one_stimulus_has_no_interval():
    gaze = profile(table([row()]), FEW)[0]
    assert gaze.share.value == 0.5
    assert gaze.bias.value == pytest.approx(5)
    assert math.isnan(gaze.share.low)
    assert math.isnan(gaze.bias.high)


def test_a_part_without_area_has_no_bias_and_nan_counts_as_not_stated():
    rows = [row(f"s{k}", area_fraction=0.0, share=0.0) for k in range(3)]
    rows.append(row("s9", area_fraction=0.0, share=math.nan))
    gaze = profile(table(rows), FEW)[0]
    assert gaze.n == 3
    assert math.isnan(gaze.bias.value)


def test_an_empty_table_has_no_profile_and_no_shift():
    assert profile(table([]), FEW) == ()
    found = shift(table([]), table(study(n=2)), FEW)
    assert (found.pairs, found.only_first, found.only_second, found.parts) == (0, 0, 4, ())


def test_a_shift_is_what_plain_loops_and_scipy_compute():
    before, after = study(run="a"), study(run="b", seed=5, moved=-0.15)
    found = shift(table(before), table(after), MANY)
    assert (found.pairs, found.only_first, found.only_second) == (80, 0, 0)
    for layer in (None, 2):
        face = next(p for p in found.parts if p.part == "face" and p.layer == layer)
        first, second = (np.array(slow_means(rows, "face", layer, "share")) for rows in (before, after))
        assert (face.pairs, face.share.n) == (80, 40)
        assert face.first == pytest.approx(first.mean())
        assert face.second == pytest.approx(second.mean())
        assert face.share.value == pytest.approx((second - first).mean())
        theirs = stats.bootstrap((second - first,), np.mean, method="percentile", n_resamples=4000, rng=0)
        low, high = theirs.confidence_interval
        assert face.share.low == pytest.approx(low, abs=0.06 * (high - low))
        assert face.share.high == pytest.approx(high, abs=0.06 * (high - low))


def test_the_verdict_says_where_attention_went():
    found = shift(table(study(run="a")), table(study(run="b", seed=5, moved=-0.15)), FEW)
    verdicts = {part.part: part.verdict for part in found.over_layers}
    assert verdicts == {"picture": "cannot be told", "face": "falls", "background": "rises"}
    face = str(next(part for part in found.over_layers if part.part == "face"))
    assert face.startswith("The share of attention on face falls (")
    assert "n = 40" in face
    assert "cannot be told: the interval holds 0" in str(found.over_layers[0])


def test_where_nothing_moved_nothing_is_told():
    wrong = 0
    for seed in range(20):
        found = shift(
            table(study(run="a", seed=seed, n=20)), table(study(run="b", seed=100 + seed, n=20)), FEW
        )
        wrong += any(p.verdict != "cannot be told" for p in found.over_layers if p.part == "face")
    assert wrong <= 4


def test_few_pairs_have_no_verdict_however_much_moved():
    def at(share, n):
        return table([row(f"s{k}", share=share + 0.01 * k) for k in range(n)])

    few, enough = (shift(at(0.1, n), at(0.8, n), FEW).over_layers[0] for n in (5, 6))
    assert few.verdict == "cannot be told"
    assert "fewer than 6 stimuli" in str(few)
    assert enough.verdict == "rises"


def test_answers_without_a_counterpart_are_counted_and_left_out():
    before = [row("s0"), row("s1"), row("s1", repeat=1), row("s2", share=0.2)]
    after = [row("s1", share=0.7), row("s2", share=0.3), row("s2", repeat=1, share=0.9), row("s3")]
    found = shift(table(before), table(after), FEW)
    assert (found.pairs, found.only_first, found.only_second) == (2, 2, 2)
    assert found.over_layers[0].share.value == pytest.approx(((0.7 - 0.5) + (0.3 - 0.2)) / 2)


def test_layers_and_parts_of_one_side_only_are_left_out():
    before = [row(layer=0), row(layer=1), row(layer=1, part="hands")]
    after = [row(layer=1, share=0.6), row(layer=2, share=0.9), row(layer=1, part="feet")]
    found = shift(table(before), table(after), FEW)
    assert [(p.part, p.layer) for p in found.parts] == [("face", None), ("face", 1)]
    assert found.over_layers[0].share.value == pytest.approx(0.1)


def test_several_runs_in_one_table_are_refused():
    with pytest.raises(ValueError, match="several runs"):
        shift(table([row(run_id="a"), row("s1", run_id="b")]), table([row()]), FEW)


def test_dictionary_encoded_and_chunked_tables_are_read_too():
    rows = study(n=6)
    plain = table(rows)
    parts = [plain.slice(0, 30), plain.slice(30)]
    chunked = pa.concat_tables(parts)
    encoded = chunked.set_column(
        chunked.column_names.index("part"), "part", chunked.column("part").dictionary_encode()
    )
    assert str(profile(encoded, FEW)) == str(profile(plain, FEW))
