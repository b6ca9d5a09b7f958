"""Damaged copies of a folder of pictures: what becomes of data on real disks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from elena_wb.core import Dataset
from elena_wb.data.walk import PICTURE_SUFFIXES

MOST_BYTES = 200_000_000
"""A folder larger than this is no example: it is copied several times."""

_NAMES = (
    "two\nlines.png",
    "😀 \u202egnp.png",
    "$(touch x).png",
    "-rf.png",
    "a,b;c.png",
    " .png",
    os.fsdecode(b"\xff\xfe.png"),
)
_FOUND = ("stray.xyz", ".hidden.png", "Thumbs.db")


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A copy of the example at ``root``; ``what`` was done to it.

    ``must_load`` says that the rest of it can be read. ``gone`` is a picture that cannot be a stimulus, ``left`` how
    many stimuli there are at least, and ``told`` whether something must be told.
    """

    what: str
    root: Path
    must_load: bool = True
    gone: Path | None = None
    left: int | None = None
    told: bool = False


def spoilt_copies(example: Path, folder: Path, dataset: Dataset) -> Iterator[Spoilt]:
    """Copies of ``example`` below ``folder``, each damaged in another way."""
    source = example if example.is_dir() else example.parent
    size = sum(file.stat().st_size for file in source.rglob("*") if file.is_file())
    if size > MOST_BYTES:
        raise ValueError(f"{source} has {size:,} bytes; an example is to be small ({MOST_BYTES:,} at most)")
    copies = _Copies(example, source, folder)
    root = copies.fresh()
    stimuli = dataset.load(root).stimuli
    per_picture: dict[Path, int] = {}
    for stimulus in stimuli:
        per_picture[stimulus.path] = per_picture.get(stimulus.path, 0) + 1
    first = min(per_picture).relative_to(copies.base)
    left = len(stimuli) - per_picture[copies.base / first]
    yield Spoilt("a copy elsewhere", root, left=len(stimuli))

    root = copies.fresh()
    (copies.base / first).write_bytes(b"")
    yield Spoilt("an empty picture", root, gone=copies.base / first, left=left, told=True)

    root = copies.fresh()
    (copies.base / first).unlink()
    yield Spoilt("a picture that is missing", root, must_load=left > 0, gone=copies.base / first, left=left)

    root = copies.fresh()
    (copies.base / first).unlink()
    (copies.base / first).mkdir()
    yield Spoilt(
        "a folder with the name of a picture", root, must_load=left > 0, gone=copies.base / first, left=left
    )

    root = copies.fresh()
    _add_odd_files((copies.base / first).parent)
    yield Spoilt("files with odd names, broken links and what systems leave behind", root, left=len(stimuli))

    for table in copies.tables():
        root = copies.fresh()
        path = copies.base / table
        content = path.read_bytes()
        for what, damaged in _damaged(content).items():
            path.write_bytes(damaged)
            yield Spoilt(f"a {table.suffix or table.name} file {what}", root, must_load=False)
        path.write_bytes(content)


class _Copies:
    """Copies of an example, one after the other."""

    def __init__(self, example: Path, source: Path, folder: Path) -> None:
        self._source = source
        self._within = example.relative_to(source)
        self._folder = folder
        self._count = 0
        self.base = folder

    def fresh(self) -> Path:
        """Another copy; its example, which may be a file in ``base``."""
        shutil.rmtree(self._folder / f"copy{self._count}", ignore_errors=True)
        self._count += 1
        # The name of the folder may be what a dataset recognises it by.
        self.base = self._folder / f"copy{self._count}" / self._source.name
        shutil.copytree(self._source, self.base)
        return self.base / self._within

    def tables(self) -> list[Path]:
        """Files that are no pictures: what says something of them. The smallest few."""
        files = [file for file in self._source.rglob("*") if file.is_file() and not file.name.startswith(".")]
        tables = [file for file in files if file.suffix.lower() not in PICTURE_SUFFIXES]
        tables.sort(key=lambda file: (file.stat().st_size, file))
        return [file.relative_to(self._source) for file in tables[:4]]


def _add_odd_files(folder: Path) -> None:
    for number, name in enumerate((*_NAMES, *_FOUND)):
        pixels = np.full((20, 20, 3), 9 * number, np.uint8)
        try:
            with (folder / name).open("wb") as file:
                Image.fromarray(pixels).save(file, "PNG")
        except (OSError, ValueError):
            continue  # not every disk takes every name
    (folder / "garbage.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    try:
        (folder / "broken.png").symlink_to(folder / "nowhere.png")
        (folder / "round").symlink_to(folder, target_is_directory=True)
    except OSError:
        return


def _damaged(content: bytes) -> dict[str, bytes]:
    noise = np.random.default_rng(0).integers(0, 256, 4096, np.uint8).tobytes()
    middle = len(content) // 2
    return {
        "that is empty": b"",
        "that is cut short": content[: len(content) * 2 // 3],
        "of noise": noise,
        "with bytes that are no text in it": content[:middle] + b"\xff\xfe\x00\x1b[31m\n" + content[middle:],
        "of one long line": b"x," * 50_000,
    }
