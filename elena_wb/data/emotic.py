"""The dataset ``emotic``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

from elena_wb.core import (
    NOTHING_KNOWN,
    Collection,
    KnownFile,
    Problem,
    Upload,
    UsageError,
)
from elena_wb.data.apart import read_mat_apart
from elena_wb.data.emotic_csv import DATABASES, NAME, SCHEME, is_emotic, read_csv
from elena_wb.data.identify import storable
from elena_wb.data.persons import Annotation, stimuli_of
from elena_wb.data.pictures import MissingPictureError, Pictures, folder_given
from elena_wb.data.rows import TABLE_SUFFIXES, peek
from elena_wb.data.tables import left_alone
from elena_wb.data.walk import FoundFile

_ANNOTATION_FOLDERS = frozenset(("annotation", "annotations", "annots", "labels"))
_ANNOTATION_SUFFIXES = TABLE_SUFFIXES | {".mat"}
_MOST_TABLES = 20
_ROWS_LOOKED_AT = 50
_OUTER = ("emotic", "images", "data")
_OUTER_OR_NONE = ("", *(f"{folder}/" for folder in _OUTER))


class EmoticDataset:
    """EMOTIC: persons in photographs, with 26 categories, valence, arousal and dominance.

    The source is the folder of the data, or one annotation file. Annotations are `Annotations.mat` as it is
    distributed, or a CSV made of it, in the folder or in `Annotations/`; where there is a `.mat`, CSVs beside it are
    left alone. Pictures are looked for as `FOLDER/FILENAME` below the source, in a folder between (`emotic/`), or
    beside the annotations.

    `annotations` names the file to read, `images` the folder of the pictures if they lie elsewhere, and `links=yes`
    takes pictures that a link leads to outside the folder.
    """

    upload: ClassVar[Upload] = "local-only"
    scheme: ClassVar[str] = SCHEME

    def __init__(
        self, *, annotations: str | None = None, images: str | None = None, links: bool = False
    ) -> None:
        self._annotations = annotations
        self._images = images
        self._links = links

    def recognises(self, root: Path) -> bool:
        """Whether ``root`` is, or holds, annotations of EMOTIC."""
        try:
            return _is_annotations(root) if root.is_file() else any(_annotation_files(root))
        except (OSError, ValueError):
            return False

    def is_home(self, folder: Path) -> bool:
        """Whether ``folder`` has a table or a Matlab file, and folders called as EMOTIC's with their ``images``.

        So that the policy does not hang on annotations that can be read.
        """
        try:
            if not folder.is_dir() or not _has_tables(folder):
                return False
            places = [folder, *(folder / name for name in _folders_of_databases(folder))]
        except (OSError, ValueError):
            return False
        return any((place / database / "images").is_dir() for place in places for database in DATABASES)

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        """Every labelled person whose picture is there.

        Raises:
            UsageError: there are no annotations, or a file with them cannot be read.
        """
        root = root.absolute()
        chosen, left = self._chosen(root)
        annotations: list[Annotation] = []
        problems = [
            Problem(
                storable(path),
                "annotations of EMOTIC too; left alone. annotations=FILE reads it",
                excludes=False,
                kind="note",
            )
            for path in left
        ]
        problems += left_alone([root] if root.is_dir() else [], (*chosen, *left))
        for path in chosen:
            read, unusable = read_csv(path) if path.suffix.lower() != ".mat" else read_mat_apart(path)
            annotations += read
            problems += unusable
        find = self._finder(root)
        stimuli, unfound = stimuli_of(annotations, find, dataset=NAME, upload=self.upload, known=known)
        return Collection(tuple(stimuli), (*problems, *unfound))

    def _chosen(self, root: Path) -> tuple[Sequence[Path], Sequence[Path]]:
        """The files to read, and those that could be read too."""
        if self._annotations is not None:
            named = Path(self._annotations).expanduser()
            return [named if named.is_file() else (root if root.is_dir() else root.parent) / named], []
        if root.is_file():
            return [root], []
        found = list(_annotation_files(root)) if root.is_dir() else []
        for folder in sorted(root.iterdir()) if root.is_dir() and not found else ():
            found += _annotation_files(folder) if folder.is_dir() else ()
        if not found:
            raise UsageError(
                f"{root} has no annotations of EMOTIC.",
                hint="`Annotations.mat` or a CSV made of it is looked for there and in `Annotations/`.",
            )
        original = [path for path in found if path.suffix.lower() == ".mat"]
        return (original, [path for path in found if path not in original]) if original else (found, [])

    def _finder(self, root: Path) -> _Finder:
        folder = folder_given(self._images)
        if folder is not None:
            roots = [folder]
        elif root.is_dir():
            roots = [root]
        else:
            roots = [root.parent]
            if root.parent.name.lower() in _ANNOTATION_FOLDERS:
                roots.append(root.parent.parent)
        outer = (*_OUTER, *(name for place in roots for name in _folders_of_databases(place)))
        inner = tuple(f"{folder}{database}/images" for folder in _OUTER_OR_NONE for database in DATABASES)
        return _Finder(
            Pictures(roots, between=(*outer, *inner), links=self._links, column="filename"),
            Pictures(roots, between=_OUTER, links=self._links, column="filename"),
        )


class _Finder:
    """Finds a picture by folder and name, else beside the annotations by its name alone.

    Another of EMOTIC's folders is looked into only where the annotations name none.
    """

    def __init__(self, pictures: Pictures, beside: Pictures) -> None:
        self._pictures = pictures
        self._beside = beside

    def __call__(self, written: str) -> FoundFile:
        try:
            return self._pictures.find(written)
        except MissingPictureError:
            name = PurePosixPath(written).name
            if name == written:
                raise
            try:
                return self._beside.find(name)
            except MissingPictureError:
                pass
            raise


def _folders_of_databases(root: Path) -> list[str]:
    """The folders in ``root``, whatever they are called, that hold folders called as EMOTIC's are."""
    with os.scandir(root) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir())
    return [name for name in names if any((root / name / database).is_dir() for database in DATABASES)]


def _has_tables(root: Path) -> bool:
    """Whether a file that may hold annotations lies in ``root`` or in its folder of annotations."""
    folders = [root]
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.name.lower() in _ANNOTATION_FOLDERS and entry.is_dir():
                folders.append(Path(entry.path))
    return any(
        os.path.splitext(name)[1].lower() in _ANNOTATION_SUFFIXES  # noqa: PTH122 - asked of every entry
        for folder in folders
        for name in os.listdir(folder)  # noqa: PTH208
    )


def _annotation_files(root: Path) -> Iterator[Path]:
    """Files with annotations in ``root`` and in its folder of annotations, by name."""
    tables, folders = [], []
    with os.scandir(root) as entries:
        for entry in entries:
            name = entry.name.lower()
            if name.endswith((".csv", ".mat")):
                tables.append(Path(entry.path))
            elif name in _ANNOTATION_FOLDERS and entry.is_dir():
                folders.append(Path(entry.path))
    yield from filter(_is_annotations, sorted(tables)[:_MOST_TABLES])
    for folder in sorted(folders):
        below = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".csv", ".mat"))
        yield from filter(_is_annotations, below[:_MOST_TABLES])


def _is_annotations(path: Path) -> bool:
    if path.suffix.lower() == ".mat":
        return "annotations" in path.name.lower() and path.is_file()
    return path.suffix.lower() == ".csv" and is_emotic(*peek(path, _ROWS_LOOKED_AT))
