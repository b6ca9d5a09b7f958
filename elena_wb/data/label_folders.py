"""The dataset ``label-folders``: a folder for each label, as for training a classifier."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from elena_wb.core import NOTHING_KNOWN, Collection, KnownFile, Label, Problem, UsageError
from elena_wb.data.cells import checked_scheme, likeliest_scheme
from elena_wb.data.identify import identify, storable
from elena_wb.data.tables import LABELS
from elena_wb.data.walk import PICTURE_SUFFIXES, FoundFile, walk
from elena_wb.vocabulary import LabelScheme, load_scheme

NAME = "label-folders"
_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
_FOLDERS_ABOVE = 3
_MOST_FOLDERS = 200
_MOST_ENTRIES = 1000
"""More than any scheme has labels, and as many as are looked at in vain, so that a large tree stays unread."""


class LabelFoldersDataset:
    """Pictures in folders named after their labels: `LABEL/…` or `SPLIT/LABEL/…`.

    The source is the folder that holds the folders. Most of their names are labels of one scheme, or words for them
    (`happy`), and the others are left out and named; `train`, `val` and `test` may come between. A folder with
    `labels.csv` is none of these.

    `scheme` names the label scheme; left out, it is the one that has most of the folders' names.
    """

    def __init__(self, *, scheme: str | None = None) -> None:
        self._scheme = None if scheme is None else checked_scheme(scheme)

    def recognises(self, root: Path) -> bool:
        """Whether ``root`` holds folders alone, most of which, two or more, are labels of one scheme."""
        try:
            names = _label_folders(root) if root.is_dir() and not _under_a_table(root) else None
        except (OSError, ValueError):
            return False
        return names is not None and len(names) > 1 and self._scheme_of(names) is not None

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        """Every picture that lies in a folder named after a label; other folders with pictures are problems.

        Raises:
            UsageError: ``root`` is no folder, or none of its folders is a label.
        """
        root = root.absolute()
        if not root.is_dir():
            raise UsageError(
                f"{root} is no folder.", hint="The dataset `label-folders` reads a folder of folders."
            )
        found = walk(root)
        groups: dict[Path, list[FoundFile]] = {}
        for file in found.files:
            groups.setdefault(file.path.parent, []).append(file)
        scheme = self._scheme_for(root, groups)
        said: dict[Path, tuple[str, str | None]] = {}
        problems: list[Problem] = []
        for folder, files in groups.items():
            place = _place(folder.relative_to(root), scheme)
            if place is None:
                count = f"{len(files)} picture{'s' * (len(files) > 1)} left out"
                problems.append(
                    Problem(storable(folder), f"not named after a label of {scheme.name}: {count}")
                )
            else:
                said[folder] = place
        files = [file for file in found.files if file.path.parent in said]
        pictures, unreadable = identify(files, NAME, known)
        stimuli = []
        for picture in pictures:
            label, split = said[picture.path.parent]
            stimuli.append(replace(picture, labels=(Label(NAME, scheme.name, label),), split=split))
        return Collection(tuple(stimuli), (*found.problems, *problems, *unreadable), ignored=found.ignored)

    def _scheme_for(self, root: Path, folders: Iterable[Path]) -> LabelScheme:
        """The scheme that has the most of the folders' names."""
        names = {part for folder in folders for part in folder.relative_to(root).parts} - set(_SPLITS)
        scheme = load_scheme(self._scheme) if self._scheme else likeliest_scheme(names)
        if not any(scheme.canonical(name) for name in names):
            raise UsageError(
                f"No folder in {root} that holds pictures is named after a label.",
                hint=f"Labels of ekman7 are {', '.join(load_scheme('ekman7').names)}; scheme=NAME names another.",
            )
        return scheme

    def _scheme_of(self, names: set[str]) -> LabelScheme | None:
        """The scheme of which most ``names`` are labels, two or more different ones."""
        scheme = load_scheme(self._scheme) if self._scheme else likeliest_scheme(names)
        labels = [label for folder in names if (label := scheme.canonical(folder)) is not None]
        return scheme if 2 * len(labels) > len(names) and len(set(labels)) > 1 else None


def _place(folder: Path, scheme: LabelScheme) -> tuple[str, str | None] | None:
    """Label and split that the path of a folder states: the label nearest to the picture."""
    label = next((found for part in reversed(folder.parts) if (found := scheme.canonical(part))), None)
    split = next((_SPLITS[part.lower()] for part in folder.parts if part.lower() in _SPLITS), None)
    return None if label is None else (label, split)


def _under_a_table(root: Path) -> bool:
    """Whether a table of labels lies in a folder near above, which may speak of the pictures in ``root``."""
    return any(os.path.lexists(folder / LABELS) for folder in list(root.parents)[:_FOLDERS_ABOVE])


def _label_folders(root: Path) -> set[str] | None:
    """The names of the folders in ``root``, or in its splits, if no pictures lie beside them."""
    folders = _folders_alone(root)
    if not folders:
        return None
    splits = [folder for folder in folders if folder.name.lower() in _SPLITS]
    if not splits:
        return _with_pictures(folders)
    if 2 * len(splits) <= len(folders):
        return None
    names: set[str] = set()
    for split in splits:
        inner = _with_pictures(_folders_alone(split) or [])
        if inner is None:
            return None
        names |= inner
    return names


def _with_pictures(folders: Iterable[Path]) -> set[str] | None:
    """The names of ``folders`` less those that hold nothing; ``None`` where one has a table of labels."""
    names: set[str] = set()
    for folder in folders:
        if os.path.lexists(folder / LABELS):
            return None
        with os.scandir(folder) as entries:
            seen = islice(entries, _MOST_ENTRIES)
            if any(entry.is_dir() or _is_picture(entry.name) for entry in seen):
                names.add(folder.name)
    return names


def _folders_alone(root: Path) -> list[Path] | None:
    """The folders in ``root``; ``None`` where pictures or a table of labels lie beside them, or they are many."""
    folders: list[Path] = []
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.name == LABELS or _is_picture(entry.name):
                return None
            if entry.is_dir():
                folders.append(Path(entry.path))
            if len(folders) > _MOST_FOLDERS:
                return None
    return folders


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES  # noqa: PTH122 - asked of every entry
