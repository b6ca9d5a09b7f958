"""Pictures onto disk: nothing but pixels in the file, and nothing but new files in the folder.

A picture is encoded from its bare pixels, so that whatever else its original carried (EXIF, XMP, a
thumbnail, comments, further frames, trailing bytes) has no way into the copy.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image, features

from elena_wb.core import ImageError, Pixels, SetupError, UsageError, WorkbenchError

_STOPS_ALL = frozenset(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "EMFILE", "ENFILE")
    if hasattr(errno, name)
)
"""What fails for every file, not for the name of one."""
_FOLDERS_BY_HANDLE = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_DIRECTORY: int = getattr(os, "O_DIRECTORY", 0)
_NEW: int = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Format:
    """A format that copies are written in. ``magic`` is how such a file begins (``?`` is any byte)."""

    name: str
    suffixes: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    magic: bytes = b""

    def suffix_for(self, name: str) -> str:
        """The ending of ``name`` where it is one of this format, else the usual one."""
        suffix = os.path.splitext(name)[1]  # noqa: PTH122 - a name, not a path
        return suffix if suffix.lower() in self.suffixes else self.suffixes[0]


# Chroma at full size, and little loss: a copy is to be read by models as its original would be.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "jpeg": Format(
            "JPEG",
            (".jpg", ".jpeg", ".jpe", ".jfif"),
            {"quality": 95, "subsampling": "4:4:4"},
            b"\xff\xd8\xff",
        ),
        "png": Format("PNG", (".png",), {"compress_level": 1}, b"\x89PNG\r\n\x1a\n"),
        "webp": Format("WEBP", (".webp",), {"quality": 95, "method": 2}, b"RIFF????WEBP"),
        "tiff": Format("TIFF", (".tiff", ".tif")),
        "bmp": Format("BMP", (".bmp",)),
        "avif": Format(
            "AVIF", (".avif",), {"quality": 90, "subsampling": "4:4:4", "speed": 10, "max_threads": 1}
        ),
    }
)
_KEPT = ("jpeg", "png", "webp")
_OTHERWISE = "png"


def choose_format(name: str) -> Format:
    """The format that a user names.

    Raises:
        UsageError: there is no such format.
        SetupError: Pillow was built without it.
    """
    if name not in FORMATS:
        raise UsageError(f"Copies are not written as `{name}`.", hint=f"Formats: {', '.join(FORMATS)}.")
    if name == "avif" and not features.check("avif"):
        raise SetupError(
            "This Pillow writes no AVIF.", hint="Take another format, or install Pillow from PyPI."
        )
    return FORMATS[name]


def format_like(path: Path) -> Format:
    """The format of the copy of ``path``: its own where that is JPEG, PNG or WebP, by content; else PNG."""
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError:  # told when the picture is read
        start = b""
    return next((FORMATS[name] for name in _KEPT if _begins(start, FORMATS[name].magic)), FORMATS[_OTHERWISE])


def encode(pixels: Pixels, chosen: Format) -> bytes:
    """The file of a picture, uint8 ``[height, width, 3]`` RGB, that holds its pixels and nothing else.

    Raises:
        ImageError: these are no such pixels, or the format cannot hold them (WebP ends at 16,383 a side).
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ImageError(
            f"A style returned {pixels.dtype} {list(pixels.shape)} in place of a picture of bytes."
        )
    stream = io.BytesIO()
    try:
        Image.fromarray(np.ascontiguousarray(pixels)).save(stream, chosen.name, **chosen.options)
    except MemoryError:
        raise
    except Exception as error:
        height, width = pixels.shape[:2]
        raise ImageError(
            f"{chosen.name} cannot hold a picture of {width} x {height} pixels: {error}.", hint="--format png"
        ) from error
    return stream.getvalue()


class OutputFolder:
    """A folder in which files are made whole or not at all, and nothing outside of it.

    Names are given by their parts, each a plain name (:func:`elena_wb.data.naming.safe_name`). Symbolic links
    below the folder are never followed. Used by several threads at once.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))

    def write(self, parts: Sequence[str], content: bytes) -> None:
        """Put ``content`` where ``parts`` say, in place of what is there; folders are made.

        Whoever opens the file sees the old content or the new, never a part.

        Raises:
            SetupError: nothing can be written there at all: the disk is full, the folder not writable.
            WorkbenchError: this name cannot be used: a folder or a link is in the way. It is named as below the
                folder, so that the message may be kept there.
        """
        *folders, name = parts
        scratch = f".elena-wb-{secrets.token_hex(8)}.tmp"
        with self._explained(parts), self._opened(folders) as (handle, folder):
            try:
                descriptor = os.open(folder / scratch, _NEW, 0o666, dir_fd=handle)
                try:
                    _write_all(descriptor, content)
                finally:
                    os.close(descriptor)
                os.replace(folder / scratch, folder / name, src_dir_fd=handle, dst_dir_fd=handle)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(folder / scratch, dir_fd=handle)
                raise

    def remove(self, parts: Sequence[str]) -> None:
        """Remove the file at ``parts``, if there is one.

        Raises:
            WorkbenchError: it cannot be removed.
        """
        *folders, name = parts
        if not os.path.lexists(self.path(parts)):
            return
        with self._explained(parts), self._opened(folders) as (handle, folder):
            os.unlink(folder / name, dir_fd=handle)

    def path(self, parts: Sequence[str]) -> Path:
        """Where ``parts`` lie."""
        return self.root.joinpath(*parts)

    @contextlib.contextmanager
    def _opened(self, folders: Sequence[str]) -> Iterator[tuple[int | None, Path]]:
        """The folder to work in, made if need be: a handle and a path relative to it, or no handle and a path."""
        if not _FOLDERS_BY_HANDLE:
            yield None, self._entered(folders)
            return
        self.root.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.root, os.O_RDONLY | _DIRECTORY)
        try:
            for folder in folders:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=handle)
                below = os.open(folder, os.O_RDONLY | _DIRECTORY | _NOFOLLOW, dir_fd=handle)
                os.close(handle)
                handle = below
            yield handle, Path()
        finally:
            os.close(handle)

    def _entered(self, folders: Sequence[str]) -> Path:
        """The same where folders cannot be held open: looked at just before the file is made."""
        folder = self.path(folders)
        for depth in range(len(folders) + 1):
            above = self.path(folders[:depth])
            above.mkdir(parents=not depth, exist_ok=True)
            if os.path.normcase(os.path.realpath(above)) != os.path.normcase(above):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return folder

    @contextlib.contextmanager
    def _explained(self, parts: Sequence[str]) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _STOPS_ALL:
                raise SetupError(
                    f"{self.path(parts)} cannot be written: {_reason(error)}.",
                    hint="Make room or choose another folder, then give the command again.",
                ) from error
            raise WorkbenchError(f"{'/'.join(parts)} cannot be written: {_reason(error)}.") from error


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _reason(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EEXIST):
        return "a symbolic link or a file is where a folder should be"
    if error.errno == errno.EISDIR:
        return "a folder is in its place"
    return error.strerror or str(error)


def _begins(start: bytes, magic: bytes) -> bool:
    return len(start) >= len(magic) and all(
        wanted in (b"?"[0], found) for wanted, found in zip(magic, start, strict=False)
    )
