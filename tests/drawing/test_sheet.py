"""Sheets of maps: the right pixels, one scale, names, sizes, and texts that nobody can trust."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from elena_wb.core import Block, Box
from elena_wb.drawing import LARGEST, Panel, grid, overlay, png_bytes, save_png, side_by_side
from elena_wb.drawing.text import LONGEST, fitted, lines, shown, width
from elena_wb.errors import SetupError
from tests.real_data import real

MARGIN = 12
GREY = np.full((640, 640, 3), 128, dtype=np.uint8)
WHOLE = [Block("whole", 4, 4, Box(0, 0, 640, 640))]


def planted(k: int, share: float = 0.8) -> np.ndarray:
    weights = np.full(16, (1 - share) / 15)
    weights[k] = share
    return weights


def cell(image: Image.Image, k: int, left: int = MARGIN, top: int = MARGIN, side: int = 160) -> np.ndarray:
    """The inner pixels of a place of a map that begins there."""
    row, column = divmod(k, 4)
    y, x = top + row * side, left + column * side
    return np.asarray(image)[y + 8 : y + side - 8, x + 8 : x + side - 8].astype(int)


def colours(pixels: np.ndarray) -> int:
    """How many different ones there are."""
    return len(np.unique(pixels.reshape(-1, 3).astype(int) @ [65536, 256, 1]))


def colour(image: Image.Image, k: int, **where) -> tuple:
    pixels = cell(image, k, **where).reshape(-1, 3)
    assert (pixels == pixels[0]).all()
    return tuple(pixels[0])


def test_the_place_with_the_weight_has_the_colour_of_the_end_of_the_scale():
    for k in (0, 6, 15):
        image = overlay(GREY, WHOLE, planted(k), outlines={}, title="")
        others = {colour(image, other) for other in range(16) if other != k}
        assert len(others) == 1
        assert sum(colour(image, k)) > 2 * sum(others.pop())


def test_colours_are_not_stretched_to_the_range_of_a_map():
    nearly_even = np.full(16, 0.05)
    nearly_even[5] = 0.055
    image = overlay(GREY, WHOLE, nearly_even, outlines={}, title="")
    assert np.abs(np.subtract(colour(image, 5), colour(image, 6))).max() < 25
    assert max(colour(image, 5)) < 200


def test_a_scale_that_was_given_holds():
    low, high = (overlay(GREY, WHOLE, planted(5), outlines={}, title="", most=most) for most in (5.0, 50.0))
    own = overlay(GREY, WHOLE, planted(5), outlines={}, title="")
    assert sum(colour(high, 5)) < sum(colour(own, 5))
    assert sum(colour(low, 6)) > sum(colour(own, 6))
    assert colour(low, 5) == colour(own, 5)


def test_the_layers_of_a_grid_have_one_scale():
    strong, weak = planted(5, 0.8), planted(10, 0.4)
    both = strong.copy()
    both[10] = weak[10] * strong[5] / 0.8
    image = grid(GREY, WHOLE, np.stack([strong, weak]), [3, 7], outlines={}, title="", most=12.8)
    wide = (image.width - 2 * MARGIN - 10) // 2
    side = wide // 4
    left, right = MARGIN, MARGIN + wide + 10
    at_peak = colour(image, 5, left=left, side=side)
    assert sum(at_peak) > sum(colour(image, 10, left=right, side=side)) + 100
    alone = grid(GREY, WHOLE, np.stack([weak, weak]), [3, 7], outlines={}, title="", most=12.8)
    assert colour(alone, 10, left=left, side=side) == colour(image, 10, left=right, side=side)


def test_the_maximum_of_all_layers_is_where_their_scale_ends():
    image = grid(GREY, WHOLE, np.stack([planted(5, 0.8), planted(10, 0.4)]), [3, 7], outlines={}, title="")
    told = grid(
        GREY, WHOLE, np.stack([planted(5, 0.8), planted(10, 0.4)]), [3, 7], outlines={}, title="", most=12.8
    )
    assert png_bytes(image) == png_bytes(told)


def test_pictures_side_by_side_are_each_their_own():
    black = np.zeros_like(GREY)
    image = side_by_side(
        Panel(GREY, WHOLE, planted(0), "unmasked"), Panel(black, WHOLE, planted(0), "masked"), title=""
    )
    wide = (image.width - 2 * MARGIN - 10) // 2
    unmasked = colour(image, 9, side=wide // 4)
    assert sum(unmasked) > sum(colour(image, 9, left=MARGIN + wide + 10, side=wide // 4)) + 60


def test_an_outline_is_where_the_box_is():
    plain = np.asarray(overlay(GREY, WHOLE, planted(0), outlines={}, title="")).astype(int)
    drawn = np.asarray(
        overlay(GREY, WHOLE, planted(0), outlines={"face": [Box(200, 300, 100, 80)]}, title="")
    )
    apart = np.abs(drawn.astype(int) - plain).max(axis=2)[MARGIN : MARGIN + 640, MARGIN : MARGIN + 640] > 0
    assert apart[300, 200:300].all()
    assert apart[379, 200:300].all()
    assert apart[300:380, 200].all()
    assert apart[300:380, 299].all()
    assert not apart[310:370, 210:290].any()
    outside = apart.copy()
    outside[300:380, 200:300] = False
    rows, columns = np.nonzero(outside)
    assert 260 < rows.min() <= rows.max() < 300
    assert 200 <= columns.min() <= columns.max() < 260


def test_lines_of_parts_differ_in_pattern_and_boxes_beside_the_picture_are_left_out():
    def row_of(part):
        outlines = {name: [Box(700, 0, 9, 9)] for name in ("a", "b", "c")} | {part: [Box(100, 300, 400, 80)]}
        image = np.asarray(overlay(GREY, WHOLE, planted(0), outlines=outlines, title=""))
        return (image[MARGIN + 301, MARGIN + 101 : MARGIN + 499].astype(int).sum(axis=1) > 250).tolist()

    patterns = [row_of(part) for part in ("a", "b", "c")]
    assert all(patterns[0])
    assert len({tuple(pattern) for pattern in patterns}) == 3


def test_small_maps_have_the_names_of_parts_below_the_sheet():
    boxes = {"face": [Box(200, 300, 100, 80)], "hands": [Box(40, 500, 60, 60)]}
    maps = np.stack([planted(0)] * 12)
    with_names, without = (
        np.asarray(grid(GREY, WHOLE, maps, range(12), outlines=of, title="")) for of in (boxes, {})
    )
    assert with_names.shape[0] > without.shape[0] + 10
    assert (with_names[without.shape[0] :] < 100).any()


def test_sinks_are_crossed_out():
    sinks = np.zeros(16, dtype=bool)
    sinks[9] = True
    weights = planted(9)
    image = overlay(GREY, WHOLE, weights, outlines={}, title="", sinks=sinks)
    assert colours(cell(image, 9)) >= 3
    assert image.height > overlay(GREY, WHOLE, weights, outlines={}, title="").height


def test_what_a_model_does_not_see_is_hatched():
    crop = [Block("crop", 4, 4, Box(160, 0, 320, 640))]
    image = np.asarray(overlay(GREY, crop, np.full(16, 1 / 16), outlines={}, title=""))
    assert colours(image[MARGIN : MARGIN + 640, MARGIN : MARGIN + 160]) == 2
    assert colours(image[MARGIN : MARGIN + 640, MARGIN + 170 : MARGIN + 470]) == 1


@pytest.mark.parametrize(
    ("wide", "high"), [(1, 1), (16, 16), (224, 224), (6000, 4500), (4500, 6000), (4000, 20), (20, 4000)]
)
def test_small_pictures_are_enlarged_and_large_ones_bounded(wide, high):
    pixels = np.zeros((high, wide, 3), dtype=np.uint8)
    blocks = [Block("whole", 4, 4, Box(0, 0, wide, high))]
    outlines = {"face": [Box(0, 0, wide / 2, high / 2)]}
    image = overlay(pixels, blocks, planted(3), outlines=outlines, title="a title " * 99)
    assert 300 <= max(image.size) <= LARGEST
    assert min(wide, high) < 21 or max(image.size) >= 640


@pytest.mark.parametrize("n", [1, 3, 12, 48, 126])
def test_a_grid_of_any_number_of_layers_is_bounded(n):
    pixels = np.zeros((48, 64, 3), dtype=np.uint8)
    blocks = [Block("whole", 4, 4, Box(0, 0, 64, 48))]
    parts = {f"part {k}": [Box(k, k, 9, 9)] for k in range(12)}
    image = grid(pixels, blocks, np.stack([planted(3)] * n), range(n), outlines=parts, title="t")
    assert max(image.size) <= LARGEST


def test_a_word_that_the_answer_has_not_leaves_the_picture_without_colours():
    image = overlay(GREY, WHOLE, np.full(16, np.nan), outlines={}, title="")
    assert len({colour(image, k) for k in range(16)}) == 1
    assert np.ptp(colour(image, 0)) == 0


def test_texts_are_written_in_characters_that_cannot_deceive():
    assert shown("joy\u202e evil\u202c\u200b\x1b[31m\n\tend") == "joy evil[31m end"
    assert shown("Café → ½ ﬁn 心 😀 \ud800") == "Cafe -> 1⁄2 ﬁn \\u5fc3 \\U0001f600 \\ud800"
    assert len(shown("x" * 10**6)) == LONGEST + 1
    for text in ("\u202e" * 999, "心" * 999, "a\u0301" * 999, "\x00"):
        assert overlay(GREY, WHOLE, planted(0), outlines={text: [Box(0, 0, 9, 9)]}, title=text).height < 1000


def test_lines_hold_what_fits():
    assert lines("", 16, 100, 3) == []
    broken = lines("one two three four five six seven eight", 16, 90, 3)
    assert len(broken) == 3
    assert broken[-1].endswith("…")
    assert all(width(line, 16) <= 90 for line in broken)
    assert fitted("short", 16, 900) == "short"


def test_a_png_holds_nothing_beside_the_picture(tmp_path):
    image = overlay(GREY, WHOLE, planted(0), outlines={}, title="secret words")
    image.info["comment"] = "secret words"
    save_png(image, tmp_path / "map.png")
    data = (tmp_path / "map.png").read_bytes()
    chunks, at = [], 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        chunks.append(kind)
        at += length + 12
    assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}
    assert (np.asarray(Image.open(io.BytesIO(data))) == np.asarray(image)).all()
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]


def test_a_picture_that_cannot_be_written_is_an_error_for_people(tmp_path):
    with pytest.raises(SetupError, match="Cannot write the picture"):
        save_png(Image.new("RGB", (2, 2)), tmp_path / "none" / "map.png")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": np.zeros(15)}, "16 places"),
        ({"weights": np.zeros((1, 16))}, "16 places"),
        ({"most": 0.0}, "cannot end"),
        ({"most": float("nan")}, "cannot end"),
        ({"pixels": np.zeros((0, 5, 3), dtype=np.uint8)}, "nothing to draw on"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, words):
    given = {"pixels": GREY, "blocks": WHOLE, "weights": planted(0), "outlines": {}, "title": ""} | change
    with pytest.raises(ValueError, match=words):
        overlay(**given)


def test_a_photograph_can_still_be_seen_below_the_map():
    pixels = np.asarray(Image.open(real("photos/nasa_astronaut.jpg")).convert("RGB"))
    high, wide = pixels.shape[:2]
    blocks = [Block("whole", 16, 16, Box(0, 0, wide, high))]
    weights = np.full(256, 1e-3)
    weights[3 * 16 + 7] = 0.5
    image = overlay(
        pixels, blocks, weights, outlines={"face": [Box(wide * 0.4, high * 0.1, 90, 120)]}, title=""
    )
    shown_part = (
        image.crop((MARGIN, MARGIN + 320, MARGIN + 640, MARGIN + 640)).convert("L").resize((wide, high // 2))
    )
    grey = Image.fromarray(pixels).convert("L").crop((0, high // 2, wide, high))
    assert np.corrcoef(np.asarray(shown_part).ravel(), np.asarray(grey).ravel())[0, 1] > 0.95
