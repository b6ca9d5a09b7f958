"""The engine against a bare loop, and against the way such studies are usually scripted."""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Row, in_turn
from elena_wb.core import UNMASKED, Model, Request
from elena_wb.data import load_image, pixel_digest
from elena_wb.engine.models import ModelAddress
from elena_wb.engine.study import Request as StudyRequest
from elena_wb.engine.study import plan_study
from elena_wb.plugins import plugin_host
from elena_wb.prompts import choose
from elena_wb.store import Store

_PICTURES = 48
_CHECKPOINT_EVERY = 10
_LOOP_GOAL = 1.05
_SCRIPT_GOAL = 2.0


class _Kept:
    """A model that stays open between rounds: loading is not what is measured."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.card = model.card
        self.preferred_batch_size = model.preferred_batch_size
        self.max_concurrency = model.max_concurrency
        self.generate = model.generate

    def close(self) -> None:
        """Left to whoever opened the model."""


def measure() -> list[Row]:
    """Both comparisons on the embedded model and the same rendered figures."""
    from elena_wb_tiny.stimuli.folder import write_folder

    host = plugin_host()
    address = ModelAddress.parse("tiny:", host)
    with tempfile.TemporaryDirectory() as scratch, _opened(address) as model:
        folder = Path(scratch) / "figures"
        write_folder(folder, _PICTURES, 4242, False)
        paths = sorted(folder.glob("*.png"))
        prompt = choose(
            "elena", model_uri="tiny:", condition=UNMASKED, extra_folders=host.prompt_folders
        ).prompt

        def request(path: Path) -> Request:
            pixels = load_image(path).pixels
            return Request(
                pixels,
                pixel_digest(pixels),
                prompt.system,
                prompt.user,
                prompt.schema,
                max_tokens=prompt.max_tokens,
            )

        def bare_loop() -> None:
            size = model.preferred_batch_size
            for start in range(0, len(paths), size):
                batch = [request(path) for path in paths[start : start + size]]
                assert all(response.text for response in model.generate(batch))

        def script() -> None:
            answers: dict[str, str] = {}
            for number, path in enumerate(paths, 1):
                (response,) = model.generate([request(path)])
                answers[path.name] = response.text
                if number % _CHECKPOINT_EVERY == 0:
                    (Path(scratch) / "answers.json").write_text(json.dumps(answers), "utf-8")

        def engine() -> None:
            store = Store(Path(scratch) / f"{uuid.uuid4().hex}.duckdb")
            study = plan_study(StudyRequest(sources=[folder], model_uri="tiny:"), host, store)
            study.carry_out(store, listener=lambda _event: None, open_model=lambda: _Kept(model))

        rows = []
        bare, ours, ratio = in_turn(bare_loop, engine)
        rows.append(
            Row(
                "engine",
                "bare loop, same batches",
                bare,
                ours,
                ratio,
                f"≤ {_LOOP_GOAL}×",
                ratio <= _LOOP_GOAL,
            )
        )
        scripted, ours, ratio = in_turn(script, engine, rounds=2)
        rows.append(
            Row(
                "engine",
                "one at a time, JSON rewritten",
                scripted,
                ours,
                1 / ratio,
                f"≥ {_SCRIPT_GOAL}× faster",
                1 / ratio >= _SCRIPT_GOAL,
            )
        )
    return rows


@contextmanager
def _opened(address: ModelAddress) -> Iterator[Model]:
    model = address.open()
    try:
        yield model
    finally:
        model.close()
