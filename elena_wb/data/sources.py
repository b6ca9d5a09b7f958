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
from elena_wb.data.annotation_table import NAME as TABLE
from elena_wb.data.folder import NAME, FolderDataset, without_duplicates
from elena_wb.data.identify import storable
from elena_wb.data.policy import NO_SETTINGS, apply_policies, kept_at_home
from elena_wb.data.rows import TABLE_SUFFIXES, Sheet
from elena_wb.data.summary import LISTED, summarised
from elena_wb.data.walk import FoundFile
from elena_wb.nearest import nearest

ANNOTATION_SUFFIXES = TABLE_SUFFIXES | {".mat"}
"""Endings of files that say what is in pictures, rather than being one."""

_LISTED_COLUMNS = 12


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
    else as a plain folder, in which folders that a dataset recognises are left to that one. Where several recognise
    it, a note names the others. A table that a dataset recognises is read by that one. Any other file is a picture
    whatever its name, and belongs to the dataset that recognises its folder, unless ``dataset`` is given: then it is
    handed to that one (an annotation file). Where none is given, datasets that cannot be imported are passed over
    with a note. No picture is opened. ``known`` maps absolute paths to what was read of them before, so that
    unchanged files are not hashed again.

    Every stimulus bears the policy that counts for its picture (:mod:`elena_wb.data.policy`); ``uploads`` maps
    folders to those in the user's settings, and ``remembered`` contents of pictures to what the store knows.
    Of problems of one kind no more than ``listed`` are told one by one.

    Raises:
        UsageError: a source does not exist, is not of that dataset, or is a table that none recognises.
    """
    stimuli: list[Stimulus] = []
    working, problems = _working(datasets or {})
    if dataset is not None:
        problems = []
    chooser = _Chooser(working if dataset is None else {})
    plain = FolderDataset()
    plain.owner = chooser.owner
    by_folders = type(dataset) is FolderDataset
    ignored = 0

    def reader(root: Path) -> Dataset:
        if dataset is not None:
            return plain if by_folders else dataset
        return plain.owner(root) or plain

    def stands_alone(path: Path) -> bool:
        if path.is_dir():
            return True
        if path.suffix.lower() not in ANNOTATION_SUFFIXES or (dataset is not None and not by_folders):
            return False
        if by_folders:
            raise UsageError(
                f"{path} is no picture, and the dataset `folder` reads pictures.",
                hint="Name the folder: tables in it are read with its pictures.",
            )
        if plain.owner(path) is None:
            raise _unrecognised(path)
        return True

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
    kept, notes = kept_at_home(stimuli, working.values())
    told = (*problems, *chooser.notes(), *notes)
    decided = apply_policies(Collection(tuple(kept), told), uploads, remembered)
    unique, repeated = without_duplicates(decided.stimuli)
    return Collection(
        tuple(unique),
        summarised((*decided.problems, *repeated), listed),
        ignored=ignored,
        elsewhere=_elsewhere(decided.stimuli),
    )


def _elsewhere(stimuli: Sequence[Stimulus]) -> dict[str, tuple[Path, ...]]:
    """``picture_id`` → every file of that content but the first."""
    files: dict[str, dict[Path, None]] = {}
    for stimulus in stimuli:
        files.setdefault(stimulus.picture_id, {})[stimulus.path] = None
    return {picture_id: tuple(paths)[1:] for picture_id, paths in files.items() if len(paths) > 1}


class _Chooser:
    """The dataset that reads a folder or a table: the first, by name, that recognises it."""

    def __init__(self, candidates: Mapping[str, Dataset]) -> None:
        self._candidates = candidates
        self._several: dict[Path, list[str]] = {}

    def owner(self, root: Path) -> Dataset | None:
        """Whoever reads ``root``, if any."""
        names = [name for name, dataset in self._candidates.items() if dataset.recognises(root)]
        # That a table is a table goes without saying.
        others = names[1:] if root.is_dir() else [name for name in names[1:] if name != TABLE]
        if others:
            self._several[root] = [names[0], *others]
        return self._candidates[names[0]] if names else None

    def notes(self) -> list[Problem]:
        """A note for each place that several recognised."""
        return [
            Problem(
                storable(root),
                f"read as {first}, though it is {' and '.join(others)} too; --dataset {others[0]} reads it as that",
                excludes=False,
                kind="note",
            )
            for root, (first, *others) in self._several.items()
        ]


def _unrecognised(path: Path) -> UsageError:
    """Why the file ``path``, which should say what is in pictures, cannot be used."""
    if path.suffix.lower() not in TABLE_SUFFIXES:
        return UsageError(
            f"No dataset recognises {path}.", hint="`elena-wb datasets` lists them; --dataset NAME names one."
        )
    try:
        sheet = Sheet.open(path)
    except UsageError as error:
        return error
    if not any(True for _ in sheet.rows()):
        wrong = f": {sheet.problems[0].reason}" if sheet.problems else ""
        return UsageError(f"{path} has no row that can be read{wrong}.")
    names = [name for name in sheet.written if name.strip()]
    more = f" and {len(names) - _LISTED_COLUMNS} more" if len(names) > _LISTED_COLUMNS else ""
    return UsageError(
        f"No dataset recognises {path}: of its columns ({', '.join(names[:_LISTED_COLUMNS])}{more}) none with a usual "
        "name holds the names of pictures.",
        hint="Name the column that does: --dataset table,path=COLUMN.",
    )


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


def _working(datasets: Mapping[str, Dataset]) -> tuple[dict[str, Dataset], list[Problem]]:
    """The datasets that can be imported, by name, and a note for each that cannot."""
    working: dict[str, Dataset] = {}
    problems: list[Problem] = []
    for name in sorted(set(datasets) - {NAME}):
        try:
            working[name] = datasets[name]
        except WorkbenchError as error:
            problems.append(Problem(f"dataset {name}", error.message, excludes=False, kind="note"))
    return working, problems
