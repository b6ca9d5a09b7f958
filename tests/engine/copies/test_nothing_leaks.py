"""Nothing of an original but its masked pixels is in a copy, whatever the original carries and the copy's format.

Originals are made with needles wherever a file can carry something, and the bytes of their copies searched;
then the copies are taken apart, so that nothing compressed hides; and pictures that differ only in what is
hidden have the very same copy.
"""

from __future__ import annotations

import io
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from elena_wb import builtin
from elena_wb.core import Pixels
from elena_wb.data import load_image
from elena_wb.data.writing import FORMATS
from elena_wb.engine.copies.making import make_copies
from elena_wb.engine.copies.manifest import MANIFEST
from elena_wb.engine.copies.plan import CopyOrder, plan_copies
from elena_wb.plugins import build_host
from elena_wb.store import Store
from tests.real_data import real

NEEDLE = "needle-5f1c"
FACE = "8,8,16,16"
DPI = 123


def picture(seed: int = 0) -> Pixels:
    """A smooth picture with a face-like patch at FACE, which depends on ``seed``."""
    rows, columns = np.mgrid[0:64, 0:80]
    pixels = np.stack([rows * 3, columns * 3, 255 - rows - columns], axis=2).astype(np.uint8)
    pixels[8:24, 8:24] = np.random.default_rng(seed).integers(0, 255, (16, 16, 3))
    return pixels


def jpeg(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def exif() -> bytes:
    """EXIF with a description, a place, a maker's note, and in its second directory a thumbnail of the face."""
    thumbnail = jpeg(picture(1)[8:24, 8:24]) + NEEDLE.encode()
    tags = Image.Exif()
    tags[0x010E] = tags[0x013B] = tags[0x0131] = NEEDLE
    tags.get_ifd(0x8769).update({0x9286: b"ASCII\0\0\0" + NEEDLE.encode(), 0x927C: NEEDLE.encode()})
    tags.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 1.25), 29: NEEDLE})
    head = tags.tobytes()
    # The link to the next directory stands after the entries of the first.
    order = "<" if head[6:8] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", head, 10)
    (count,) = struct.unpack_from(order + "H", head, 6 + start)
    second = len(head) - 6
    entries = [(0x0103, 3, 1, 6), (0x0201, 4, 1, second + 2 + 36 + 4), (0x0202, 4, 1, len(thumbnail))]
    body = struct.pack(order + "H", 3)
    for tag, kind, number, value in entries:
        body += struct.pack(order + ("HHIHxx" if kind == 3 else "HHII"), tag, kind, number, value)
    linked = bytearray(head)
    struct.pack_into(order + "I", linked, 6 + start + 2 + 12 * count, second)
    return bytes(linked) + body + struct.pack(order + "I", 0) + thumbnail


def xmp() -> bytes:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>{NEEDLE}</a></x:xmpmeta>'.encode()


def profile() -> bytes:
    """A colour profile; its description does not matter for the pixels, for it is sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def leaking_jpeg(pixels: Pixels) -> bytes:
    plain = jpeg(pixels)
    extra = (
        segment(0xE1, exif())
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp())
        + segment(0xE2, b"ICC_PROFILE\0\1\1" + profile())
        + segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0b" + NEEDLE.encode())
        + segment(0xEB, NEEDLE.encode())
        + segment(0xFE, NEEDLE.encode())
    )
    return plain[:2] + extra + plain[2:] + NEEDLE.encode() + jpeg(picture(1))


def leaking_mpo(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    second = Image.fromarray(picture(1))
    Image.fromarray(pixels).save(
        stream, "MPO", save_all=True, append_images=[second], exif=exif(), quality=95
    )
    return stream.getvalue() + NEEDLE.encode()


def leaking_png(pixels: Pixels) -> bytes:
    texts = PngInfo()
    texts.add_text("Comment", NEEDLE)
    texts.add_text("Zipped", NEEDLE * 40, zip=True)
    texts.add_itxt("Title", NEEDLE, "en", "Title")
    texts.add_itxt("XML:com.adobe.xmp", xmp().decode())
    texts.add(b"tIME", bytes([7, 230, 1, 2, 3, 4, 5]))
    texts.add(b"prVt", NEEDLE.encode())
    stream = io.BytesIO()
    Image.fromarray(pixels).save(
        stream, "PNG", pnginfo=texts, exif=exif(), icc_profile=profile(), dpi=(DPI, DPI)
    )
    return stream.getvalue() + NEEDLE.encode()


def leaking_palette_png(pixels: Pixels) -> bytes:
    """A palette with an entry that no pixel uses, and an alpha channel over the face."""
    image = Image.fromarray(pixels).quantize(64)
    palette = (image.getpalette() or [])[:192] + list(NEEDLE.encode()) + [0] * 4
    image.putpalette(palette[: len(palette) // 3 * 3])
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=63)
    return stream.getvalue()


def leaking_webp(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    alpha = Image.fromarray(pixels).convert("RGBA")
    alpha.putalpha(Image.new("L", alpha.size, 200))
    alpha.save(stream, "WEBP", lossless=True, exact=True, exif=exif(), xmp=xmp(), icc_profile=profile())
    return stream.getvalue()


def leaking_animation(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    frames = [Image.fromarray(picture(seed)) for seed in (1, 2)]
    Image.fromarray(pixels).save(
        stream, "GIF", save_all=True, append_images=frames, comment=NEEDLE.encode(), duration=50, loop=3
    )
    return stream.getvalue() + NEEDLE.encode()


def leaking_tiff(pixels: Pixels) -> bytes:
    tags = ImageFileDirectory_v2()
    tags[270] = tags[305] = tags[315] = NEEDLE
    tags[700] = xmp()
    tags[34377] = NEEDLE.encode()
    tags[65000] = NEEDLE
    stream = io.BytesIO()
    second = Image.fromarray(picture(1))
    Image.fromarray(pixels).save(
        stream, "TIFF", tiffinfo=tags, icc_profile=profile(), save_all=True, append_images=[second]
    )
    return stream.getvalue() + NEEDLE.encode()


def leaking_bmp(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "BMP")
    return stream.getvalue() + NEEDLE.encode()


def leaking_avif(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "AVIF", quality=100, exif=exif(), xmp=xmp(), icc_profile=profile())
    return stream.getvalue() + NEEDLE.encode()


LEAKING: dict[str, Callable[[Pixels], bytes]] = {
    "photo.jpg": leaking_jpeg,
    "two.mpo.jpg": leaking_mpo,
    "texts.png": leaking_png,
    "palette.png": leaking_palette_png,
    "alpha.webp": leaking_webp,
    "animation.gif": leaking_animation,
    "pages.tiff": leaking_tiff,
    "trailing.bmp": leaking_bmp,
    "modern.avif": leaking_avif,
}


def copies(
    folder: Path, out: Path, image_format: str | None, condition: str = "face@annotated"
) -> dict[str, bytes]:
    """The files that masking ``folder`` writes, by the names of their originals."""
    host = build_host([], [("builtin", builtin)])
    order = CopyOrder([folder], out, [condition], format=image_format)
    plan = plan_copies(order, host, Store(out.parent / "store.duckdb"))
    report = make_copies(plan, listener=lambda _: None, stop=threading.Event())
    assert [copy.error for copy in report.copies if copy.error] == []
    return {copy.picture.path.name: out.joinpath(*copy.picture.name).read_bytes() for copy in report.copies}


def originals(folder: Path, seed: int = 0) -> Path:
    folder.mkdir()
    for name, make in LEAKING.items():
        (folder / name).write_bytes(make(picture(seed)))
    (folder / "regions.csv").write_text(
        "path,part,x,y,w,h\n" + "".join(f"{name},face,{FACE}\n" for name in LEAKING)
    )
    return folder


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return originals(tmp_path_factory.mktemp("leaks") / "in")


def test_the_originals_do_carry_what_their_copies_must_not(leaking: Path) -> None:
    for path in sorted(leaking.iterdir()):
        content = path.read_bytes()
        assert NEEDLE.encode() in content or path.suffix == ".csv", path.name
    with Image.open(leaking / "photo.jpg") as image:
        assert image.getexif().get_ifd(0x8825)[29] == NEEDLE
        thumbnail = image.getexif().get_ifd(ExifTags.IFD.IFD1)
        assert thumbnail[0x0202] > 300
    with Image.open(leaking / "two.mpo.jpg") as image:
        assert (image.format, getattr(image, "n_frames", 1)) == ("MPO", 2)


@pytest.mark.parametrize("image_format", [None, *FORMATS])
@pytest.mark.parametrize("condition", ["face@annotated", "none"])
def test_no_needle_is_in_any_copy(
    leaking: Path, tmp_path: Path, image_format: str | None, condition: str
) -> None:
    found = copies(leaking, tmp_path / "out", image_format, condition)
    assert set(found) == set(LEAKING)
    spellings = [
        NEEDLE.encode(),
        NEEDLE.encode("utf-16-le"),
        NEEDLE.encode("utf-16-be"),
        NEEDLE[::-1].encode(),
    ]
    for name, content in found.items():
        for spelling in (*spellings, b"Exif\0", b"xmpmeta", b"<x:", b"GPS"):
            assert spelling not in content, (name, spelling)
    listed = (tmp_path / "out" / MANIFEST).read_text()
    assert NEEDLE not in listed


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_copy_has_no_part_that_could_carry_anything_but_pixels(
    leaking: Path, tmp_path: Path, image_format: str
) -> None:
    for name, content in copies(leaking, tmp_path / "out", image_format).items():
        TAKEN_APART[image_format](content)
        with Image.open(io.BytesIO(content)) as image:
            assert (image.mode, image.size) == ("RGB", (80, 64)), name
            assert getattr(image, "n_frames", 1) == 1
            assert not image.getexif() or image_format == "tiff"
            assert not {"exif", "xmp", "icc_profile", "comment", "photoshop", "mp"} & set(image.info)
            assert round(image.info.get("dpi", (0, 0))[0]) != DPI


def apart_jpeg(content: bytes) -> None:
    """SOI, a bare JFIF header, tables, one frame, one scan, EOI: no other segment and nothing after it."""
    place, markers = 2, []
    assert content[:2] == b"\xff\xd8"
    while True:
        assert content[place] == 0xFF
        marker = content[place + 1]
        markers.append(marker)
        (length,) = struct.unpack_from(">H", content, place + 2)
        if marker == 0xE0:
            assert content[place + 4 : place + 9] == b"JFIF\0"
            assert length == 16, "a JFIF thumbnail"
        place += 2 + length
        if marker == 0xDA:
            break
    assert set(markers) == {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
    assert markers.count(0xDA) == 1
    scan = content[place:]
    ends = [
        at
        for at in range(len(scan) - 1)
        if scan[at] == 0xFF and scan[at + 1] not in (0x00, *range(0xD0, 0xD8))
    ]
    assert ends == [len(scan) - 2]
    assert scan.endswith(b"\xff\xd9")


def apart_png(content: bytes) -> None:
    names, place = [], 8
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        names.append(content[place + 4 : place + 8])
        place += 12 + length
    assert place == len(content)
    assert (names[0], set(names[1:-1]), names[-1]) == (b"IHDR", {b"IDAT"}, b"IEND")
    data = b"".join(body for name, body in png_chunks(content) if name == b"IDAT")
    unzipped = zlib.decompressobj()
    assert len(unzipped.decompress(data)) == 64 * (80 * 3 + 1)
    assert unzipped.eof
    assert not unzipped.unused_data


def png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        yield content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        place += 12 + length


def apart_webp(content: bytes) -> None:
    assert content[:4] + content[8:16] == b"RIFFWEBPVP8 "
    (riff, size) = struct.unpack_from("<I", content, 4) + struct.unpack_from("<I", content, 16)
    assert riff + 8 == len(content) == 20 + size + size % 2


def apart_tiff(content: bytes) -> None:
    with Image.open(io.BytesIO(content)) as image:
        tags = set(image.tag_v2)  # type: ignore[attr-defined]
    # Size, bits, compression, colours, samples, strips, planes, predictor, resolution, sample format.
    assert tags <= {256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 282, 283, 284, 296, 317, 339}


def apart_bmp(content: bytes) -> None:
    assert len(content) == 54 + 64 * 80 * 3


def apart_avif(content: bytes) -> None:
    names, place = [], 0
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        names.append(name)
        place += length
    assert place == len(content)
    assert names == [b"ftyp", b"meta", b"mdat"]
    assert not any(item in content for item in (b"Exif", b"mime", b"rICC", b"prof"))


TAKEN_APART: dict[str, Callable[[bytes], None]] = {
    "jpeg": apart_jpeg,
    "png": apart_png,
    "webp": apart_webp,
    "tiff": apart_tiff,
    "bmp": apart_bmp,
    "avif": apart_avif,
}


@pytest.mark.parametrize("image_format", FORMATS)
def test_pictures_that_differ_only_in_what_is_hidden_have_the_same_copy(
    tmp_path: Path, image_format: str
) -> None:
    written = []
    for seed in (0, 1):
        folder = tmp_path / f"in{seed}"
        folder.mkdir()
        for suffix in ("png", "bmp", "tiff"):
            Image.fromarray(picture(seed)).save(folder / f"a.{suffix}")
        # Content that occurs twice is taken once: the same pixels in three formats are three files.
        (folder / "regions.csv").write_text(
            "path,part,x,y,w,h\n" + "".join(f"a.{suffix},face,{FACE}\n" for suffix in ("png", "bmp", "tiff"))
        )
        written.append(copies(folder, tmp_path / f"out{seed}", image_format))
    assert written[0] == written[1]
    assert len(set(written[0].values())) == 1, "the copy depends on the format of the original"


def test_a_copy_is_as_new_and_not_as_old_as_its_original(leaking: Path, tmp_path: Path) -> None:
    folder = originals(tmp_path / "old")
    for path in folder.iterdir():
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o600)
    copies(folder, tmp_path / "out", None)
    for path in (tmp_path / "out").iterdir():
        assert path.stat().st_mtime > 1_700_000_000
        assert not path.stat().st_mode & 0o111


def test_originals_are_as_they_were(tmp_path: Path) -> None:
    folder = originals(tmp_path / "in")
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.iterdir()
    }
    for image_format in (None, "jpeg"):
        copies(folder, tmp_path / "out", image_format)
    assert {
        path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.iterdir()
    } == before


@pytest.mark.parametrize("image_format", [None, "png", "webp", "tiff", "bmp"])
def test_of_real_leaking_photographs_not_even_a_few_bytes_of_metadata_remain(
    tmp_path: Path, image_format: str | None
) -> None:
    folder = real("hard/leaks")
    usual = jpeg(picture())  # the tables that all JPEG files share, thumbnails too
    for name, content in copies(folder, tmp_path / "out", image_format, "none").items():
        carried = (folder / name).read_bytes()
        start = carried.index(b"Exif\0\0")
        (length,) = struct.unpack_from(">H", carried, start - 2)
        block = carried[start : start - 2 + length]
        assert len(block) > 100
        pieces = {block[at : at + 12] for at in range(len(block) - 12)}
        telling = [piece for piece in pieces if len(set(piece)) > 6 and piece not in usual]
        assert telling
        assert not [piece for piece in telling if piece in content]
        assert (
            load_image(folder / name).pixels.shape
            == load_image(tmp_path / "out" / written_as(name, image_format)).pixels.shape
        )


def written_as(name: str, image_format: str | None) -> str:
    return name if image_format is None else Path(name).stem + FORMATS[image_format].suffixes[0]
