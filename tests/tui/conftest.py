"""Stores to look at: one that the embedded model filled, and one whose every word and time is known."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from elena_wb.config import Settings
from elena_wb.core import Box, Region, Stimulus
from elena_wb.plugins import build_host, plugin_host
from elena_wb.store import RunSpec, Store, begin_run, finish_run
from elena_wb.tui import WorkbenchApp
from tests import quick

FIGURES = 12
NOW = datetime(2026, 3, 1, 12, 0, 0)
"""What the clock of the app shows in tests."""
EMOTIONS = ("happiness", "sadness", "fear", "anger", "surprise", "disgust", "neutral")


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def _studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with figures and a store, filled once for all workers by the program itself."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "studied"
    shared.mkdir(exist_ok=True)
    with _alone(shared / "lock"):
        if not (shared / "done").exists():
            environment = {**os.environ, "ELENA_WB_HOME": str(shared / "home"), "OMP_NUM_THREADS": "1"}

            def program(*arguments: str) -> None:
                quick.run(
                    ["elena_wb", "--store", str(shared / "study.duckdb"), *arguments],
                    env=environment,
                    check=True,
                    capture_output=True,
                    timeout=300,
                )

            figures = str(shared / "figures")
            program("stimuli", "render", figures, "--count", str(FIGURES), "--seed", "5", "--incongruent")
            program("run", figures, "-m", "tiny:", "--mask", "none", "--mask", "face", "--name", "figures")
            program("attend", "1", "2", "--limit", "4")
            (shared / "done").touch()
    return shared


@pytest.fixture
def study(_studied: Path, tmp_path: Path) -> Store:
    """A store of the test's own: run 1 (unmasked) and 2 (face hidden) of ``tiny:`` about the same figures.

    The first four answers of each run were looked at; the pictures lie where the store says.
    """
    shutil.copy(_studied / "study.duckdb", tmp_path / "study.duckdb")
    shutil.copytree(_studied / "study.duckdb.attention", tmp_path / "study.duckdb.attention")
    return Store(tmp_path / "study.duckdb")


@pytest.fixture
def planted(tmp_path: Path) -> Store:
    """A store whose every word, number and time is the same on every machine, for snapshots.

    Runs 1 (``none``) and 2 (``face``), model ``scripted:one``, about eight pictures that are not there; run 3 failed in
    half of its calls.
    """
    store = Store(tmp_path / "planted.duckdb")
    stimuli = [
        Stimulus(
            stimulus_id=f"{index:064x}",
            path=Path(f"/pictures/figure-{index:02}.png"),
            file_size=1,
            file_mtime_ns=1,
            dataset="folder",
            regions=(Region("face", Box(40, 10, 20, 20), "annotated"),),
        )
        for index in range(8)
    ]
    for run, condition in enumerate(("none", "face", "face"), start=1):
        spec = RunSpec(
            run_key=f"key {run}",
            name="posed figures" if run < 3 else "a second try",
            spec_digest=f"{run:064x}",
            experiment="planted",
            model_uri="scripted:one",
            model_digest="0" * 64,
            model_card={"name": "scripted"},
            prompt_name="elena",
            prompt_digest="1" * 64,
            prompt_text="What does the person feel?",
            condition=condition,
            dataset="folder",
            options={
                "scheme": "ekman7",
                "masking": condition,
                "repeats": 1,
                "sampling": {"temperature": 0.0},
            },
            seed=0,
            environment={"python": "3.11"},
        )
        run_id = begin_run(store, spec, stimuli)
        with store.write() as connection:
            for index, stimulus in enumerate(stimuli):
                emotion = EMOTIONS[(index + (index % 3 == 0) * (run - 1)) % 7]
                failed = run == 3 and index % 2 == 1
                generation = f"{run:032x}{index:032x}"
                connection.execute(
                    """INSERT INTO generations (generation_id, run_id, stimulus_id, repeat, status, raw_text, emotion,
                           emotion_raw, explicit_description, implicit_description, narrative, valence, arousal,
                           dominance, error, attempts, latency_ms, created_at)
                       VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 120, TIMESTAMP '2026-03-01 11:00:00')""",
                    [
                        generation,
                        run_id,
                        stimulus.stimulus_id,
                        "error" if failed else "ok",
                        None if failed else json.dumps({"emotion": emotion}),
                        None if failed else emotion,
                        None if failed else emotion,
                        None if failed else f"arms raised, head held level, figure {index}",
                        None if failed else "The chest feels wide.",
                        None
                        if failed
                        else f"The person {'lifts' if run == 1 else 'holds'} both arms and looks ahead.",
                        *((None,) * 3 if failed else (3.0 + index % 5 - run, 5.0, 4.0 + run)),
                        "The server is busy." if failed else None,
                    ],
                )
                if not failed:
                    connection.execute(
                        """INSERT INTO body_parts VALUES
                           (?, 0, 'arms raised', 'arms', 'upper'), (?, 1, 'head', 'head', 'head')""",
                        [generation, generation],
                    )
                if run == 1:
                    connection.execute(
                        "INSERT INTO labels VALUES (?, 'folder', 'ekman7', ?, NULL, NULL, NULL)",
                        [stimulus.stimulus_id, EMOTIONS[index % 7]],
                    )
        finish_run(store, run_id, "partial" if run == 3 else "done")
    with store.write() as connection:
        connection.execute(
            "UPDATE runs SET started_at = '2026-03-01 10:00:00', finished_at = '2026-03-01 10:05:00'"
        )
    return store


@pytest.fixture
def opened(home: Path) -> Callable[..., WorkbenchApp]:
    """Makes the app over a store, as it is started, with a clock that stands still; ``images`` are off by default."""

    def make(store: Store, **options: object) -> WorkbenchApp:
        bare = bool(options.pop("bare", False))
        host = build_host([], []) if bare else plugin_host()
        given = {"images": "none", "clock": lambda: NOW, **options}
        return WorkbenchApp(store, Settings(store=store.path), host, **given)  # type: ignore[arg-type]

    return make
