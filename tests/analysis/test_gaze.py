"""Overlap of places with parts, and what is measured from weights."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elena_wb.analysis.gaze import coverage, measure
from elena_wb.core import Block, Box
from tests.analysis.gaze_records import record, tiles


def exact(block: Block, k: int, boxes, width: int, height: int) -> Fraction:
    """The share of a place in the union of boxes, by inclusion and exclusion over exact fractions."""
    row, column = divmod(k, block.columns)
    bx, by, bw, bh = (Fraction(v) for v in (block.box.x, block.box.y, block.box.w, block.box.h))
    place = (
        bx + bw * column / block.columns,
        by + bh * row / block.rows,
        bx + bw * (column + 1) / block.columns,
        by + bh * (row + 1) / block.rows,
    )
    picture = (Fraction(0), Fraction(0), Fraction(width), Fraction(height))
    total = Fraction(0)
    for chosen in range(1, 2 ** len(boxes)):
        corners = [place, picture]
        for i, box in enumerate(boxes):
            if chosen >> i & 1:
                x, y = Fraction(box.x), Fraction(box.y)
                corners.append((x, y, x + Fraction(box.w), y + Fraction(box.h)))
        w = min(c[2] for c in corners) - max(c[0] for c in corners)
        h = min(c[3] for c in corners) - max(c[1] for c in corners)
        if w > 0 and h > 0:
            total += w * h if chosen.bit_count() % 2 else -w * h
    return total / ((place[2] - place[0]) * (place[3] - place[1]))


numbers = st.floats(-30, 130, allow_nan=False)
sizes = st.floats(0.01, 90)
a_box = st.builds(Box, numbers, numbers, sizes, sizes)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(a_box, min_size=1, max_size=4),
    st.builds(
        Block,
        st.just("b"),
        st.integers(1, 5),
        st.integers(1, 5),
        st.builds(Box, numbers, numbers, sizes, sizes),
    ),
)
def test_overlaps_are_those_that_exact_fractions_give(boxes, block):
    found = coverage([block], 100, 77, {"face": boxes})
    for k in range(block.places):
        inside = exact(block, k, [Box(0, 0, 100, 77)], 100, 77)
        assert found.in_picture[k] == pytest.approx(float(inside), abs=1e-9)
        if "face" in found.parts:
            face = exact(block, k, boxes, 100, 77)
            assert found.of_part[k, 1] == pytest.approx(float(face), abs=1e-9)
            assert found.of_part[k, 2] == pytest.approx(float(inside - face), abs=1e-9)


def test_a_grid_over_the_picture_gives_every_part_its_share_of_the_area():
    parts = {"face": [Box(10.5, 20.25, 30, 40), Box(20, 30, 30, 40)], "feet": [Box(90, 90, 50, 50)]}
    found = coverage([Block("whole", 16, 16, Box(0, 0, 120, 100))], 120, 100, parts)
    union = 2 * 30 * 40 - 20.5 * 30.25
    assert found.parts == ("picture", "face", "feet", "background")
    expected = [1, union / 12000, 300 / 12000, (12000 - union - 300) / 12000]
    np.testing.assert_allclose(found.area_fraction, expected, atol=1e-12)


def test_overlapping_parts_take_from_the_background_once():
    parts = {"body": [Box(0, 0, 50, 100)], "face": [Box(10, 0, 20, 20)]}
    found = coverage([Block("whole", 4, 4, Box(0, 0, 100, 100))], 100, 100, parts)
    assert found.area_fraction[found.parts.index("background")] == pytest.approx(0.5)


def test_a_part_that_is_not_in_the_picture_is_left_out_and_no_part_means_no_background():
    block = Block("whole", 4, 4, Box(0, 0, 100, 100))
    assert coverage([block], 100, 100, {"face": [Box(200, 0, 9, 9)], "hands": []}).parts == ("picture",)


def test_a_part_outside_the_crop_that_a_model_sees_has_no_area():
    block = Block("crop", 4, 4, Box(50, 0, 100, 100))
    found = coverage([block], 200, 100, {"face": [Box(0, 0, 40, 40)]})
    assert found.area_fraction.tolist() == [1, 0, 1]
    shares = measure(record([block], np.full(16, 1 / 16)), found).share
    assert shares[0, 0, 0].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("rows", "box"), [(0, Box(0, 0, 9, 9)), (2, Box(0, 0, 0, 9)), (2, Box(0, 0, 9, math.nan))]
)
def test_blocks_without_places_or_area_are_refused(rows, box):
    with pytest.raises(ValueError, match="no places or no area"):
        coverage([Block("odd", rows, 2, box)], 9, 9, {})


def test_names_with_a_meaning_of_their_own_are_refused():
    with pytest.raises(ValueError, match="background"):
        coverage([Block("whole", 2, 2, Box(0, 0, 9, 9))], 9, 9, {"background": [Box(0, 0, 1, 1)]})


def test_four_tiles_and_twelve_parts_of_a_large_picture_take_milliseconds():
    blocks = [Block(f"tile {k}", 40, 40, Box(k % 2 * 3000, k // 2 * 2250, 3000, 2250)) for k in range(4)]
    rng = np.random.default_rng(0)
    parts = {
        f"part {k}": [Box(*(rng.random(4) * [5000, 4000, 900, 900])) for _ in range(3)] for k in range(12)
    }
    coverage(blocks, 6000, 4500, parts)
    best = math.inf
    for _ in range(5):
        start = time.process_time()
        coverage(blocks, 6000, 4500, parts)
        best = min(best, time.process_time() - start)
    assert best < 0.1


def test_even_attention_prefers_nothing():
    blocks = tiles()
    found = coverage(blocks, 640, 480, {"face": [Box(100, 50, 90, 120)], "hands": [Box(500, 300, 33, 21)]})
    measured = measure(record(blocks, np.full(6400, 1 / 6400)), found)
    np.testing.assert_allclose(measured.share[0, 0, 0] / found.area_fraction, 1)
    in_picture = 640 * 480 / (800 * 800)
    assert measured.elsewhere["padding"][0, 0, 0] == pytest.approx(1 - in_picture)
    assert measured.mass[0, 0, 0, 0] == pytest.approx(in_picture)
    assert found.in_picture.sum() * (10 * 10) == pytest.approx(640 * 480)


def test_all_weight_in_one_place_is_a_peak_there_without_entropy():
    block = Block("whole", 4, 4, Box(0, 0, 100, 100))
    found = coverage([block], 100, 100, {"face": [Box(50, 25, 25, 25)], "feet": [Box(0, 75, 100, 25)]})
    weights = np.zeros(16)
    weights[6] = 0.25
    measured = measure(record([block], weights, elsewhere={"beginning": np.float32([[[0.75]]])}), found)
    assert measured.mass[0, 0, 0].tolist() == [0.25, 0.25, 0, 0]
    assert measured.share[0, 0, 0].tolist() == [1, 1, 0, 0]
    assert measured.peak_inside[0, 0, 0].tolist() == [True, True, False, False]
    assert measured.entropy[0, 0, 0] == 0
    assert measured.elsewhere["beginning"][0, 0, 0] == 0.75
    assert measured.elsewhere["padding"][0, 0, 0] == 0


def test_entropy_is_in_bits_over_places_in_the_picture_only():
    block = Block("padded", 4, 4, Box(0, 0, 100, 200))
    found = coverage([block], 100, 100, {})
    assert measure(record([block], np.full(16, 1 / 16)), found).entropy[0, 0, 0] == pytest.approx(3)


def test_the_peak_is_sought_in_the_picture_and_the_first_of_equals_is_taken():
    block = Block("padded", 2, 2, Box(0, 0, 100, 200))
    found = coverage([block], 100, 100, {"face": [Box(0, 0, 50, 100)]})
    measured = measure(record([block], [0.2, 0.2, 0.6, 0.0]), found)
    assert measured.peak_inside[0, 0, 0].tolist() == [True, True, False]


def test_a_place_on_the_edge_of_the_picture_counts_for_what_lies_in_it():
    block = Block("padded", 1, 2, Box(0, 0, 100, 100))
    found = coverage([block], 75, 100, {"hand": [Box(50, 0, 50, 100)]})
    measured = measure(record([block], [0.5, 0.5]), found)
    assert measured.mass[0, 0, 0].tolist() == [0.75, 0.25, 0.5]
    assert measured.elsewhere["padding"][0, 0, 0] == 0.25


def test_a_target_without_tokens_stays_nan_and_a_map_without_weight_has_no_share():
    block = Block("whole", 2, 2, Box(0, 0, 10, 10))
    found = coverage([block], 10, 10, {"face": [Box(0, 0, 5, 5)]})
    weights = np.stack([np.full((3, 2, 4), np.nan), np.zeros((3, 2, 4)), np.full((3, 2, 4), 0.25)])
    measured = measure(record([block], weights), found)
    for array in (measured.mass, measured.share, measured.share_without_sinks, measured.entropy):
        assert np.isnan(array[0]).all()
        assert np.isfinite(array[2]).all()
    assert np.isnan(measured.elsewhere["padding"][0]).all()
    assert (measured.mass[1] == 0).all()
    assert np.isnan(measured.share[1]).all()
    assert np.isnan(measured.entropy[1]).all()
    assert not measured.peak_inside[:2].any()
    assert measured.peak_inside[2, :, :, 1].all()


def test_heads_layers_and_targets_are_measured_apart():
    block = Block("whole", 2, 2, Box(0, 0, 10, 10))
    found = coverage([block], 10, 10, {"face": [Box(0, 0, 5, 5)]})
    rng = np.random.default_rng(1)
    weights = rng.random((2, 3, 4, 4)).astype(np.float32)
    together = measure(record([block], weights), found)
    for target, layer, head in np.ndindex(2, 3, 4):
        alone = measure(record([block], weights[target, layer, head]), found)
        np.testing.assert_allclose(together.share[target, layer, head], alone.share[0, 0, 0])
        assert together.entropy[target, layer, head] == pytest.approx(alone.entropy[0, 0, 0])
        assert (together.peak_inside[target, layer, head] == alone.peak_inside[0, 0, 0]).all()


def test_weights_for_other_places_are_refused():
    block = Block("whole", 2, 2, Box(0, 0, 10, 10))
    with pytest.raises(ValueError, match="5 weights for 4 places"):
        measure(record([block], np.zeros(5)), coverage([block], 10, 10, {}))
