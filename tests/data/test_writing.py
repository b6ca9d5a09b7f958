"""Writing copies: bare pixels in every format, files whole or not at all, nothing outside the folder."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from elena_wb.core import ImageError, Pixels, SetupError, UsageError, WorkbenchError
from elena_wb.data import writing
from elena_wb.data.writing import FORMATS, Format, OutputFolder, choose_format, encode, format_like


@pytest.fixture
def smooth() -> Pixels:
    """A picture that lossy formats keep closely."""
    rows, columns = np.mgrid[0:48, 0:64]
    return np.stack([rows * 5, columns * 3, rows + columns], axis=2).astype(np.uint8)


@pytest.fixture(params=[True, False], ids=["by handle", "by path"])
def folder(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> OutputFolder:
    """An output folder, also as on systems that hold no folders open."""
    if not request.param:
        monkeypatch.setattr(writing, "_FOLDERS_BY_HANDLE", False)
    elif not writing._FOLDERS_BY_HANDLE:
        pytest.skip("this system holds no folders open")
    return OutputFolder(tmp_path / "out")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_pixels_back(name: str, smooth: Pixels) -> None:
    content = encode(smooth, choose_format(name))
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == FORMATS[name].name
        seen = np.asarray(image.convert("RGB")).astype(int)
    worst = np.abs(seen - smooth).max()
    assert worst == 0 if name in ("png", "tiff", "bmp") else worst <= 12


@pytest.mark.parametrize("name", FORMATS)
def test_equal_pixels_give_equal_files_however_they_lie_in_memory(name: str, smooth: Pixels) -> None:
    mirrored = np.ascontiguousarray(smooth[:, ::-1])[:, ::-1]
    assert not mirrored.flags.c_contiguous
    assert encode(mirrored, FORMATS[name]) == encode(smooth, FORMATS[name])


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((20, 20), np.uint8),
        np.zeros((20, 20, 4), np.uint8),
        np.zeros((20, 20, 3), np.float32),
        np.zeros((0, 20, 3), np.uint8),
    ],
    ids=["grey", "alpha", "floats", "empty"],
)
def test_what_is_no_picture_is_refused(bad: Pixels) -> None:
    with pytest.raises(ImageError, match="in place of a picture"):
        encode(bad, FORMATS["png"])


def test_a_format_that_ends_before_the_picture_says_so() -> None:
    with pytest.raises(ImageError, match="WEBP cannot hold a picture of 16400 x 16 pixels") as caught:
        encode(np.zeros((16, 16400, 3), np.uint8), FORMATS["webp"])
    assert caught.value.hint == "--format png"


def test_unknown_formats_are_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        choose_format("gif")
    assert "jpeg, png, webp" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("written_as", "chosen"),
    [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("GIF", "png"), ("TIFF", "png")],
)
def test_a_copy_has_its_originals_format_by_content(
    tmp_path: Path, smooth: Pixels, written_as: str, chosen: str
) -> None:
    path = tmp_path / "picture.bmp"
    Image.fromarray(smooth).save(path, written_as)
    assert format_like(path) is FORMATS[chosen]
    assert format_like(tmp_path / "absent.jpg") is FORMATS["png"]


def test_an_ending_that_fits_is_kept() -> None:
    jpeg: Format = FORMATS["jpeg"]
    assert [jpeg.suffix_for(name) for name in ("IMG.JPG", "a.jpeg", "a.png", "a")] == [
        ".JPG",
        ".jpeg",
        ".jpg",
        ".jpg",
    ]


def test_files_are_made_with_their_folders_and_replaced_whole(folder: OutputFolder) -> None:
    folder.write(("a", "b", "c.png"), b"one")
    before = folder.path(("a", "b", "c.png")).stat().st_ino
    folder.write(("a", "b", "c.png"), b"two")
    written = folder.path(("a", "b", "c.png"))
    assert written.read_bytes() == b"two"
    assert written.stat().st_ino != before
    assert sorted(path.name for path in folder.root.rglob("*")) == ["a", "b", "c.png"]


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(
    folder: OutputFolder, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    folder.root.mkdir()
    folder.path(("a.png",)).symlink_to(precious)
    os.link(precious, folder.path(("b.png",)))
    folder.write(("a.png",), b"copy")
    folder.write(("b.png",), b"copy")
    assert precious.read_bytes() == b"precious"
    assert not folder.path(("a.png",)).is_symlink()


def test_a_link_in_the_place_of_a_folder_is_not_followed(folder: OutputFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "below").mkdir(parents=True)
    (elsewhere / "a.png").write_bytes(b"precious")
    folder.root.mkdir()
    folder.path(("sub",)).symlink_to(elsewhere)
    for parts in (("sub", "a.png"), ("sub", "below", "a.png")):
        with pytest.raises(WorkbenchError, match="symbolic link") as caught:
            folder.write(parts, b"copy")
        assert not isinstance(caught.value, SetupError)
    with pytest.raises(WorkbenchError):
        folder.remove(("sub", "a.png"))
    assert sorted(path.name for path in elsewhere.rglob("*")) == ["a.png", "below"]
    assert (elsewhere / "a.png").read_bytes() == b"precious"


def test_the_folder_itself_may_be_a_link_the_user_made(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    OutputFolder(tmp_path / "out").write(("a.png",), b"copy")
    assert (tmp_path / "disk" / "a.png").read_bytes() == b"copy"


def test_files_and_folders_in_the_way_concern_one_name_only(folder: OutputFolder) -> None:
    folder.write(("file",), b"")
    folder.write(("folder", "a.png"), b"")
    with pytest.raises(WorkbenchError, match="where a folder should be") as caught:
        folder.write(("file", "a.png"), b"copy")
    assert not isinstance(caught.value, SetupError)
    with pytest.raises(WorkbenchError, match="a folder is in its place"):
        folder.write(("folder",), b"copy")
    assert sorted(path.name for path in folder.root.rglob("*")) == ["a.png", "file", "folder"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere"
)
def test_a_folder_that_is_not_writable_stops_the_work(folder: OutputFolder) -> None:
    folder.root.mkdir()
    folder.root.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(SetupError, match="cannot be written: Permission denied"):
        folder.write(("a.png",), b"copy")


@pytest.mark.parametrize("after", [0, 10])
def test_a_full_disk_stops_the_work_and_leaves_no_half_file(
    folder: OutputFolder, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    folder.write(("a.png",), b"old")
    real = os.write

    def nearly_full(descriptor: int, content: bytes) -> int:
        nonlocal after
        if not after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = real(descriptor, content[:after])
        after = 0
        return written

    monkeypatch.setattr(os, "write", nearly_full)
    with pytest.raises(SetupError, match="No space left on device"):
        folder.write(("a.png",), b"x" * 100)
    assert [path.name for path in folder.root.iterdir()] == ["a.png"]
    assert folder.path(("a.png",)).read_bytes() == b"old"


def test_a_file_written_in_pieces_is_whole(folder: OutputFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real(descriptor, content[:7]))
    folder.write(("a.png",), bytes(range(100)))
    assert folder.path(("a.png",)).read_bytes() == bytes(range(100))


def test_no_handle_is_left_open(folder: OutputFolder) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("this system does not list open files")
    folder.write(("a", "b.png"), b"")
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        folder.write(("a", "b.png"), b"")
        with pytest.raises(WorkbenchError):
            folder.write(("a", "b.png", "c.png"), b"")
        folder.remove(("a", "absent.png"))
    assert len(list(descriptors.iterdir())) == before
