"""A bench for looking at answers: pictures, a store, and a model that attends to what is bright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from elena_wb import builtin
from elena_wb.core import NOTHING_KNOWN, Box, Collection, person_stimulus_id
from elena_wb.data import FolderDataset
from elena_wb.engine import Event
from elena_wb.engine.attending import AttentionPlan, AttentionResult, Seen, Wanted, plan_attention
from elena_wb.engine.study import Request, plan_study
from elena_wb.plugins import build_host
from elena_wb.store import Store
from elena_wb.store.attention import attention_folder
from tests import attentive, scripted

PERSON = Box(10, 20, 40, 60)
RED = (255, 0, 0)


class Persons(FolderDataset):
    """Every picture shows one labelled person among others."""

    def recognises(self, root: Path) -> bool:
        return False

    def load(self, root: Path, known: object = NOTHING_KNOWN) -> Collection:
        found = super().load(root)
        return replace(
            found,
            stimuli=tuple(
                replace(
                    one,
                    stimulus_id=person_stimulus_id(one.stimulus_id, PERSON),
                    person_index=0,
                    person_box=PERSON,
                )
                for one in found.stimuli
            ),
        )


class Plugin:
    """What the host provides, with a dataset of persons and with a detector of red squares for faces."""

    @staticmethod
    @builtin.hookimpl
    def register_locators(register) -> None:  # type: ignore[no-untyped-def]
        register("annotated", "elena_wb.masking.annotated:AnnotatedLocator")
        register("squares", scripted.Squares)

    @staticmethod
    @builtin.hookimpl
    def register_datasets(register) -> None:  # type: ignore[no-untyped-def]
        builtin.register_datasets(register)
        register("persons", Persons)

    register_maskers = staticmethod(builtin.register_maskers)


class Bench:
    """Asks and looks; keeps the events and what was seen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "pictures"
        self.folder.mkdir()
        plugins = [("builtin", Plugin()), ("attentive", attentive)]
        self.host = build_host([], plugins)
        self.store = Store(folder / "store.duckdb")
        self.events: list[Event] = []
        self.seen: list[Seen] = []

    def picture(self, name: str, seed: int, *, width: int = 60, height: int = 40, face: bool = True) -> None:
        """Grey noise; the face is a pure red square on a place of the model's grid."""
        pixels = np.random.default_rng(seed).integers(0, 200, (height, width, 1), dtype=np.uint8).repeat(3, 2)
        if face:
            pixels[10:20, 20:30] = RED
        Image.fromarray(pixels).save(self.folder / f"{name}.png")

    def ask(self, uri: str = "attentive:", *conditions: str, **more: object) -> None:
        request = Request([self.folder], uri, ["naive"], conditions or ("none",), **more)  # type: ignore[arg-type]
        plan_study(request, self.host, self.store).carry_out(self.store, listener=lambda event: None)

    def plan(self, run: str = "1", wanted: Wanted | None = None, **more: object) -> AttentionPlan:
        return plan_attention(run, wanted or Wanted(), self.host, self.store, **more)  # type: ignore[arg-type]

    def look(self, run: str = "1", wanted: Wanted | None = None, **more: object) -> AttentionResult:
        self.events.clear()
        self.seen.clear()
        return self.plan(run, wanted, **more).carry_out(
            self.store, listener=self.events.append, watch=self.seen.append
        )

    def sql(self, sql: str) -> list[tuple[object, ...]]:
        with self.store.read() as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        with self.store.write() as connection:
            connection.execute(sql)

    @property
    def files(self) -> Sequence[Path]:
        folder = attention_folder(self.store)
        return sorted(folder.iterdir()) if folder.exists() else []
