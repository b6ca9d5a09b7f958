"""From what a user names on the command line to stimuli."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from elena_wb.core import (
    NOTHING_KNOWN,
    Collection,
    Dataset,
    KnownFile,
    Problem,
    Stimulus,
    Upload,
    UsageError,
    WorkbenchError,
)
from elena_wb.data.folder import NAME, FolderDataset, without_duplicates
from elena_wb.data.policy import NO_SETTINGS, apply_policies, kept_at_home
from elena_wb.data.rows import TABLE_SUFFIXES
from elena_wb.data.summary import LISTED, summarised
from elena_wb.data.walk import FoundFile
from elena_wb.nearest import nearest

ANNOTATION_SUFFIXES = TABLE_SUFFIXES | {".mat"}
"""Endings of files that say what is in pictures, rather than being one."""


def collect(
    sources: Sequence[str | Path],
    *,
    datasets: Mapping[str, Dataset] | None = None,
    dataset: Dataset | None = None,
    known: Mapping[str, KnownFile] = NOTHING_KNOWN,
    uploads: Mapping[str, Upload] = NO_SETTINGS,
    remembered: Mapping[str, Upload] = NO_SETTINGS,
    listed: int | None = LISTED,
) -> Collection:
    """Stimuli of all ``sources`` (files and folders) in the order given, each content once.

    A folder is read by ``dataset`` where one is given, else by the first of ``datasets`` (by name) that recognises it,
    else as a plain folder, in which folders that a dataset recognises are left to that one. A table that a
    dataset recognises is read by that one. Any other file is a picture whatever its name, and belongs to the dataset
    that recognises its folder, unless ``dataset`` is given: then it is handed to that one (an annotation file). Where
    none is given, datasets that cannot be imported are passed over with a note. No picture is opened. ``known`` maps
    absolute paths to what was read of them before, so that unchanged files are not hashed again.

    Every stimulus bears the policy that counts for its picture (:mod:`elena_wb.data.policy`); ``uploads`` maps
    folders to those in the user's settings, and ``remembered`` contents of pictures to what the store knows.
    Of problems of one kind no more than ``listed`` are told one by one.

    Raises:
        UsageError: a source does not exist, or is not of that dataset.
    """
    stimuli: list[Stimulus] = []
    working, problems = _working(datasets or {})
    if dataset is not None:
        problems = []
    candidates = working if dataset is None else []
    plain = FolderDataset()
    plain.owner = lambda root: next((found for found in candidates if found.recognises(root)), None)
    by_folders = type(dataset) is FolderDataset
    ignored = 0

    def reader(root: Path) -> Dataset:
        if dataset is not None:
            return plain if by_folders else dataset
        return plain.owner(root) or plain

    def stands_alone(path: Path) -> bool:
        is_table = path.suffix.lower() in ANNOTATION_SUFFIXES
        return path.is_dir() or (is_table and plain.owner(path) is not None)

    for group in _grouped([_existing(source) for source in sources], stands_alone):
        if isinstance(group, list) and (dataset is None or by_folders):
            parts = [plain.load_files([_found(path) for path in group], known)]
        else:
            roots = group if isinstance(group, list) else [group]
            parts = [reader(root).load(root, known) for root in roots]
        for part in parts:
            stimuli += part.stimuli
            problems += part.problems
            ignored += part.ignored
    kept, notes = kept_at_home(stimuli, working)
    decided = apply_policies(Collection(tuple(kept), (*problems, *notes)), uploads, remembered)
    unique, repeated = without_duplicates(decided.stimuli)
    return Collection(tuple(unique), summarised((*decided.problems, *repeated), listed), ignored=ignored)


def _existing(source: str | Path) -> Path:
    path = Path(os.path.abspath(Path(source).expanduser()))  # noqa: PTH100 - links stay as the user wrote them
    if os.path.lexists(path) and path.exists():
        return path
    parent = path.parent
    while not parent.is_dir():
        path, parent = parent, parent.parent
    names = [] if not os.access(parent, os.R_OK) else [entry.name for entry in os.scandir(parent)]
    hint = nearest(path.name, names) or f"{parent} has no `{path.name}`."
    raise UsageError(f"There is no file or folder `{source}`.", hint=hint)


def _grouped(paths: Sequence[Path], stands_alone: Callable[[Path], bool]) -> list[Path | list[Path]]:
    """Folders and annotations one by one, and runs of pictures together, so that their tables are read once."""
    groups: list[Path | list[Path]] = []
    for path in paths:
        if stands_alone(path):
            groups.append(path)
        elif groups and isinstance(groups[-1], list):
            groups[-1].append(path)
        else:
            groups.append([path])
    return groups


def _found(path: Path) -> FoundFile:
    info = path.stat()
    return FoundFile(path, info.st_size, info.st_mtime_ns)


def _working(datasets: Mapping[str, Dataset]) -> tuple[list[Dataset], list[Problem]]:
    """The datasets that can be imported, by name, and a note for each that cannot."""
    working: list[Dataset] = []
    problems: list[Problem] = []
    for name in sorted(set(datasets) - {NAME}):
        try:
            working.append(datasets[name])
        except WorkbenchError as error:
            problems.append(Problem(f"dataset {name}", error.message, excludes=False, kind="note"))
    return working, problems
