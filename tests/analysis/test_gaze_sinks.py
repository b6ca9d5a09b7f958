"""Places attended to whatever is said are told from things that are looked at."""

from __future__ import annotations

import numpy as np
import pytest

from elena_wb.analysis.gaze import coverage, find_sinks, measure
from elena_wb.core import Box
from tests.analysis.gaze_records import record, tiles, whole

LAYERS, HEADS = 8, 4


def noise(places: int, rng: np.random.Generator) -> np.ndarray:
    """Attention as uneven as that of real layers: some places get five times what others get."""
    weights = rng.lognormal(0, 0.5, (LAYERS, HEADS, places))
    return weights / weights.sum(axis=-1, keepdims=True)


def planted(places: int, where, share: float, rng, layers=range(LAYERS)) -> np.ndarray:
    """Noise, of which ``share`` is moved to ``where`` in ``layers``."""
    weights = noise(places, rng)
    for layer in layers:
        weights[layer] *= 1 - share
        weights[layer][:, where] += share / len(where)
    return weights


def sinks(blocks, baseline, size=(160, 160), parts=None) -> list[int]:
    found = coverage(blocks, *size, parts or {})
    return np.flatnonzero(find_sinks(record(blocks, baseline, baseline=baseline), found)).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_planted_sinks_are_found_in_small_and_large_layouts(seed):
    rng = np.random.default_rng(seed)
    assert sinks(whole(4), planted(16, [3], 0.6, rng)) == [3]
    assert sinks(whole(16), planted(256, [0, 37, 200], 0.3, rng)) == [0, 37, 200]
    assert sinks(tiles(), planted(6400, [80, 1700, 1701], 0.2, rng), (640, 480)) == [80, 1700, 1701]


@pytest.mark.parametrize("seed", range(5))
def test_uneven_attention_alone_makes_no_sink(seed):
    rng = np.random.default_rng(seed)
    for blocks, size in ((whole(4), (160, 160)), (whole(16), (160, 160)), (tiles(), (640, 480))):
        places = sum(block.places for block in blocks)
        assert sinks(blocks, noise(places, rng), size) == []


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_thing_that_is_looked_at_from_every_word_is_no_sink(seed, share):
    rng = np.random.default_rng(seed)
    face = [row * 16 + column for row in (4, 5) for column in (8, 9)]
    assert sinks(whole(16), planted(256, face, share, rng)) == []
    large = [row * 40 + column for row in range(10, 22) for column in range(20, 29)]
    assert sinks(tiles(), planted(6400, large, share, rng), (640, 480)) == []
    bump = np.exp(-(((np.arange(40)[:, None] - 12) ** 2 + (np.arange(40) - 17) ** 2) / 18)).ravel()
    smooth = noise(6400, rng) * (1 - share)
    smooth[..., :1600] += share * bump / bump.sum()
    assert sinks(tiles(), smooth, (640, 480)) == []


def test_on_a_coarse_grid_a_place_that_holds_a_part_is_no_sink():
    rng = np.random.default_rng(0)
    baseline = planted(16, [5, 12], 0.8, rng)
    parts = {"face": [Box(45, 45, 30, 30)], "body": [Box(40, 40, 60, 79)]}
    assert sinks(whole(4), baseline) == [5, 12]
    assert sinks(whole(4), baseline, parts=parts) == [12]


def test_on_a_fine_grid_a_sink_may_lie_on_a_part():
    rng = np.random.default_rng(0)
    parts = {"body": [Box(0, 0, 160, 160)]}
    assert sinks(whole(16), planted(256, [37], 0.3, rng), parts=parts) == [37]


def test_a_place_that_only_few_layers_attend_to_is_no_sink():
    rng = np.random.default_rng(0)
    assert sinks(whole(16), planted(256, [37], 0.9, rng, layers=range(3))) == []
    assert sinks(whole(16), planted(256, [37], 0.9, rng, layers=range(3, 8))) == [37]


def test_where_almost_all_places_get_nothing_little_is_still_little():
    baseline = np.zeros((2, 1, 256))
    baseline[..., 100] = 1e-9
    baseline[..., 40:70] = 1 / 30
    assert sinks(whole(16), baseline) == []


def test_weights_of_the_answer_alone_make_no_sink():
    rng = np.random.default_rng(0)
    blocks = whole(16)
    weights = planted(256, [37], 0.9, rng)
    seen = coverage(blocks, 160, 160, {})
    assert not find_sinks(record(blocks, weights), seen).any()
    assert not find_sinks(record(blocks, weights, baseline=noise(256, rng)), seen).any()


def test_padding_is_no_place_of_the_picture_and_so_no_sink():
    rng = np.random.default_rng(0)
    last = 6399
    assert sinks(tiles(), planted(6400, [last], 0.3, rng), (640, 480)) == []


def test_without_sinks_the_share_is_that_of_the_other_places():
    rng = np.random.default_rng(0)
    blocks = whole(16)
    parts = {"face": [Box(0, 0, 40, 40)]}
    seen = coverage(blocks, 160, 160, parts)
    plain = noise(256, rng)
    with_sink = plain.copy()
    with_sink[..., 200] = 0.4
    measured = measure(record(blocks, with_sink[None], baseline=with_sink), seen)
    assert np.flatnonzero(measured.sinks).tolist() == [200]
    plain[..., 200] = 0
    np.testing.assert_allclose(
        measured.share_without_sinks, measure(record(blocks, plain[None]), seen).share, rtol=1e-6
    )
    assert (measured.share_without_sinks[..., 1] > measured.share[..., 1]).all()


def test_baselines_that_are_not_numbers_make_no_sink():
    assert sinks(whole(4), np.full((3, 1, 16), np.nan)) == []
    assert sinks(whole(1), np.ones((3, 1, 1))) == []
