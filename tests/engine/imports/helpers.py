"""What the tests of imports share: answers in the shapes of the published files, and who reads their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from elena_wb import hookimpl
from elena_wb.core import NOTHING_KNOWN, Collection, KnownFile, Label, UsageError
from elena_wb.data import FolderDataset
from elena_wb.engine.imports.importing import Imported
from elena_wb.hookspecs import Register
from elena_wb.store import Store

LETTERS = {"H": "happiness", "S": "sadness", "X": None}


PLAIN = {
    "explicit_description": "Arms up.",
    "narrative": "She won.",
    "body_parts": ["arms"],
    "emotion": "Happiness",
}


NUMBERED = {
    "category": "Sad",
    "raw_response": "1. Embodied Emotion: Yes\n2. Category: Sad\n3. Narrative: He left.",
}


Pictures = Callable[..., Path]


class Postures:
    """A dataset whose names tell the emotion and the view: ``p1H_45.png``; X is said to be nothing we know."""

    def recognises(self, root: Path) -> bool:
        return (root / "postures").exists()

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        found = FolderDataset().load(root, known)
        read = [(stimulus, self.from_name(stimulus.path.name)) for stimulus in found.stimuli]
        stimuli = [replace(one, dataset="postures", labels=said[0] if said else ()) for one, said in read]
        return replace(found, stimuli=tuple(stimuli))

    def from_name(self, name: str) -> tuple[tuple[Label, ...], Mapping[str, str]] | None:
        match = re.fullmatch(r"p\d+([HSX])_(\d+)\.png", name)
        if match is None:
            return None
        label = LETTERS[match[1]]
        return ((Label("postures", "ekman7", label),) if label else ()), {"view": match[2]}


class Broken:
    """A dataset that fails where it is asked about names."""

    def recognises(self, root: Path) -> bool:
        return False

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        raise UsageError(f"{root} is not of this dataset.")

    def from_name(self, name: str) -> tuple[tuple[Label, ...], Mapping[str, str]] | None:
        raise RuntimeError("no such file")


class _Plugin:
    @hookimpl
    def register_datasets(self, register: Register) -> None:
        register("postures", Postures)
        register("broken", Broken)


def ask(store: Store, sql: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        return connection.execute(sql).fetchall()


Bring = Callable[..., Imported]
