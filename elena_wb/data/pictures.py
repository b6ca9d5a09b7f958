"""From the picture that a row names to a file that may be read: below the folder of the data, or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from elena_wb.core import UsageError
from elena_wb.data.cells import BadRowError, picture_name, shown
from elena_wb.data.walk import FoundFile

_ENDINGS = (".jpg", ".jpeg", ".png")


class MissingPictureError(BadRowError):
    """The picture is named as it should be, and is not there."""


class Pictures:
    """Looks pictures up below ``roots``, directly or in one of the folders ``between``.

    A picture that a link leads to outside the roots is not taken, unless ``links`` allows it: data from
    elsewhere is not to choose which files of this machine are shown to a model.
    """

    def __init__(
        self, roots: Sequence[Path], *, between: Sequence[str] = (), links: bool = False, column: str = "path"
    ) -> None:
        self._bases = [root / middle for root in roots for middle in ("", *between)]
        self._allowed = None if links else tuple({os.path.realpath(root) for root in roots})
        self._column = column
        self._folders: dict[str, list[Path]] = {}
        self._barred: set[str] = set()

    def find(self, written: str) -> FoundFile:
        """The file that ``written`` names, as it is now.

        Raises:
            BadRowError: the name leads outside, or to something that is no file.
            MissingPictureError: there is no such file.
        """
        name = picture_name(self._column, written)
        folder = str(name.parent)
        endings = ("",) if name.suffix else ("", *_ENDINGS)
        for place in self._places(folder):
            for ending in endings:
                path = place / f"{name.name}{ending}"
                try:
                    return self._looked_at(path, os.lstat(path), written)
                except OSError:
                    continue
        if folder in self._barred:
            raise self._led_astray(written)
        raise MissingPictureError(f"there is no picture `{shown(written)}`")

    def _places(self, folder: str) -> list[Path]:
        """The folders called ``folder`` in which pictures may be looked for."""
        if folder not in self._folders:
            there = [place for base in self._bases if os.path.isdir(place := base / folder)]  # noqa: PTH112 - never raises
            inside = [place for place in there if self._is_inside(os.path.realpath(place))]
            if len(inside) < len(there):
                self._barred.add(folder)
            self._folders[folder] = inside
        return self._folders[folder]

    def _is_inside(self, real: str) -> bool:
        return self._allowed is None or any(
            real == root or real.startswith(f"{root.rstrip(os.sep)}{os.sep}") for root in self._allowed
        )

    def _looked_at(self, path: Path, info: os.stat_result, written: str) -> FoundFile:
        if stat.S_ISLNK(info.st_mode):
            if not self._is_inside(os.path.realpath(path)):
                raise self._led_astray(written)
            info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise BadRowError(f"{self._column} is `{shown(written)}`, which is no file")
        return FoundFile(path, info.st_size, info.st_mtime_ns)

    def _led_astray(self, written: str) -> BadRowError:
        return BadRowError(
            f"{self._column} is `{shown(written)}`, which a link leads out of the folder of the data; "
            "the option links=yes takes such pictures"
        )


def folder_given(images: str | None) -> Path | None:
    """The folder that an option names, absolute.

    Raises:
        UsageError: there is no such folder.
    """
    if images is None:
        return None
    folder = Path(os.path.abspath(Path(images).expanduser()))  # noqa: PTH100 - links stay as the user wrote them
    if not folder.is_dir():
        raise UsageError(f"There is no folder `{images}`.", hint="images=FOLDER says where the pictures are.")
    return folder
