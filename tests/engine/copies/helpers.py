"""What the tests of masked copies share: pictures with faces, a detector, what lies in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from elena_wb.core import (
    Box,
    Collection,
    Condition,
    Pixels,
    Region,
    Stimulus,
    person_stimulus_id,
)
from elena_wb.data import FolderDataset
from elena_wb.engine.copies.plan import CopyPlan
from elena_wb.masking import Masking, resolve
from elena_wb.masking.annotated import AnnotatedLocator
from elena_wb.masking.box import BoxMasker

Pictures = Callable[..., Path]


class Bright:
    """Finds the smallest box around all pixels that are wholly white; also serves to audit."""

    parts = frozenset({"face"})
    identity = "bright"

    def __init__(self) -> None:
        self.calls = 0

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> Sequence[Region]:
        self.calls += 1
        white = np.argwhere((pixels == 255).all(axis=2))
        if not len(white):
            return ()
        (top, left), (bottom, right) = white.min(axis=0), white.max(axis=0) + 1
        box = Box(float(left), float(top), float(right - left), float(bottom - top))
        return [Region("face", box, "bright", 0.9)]


def with_faces(folder: Path, box: str = "4,4,8,8") -> Path:
    """``folder`` with a table that says where a face is in each of its pictures."""
    rows = [f"{path.name},face,{box}" for path in sorted(folder.iterdir()) if path.suffix != ".csv"]
    (folder / "regions.csv").write_text("\n".join(["path,part,x,y,w,h", *rows]))
    return folder


def files(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


FACE = Region("face", Box(4, 4, 5, 5), "annotated")


def masking(spec: str, detector: Bright) -> Masking:
    locators = {"annotated": lambda _: AnnotatedLocator(), "bright": lambda _: detector}
    return resolve(Condition.parse(spec), locators=locators, maskers={"box": lambda _: BoxMasker()})


def audited(plan: CopyPlan, detector: Bright) -> CopyPlan:
    return replace(
        plan, treatments=tuple(replace(one, auditor=("bright", detector)) for one in plan.treatments)
    )


class Pair:
    """A dataset of one picture with two labelled persons, each with a face; the second must stay here."""

    def recognises(self, root: Path) -> bool:
        return False

    def load(self, root: Path, known: object = None) -> Collection:
        (found,) = FolderDataset().load(root).stimuli
        boxes = (Box(0, 0, 25, 40), Box(30, 0, 25, 40))
        persons = [
            replace(
                found,
                stimulus_id=person_stimulus_id(found.stimulus_id, box),
                person_index=index,
                person_box=box,
                upload=("allowed", "local-only")[index],
                regions=(Region("face", Box(box.x + 5, 5, 10, 10), "annotated"),),
            )
            for index, box in enumerate(boxes)
        ]
        return Collection(tuple(persons))
