"""Pictures on the wire: the same bytes each time, nothing beside the pixels, and colours that last."""

from __future__ import annotations

import base64
import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from elena_wb.core import ImageError
from elena_wb.remote.encoding import encode

FORMATS = ("jpeg", "png", "webp")


def _pixels(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth colour with edges, as photographs have them."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (max(1, height // 16), max(1, width // 16), 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)).copy()
    picture[: height // 3, : width // 2] = (220, 30, 40)
    return picture


def _decoded(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))


def _psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (480, 640), (640, 480), (2048, 3), (3, 2048)])
def test_a_picture_keeps_its_size_up_to_the_longest_side(format: str, shape: tuple[int, int]) -> None:
    sent = encode(_pixels(*shape), format=format)
    assert (sent.height, sent.width) == shape
    assert sent.media_type == f"image/{format}"
    assert _decoded(sent.data).shape[:2] == shape


@pytest.mark.parametrize(
    ("shape", "max_side", "made"),
    [
        ((3, 20_000), 2048, (1, 2048)),
        ((20_000, 3), 2048, (2048, 1)),
        ((3000, 4000), 2048, (1536, 2048)),
        ((100, 200), 64, (32, 64)),
        ((5, 5), 1, (1, 1)),
        ((2049, 2049), None, (2049, 2049)),
    ],
)
def test_a_larger_picture_is_shrunk_in_proportion(
    shape: tuple[int, int], max_side: int | None, made: tuple[int, int]
) -> None:
    sent = encode(_pixels(*shape), max_side=max_side)
    assert (sent.height, sent.width) == made
    assert _decoded(sent.data).shape[:2] == made


def test_shrinking_averages_and_does_not_alias() -> None:
    stripes = np.zeros((64, 4096, 3), np.uint8)
    stripes[:, ::2] = 255
    shrunk = _decoded(encode(stripes, format="png", max_side=256).data)
    assert np.all(np.abs(shrunk.astype(int) - 128) <= 3)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_pixels_become_the_same_bytes(format: str) -> None:
    pixels = _pixels(333, 217)
    first = encode(pixels, format=format)
    assert encode(np.asfortranarray(pixels), format=format) == first
    assert encode(np.repeat(pixels, 2, axis=1)[:, ::2], format=format) == first


def test_png_is_without_loss() -> None:
    pixels = _pixels(97, 131)
    assert np.array_equal(_decoded(encode(pixels, format="png").data), pixels)


def test_jpeg_at_95_keeps_colour_at_full_resolution() -> None:
    pixels = _pixels(480, 640)
    sent = encode(pixels)
    assert _psnr(_decoded(sent.data), pixels) > 40
    columns = np.zeros((64, 64, 3), np.uint8)
    columns[:, ::2] = (255, 0, 0)
    columns[:, 1::2] = (0, 0, 255)
    assert _psnr(_decoded(encode(columns).data), columns) > 30  # 12 with colour at half resolution
    with Image.open(io.BytesIO(sent.data)) as picture:
        assert {(horizontal, vertical) for _, horizontal, vertical, _ in picture.layer} == {(1, 1)}


def _jpeg_markers(data: bytes) -> set[int]:
    found, position = set(), 2
    while data[position + 1] != 0xDA:
        assert data[position] == 0xFF
        found.add(data[position + 1])
        position += 2 + struct.unpack(">H", data[position + 2 : position + 4])[0]
    return found


def _png_chunks(data: bytes) -> set[bytes]:
    found, position = set(), 8
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        found.add(data[position + 4 : position + 8])
        position += 12 + length
    return found


def _webp_chunks(data: bytes) -> set[bytes]:
    found, position = set(), 12
    while position < len(data):
        (length,) = struct.unpack("<I", data[position + 4 : position + 8])
        found.add(data[position : position + 4])
        position += 8 + length + length % 2
    return found


def test_nothing_travels_beside_the_pixels() -> None:
    pixels = _pixels(64, 64)
    jfif, tables = 0xE0, {0xDB, 0xC0, 0xC4}
    assert _jpeg_markers(encode(pixels).data) == {jfif, *tables}
    assert _png_chunks(encode(pixels, format="png").data) == {b"IHDR", b"IDAT", b"IEND"}
    assert _webp_chunks(encode(pixels, format="webp").data) == {b"VP8 "}


def test_a_data_url_holds_the_file() -> None:
    sent = encode(_pixels(8, 8), format="webp")
    head, _, body = sent.data_url().partition(",")
    assert head == "data:image/webp;base64"
    assert base64.b64decode(body) == sent.data


def test_a_picture_too_large_for_its_format_is_refused() -> None:
    with pytest.raises(ImageError, match="too large for webp"):
        encode(_pixels(2, 16_384), format="webp", max_side=None)
    assert encode(_pixels(2, 16_383), format="webp", max_side=None).width == 16_383


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
    ],
)
def test_what_is_no_picture_is_refused(array: np.ndarray) -> None:
    with pytest.raises(ImageError, match="Not a picture"):
        encode(array)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 90), st.integers(1, 90), st.integers(1, 100), st.sampled_from(FORMATS), st.integers(1, 100)
)
def test_any_shape_fits_any_bound(height: int, width: int, max_side: int, format: str, quality: int) -> None:
    sent = encode(_pixels(height, width), format=format, max_side=max_side, quality=quality)
    assert max(sent.width, sent.height) == min(max_side, max(width, height))
    assert _decoded(sent.data).shape == (sent.height, sent.width, 3)
