"""The dataset ``folder``: any folder of pictures, with the tables beside them where there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from elena_wb.core import Collection, Problem, Stimulus, UsageError
from elena_wb.data.identify import KnownFile, identify, storable
from elena_wb.data.tables import Tables
from elena_wb.data.walk import FoundFile, walk

NAME = "folder"


class FolderDataset:
    """Pictures in a folder and its subfolders; ``labels.csv`` and ``regions.csv`` in any of them are read.

    ``known`` spares unchanged files a second hashing (:func:`elena_wb.data.identify.identify`).
    """

    def __init__(self, known: Mapping[str, KnownFile] | None = None) -> None:
        self._known = known or {}

    def recognises(self, root: Path) -> bool:
        """Whether ``root`` is a folder."""
        return root.is_dir()

    def load(self, root: Path) -> Collection:
        """Every picture below ``root``, sorted by path; content that occurs twice is taken once.

        Raises:
            UsageError: ``root`` is no folder.
        """
        if not root.is_dir():
            raise UsageError(f"{root} is no folder.", hint="The dataset `folder` reads a folder of pictures.")
        found = walk(root.absolute())
        tables = Tables()
        for folder in found.folders:
            tables.read_folder(folder)
        stimuli, problems = identify(found.files, NAME, self._known)
        absent = [
            Problem(where, f"there is no picture {storable(picture)}", excludes=False)
            for picture, where in tables.mentioned.items()
            if not picture.is_file()
        ]
        unique, repeated = without_duplicates(_with_tables(stimuli, tables))
        return Collection(
            tuple(unique),
            (*found.problems, *problems, *tables.problems, *absent, *repeated),
            ignored=found.ignored,
        )

    def load_files(self, files: Sequence[FoundFile]) -> Collection:
        """The pictures given one by one, with what the tables in their own folders say about them."""
        tables = Tables()
        for folder in dict.fromkeys(file.path.parent for file in files):
            tables.read_folder(folder)
        stimuli, problems = identify(files, NAME, self._known)
        return Collection(tuple(_with_tables(stimuli, tables)), (*problems, *tables.problems))


def without_duplicates(stimuli: Sequence[Stimulus]) -> tuple[list[Stimulus], list[Problem]]:
    """The first of each content, and a note for every further file of it (the same path twice is none).

    The first keeps its path and gains the labels and regions that only the others have.
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
            problems.append(Problem(storable(stimulus.path), reason, excludes=False))
    return list(first.values()), problems


def _with_all_said(kept: Stimulus, other: Stimulus) -> Stimulus:
    labels = tuple(label for label in other.labels if label not in kept.labels)
    regions = tuple(region for region in other.regions if region not in kept.regions)
    return replace(kept, labels=kept.labels + labels, regions=kept.regions + regions)


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
