"""Nothing is written where it should not be: originals, links, hostile names, a full disk."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from elena_wb.core import (
    SetupError,
    UsageError,
)
from elena_wb.data import load_image
from elena_wb.data.writing import OutputFolder
from elena_wb.engine.copies.making import CopyReport
from elena_wb.engine.copies.manifest import MANIFEST, read_manifest
from tests.engine.copies.helpers import Pictures, files, with_faces


@pytest.mark.parametrize(
    ("source", "out"),
    [
        ("in", "in"),
        ("in", "in/masked"),
        ("in", "."),
        ("in", "link"),
        ("in", "link/new"),
        ("link", "in"),
        ("link", "in/new"),
        ("in/0000.png", "in"),
        ("in/0000.png", "link"),
        ("to-picture.png", "in"),
        ("to-picture.png", "."),
        ("in/sub/..", "in"),
    ],
)
def test_a_folder_that_holds_originals_or_lies_among_them_is_refused(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path, source: str, out: str
) -> None:
    folder = with_faces(pictures(2, "in"))
    (folder / "sub").mkdir()
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "to-picture.png").symlink_to(folder / "0000.png")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("*.*")}
    with pytest.raises(UsageError, match="originals"):
        mask(tmp_path / source, tmp_path / out)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("*.*")} == before
    assert not (folder / MANIFEST).exists()


@pytest.mark.parametrize("how", ["link", "hard link", "folder link"])
def test_a_link_to_an_original_in_the_place_of_a_copy_is_refused_even_to_overwrite(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path, how: str
) -> None:
    root = tmp_path / "in"
    folder = with_faces(pictures(1, "in/sub" if root.mkdir() is None else ""))
    original, out = folder / "0000.png", tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    if how == "link":
        (out / "sub" / "0000.png").symlink_to(original)
    elif how == "hard link":
        os.link(original, out / "sub" / "0000.png")
    else:
        (out / "sub").rmdir()
        (out / "sub").symlink_to(folder)
    before = original.read_bytes()
    with pytest.raises(UsageError, match="one of the originals"):
        mask(root, out, overwrite=True)
    assert original.read_bytes() == before


def test_a_planted_folder_link_leads_no_copy_out_of_the_folder(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    with_faces(pictures(1, "in/sub"))
    with_faces(pictures(1, "in", seed=1))
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "sub").symlink_to(elsewhere)
    report = mask(tmp_path / "in", out)
    assert str(tmp_path) not in (out / MANIFEST).read_text()
    assert "sub/0000.png cannot be written" in read_manifest(OutputFolder(out))["sub/0000.png"].notes
    assert list(elsewhere.iterdir()) == []
    assert {copy.picture.source: copy.status for copy in report.copies} == {
        "0000.png": "masked",
        "sub/0000.png": "failed",
    }


def test_hostile_names_stay_inside_the_folder(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    folder = pictures(1, "in")
    picture = (folder / "0000.png").read_bytes()
    outside = pictures(1, "outside", seed=7)
    (folder / "linked").symlink_to(outside)
    names = [
        b"..png",
        b"CON.png",
        b"a\nb\x1b[2J.png",
        b"caf\xe9.png",
        b"x" * 250 + b".png",
        b"a\\..\\b.png",
        b"A.png",
        b"a.png",
        b"-rf.png",
        "\u202egnp.png".encode(),
    ]
    for index, name in enumerate(names):
        (folder / os.fsdecode(name)).write_bytes(picture + bytes([index]))
    out = tmp_path / "out"
    report = mask(folder, out, "none")
    assert len(report.copies) == len(names) + 1, (
        "names that begin with a dot are hidden, the linked one is not"
    )
    written = files(out)
    assert len({name.casefold() for name in written}) == len(report.copies) + 1
    assert all(name.isprintable() and "\\" not in name for name in written)
    assert files(outside) == ["0000.png"]
    assert all(Path(os.path.realpath(out / name)).is_relative_to(out) for name in written)


def test_several_sources_keep_apart_below_their_names(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    (tmp_path / "x").mkdir()
    one, two = pictures(1, "photos"), pictures(1, "x/photos", seed=1)
    single = pictures(2, "single", seed=2) / "0001.png"
    mask([one, two, single], tmp_path / "out", "none")
    assert files(tmp_path / "out") == ["0001.png", MANIFEST, "photos-2/0000.png", "photos/0000.png"]


def test_a_full_disk_ends_the_work_with_what_was_written_listed(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = with_faces(pictures(12)), tmp_path / "out"
    real_write = os.write
    room = threading.Semaphore(4)

    def nearly_full(descriptor: int, content: bytes) -> int:
        if not room.acquire(blocking=False):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real_write(descriptor, content)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", nearly_full)
        with pytest.raises(SetupError, match="No space left"):
            mask(folder, out)
    assert not list(out.rglob("*.tmp"))
    for name in files(out):
        assert name == MANIFEST or load_image(out / name).width == 24
    assert len(mask(folder, out).copies) == 12
