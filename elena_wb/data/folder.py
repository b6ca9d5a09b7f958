"""The dataset ``folder``: any folder of pictures, with the tables beside them where there are any."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from elena_wb.core import (
    NOTHING_KNOWN,
    Collection,
    Dataset,
    KnownFile,
    Problem,
    Stimulus,
    UsageError,
    WorkbenchError,
)
from elena_wb.data.identify import identify, storable
from elena_wb.data.policy import stricter
from elena_wb.data.tables import Tables
from elena_wb.data.walk import FoundFile, walk

NAME = "folder"


def _nobody(_: Path) -> Dataset | None:
    return None


class FolderDataset:
    """Pictures in a folder and its subfolders; ``labels.csv`` and ``regions.csv`` in any of them are read."""

    def __init__(self) -> None:
        self.owner: Callable[[Path], Dataset | None] = _nobody
        """The dataset that a folder below the root is left to, if any."""

    def recognises(self, root: Path) -> bool:
        """Whether ``root`` is a folder."""
        return os.path.isdir(root)  # noqa: PTH112 - `Path.is_dir` raises where a name is too long

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        """Every picture below ``root``, sorted by path. Content that occurs twice is twice there, which
        :func:`elena_wb.data.collect` mends: only then is it known where each copy may go.

        Folders with an owner come after the others; one that cannot be loaded is a problem.

        Raises:
            UsageError: ``root`` is no folder.
        """
        if not root.is_dir():
            raise UsageError(f"{root} is no folder.", hint="The dataset `folder` reads a folder of pictures.")
        found = walk(root.absolute(), lambda folder: self.owner(folder) is not None)
        tables = Tables()
        for folder in found.folders:
            tables.read_folder(folder)
        stimuli, problems = identify(found.files, NAME, known)
        absent = [
            Problem(where, f"there is no picture {storable(picture)}", excludes=False, kind="missing")
            for picture, where in tables.mentioned.items()
            if not picture.is_file()
        ]
        owned = [self._owned(folder, known) for folder in found.claimed]
        theirs = [stimulus for part in owned for stimulus in part.stimuli]
        reported = [problem for part in owned for problem in part.problems]
        return Collection(
            (*_with_tables(stimuli, tables), *theirs),
            (*found.problems, *problems, *tables.problems, *absent, *reported),
            ignored=found.ignored + sum(part.ignored for part in owned),
        )

    def load_files(
        self, files: Sequence[FoundFile], known: Mapping[str, KnownFile] = NOTHING_KNOWN
    ) -> Collection:
        """The pictures given one by one, with what the tables in their own folders say about them.

        Pictures in a folder with an owner are taken as that dataset has them.
        """
        given = {file.path for file in files}
        folders = dict.fromkeys(file.path.parent for file in files)
        owned = [self._owned(folder, known) for folder in folders if self.owner(folder) is not None]
        by_path: dict[Path, list[Stimulus]] = {}
        for stimulus in (stimulus for part in owned for stimulus in part.stimuli if stimulus.path in given):
            by_path.setdefault(stimulus.path, []).append(stimulus)
        rest = [file for file in files if file.path not in by_path]
        tables = Tables()
        for folder in dict.fromkeys(file.path.parent for file in rest):
            tables.read_folder(folder)
        stimuli, problems = identify(rest, NAME, known)
        for stimulus in _with_tables(stimuli, tables):
            by_path.setdefault(stimulus.path, []).append(stimulus)
        ordered = [stimulus for file in files for stimulus in by_path.get(file.path, ())]
        shown = [problem for part in owned for problem in part.problems if not problem.excludes]
        return Collection(tuple(ordered), (*problems, *tables.problems, *shown))

    def _owned(self, folder: Path, known: Mapping[str, KnownFile]) -> Collection:
        dataset = self.owner(folder)
        try:
            return Collection(()) if dataset is None else dataset.load(folder, known)
        except WorkbenchError as error:
            return Collection((), (Problem(storable(folder), error.message),))


def without_duplicates(stimuli: Sequence[Stimulus]) -> tuple[list[Stimulus], list[Problem]]:
    """The first of each content, and a note for every further file of it (the same path twice is none).

    The first keeps its path and gains the labels, regions and attributes that only the others have; where they
    differ in where they may go, the strictest counts.
    """
    first: dict[str, Stimulus] = {}
    problems = []
    for stimulus in stimuli:
        kept = first.setdefault(stimulus.stimulus_id, stimulus)
        if kept is stimulus:
            continue
        first[stimulus.stimulus_id] = _with_all_said(kept, stimulus)
        if kept.path != stimulus.path:
            reason = f"the same picture as {storable(kept.path)}; taken once"
            problems.append(Problem(storable(stimulus.path), reason, excludes=False, kind="duplicate"))
    return list(first.values()), problems


def _with_all_said(kept: Stimulus, other: Stimulus) -> Stimulus:
    labels = tuple(label for label in other.labels if label not in kept.labels)
    regions = tuple(region for region in other.regions if region not in kept.regions)
    return replace(
        kept,
        labels=kept.labels + labels,
        regions=kept.regions + regions,
        attributes={**other.attributes, **kept.attributes},
        upload=stricter((kept.upload, other.upload)) or kept.upload,
    )


def _with_tables(stimuli: Sequence[Stimulus], tables: Tables) -> list[Stimulus]:
    if not tables.mentioned:
        return list(stimuli)
    return [
        replace(
            stimulus,
            labels=tuple(tables.labels.get(stimulus.path, ())),
            regions=tuple(tables.regions.get(stimulus.path, ())),
        )
        for stimulus in stimuli
    ]
