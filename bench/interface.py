"""The interface over a million answers against the same over none, and a writer with and without it beside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.measure import Row
from bench.million import write_million
from elena_wb.core import Stimulus
from elena_wb.store import GenerationRecord, Outbox, RunSpec, Store, begin_run, finish_run

_PAINT_S, _FILTER_S, _MEMORY_MB, _SLOWED = 1.0, 0.3, 400, 1.05
_RATE, _WRITING_S, _DRAIN_EVERY_S = 50, 20, 5.0


def measure() -> Iterator[Row]:
    """Each in processes of its own; the store is made first."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        full, empty = write_million(folder / "million.duckdb").path, folder / "empty.duckdb"
        with Store(empty).write():
            pass
        yield _first_paint(empty, full, folder)
        walked = _seen(_drive(full, "walk", 0, folder))
        slowest = max(
            found["first"] for name, found in walked["filters"].items() if name not in ("text", "where")
        )
        for name, baseline, took in (
            ("filter a million, slowest", "0.3 s", slowest),
            ("find a text in a million, first lines", "0.3 s", walked["filters"]["text"]["first"]),
            ("a condition in SQL, first lines", "0.3 s", walked["filters"]["where"]["first"]),
            ("jump to the end of a million", "0.3 s", walked["end"]),
        ):
            yield Row(name, baseline, _FILTER_S, took, took / _FILTER_S, "≤ 1×", took <= _FILTER_S)
        memory = walked["memory_mb"]
        yield Row(
            "memory", "400 MB", _MEMORY_MB, memory, memory / _MEMORY_MB, "≤ 1×", memory <= _MEMORY_MB, "MB"
        )
        yield _writer(full, folder)


def _first_paint(empty: Path, full: Path, home: Path) -> Row:
    """From the start of the process until the first lines are seen, or that there are none."""
    pairs = []
    for _ in range(3):
        took = []
        for path in (empty, full):
            began = time.time()
            took.append(_seen(_drive(path, "paint", 0, home))["painted_at"] - began)
        pairs.append(took)
    baseline, ours = sorted(pairs, key=lambda pair: pair[1] - pair[0])[1]
    goal = f"≤ {_PAINT_S:.0f} s more"
    return Row(
        "first lines of a million",
        "empty store",
        baseline,
        ours,
        ours / baseline,
        goal,
        ours - baseline <= _PAINT_S,
    )


def _writer(path: Path, home: Path) -> Row:
    """Seconds for as many answers as come in some time, as a run keeps them."""
    alone = _write(path, "alone")
    with _drive(path, "live", _WRITING_S + 10, home) as reader:
        beside = _write(path, "beside")
        told = _seen(reader)["told"]
    ratio = beside / alone
    goal = f"≤ {_SLOWED}×, no failed read"
    return Row(
        "50 answers a second", "no interface", alone, beside, ratio, goal, ratio <= _SLOWED and not told
    )


def _write(path: Path, key: str) -> float:
    store = Store(path)
    spec = RunSpec(
        run_key=key,
        name=key,
        spec_digest=key,
        experiment=key,
        model_uri="scripted:one",
        model_digest="0",
        model_card={},
        prompt_name="elena",
        prompt_digest="1",
        prompt_text="What?",
        condition="none",
        dataset="folder",
    )
    began = drained = time.monotonic()
    with Outbox(store) as outbox:
        run_id = begin_run(store, spec, [Stimulus("live", Path("/pictures/live.png"), "folder", 1, 1)])
        for number in range(_RATE * _WRITING_S):
            time.sleep(max(0.0, began + number / _RATE - time.monotonic()))
            outbox.append(
                GenerationRecord(
                    generation_id=f"{key} {number}",
                    content_digest="c",
                    run_key=key,
                    stimulus_id="live",
                    repeat=number,
                    status="ok",
                    emotion="fear",
                    raw_text="{}",
                    narrative="A story as it was told. " * 12,
                )
            )
            if time.monotonic() - drained > _DRAIN_EVERY_S:
                outbox.drain()
                drained = time.monotonic()
    finish_run(store, run_id, "done")
    return time.monotonic() - began


def _drive(path: Path, what: str, seconds: float, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.driven", str(path), what, str(seconds)],
        env={**os.environ, "ELENA_WB_HOME": str(home / "home")},
        stdout=subprocess.PIPE,
        text=True,
    )


def _seen(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=600)
    if process.returncode:
        raise RuntimeError(f"The interface ended with {process.returncode}.")
    found: dict[str, Any] = json.loads(out)
    return found
