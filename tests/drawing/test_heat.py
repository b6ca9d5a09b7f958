"""Weights of places as multiples of even attention, and as colours."""

from __future__ import annotations

import numpy as np
import pytest

from elena_wb.core import Block, Box
from elena_wb.drawing.heat import bar, centres, drawn, largest, on_picture, times_even
from elena_wb.drawing.scale import number, ticks

PICTURE = (160, 120)
WHOLE = [Block("whole", 4, 4, Box(0, 0, 160, 120))]
CROPS = [*WHOLE, Block("left", 3, 3, Box(0, 0, 90, 120)), Block("right", 3, 3, Box(90, 0, 70, 120))]


def raster(blocks, weights, size=(320, 240)) -> np.ndarray:
    x, y = centres(size[0], PICTURE[0]), centres(size[1], PICTURE[1])
    return times_even(blocks, np.asarray(weights, dtype=float), PICTURE, x, y)


def test_a_weight_lights_its_own_place_and_no_other():
    weights = np.zeros(16)
    weights[6] = 0.2
    found = raster(WHOLE, weights)
    np.testing.assert_allclose(found[60:120, 160:240], 16)
    found[60:120, 160:240] = 0
    assert (found == 0).all()


def test_even_attention_is_one_everywhere_also_where_grids_overlap():
    for blocks in (WHOLE, CROPS):
        places = sum(block.places for block in blocks)
        np.testing.assert_allclose(raster(blocks, np.full(places, 0.01)), 1)


def test_where_grids_overlap_their_densities_add():
    weights = np.zeros(34)
    weights[0], weights[16] = 0.3, 0.1
    found = raster(CROPS, weights)
    whole, left = 40 * 30, 30 * 40
    even = (1 / whole + 1 / left) / 34
    assert found[0, 0] == pytest.approx((0.3 / whole + 0.1 / left) / 0.4 / even)
    assert found[70, 10] == pytest.approx(0.1 / left / 0.4 / even)
    assert found[10, 70] == pytest.approx(0.3 / whole / 0.4 / even)


def test_multiples_do_not_depend_on_how_much_weight_there_is():
    weights = np.random.default_rng(0).random(16)
    np.testing.assert_allclose(raster(WHOLE, weights), raster(WHOLE, weights / 1000))


def test_weight_beside_the_picture_is_not_of_the_picture():
    padded = [Block("padded", 2, 2, Box(0, 0, 160, 240))]
    found = raster(padded, [0.1, 0.3, 5, 7])
    assert on_picture(padded, np.array([0.1, 0.3, 5, 7]), PICTURE) == pytest.approx(0.4)
    assert found[0, 0] == pytest.approx(0.5)
    assert found[0, -1] == pytest.approx(1.5)
    half = [Block("half in", 1, 2, Box(80, 0, 160, 120))]
    assert on_picture(half, np.array([0.25, 0.5]), PICTURE) == 0.25


def test_what_a_model_does_not_see_is_not_a_number():
    crop = [Block("crop", 2, 2, Box(40, 0, 80, 120))]
    found = raster(crop, np.ones(4))
    assert np.isnan(found[:, :80]).all()
    assert np.isnan(found[:, 240:]).all()
    np.testing.assert_allclose(found[:, 80:240], 1)


@pytest.mark.parametrize("weight", [0.0, np.nan])
def test_a_map_without_weight_has_no_values(weight):
    assert np.isnan(raster(WHOLE, np.full(16, weight))).all()
    assert largest(WHOLE, np.full(16, weight), PICTURE, None) == 0


def test_the_largest_value_is_exact_where_a_drawing_is_too_coarse_to_show_it():
    fine = [Block("fine", 300, 400, Box(0, 0, 160, 120))]
    weights = np.random.default_rng(0).random(120_000)
    assert largest(fine, weights, PICTURE, None) == pytest.approx(weights.max() / weights.mean())
    weights = np.random.default_rng(0).random(34)
    assert largest(CROPS, weights, PICTURE, None) == pytest.approx(raster(CROPS, weights).max())


def test_sinks_do_not_say_where_a_scale_ends():
    weights = np.ones(16)
    weights[3], weights[9] = 100, 4
    sinks = np.zeros(16, dtype=bool)
    sinks[3] = True
    assert largest(WHOLE, weights, PICTURE, sinks) == pytest.approx(4 / weights.mean())


def test_the_scale_gets_lighter_from_end_to_end():
    strip = np.asarray(bar(400, 5)).astype(float)
    light = strip[0] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light[40::20]) > 0).all()
    assert light[-1] > 200
    assert light[:40].max() < 80


def test_no_attention_leaves_the_picture_grey_and_full_attention_hides_it():
    pixels = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    times = np.zeros((120, 160))
    times[:, 80:] = 3
    image = np.asarray(drawn(pixels, times, 3.0)).astype(int)
    assert (np.ptp(image[:, :80], axis=2) == 0).all()
    assert image[:, :80].std() > 3 * image[:, 80:, 0].std()
    assert (image[:, 80:, 0] - image[:, 80:, 2] > 50).all()


def test_values_beyond_the_scale_have_its_last_colour():
    pixels = np.full((10, 10, 3), 99, dtype=np.uint8)
    at, beyond = (np.asarray(drawn(pixels, np.full((10, 10), times), 2.0)) for times in (2.0, 50.0))
    assert (at == beyond).all()


@pytest.mark.parametrize("most", [0.004, 1, 2, 7.55, 9.03, 31, 640, 12345])
def test_ticks_are_few_and_round_and_within_the_scale(most):
    found = ticks(most)
    assert found[0] == 0
    assert max(found) <= most
    assert 4 <= len(found) <= 10


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.25, "0.25"),
        (7.5512, "7.55"),
        (12.5, "12.5"),
        (1340.4, "1340"),
        (9.999, "10"),
        (1e-5, "1.00e-05"),
    ],
)
def test_numbers_have_three_digits_that_count(value, text):
    assert number(value) == text
