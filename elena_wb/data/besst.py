"""The dataset ``besst``: the Bochum Emotional Stimulus Set, whose labels are in the names of its files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

from elena_wb.core import NOTHING_KNOWN, Collection, KnownFile, Label, Problem, Stimulus, Upload, UsageError
from elena_wb.data.identify import identify, storable
from elena_wb.data.tables import left_alone
from elena_wb.data.walk import PICTURE_SUFFIXES, FoundFile, walk

NAME = "besst"
SCHEME = "ekman7"
_NAME = re.compile(
    r"(?P<actor>\d{3})(?P<gender>[mw])(?P<emotion>[FWTAEUNS])_(?P<view>\d{2})(?:_\d+)?\.[A-Za-z]{3,4}",
    re.ASCII,
)
_EMOTIONS = {
    "F": "happiness",
    "W": "anger",
    "T": "sadness",
    "A": "fear",
    "E": "disgust",
    "U": "surprise",
    "N": "neutral",
}
_GENDERS = {"m": "male", "w": "female"}
_LOOKED_AT = 200
"""How many files of a folder decide whether it is BESST."""


class BesstDataset:
    """BESST: posed bodies seen from two sides, seven emotions, labels in the file names.

    The source is a folder of pictures called as BESST calls them: `NNN[m|w]X_VV[_n].jpg`, actor, gender, emotion
    and view in degrees. X is F happiness, W anger, T sadness, A fear, E disgust, U surprise, N neutral; S has no label.
    View, gender and actor become attributes.
    """

    upload: ClassVar[Upload] = "local-only"
    scheme: ClassVar[str] = SCHEME

    def recognises(self, root: Path) -> bool:
        """Whether most pictures directly in ``root`` are called as BESST's are."""
        try:
            if not root.is_dir():
                return False
            with os.scandir(root) as entries:
                names = (entry.name for entry in entries)
                pictures = (name for name in names if Path(name).suffix.lower() in PICTURE_SUFFIXES)
                looked_at = list(islice(pictures, _LOOKED_AT))
        except (OSError, ValueError):
            return False
        return 2 * sum(_NAME.fullmatch(name) is not None for name in looked_at) > len(looked_at)

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        """Every picture in ``root`` and below; one of another name is taken without a label, and noted.

        Raises:
            UsageError: ``root`` is no folder and no picture.
        """
        root = root.absolute()
        if root.is_file():
            info = root.stat()
            files, ignored, unread = [FoundFile(root, info.st_size, info.st_mtime_ns)], 0, []
        elif root.is_dir():
            found = walk(root)
            files, ignored = found.files, found.ignored
            unread = [*found.problems, *left_alone(found.folders)]
        else:
            raise UsageError(f"{root} is no folder.", hint="The dataset `besst` reads a folder of pictures.")
        pictures, problems = identify(files, NAME, known)
        foreign = [
            Problem(
                storable(picture.path),
                "not called as BESST's pictures are: no label",
                excludes=False,
                kind="row",
            )
            for picture in pictures
            if self.from_name(picture.path.name) is None
        ]
        return Collection(
            tuple(map(self._labelled, pictures)), (*unread, *problems, *foreign), ignored=ignored
        )

    def from_name(self, name: str) -> tuple[tuple[Label, ...], Mapping[str, str]] | None:
        """Labels and attributes that the file name ``name`` states; ``None`` where it is not of this dataset."""
        match = _NAME.fullmatch(name.replace("\\", "/").rpartition("/")[2])
        if match is None:
            return None
        emotion = _EMOTIONS.get(match["emotion"])
        labels = () if emotion is None else (Label(NAME, SCHEME, emotion),)
        attributes = {"view": match["view"], "gender": _GENDERS[match["gender"]], "actor": match["actor"]}
        return labels, attributes

    def _labelled(self, picture: Stimulus) -> Stimulus:
        labels, attributes = self.from_name(picture.path.name) or ((), {})
        return replace(picture, labels=labels, attributes=attributes, upload=self.upload)
