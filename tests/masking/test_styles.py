"""Every style hides every pixel of its boxes, changes none outside its reach, and survives odd pictures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elena_wb.core import Box, Choice, Masker, Pixels, Stimulus, UsageError
from elena_wb.data import load_image
from elena_wb.masking.area import Rectangle, rectangles
from elena_wb.masking.blur import BlurMasker
from elena_wb.masking.box import BoxMasker, mean_of
from elena_wb.masking.control import ControlMasker
from elena_wb.masking.ellipse import EllipseMasker, around
from elena_wb.masking.inpaint import InpaintMasker
from elena_wb.masking.pixelate import PixelateMasker
from elena_wb.masking.yunet import YunetLocator
from elena_wb.plugins import plugin_host
from tests.real_data import real

PADDED: dict[str, tuple[Masker, float]] = {
    "box": (BoxMasker(), 0.05),
    "mean": (BoxMasker("mean"), 0.05),
    "blur": (BlurMasker(), 0.35),
    "pixelate": (PixelateMasker(), 0.35),
    "inpaint": (InpaintMasker(), 0.35),
}
"""Styles that hide the padded box and change nothing outside it, with their padding."""
STYLES: dict[str, Masker] = {
    **{name: style for name, (style, _) in PADDED.items()},
    "ellipse": EllipseMasker(),
    "control": ControlMasker(),
}
MIXING = ("blur", "pixelate", "inpaint")

side = st.integers(1, 60)
boxes_in = st.lists(
    st.builds(Box, x=st.floats(-20, 60), y=st.floats(-20, 60), w=st.floats(0.01, 90), h=st.floats(0.01, 90)),
    max_size=4,
)


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def covered(boxes: Sequence[Box], padding: float, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Straight from the definition: the pixels that the padded boxes touch."""
    ys, xs = np.mgrid[0:height, 0:width]
    hidden = np.zeros((height, width), dtype=bool)
    for box in boxes:
        grown = box.padded(padding)
        hidden |= (
            (xs + 1 > grown.x) & (xs < grown.x + grown.w) & (ys + 1 > grown.y) & (ys < grown.y + grown.h)
        )
    return hidden


def made(text: str) -> Masker:
    """A style as the command line makes it."""
    masker: Masker = plugin_host().make("maskers", Choice.parse(text))
    return masker


@pytest.mark.parametrize("name", STYLES)
@settings(max_examples=60, deadline=None)
@given(height=side, width=side, boxes=boxes_in, seed=st.integers(0, 3))
def test_a_new_picture_of_the_same_shape_the_same_each_time(
    name: str, height: int, width: int, boxes: list[Box], seed: int
) -> None:
    pixels = noise(height, width, seed)
    before = pixels.copy()
    masked = STYLES[name].mask(pixels, boxes)
    assert masked.shape == pixels.shape
    assert masked.dtype == np.uint8
    assert not np.shares_memory(masked, pixels)
    assert (pixels == before).all()
    assert (STYLES[name].mask(pixels, boxes) == masked).all()


@pytest.mark.parametrize("name", PADDED)
@settings(max_examples=60, deadline=None)
@given(height=side, width=side, boxes=boxes_in)
def test_no_pixel_outside_the_padded_boxes_changes(
    name: str, height: int, width: int, boxes: list[Box]
) -> None:
    style, padding = PADDED[name]
    pixels = noise(height, width)
    changed = (style.mask(pixels, boxes) != pixels).any(axis=2)
    assert not (changed & ~covered(boxes, padding, height, width)).any()


@settings(max_examples=100, deadline=None)
@given(height=side, width=side, boxes=boxes_in, padding=st.floats(0, 1))
def test_an_ellipse_leaves_no_pixel_that_its_padded_box_touches(
    height: int, width: int, boxes: list[Box], padding: float
) -> None:
    white = np.full((height, width, 3), 255, np.uint8)
    masked = EllipseMasker(padding=padding).mask(white, boxes)
    assert (masked[covered(boxes, padding, height, width)] == 0).all()


def test_an_ellipse_is_round_and_half_pi_of_its_box() -> None:
    white = np.full((400, 400, 3), 255, np.uint8)
    hidden = (EllipseMasker().mask(white, [Box(150, 100, 100, 200)]) == 0).all(axis=2)
    assert hidden.sum() == pytest.approx(np.pi / 2 * 100 * 200, rel=0.01)
    assert hidden[200, 130]
    assert not hidden[60:65, 130].any()
    assert (hidden == hidden[::-1, ::-1]).all()


def test_a_shape_around_twice_the_picture_holds_the_whole_picture() -> None:
    white = np.full((48, 64, 3), 255, np.uint8)
    assert not EllipseMasker().mask(white, [Box(-32, -24, 128, 96)]).any()


def test_what_reaches_beyond_the_picture_is_cut_off() -> None:
    frame, inside = around(Rectangle(0, 10, 0, 20), width=30, height=12)
    assert frame == Rectangle(0, 12, 0, 25)
    assert inside.shape == (12, 25)


@settings(max_examples=60, deadline=None)
@given(
    height=side,
    width=side,
    boxes=st.lists(
        st.builds(Box, x=st.floats(-5, 50), y=st.floats(-5, 50), w=st.floats(0.5, 40), h=st.floats(0.5, 40)),
        min_size=1,
        max_size=4,
    ),
    seed=st.integers(1, 100),
)
@pytest.mark.parametrize("text", ["inpaint", "box,colour=mean"])
def test_a_filling_tells_nothing_of_what_is_hidden(
    text: str, height: int, width: int, boxes: list[Box], seed: int
) -> None:
    style, padding = (InpaintMasker(), 0.35) if text == "inpaint" else (BoxMasker("mean"), 0.05)
    pixels, other = noise(height, width), noise(height, width)
    hidden = covered(boxes, padding, height, width)
    other[hidden] = noise(height, width, seed)[hidden]
    assert (style.mask(pixels, boxes) == style.mask(other, boxes)).all()


def test_a_filling_of_a_large_box_tells_nothing_of_it_either() -> None:
    pixels = noise(700, 900)
    other = pixels.copy()
    box = Box(200.3, 150.7, 333.3, 301.1)
    hidden = covered([box], 0.35, 700, 900)
    other[hidden] = 255 - other[hidden]
    assert (InpaintMasker().mask(pixels, [box]) == InpaintMasker().mask(other, [box])).all()


def test_a_filling_has_the_colours_around_it() -> None:
    pixels = np.zeros((300, 300, 3), np.uint8)
    pixels[:, :150] = (200, 30, 40)
    pixels[:, 150:] = (20, 180, 60)
    pixels[100:200, 100:200] = (255, 255, 255)
    masked = InpaintMasker(padding=0.1).mask(pixels, [Box(100, 100, 100, 100)])
    assert np.abs(masked[150, 95].astype(int) - (200, 30, 40)).max() <= 3
    assert np.abs(masked[150, 205].astype(int) - (20, 180, 60)).max() <= 3
    assert masked.max() <= 210


@pytest.mark.parametrize("hidden", [Box(0, 0, 40, 40), Box(-100, -100, 500, 500)])
def test_where_nothing_is_left_to_fill_with_the_filling_is_grey(hidden: Box) -> None:
    assert (InpaintMasker().mask(noise(40, 40), [hidden]) == 128).all()
    assert (BoxMasker("mean").mask(noise(40, 40), [hidden]) == 128).all()


@pytest.mark.parametrize("text", ["blur", "pixelate"])
@pytest.mark.parametrize("scale", [1, 4, 16])
def test_a_large_face_is_hidden_as_well_as_a_small_one(text: str, scale: int) -> None:
    """Stripes an eighth of the box wide, such as eyes and brows are, are gone at every size."""
    stripes = np.zeros((40 * scale, 40 * scale, 3), np.uint8)
    stripes[(np.arange(40 * scale) // (2 * scale)) % 2 == 1] = 255
    masked = made(text).mask(stripes, [Box(12 * scale, 12 * scale, 16 * scale, 16 * scale)])
    inside = masked[12 * scale : 28 * scale, 12 * scale : 28 * scale]
    assert np.ptp(inside.astype(int)) <= 12
    assert 100 <= inside.mean() <= 155


def test_a_blur_takes_in_what_lies_around() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[80:120, 80:120] = 255
    masked = BlurMasker().mask(pixels, [Box(80, 80, 40, 40)])
    assert masked[100, 100].max() < 100


def test_a_mosaic_has_as_many_cells_as_its_strength_says() -> None:
    ramp = np.add.outer(np.arange(400), np.arange(400))[..., None].repeat(3, axis=2) // 4
    masked = PixelateMasker(0.25, 0).mask(ramp.astype(np.uint8), [Box(100, 100, 160, 200)])[100:300, 100:260]
    assert len(np.flatnonzero((masked[1:] != masked[:-1]).any(axis=(1, 2)))) == 3
    assert len(np.flatnonzero((masked[:, 1:] != masked[:, :-1]).any(axis=(0, 2)))) == 2


def test_a_small_box_on_a_large_one_brings_nothing_back() -> None:
    pixels = np.zeros((300, 300, 3), np.uint8)
    pixels[100:200:2, 100:200] = 255
    eyes, face = Box(140, 130, 20, 8), Box(100, 100, 100, 100)
    masked = BlurMasker().mask(pixels, [eyes, face])
    assert (masked == BlurMasker().mask(pixels, [face, eyes])).all()
    assert np.ptp(masked[128:142, 138:164].astype(int)) <= 20


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize(
    "box",
    [
        Box(0, 0, 16, 16),
        Box(7, 7, 1, 1),
        Box(15.5, 15.5, 0.4, 0.4),
        Box(-5, 3, 6, 4),
        Box(0, 0, 16, 0.01),
        Box(-1e6, -1e6, 2e6, 2e6),
        Box(40, 40, 5, 5),
        Box(3, 3, 0, 4),
    ],
)
def test_odd_boxes_in_a_tiny_picture_are_survived(name: str, box: Box) -> None:
    for shape in ((16, 16), (1, 1), (1, 400), (400, 1)):
        masked = STYLES[name].mask(noise(*shape), [box])
        assert masked.shape == (*shape, 3)


@pytest.mark.parametrize("name", STYLES)
def test_a_view_of_a_picture_is_masked_like_a_copy(name: str) -> None:
    view = np.asarray(noise(60, 90)[::-2, 5:65:2])
    mirrored = noise(60, 90).transpose(1, 0, 2)
    for pixels in (view, mirrored):
        assert not pixels.flags.c_contiguous
        copied = np.ascontiguousarray(pixels)
        boxes = [Box(3, 4, 12, 11), Box(10, 10, 9, 9)]
        assert (STYLES[name].mask(pixels, boxes) == STYLES[name].mask(copied, boxes)).all()


@pytest.mark.parametrize("name", STYLES)
def test_a_picture_that_may_not_be_written_to_is_masked(name: str) -> None:
    pixels = noise(50, 50)
    pixels.flags.writeable = False
    assert STYLES[name].mask(pixels, [Box(10, 10, 20, 20)]).flags.writeable


@pytest.mark.parametrize("name", STYLES)
def test_threads_mask_alike(name: str) -> None:
    pictures = [noise(120 + 7 * index, 160, index) for index in range(8)]
    boxes = [Box(20, 30, 41, 52), Box(70, 60, 33, 21)]
    alone = [STYLES[name].mask(pixels, boxes) for pixels in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda pixels: STYLES[name].mask(pixels, boxes), pictures * 3))
    assert all((a == b).all() for a, b in zip(together, alone * 3, strict=True))


@pytest.mark.parametrize(
    ("given", "identity"),
    [
        ("box", "box(colour=000000,padding=0.05)"),
        ("box,colour=white", "box(colour=ffffff,padding=0.05)"),
        ("box,colour=FF8000,padding=0", "box(colour=ff8000,padding=0)"),
        ("box,colour=0f0", "box(colour=00ff00,padding=0.05)"),
        ("box,colour=darkgrey", "box(colour=a9a9a9,padding=0.05)"),
        ("box,colour=mean", "box(colour=mean,padding=0.05)"),
        ("ellipse,colour=red,padding=0.1", "ellipse(colour=ff0000,padding=0.1)"),
        ("blur,strength=2,padding=0.2", "blur(strength=2,padding=0.2)"),
        ("pixelate,strength=0.5", "pixelate(strength=0.5,padding=0.35)"),
        ("inpaint,padding=0", "inpaint(padding=0)"),
        ("control,style=blur,strength=1", "control(blur(strength=1,padding=0.35))"),
        ("control,colour=mean,padding=0.1", "control(box(colour=mean,padding=0.1))"),
    ],
)
def test_options_are_read_from_text_and_stand_in_the_identity(given: str, identity: str) -> None:
    assert made(given).identity == identity


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("box,colour=blurple", "`blurple` is no colour"),
        ("box,colour=12345", "no colour"),
        ("box,padding=-1", "from 0 to 10"),
        ("ellipse,padding=nan", "from 0 to 10"),
        ("blur,strength=0", "from 0.01"),
        ("blur,strength=nan", "from 0.01"),
        ("blur,strength=11", "to 10"),
        ("pixelate,strength=1.5", "to 1"),
        ("pixelate,padding=inf", "from 0 to 10"),
        ("inpaint,strength=2", "no option `strength`"),
        ("control,style=smear", "style"),
        ("control,strength=0.5", "`box` has no strength"),
        ("control,style=blur,colour=red", "`blur` has no colour"),
        ("control,style=blur,strength=0", "from 0.01"),
    ],
)
def test_options_that_make_no_sense_are_refused(given: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        made(given)


@pytest.mark.parametrize("colour", [(0, 0), (0, 0, 256), (-1, 0, 0)])
def test_numbers_that_are_no_colour_are_refused(colour: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no colour"):
        BoxMasker(colour)


def test_the_mean_is_that_of_what_stays_visible() -> None:
    pixels = np.zeros((10, 20, 3), np.uint8)
    pixels[:, :5] = (200, 100, 50)
    pixels[:, 10:] = 255
    masked = BoxMasker("mean", padding=0).mask(pixels, [Box(10, 0, 10, 10)])
    assert (masked[:, 10:] == (100, 50, 25)).all()
    assert mean_of(pixels, np.zeros((10, 20), dtype=bool)) == (128, 128, 128)


def test_rectangles_come_in_the_same_order_whatever_that_of_the_boxes() -> None:
    boxes = [Box(0, 0, 2, 2), Box(4, 4, 3, 3), Box(4, 4, 3, 3), Box(9, 0, 2, 2), Box(50, 0, 2, 2)]
    found = rectangles(boxes, 0, 20, 20)
    assert found == rectangles(boxes[::-1], 0, 20, 20)
    assert found == [Rectangle(4, 7, 4, 7), Rectangle(0, 2, 0, 2), Rectangle(0, 2, 9, 11)]


@pytest.fixture
def faces(monkeypatch: pytest.MonkeyPatch) -> YunetLocator:
    monkeypatch.setenv("ELENA_WB_YUNET", str(real("models/face_detection_yunet_2023mar.onnx")))
    return YunetLocator()


def found(faces: YunetLocator, pixels: Pixels) -> list[Box]:
    picture = Stimulus("0" * 64, Path("a.jpg"), "folder", 1, 1)
    return [region.box for region in faces.locate(pixels, picture) if region.part == "face"]


def at(box: Box, face: Box) -> bool:
    """Whether ``box`` shows the very face: its middle in it, and of about its size."""
    x, y = box.x + box.w / 2, box.y + box.h / 2
    inside = face.x <= x <= face.x + face.w and face.y <= y <= face.y + face.h
    return inside and 0.25 < box.area / face.area < 4


@pytest.mark.parametrize("name", MIXING)
def test_the_detector_finds_no_hidden_face_again(name: str, faces: YunetLocator) -> None:
    hidden, again = 0, []
    for path in sorted(real("photos").glob("*.jpg")):
        pixels = load_image(path).pixels
        boxes = found(faces, pixels)
        hidden += len(boxes)
        masked = STYLES[name].mask(pixels, boxes)
        again += [(path.name, box) for box in found(faces, masked) if any(at(box, face) for face in boxes)]
    assert hidden > 150
    assert not again


@pytest.mark.parametrize("name", STYLES)
def test_a_portrait_of_27_megapixels_is_masked_within_a_second(name: str, faces: YunetLocator) -> None:
    pixels = load_image(real("hard/sizes/portrait_6000x4500.jpg")).pixels
    boxes = found(faces, pixels)
    began = time.thread_time()
    masked = STYLES[name].mask(pixels, boxes)
    assert time.thread_time() - began < 1
    assert (masked != pixels).any()
