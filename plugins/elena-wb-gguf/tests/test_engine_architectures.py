"""Architectures that keep or count their places in other ways give what they kept for the same answers."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama
import llama_cpp.mtmd_cpp as mtmd
import numpy as np
import pytest
from elena_wb_gguf.asking import asked
from elena_wb_gguf.engine import Engine
from elena_wb_gguf.testing import loaded_engine, random_qwen, rewritten

from elena_wb.core import Request


def reused_without_difference(
    engine: Engine, question: Callable[..., Request], picture: Callable[..., np.ndarray]
) -> int:
    """How many places were reused while every answer was that of an engine which remembers nothing."""
    chance, reused = random.Random(5), 0
    words = ["Tell", "what this", "person feels,", "as full JSON.", "Why?"]
    for _ in range(12):
        seed = chance.randint(0, 1)
        text = " ".join(chance.choices(words, k=chance.randint(1, 25)))
        settings = {"image": picture(seed, 90, 60 + 60 * seed), "system": chance.choice(["", "Look."])}
        engine.answer(asked(question(text[: len(text) // 2], **settings), 1), settings["image"])
        request = question(text, **settings)
        remembered = engine.answer(asked(request, 2), request.image)
        engine.context.clear()
        engine.projector.forget()
        alone = engine.answer(asked(request, 3), request.image)
        assert remembered.text == alone.text
        reused += remembered.work.reused
    return reused


def test_a_sliding_window_keeps_what_lies_before_it(
    exported: Any, question: Callable[..., Request], picture: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    text, projector = exported()
    keys = {
        "gemma3.attention.sliding_window": 16,
        "gemma3.attention.sliding_window_pattern": [True, True, True, False],
        "gemma3.rope.freq_base_swa": 10_000.0,
    }
    engine = loaded_engine(rewritten(text, tmp_path / "sliding.gguf", keys=keys), projector)
    try:
        assert llama.llama_model_n_swa(engine.model.handle) == 16
        assert reused_without_difference(engine, question, picture) > 300
    finally:
        engine.free()


@pytest.fixture
def qwen(exported: Any, tmp_path: Path) -> tuple[Path, Path]:
    return random_qwen(exported()[0], tmp_path)


def test_places_counted_in_three_directions_go_on_after_a_picture(
    qwen: tuple[Path, Path], question: Callable[..., Request], picture: Callable[..., np.ndarray]
) -> None:
    engine = loaded_engine(*qwen)
    try:
        assert mtmd.mtmd_decode_use_mrope(engine.projector.handle)
        assert reused_without_difference(engine, question, picture) > 300
    finally:
        engine.free()


def test_pictures_read_at_their_own_size_take_as_many_places_as_they_need(
    qwen: tuple[Path, Path], question: Callable[..., Request], picture: Callable[..., np.ndarray]
) -> None:
    engine = loaded_engine(*qwen)
    try:
        small, large = (
            engine.answer(asked(question(image=image), 1), image).work.read_picture
            for image in (picture(0, 112, 112), picture(0, 224, 224))
        )
    finally:
        engine.free()

    assert (small, large) == (16, 64)
