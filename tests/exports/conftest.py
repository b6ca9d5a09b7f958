"""A store with everything in it that can leave one, and what tells two stores apart."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from elena_wb.core import BodyPart, Box, Label, Region, Stimulus
from elena_wb.store import (
    AuditRecord,
    GenerationRecord,
    Outbox,
    Store,
    add_audits,
    add_regions,
    begin_run,
    finish_run,
)
from elena_wb.store.attention import add_extractions
from elena_wb.store.marking import put_mark
from tests.store.conftest import digest, generation, spec, stimulus
from tests.store.test_attention import extraction

FOLDER = "/home/anna/studies/pictures"
LONG = "Hände 手 " * 12_500
HOSTILE = '=HYPERLINK("http://x")\r\n\'; DROP TABLE runs; --\x1b[31m\u202e,\t"q"'


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "here" / "study.duckdb", lock_timeout=20)


@pytest.fixture
def other(tmp_path: Path) -> Store:
    return Store(tmp_path / "there" / "other.duckdb", lock_timeout=20)


def pictures() -> list[Stimulus]:
    """Three pictures: one with regions and landmarks, one with two labelled persons, one that must stay."""
    face = Region("face", Box(1.5, 2, 30, 40), "annotated", 0.5, {"eye": (3.25, 4.0)})
    hand = Region("left_hand", Box(60, 50, 10, 12), "annotated", None)
    first = stimulus(
        0,
        Label("coder", "ekman7", "fear", 2.5, None, 9),
        Label("coder", "ekman7", "anger"),
        Label("face", "ekman7", "fear"),
        regions=(face, hand),
        width=100,
        height=80,
        attributes={"view": "45", "Ort": "Köln"},
        split="train",
    )
    persons = [
        Stimulus(
            f"{digest('s', 1)}#{index * 50},0,{index * 50 + 50},100",
            Path(f"{FOLDER}/2 Leute.jpg"),
            "folder",
            7,
            8,
            person_index=index,
            person_box=Box(index * 50, 0, 50, 100),
            labels=(Label("coder", "emotic26", "Peace"),),
            split="val",
        )
        for index in range(2)
    ]
    kept = stimulus(2, Label("coder", "ekman7", "sadness"), upload="local-only", split="val")
    return [first, *persons, kept]


@pytest.fixture
def rich(store: Store, _made: Path) -> Store:
    """Two runs over these: every kind of answer, repeats, attention with maps, audits, marks."""
    shutil.copytree(_made, store.path.parent)
    return store


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that store, made once."""
    store = Store(tmp_path_factory.mktemp("rich") / "study.duckdb", lock_timeout=20)
    them = pictures()
    for key, condition in (("a", "none"), ("b", "face")):
        run = spec(
            key,
            condition=condition,
            name=f"run {key}",
            spec_digest=f"spec-{key}",
            model_uri=f"gguf:{FOLDER}/my models/gemma.gguf?mmproj={FOLDER}/p.gguf",
            model_card={"name": "gemma", "file": f"{FOLDER}/my models/gemma.gguf"},
            options={"scheme": "ekman7", "sources": [FOLDER], "masking": f"{condition}#1"},
            environment={"python": "3.11"},
        )
        run_id = begin_run(store, run, them, planned=8)
        with Outbox(store) as outbox:
            for number, one in enumerate(them):
                for repeat in range(2):
                    outbox.append(_answer(key, number, one, repeat))
        finish_run(store, run_id, "partial")
    add_regions(
        store,
        "yunet",
        {digest("s", 0): (), digest("s", 2): (Region("face", Box(0, 0, 5, 5), "yunet", 0.75),)},
    )
    add_audits(
        store,
        [them[0]],
        [AuditRecord(digest("s", 0), "face", "face#1", "mtcnn", 0, audited_at=datetime(2026, 1, 2))],
    )
    add_extractions(store, [extraction(digest("a", 0, 0), 0.25), extraction(digest("b", 0, 0), 0.5)])
    put_mark(store, digest("a", 0, 0), marked=True, note="very odd")
    return store.path.parent


def _answer(key: str, number: int, about: Stimulus, repeat: int) -> GenerationRecord:
    fields: dict[str, Any] = {
        0: {
            "emotion": "fear",
            "emotion_raw": "Fearful",
            "narrative": LONG,
            "raw_text": HOSTILE,
            "body_parts": (BodyPart("clenched fists", "hands", "hands"), BodyPart("aura ✨", None, None)),
            "label_scores": {"fear": -0.25, "anger": -2.0},
            "valence": 2.0 + repeat,
            "notes": ("repaired", f"no face was looked for: {FOLDER}/yunet.onnx is gone"),
        },
        1: {"emotion": None, "raw_text": "", "narrative": "", "explicit_description": None},
        2: {"status": "refused", "raw_text": "I cannot help with that."},
        3: {"status": "error", "error": f"Cannot read {about.path}: gone ({FOLDER}/x.jpg)"},
    }[number]
    when = datetime(2026, 1, 1)
    made = generation(key, number, fields.pop("status", "ok"), repeat=repeat, created_at=when, **fields)
    return replace(made, stimulus_id=about.stimulus_id)


def state(store: Store, *, without: tuple[str, ...] = ()) -> dict[str, tuple[int, int]]:
    """Rows and a digest of each table but the bookkeeping's; ``without`` are columns not looked at."""
    found = {}
    with store.read() as connection:
        tables = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE table_name NOT LIKE 'schema%' ORDER BY 1"
        ).fetchall()
        for (table,) in tables:
            columns = [
                name for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall() if name not in without
            ]
            shown = ", ".join(f'"{name}"::VARCHAR' for name in columns)
            found[table] = connection.execute(
                f"SELECT count(*), coalesce(sum(hash({shown})), 0) FROM {table}"
            ).fetchall()[0]
    return found
