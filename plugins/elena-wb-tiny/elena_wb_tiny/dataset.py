"""The dataset ``stimuli``: folders that ``elena-wb stimuli render`` wrote."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from elena_wb.core import NOTHING_KNOWN, Collection, KnownFile, Stimulus, UsageError
from elena_wb.data.folder import FolderDataset

_MANIFEST = "stimuli.json"
_RENDERED = re.compile(r"s-?\d+-\d{5,}\.png", re.ASCII)


class StimuliDataset:
    """Reads a rendered folder as any folder with ``labels.csv`` and ``regions.csv`` is read.

    The name it gives the stimuli is what lets the embedded model tell its own kind of picture from
    photographs; a picture that was added to the folder keeps the name of a plain one.
    """

    def recognises(self, root: Path) -> bool:
        """Whether the manifest is there."""
        return os.path.isfile(root / _MANIFEST)  # noqa: PTH113 - `Path.is_file` raises at long names

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        """Pictures, labels and regions.

        Raises:
            UsageError: ``root`` is no rendered folder.
        """
        if not self.recognises(root):
            raise UsageError(
                f"{root} is no folder of rendered stimuli: it has no {_MANIFEST}.",
                hint="Leave `--dataset stimuli` out, or name a folder that `elena-wb stimuli render` wrote.",
            )
        found = FolderDataset().load(root, known)
        return replace(found, stimuli=tuple(map(self._named, found.stimuli)))

    def _named(self, stimulus: Stimulus) -> Stimulus:
        rendered = _RENDERED.fullmatch(stimulus.path.name) and self.recognises(stimulus.path.parent)
        return replace(stimulus, dataset="stimuli") if rendered else stimulus
