"""Second prompts and new pictures against a first prompt, and a look at an answer against the writing of it."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.measure import Row, in_turn
from elena_wb.core import AttentionQuestion, ModelCard, Request, Target

_SECOND_GOAL = 1 / 3
_SYSTEM = "You are shown a picture of one person. Go by posture, gesture and gaze before the face. " * 12


def measure() -> list[Row]:
    """All on the embedded model as GGUF in full precision, on one thread; prompts with one token written."""
    from elena_wb_gguf.loading import Loading
    from elena_wb_gguf.model import GGUFModel
    from elena_wb_tiny.gguf_export import export_gguf
    from elena_wb_tiny.grammar import PROMPTS
    from elena_wb_tiny.provider import WEIGHTS

    numbers = itertools.count()

    def request(seed: int, system: str, words: str) -> Request:
        image = np.random.default_rng(seed).integers(0, 256, (336, 336, 3), dtype=np.uint8)
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        return Request(image, digest, system, words, max_tokens=1)

    with tempfile.TemporaryDirectory() as scratch:
        text, projector = export_gguf(WEIGHTS, Path(scratch), "f32", ())
        model = GGUFModel(Loading(text, projector, threads=1), ModelCard("gguf:bench", "bench", "0"))

        def answer(question: Request) -> str:
            (response,) = model.generate([question])
            if response.error is not None:
                raise RuntimeError(response.error)
            return response.text

        def first() -> None:
            number = next(numbers)
            answer(request(number, f"{number} {_SYSTEM}", "What does this person feel?"))

        def second() -> None:
            number = next(numbers)
            last = number - 1  # the picture and the system text of the first prompt just before
            answer(request(last, f"{last} {_SYSTEM}", f"What does this person do? {number}"))

        def new_picture() -> None:
            answer(request(next(numbers), _SYSTEM, "What does this person feel?"))

        told = replace(request(0, "", PROMPTS["elena"]), max_tokens=176)

        def written() -> None:
            answer(told)

        def looked_at() -> None:
            model.attend(told, text_told, AttentionQuestion((Target("answer", ((0, len(text_told)),)),)))

        try:
            text_told = answer(told)
            looks = in_turn(written, looked_at, rounds=15)
            cold_s, second_s, ratio = in_turn(first, second, rounds=15)
            again = in_turn(first, new_picture, rounds=15)
        finally:
            model.close()
    return [
        Row(
            "gguf: second prompt on a picture",
            "first prompt",
            cold_s,
            second_s,
            ratio,
            f"≤ {_SECOND_GOAL:.2f}×",
            ratio <= _SECOND_GOAL,
        ),
        Row("gguf: new picture, same prompt", "first prompt", *again, "< 1×", again[2] < 1.0),
        Row("gguf: where an answer looked", "writing it", *looks, "≤ 1×", looks[2] <= 1.0),
    ]
