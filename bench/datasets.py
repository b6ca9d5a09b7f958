"""Loading 20,000 rows of EMOTIC as CSV and as ``.mat``, and planning 10,000 persons."""

from __future__ import annotations

import csv
import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from bench.measure import Row
from elena_wb.data.emotic import EmoticDataset
from elena_wb.engine.study import Request, plan_study
from elena_wb.plugins import build_host
from elena_wb.store import Store
from elena_wb.vocabulary import load_scheme
from tests import scripted, trees

_PERSONS = 20_000
_A_PICTURE = 2
_PLANNED = 10_000
_GOAL_S = 20.0
_GOAL_PLAN_S = 10.0


def measure() -> list[Row]:
    """Load the same persons from both kinds of annotations, and plan a run over half of them."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        persons = _persons()
        _draw(root, persons)
        table = trees.emotic_csv_joined(root / "tables" / "rows.csv", persons)
        mat = trees.emotic_mat(root / "Annotations" / "Annotations.mat", persons, size=(400, 400))
        loading = EmoticDataset(images=str(root))
        return [
            _loaded(
                "rows of CSV", "csv + sha256 of the pictures", lambda: _bare_csv(root, table), loading, table
            ),
            _loaded("persons of Annotations.mat", "scipy's loadmat", lambda: _bare_mat(mat), loading, mat),
            _planned(root, table),
        ]


def _loaded(
    what: str, name: str, baseline: Callable[[], object], dataset: EmoticDataset, annotations: Path
) -> Row:
    before = _seconds(baseline)
    began = time.perf_counter()
    found = dataset.load(annotations)
    ours = time.perf_counter() - began
    assert (len(found.stimuli), found.problems) == (_PERSONS, ())
    return Row(
        f"load {_PERSONS:,} {what}", name, before, ours, ours / before, f"< {_GOAL_S:.0f} s", ours < _GOAL_S
    )


def _planned(root: Path, table: Path) -> Row:
    from elena_wb import builtin

    host = build_host([], [("builtin", builtin), ("scripted", scripted)])
    store = Store(root / "store.duckdb")
    request = Request(
        sources=[table],
        model_uri="scripted:",
        prompts=["naive"],
        conditions=["none"],
        dataset=f"emotic,images={root}",
        limit=_PLANNED,
    )
    loading = _seconds(lambda: EmoticDataset(images=str(root)).load(table))
    began = time.perf_counter()
    study = plan_study(request, host, store)
    ours = time.perf_counter() - began
    assert study.to_ask == _PLANNED
    return Row(
        f"plan {_PLANNED:,} persons",
        f"loading the {_PERSONS:,} they are taken from",
        loading,
        ours,
        ours / loading,
        f"< {_GOAL_PLAN_S:.0f} s",
        ours < _GOAL_PLAN_S,
    )


def _persons() -> list[trees.Person]:
    rng = np.random.default_rng(0)
    names = load_scheme("emotic26").displayed
    made = []
    for index in range(_PERSONS):
        left, top = (int(value) for value in rng.integers(0, 200, 2))
        chosen = rng.choice(len(names), int(rng.integers(1, 5)), replace=False)
        valence, arousal, dominance = (int(value) for value in rng.integers(1, 11, 3))
        made.append(
            trees.Person(
                "mscoco/images",
                f"COCO_train2014_{index // _A_PICTURE:012d}.png",
                (left, top, left + 50 + index % _A_PICTURE, top + 150),
                tuple(names[number] for number in chosen),
                (valence, arousal, dominance),
            )
        )
    return made


def _draw(root: Path, persons: list[trees.Person]) -> None:
    rng = np.random.default_rng(0)
    folder = root / "mscoco" / "images"
    folder.mkdir(parents=True)
    for name in dict.fromkeys(person.file for person in persons):
        pixels = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name, compress_level=0)


def _bare_csv(root: Path, table: Path) -> None:
    with table.open(encoding="utf-8", newline="") as stream:
        pictures = {root / row["folder"] / row["filename"] for row in csv.DictReader(stream)}
    for path in pictures:
        hashlib.sha256(path.read_bytes()).hexdigest()


def _bare_mat(mat: Path) -> None:
    from scipy.io import loadmat

    loadmat(mat, struct_as_record=False, squeeze_me=True)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
