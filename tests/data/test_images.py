"""Decoding: every format shows the same picture, and every broken file is refused in words."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from elena_wb.core import ImageError
from elena_wb.data import load_image, pixel_digest
from tests.real_data import real

RED, GREEN, BLUE, WHITE = (250, 5, 5), (5, 250, 5), (5, 5, 250), (255, 255, 255)


def quarters(width: int = 60, height: int = 40) -> Image.Image:
    """Red, green / blue, white: every rotation and reflection of it is another picture."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    picture.paste(WHITE, (width // 2, height // 2, width, height))
    return picture


def corners(pixels: np.ndarray) -> list[tuple[int, ...]]:
    height, width = pixels.shape[:2]
    y, x = height // 4, width // 4
    return [tuple(int(v) for v in pixels[j, i]) for j in (y, height - y) for i in (x, width - x)]


def looks_like_quarters(pixels: np.ndarray, tolerance: int = 12) -> bool:
    wanted = np.array([RED, GREEN, BLUE, WHITE])
    return bool((np.abs(np.array(corners(pixels)) - wanted) <= tolerance).all())


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.jpg", {"quality": 95}),
        ("a.jpg", {"quality": 95, "progressive": True}),
        ("a.webp", {"lossless": True}),
        ("a.avif", {"quality": 95}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.bmp", {}),
        ("a.gif", {}),
    ],
)
def test_every_format_shows_the_same_picture(tmp_path: Path, name: str, options: dict) -> None:
    quarters().save(tmp_path / name, **options)
    image = load_image(tmp_path / name)
    assert (image.width, image.height, image.pixels.shape) == (60, 40, (40, 60, 3))
    assert image.pixels.dtype == np.uint8
    assert looks_like_quarters(image.pixels)
    assert image.notes == ()


@pytest.mark.parametrize("mode", ["CMYK", "P", "RGBA", "LA", "L", "1"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    name = "a.jpg" if mode == "CMYK" else "a.png"
    picture = quarters().quantize(8) if mode == "P" else quarters().convert(mode)
    picture.save(tmp_path / name)
    pixels = load_image(tmp_path / name).pixels
    assert pixels.shape == (40, 60, 3)
    if mode in ("CMYK", "P", "RGBA"):
        assert looks_like_quarters(pixels)
    else:
        assert corners(pixels)[3] == WHITE


UNTURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif", "a.avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(tmp_path: Path, name: str, orientation: int) -> None:
    stored = quarters() if orientation == 1 else quarters().transpose(UNTURN[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / name, exif=exif)
    image = load_image(tmp_path / name)
    assert (image.width, image.height) == (60, 40)
    assert looks_like_quarters(image.pixels, tolerance=30)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_invalid_orientation_is_ignored(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    quarters().save(tmp_path / "a.png", exif=exif)
    assert looks_like_quarters(load_image(tmp_path / "a.png").pixels)


def test_damaged_exif_does_not_cost_the_picture(tmp_path: Path) -> None:
    quarters().save(tmp_path / "a.jpg", quality=95, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff garbage")
    assert looks_like_quarters(load_image(tmp_path / "a.jpg").pixels)


def test_transparency_shows_white(tmp_path: Path) -> None:
    clear = quarters().convert("RGBA")
    clear.putalpha(0)
    clear.save(tmp_path / "clear.png")
    assert (load_image(tmp_path / "clear.png").pixels == 255).all()
    clear.putalpha(128)
    clear.save(tmp_path / "half.webp", lossless=True, exact=True)
    assert (
        np.abs(np.array(corners(load_image(tmp_path / "half.webp").pixels)[0]) - (252, 130, 130)).max() <= 2
    )


def test_a_transparent_palette_entry_shows_white(tmp_path: Path) -> None:
    palette = quarters().quantize(8)
    red = palette.getpixel((10, 10))
    palette.save(tmp_path / "a.png", transparency=red)
    assert corners(load_image(tmp_path / "a.png").pixels)[0] == WHITE


def png16(values: np.ndarray, colour_type: int) -> bytes:
    """A 16-bit PNG, which Pillow cannot write in colour."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_sixteen_bit_samples_keep_their_upper_eight_bits(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 32 * 32).astype(np.uint16).reshape(32, 32)
    (tmp_path / "grey.png").write_bytes(png16(ramp, 0))
    (tmp_path / "rgb.png").write_bytes(png16(np.repeat(ramp[:, :, None], 3, axis=2), 2))
    Image.fromarray(ramp).save(tmp_path / "grey.tif")
    wanted = np.repeat((ramp >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    for name in ("grey.png", "rgb.png", "grey.tif"):
        np.testing.assert_array_equal(load_image(tmp_path / name).pixels, wanted, err_msg=name)


def test_only_the_first_frame_is_used_and_a_note_says_so(tmp_path: Path) -> None:
    others = [Image.new("RGB", (60, 40), "black")] * 2
    for name in ("a.gif", "a.webp", "a.tif", "a.png"):
        quarters().save(tmp_path / name, save_all=True, append_images=others)
        image = load_image(tmp_path / name)
        assert looks_like_quarters(image.pixels, tolerance=25), name
        assert len(image.notes) == 1, name
        assert "only the first" in image.notes[0]


def swapped_primaries() -> bytes:
    """An sRGB profile under another name, in which red and green have changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    tags = {bytes(profile[i : i + 4]): i for i in range(132, 132 + 12 * count, 12)}
    red, green = tags[b"rXYZ"] + 4, tags[b"gXYZ"] + 4
    profile[red : red + 8], profile[green : green + 8] = profile[green : green + 8], profile[red : red + 8]
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


def test_an_embedded_colour_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    quarters().save(tmp_path / "a.png", icc_profile=swapped_primaries())
    image = load_image(tmp_path / "a.png")
    assert image.notes == ()
    assert np.abs(np.array(corners(image.pixels)) - [GREEN, RED, BLUE, WHITE]).max() <= 12


def test_a_profile_that_does_not_fit_is_ignored_with_a_note(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for name, profile in (("wrong.png", lab), ("broken.png", b"no profile at all" * 20)):
        quarters().save(tmp_path / name, icc_profile=profile)
        image = load_image(tmp_path / name)
        assert looks_like_quarters(image.pixels)
        assert "colour profile" in image.notes[0]


def refusal(path: Path, **options: int) -> str:
    with pytest.raises(ImageError) as refused:
        load_image(path, **options)
    assert path.name in refused.value.message
    return refused.value.message


def test_broken_files_are_refused_in_words(tmp_path: Path) -> None:
    whole = io.BytesIO()
    quarters(200, 200).save(whole, "JPEG")
    (tmp_path / "cut.jpg").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    (tmp_path / "text.jpg").write_text("this is no picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "pointer.jpg").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (tmp_path / "phone.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    crc = bytearray(png16(np.zeros((20, 20)), 0))
    crc[-20] ^= 0xFF
    (tmp_path / "crc.png").write_bytes(crc)
    assert "cut short" in refusal(tmp_path / "cut.jpg")
    assert "not a picture" in refusal(tmp_path / "text.jpg")
    assert "empty" in refusal(tmp_path / "empty.jpg")
    assert "Git LFS pointer" in refusal(tmp_path / "pointer.jpg")
    assert "HEIC" in refusal(tmp_path / "phone.jpg")
    assert "damaged" in refusal(tmp_path / "crc.png")
    assert "no longer there" in refusal(tmp_path / "gone.png")
    assert "not a file" in refusal(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        assert "not a file" in refusal(tmp_path / "pipe.jpg")


def test_sizes_that_serve_no_model_are_refused(tmp_path: Path) -> None:
    for width, height in ((1, 1), (4000, 1), (15, 400)):
        Image.new("RGB", (width, height)).save(tmp_path / "small.png")
        assert "too small" in refusal(tmp_path / "small.png")
    Image.new("RGB", (1700, 16)).save(tmp_path / "narrow.png")
    assert "narrow" in refusal(tmp_path / "narrow.png")
    quarters().save(tmp_path / "large.png")
    assert "60 x 40" in refusal(tmp_path / "large.png", max_pixels=2000)


def test_a_header_that_claims_a_giant_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    for side in (9_500, 60_000):
        bomb = bytearray(png16(np.zeros((20, 20)), 0))
        bomb[16:24] = struct.pack(">II", side, side)
        bomb[29:33] = struct.pack(">I", zlib.crc32(bomb[12:29]))
        (tmp_path / "bomb.png").write_bytes(bomb)
        assert "million" in refusal(tmp_path / "bomb.png")


def test_values_without_a_display_range_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((20, 20), np.float32)).save(tmp_path / "float.tif")
    assert "32 bits" in refusal(tmp_path / "float.tif")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"]),
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12),
    kept=st.floats(0, 1),
)
def test_no_damage_raises_anything_but_image_errors(
    tmp_path: Path, kind: str, edits: list[tuple[float, int]], kept: float
) -> None:
    stream = io.BytesIO()
    quarters().save(stream, kind)
    content = bytearray(stream.getvalue())
    for where, value in edits:
        content[int(where * (len(content) - 1))] = value
    path = tmp_path / "fuzzed.bin"
    path.write_bytes(content[: int(kept * len(content)) + 1] if kept < 0.9 else content)
    with contextlib.suppress(ImageError):
        image = load_image(path)
        assert image.pixels.shape == (image.height, image.width, 3)


def test_digest_depends_on_shape_and_pixels() -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    assert pixel_digest(pixels) != pixel_digest(pixels.reshape(30, 20, 3))
    assert pixel_digest(pixels) == pixel_digest(np.zeros((20, 60, 3), np.uint8)[:, ::2])


REFUSED = {
    "bombs/png_header_60000x60000.png",
    "broken/bad_crc.png",
    "broken/lfs_pointer.onnx",
    "broken/text_named.jpg",
    "broken/truncated_half.jpg",
    "broken/zero_byte.jpg",
    "sizes/1x1.png",
    "sizes/4000x1.png",
}


def test_hard_files_are_used_or_refused_as_expected() -> None:
    folder = real("hard")
    refused = set()
    for path in sorted(folder.rglob("*.*")):
        try:
            load_image(path)
        except ImageError:
            refused.add(path.relative_to(folder).as_posix())
    assert refused == REFUSED


def test_rotated_photographs_are_shown_alike() -> None:
    folder = real("hard/exif")
    upright = load_image(folder / "orientation_1.jpg").pixels.astype(int)
    for name in ("3", "6", "8", "invalid_9"):
        other = load_image(folder / f"orientation_{name}.jpg").pixels
        assert other.shape == upright.shape
        assert np.abs(other - upright).mean() < 4
