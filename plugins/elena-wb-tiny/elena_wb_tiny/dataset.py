"""The dataset ``stimuli``: folders that ``elena-wb stimuli render`` wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from elena_wb.core import Collection
from elena_wb.data.folder import FolderDataset

_MANIFEST = "stimuli.json"


class StimuliDataset:
    """Reads a rendered folder as any folder with ``labels.csv`` and ``regions.csv`` is read.

    The name it gives the stimuli is what lets the embedded model tell its own kind of picture from
    photographs.
    """

    def recognises(self, root: Path) -> bool:
        """Whether the manifest is there."""
        return (root / _MANIFEST).is_file()

    def load(self, root: Path) -> Collection:
        """Pictures, labels and regions."""
        found = FolderDataset().load(root)
        return Collection(
            tuple(replace(stimulus, dataset="stimuli") for stimulus in found.stimuli), found.problems
        )
