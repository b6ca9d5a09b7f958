"""Datasets laid out as they are distributed, with generated pictures and made-up rows."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from elena_wb.vocabulary import load_scheme


def picture(path: Path, size: tuple[int, int] = (64, 48), seed: int | None = None) -> Path:
    """A picture whose content follows ``seed``, or else its path, so that different paths differ."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(sum(map(ord, path.name)) * 1000 + len(path.name) if seed is None else seed)
    Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)).save(path)
    return path


def table(path: Path, rows: Iterable[Sequence[object]], encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


@dataclass(frozen=True)
class Person:
    """One labelled person, as EMOTIC has it."""

    folder: str
    file: str
    box: tuple[float, float, float, float]
    categories: tuple[str, ...]
    affect: tuple[float, float, float]
    split: str = "train"
    gender: str = "Male"
    age: str = "Adult"


PERSONS = (
    Person("mscoco/images", "COCO_train2014_1.jpg", (2, 3, 40, 41), ("Peace", "Doubt/Confusion"), (6, 5, 7)),
    Person("mscoco/images", "COCO_train2014_1.jpg", (30, 0, 64, 48), ("Anger",), (2, 8, 9), gender="Female"),
    Person("framesdb/images", "frame_x.jpg", (0, 0, 20, 30), ("Disquietment",), (3, 6, 4), split="val"),
    Person(
        "emodb_small/images", "abc.jpg", (5, 5, 50, 40), ("Happiness", "Pleasure"), (9, 7, 6), split="test"
    ),
)


def emotic_pictures(root: Path, persons: Sequence[Person] = PERSONS) -> None:
    for person in persons:
        picture(root / person.folder / person.file)


def emotic_mat(
    path: Path,
    persons: Sequence[Person] = PERSONS,
    *,
    size: tuple[int, int] = (64, 48),
    compressed: bool = True,
) -> Path:
    """``Annotations.mat`` with the structures that EMOTIC's has."""
    from scipy.io import savemat

    path.parent.mkdir(parents=True, exist_ok=True)
    splits = {}
    for split in ("train", "val", "test"):
        named: dict[tuple[str, str], list[Person]] = {}
        for one in persons:
            if one.split == split:
                named.setdefault((one.folder, one.file), []).append(one)
        records = [
            {
                "filename": file,
                "folder": folder,
                "image_size": _structs([{"n_row": size[1], "n_col": size[0]}]),
                "original_database": _structs([{"name": folder.partition("/")[0]}]),
                "person": _structs([_person(one) for one in shown]),
            }
            for (folder, file), shown in named.items()
        ]
        if records:
            splits[split] = _structs(records)
    savemat(path, splits, do_compression=compressed)
    return path


def emotic_csv_a(path: Path, persons: Sequence[Person] = PERSONS) -> Path:
    header = [
        "Index",
        "Folder",
        "Filename",
        "Image Size",
        "BBox",
        "Categorical_Labels",
        "Continuous_Labels",
        "Gender",
        "Age",
    ]
    rows = [
        (i, p.folder, p.file, "[64, 48]", list(p.box), list(p.categories), list(p.affect), p.gender, p.age)
        for i, p in enumerate(persons)
    ]
    return table(path, [header, *rows])


def emotic_csv_b(path: Path, persons: Sequence[Person] = PERSONS) -> Path:
    names = load_scheme("emotic26").displayed
    header = ["Filename", "Width", "Height", "Age", "Gender", "X_min", "Y_min", "X_max", "Y_max", *names]
    rows = [
        (p.file, 64, 48, p.age, p.gender, *p.box, *(int(name in p.categories) for name in names), *p.affect)
        for p in persons
    ]
    return table(path, [[*header, "Valence", "Arousal", "Dominance"], *rows])


def emotic_csv_joined(path: Path, persons: Sequence[Person] = PERSONS) -> Path:
    header = _names("folder,filename,x1,y1,x2,y2,categories,valence,arousal,dominance,gender,age")
    rows = [(p.folder, p.file, *p.box, "|".join(p.categories), *p.affect, p.gender, p.age) for p in persons]
    return table(path, [header, *rows])


def emotic_csv_single(path: Path, persons: Sequence[Person] = PERSONS) -> Path:
    header = _names("image_path,label,valence,arousal,dominance,bbox_x1,bbox_y1,bbox_x2,bbox_y2")
    rows = [
        (f"{p.folder}/{p.file}", name, *(value / 10 for value in p.affect), *p.box)
        for p in persons
        for name in p.categories
    ]
    return table(path, [header, *rows])


def heco(root: Path, rows: Sequence[Sequence[object]], images: str = "Data") -> Path:
    header = _names("Image,xmin,ymin,xmax,ymax,Category,Valence,Arousal,Dominance,Label_SA,Label_CA")
    table(root / "Labels" / "HECO_Labels.csv", [header, *rows])
    for row in rows:
        picture(root / images / str(row[0]))
    return root


def _names(header: str) -> list[str]:
    return header.split(",")


def _person(person: Person) -> dict[str, Any]:
    categories = np.empty((1, len(person.categories)), object)
    categories[0, :] = person.categories
    affect = _structs([dict(zip(("valence", "arousal", "dominance"), person.affect, strict=True))])
    said = {
        "body_bbox": np.array([person.box], float),
        "gender": person.gender,
        "age": person.age,
        "annotations_categories": _structs([{"categories": categories}]),
        "annotations_continuous": affect,
    }
    if person.split == "train":
        return said
    # As in EMOTIC, what single annotators said differs from what counts.
    single = np.empty((1, 1), object)
    single[0, 0] = "Yearning"
    disagreeing = _structs([{"categories": categories}, {"categories": single}])
    return said | {
        "annotations_categories": disagreeing,
        "combined_categories": categories,
        "combined_continuous": affect,
    }


def _structs(records: Sequence[dict[str, Any]]) -> np.ndarray[Any, Any]:
    names = dict.fromkeys(name for record in records for name in record)
    made = np.empty((1, len(records)), [(name, object) for name in names])
    for index, record in enumerate(records):
        for name in names:
            made[0, index][name] = record.get(name, "")
    return made
