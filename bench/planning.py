"""Planning a resume when 100,000 generations are already there."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from bench.measure import Row
from elena_wb.engine.plan import generation_id
from elena_wb.engine.prefetch import Item
from elena_wb.engine.study import Request, plan_study
from elena_wb.plugins import build_host
from elena_wb.store import GenerationRecord, Outbox, Store, begin_run
from tests import scripted

_PICTURES = 1000
_REPEATS = 100
_GOAL_S = 2.0


def measure() -> Row:
    """Plan the same study on an empty store and on one with every generation there but one."""
    from elena_wb import builtin

    host = build_host([], [("builtin", builtin), ("scripted", scripted)])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "pictures"
        folder.mkdir()
        _draw(folder)
        request = Request(
            sources=[folder], model_uri="scripted:", prompts=["naive"], conditions=["none"], repeats=_REPEATS
        )
        store = Store(Path(scratch) / "store.duckdb")
        began = time.perf_counter()
        plan = plan_study(request, host, store).plans[0]
        empty = time.perf_counter() - began
        begin_run(store, plan.spec, plan.stimuli)
        with Outbox(store) as outbox:
            outbox.append(*(_answer(plan.spec.run_key, item) for item in plan.items[:-1]))
        began = time.perf_counter()
        resumed = plan_study(request, host, store)
        full = time.perf_counter() - began
        assert resumed.to_ask == 1
    return Row(
        f"plan a resume of {_PICTURES * _REPEATS:,} generations",
        "the same plan, empty store",
        empty,
        full,
        full / empty,
        f"< {_GOAL_S} s",
        full < _GOAL_S,
    )


def _draw(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for index in range(_PICTURES):
        pixels = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:05d}.png", compress_level=0)


def _answer(run_key: str, item: Item) -> GenerationRecord:
    return GenerationRecord(
        generation_id=generation_id(run_key, item),
        content_digest="0",
        run_key=run_key,
        stimulus_id=item.stimulus.stimulus_id,
        repeat=item.repeat,
        status="ok",
        emotion="neutral",
    )
