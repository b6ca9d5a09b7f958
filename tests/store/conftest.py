"""A small store to ask, and makers of what goes into one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elena_wb.core import BodyPart, Box, Label, Region, Stimulus
from elena_wb.store import GenerationRecord, Outbox, RunSpec, Store, begin_run


def digest(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def spec(key: str = "k", **changes: Any) -> RunSpec:
    fields: dict[str, Any] = {
        "run_key": key,
        "name": None,
        "spec_digest": "s",
        "experiment": "e",
        "model_uri": "tiny:",
        "model_digest": "m",
        "model_card": {"name": "tiny"},
        "prompt_name": "elena",
        "prompt_digest": "p",
        "prompt_text": "What do you see?",
        "condition": "none",
        "dataset": "folder",
    }
    return RunSpec(**(fields | changes))


def stimulus(number: int, *labels: Label, **changes: Any) -> Stimulus:
    return Stimulus(
        digest("s", number),
        Path(f"/pictures/{number:04d}.jpg"),
        "folder",
        100 + number,
        10**18,
        labels=labels,
        **changes,
    )


def generation(key: str, number: int, status: Any = "ok", **fields: Any) -> GenerationRecord:
    return GenerationRecord(
        generation_id=digest(key, number, fields.get("repeat", 0)),
        content_digest=digest("c", number),
        run_key=key,
        stimulus_id=digest("s", number),
        repeat=fields.pop("repeat", 0),
        status=status,
        **fields,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "study.duckdb", lock_timeout=20)


@pytest.fixture
def study(store: Store) -> Store:
    """Two conditions over four pictures, one answer refused, one failed; hostile text in one narrative."""
    pictures = [
        stimulus(n, Label("intended", "ekman7", label))
        for n, label in enumerate(["anger", "fear", "anger", "sadness"])
    ]
    with Outbox(store) as outbox:
        for key, condition, emotions in (
            ("a", "none", ["anger", "fear", "anger", "sadness"]),
            ("b", "face", ["anger", "anger", None, "sadness"]),
        ):
            begin_run(store, spec(key, condition=condition, name=condition), pictures)
            for n, emotion in enumerate(emotions):
                status = "refused" if emotion is None else "error" if (key, n) == ("b", 3) else "ok"
                outbox.append(
                    generation(
                        key,
                        n,
                        status,
                        emotion=emotion,
                        narrative="[red]x[/red] \x1b[31m\u202egnihton | \"q\",\n'z'",
                        body_parts=(
                            BodyPart("clenched fists", "hands", "hands"),
                            BodyPart("aura", None, None),
                        ),
                        error="it broke" if status == "error" else None,
                    )
                )
    return store


@pytest.fixture
def region() -> Callable[..., Region]:
    return lambda part="face", locator="annotated": Region(
        part, Box(1, 2, 3, 4), locator, 0.9, {"eye": (1.5, 2.5)}
    )
