"""The locator finds who stands before a plain wall, and says nothing of other pictures."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from elena_wb_backdrop.locator import BackdropLocator

from elena_wb.core import Box, Stimulus
from elena_wb.testing import check_locator

STIMULUS = Stimulus("0" * 64, Path("person.png"), "folder", 0, 0)
PERSON = Box(70, 30, 60, 150)


def wall(noise: float = 2.0) -> np.ndarray:
    """Grey-blue, darker to the right, with a floor and some noise: uint8 [200, 240, 3]."""
    pixels = np.full((200, 240, 3), (150, 160, 190), np.float64)
    pixels[170:] = (110, 90, 80)
    pixels *= np.linspace(1.0, 0.92, 240)[None, :, None]
    pixels += np.random.default_rng(5).normal(0, noise, pixels.shape)
    return pixels.clip(0, 255).astype(np.uint8)


def with_person(pixels: np.ndarray, box: Box = PERSON) -> np.ndarray:
    shown = pixels.copy()
    x, y, w, h = (int(side) for side in (box.x, box.y, box.w, box.h))
    shown[y : y + h, x : x + w] = (200, 60, 40)
    return shown


def overlap(one: Box, other: Box) -> float:
    w = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    h = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    shared = max(w, 0) * max(h, 0)
    return shared / (one.area + other.area - shared)


def test_it_keeps_the_contract_of_a_locator():
    print(check_locator(BackdropLocator))


def test_a_person_before_a_wall_is_found_once():
    (region,) = BackdropLocator().locate(with_person(wall()), STIMULUS)
    assert region.part == "body"
    assert overlap(region.box, PERSON) > 0.9


def test_somebody_who_reaches_over_the_edge_is_found():
    reaching = Box(0, 60, 120, 50)
    (region,) = BackdropLocator().locate(with_person(wall(), reaching), STIMULUS)
    assert overlap(region.box, reaching) > 0.9


@pytest.mark.parametrize("scale", [1, 5])
def test_boxes_are_in_pixels_of_the_picture_whatever_its_size(scale):
    pixels = with_person(wall()).repeat(scale, axis=0).repeat(scale, axis=1)
    (region,) = BackdropLocator().locate(pixels, STIMULUS)
    assert overlap(region.box, Box(*(side * scale for side in (70, 30, 60, 150)))) > 0.9


def test_nothing_is_found_where_nobody_is_or_the_wall_is_none():
    anywhere = np.random.default_rng(0).integers(0, 255, (200, 240, 3), np.uint8)
    uneven = with_person(wall())
    uneven[:, 200:] = (20, 120, 20)
    for pixels in (wall(), anywhere, uneven, np.zeros((1, 1, 3), np.uint8)):
        assert list(BackdropLocator().locate(pixels, STIMULUS)) == []


def test_threads_can_share_it_and_the_picture_is_left_as_it_is():
    pixels, locator = with_person(wall()), BackdropLocator()
    before = pixels.copy()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: tuple(locator.locate(pixels, STIMULUS)), range(8)))
    assert len(set(map(str, found))) == 1
    assert (pixels == before).all()


@pytest.mark.parametrize("given", [{"difference": 0.5}, {"evenness": 0}, {"evenness": 1.1}])
def test_options_out_of_range_are_refused(given):
    with pytest.raises(ValueError, match="must be"):
        BackdropLocator(**given)


def test_settings_are_part_of_its_identity():
    assert BackdropLocator(difference=20).identity != BackdropLocator().identity
