"""Requests to try a model with: everyday ones, unusual ones, and hopeless ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from elena_wb.core import Pixels, Request, Sampling
from elena_wb.data import pixel_digest

LABELS = ("Happiness", "Sadness", "Anger", "Neutral")
SCHEMA: dict[str, Any] = {
    "title": "contract",
    "type": "object",
    "properties": {
        "emotion": {"type": "string", "enum": list(LABELS)},
        "valence": {"type": "integer", "minimum": 1, "maximum": 9},
    },
    "required": ["emotion", "valence"],
    "additionalProperties": False,
}
SCHEMA_TOKENS = 160
"""Enough for an answer to the schema in whatever tokens a model has, a little white space included."""

_SYSTEM = "You describe pictures in a few words."
_QUESTIONS = ("What do you see?", "Name a colour.", "Is anybody here?", "Is it day or night?")


@dataclass(frozen=True, slots=True)
class Question:
    """A request, ``what`` is special about it, and whether a model that works can be expected to answer it."""

    what: str
    request: Request
    answerable: bool


def plain(number: int = 0, max_tokens: int = 24) -> Question:
    """An everyday question. Each ``number`` has a picture and, up to four, words of its own."""
    text = _QUESTIONS[number % len(_QUESTIONS)]
    return Question(f"plain question {number}", _request(text, picture(48, 64, number), max_tokens), True)


def unusual(max_tokens: int) -> list[Question]:
    """What people, prompts and data sets come up with."""
    shown = picture(48, 64, 7)

    def ask(what: str, text: str, *, answerable: bool = True, **fields: Any) -> Question:
        return Question(
            what, _request(text, shown, fields.pop("max_tokens", max_tokens), **fields), answerable
        )

    return [
        ask("a prompt in several scripts", "Was fühlt sie? 她感觉如何？ ماذا تشعر؟ Что это?"),
        ask("a prompt with emoji", "Which one fits: 😀, 😢 or 👩🏽‍🚀?"),
        ask("a prompt with control characters", "one\x00two\x07\x1b[31m\u202ethree", answerable=False),
        ask("a prompt of 4,000 characters", "Look closely. " * 286, answerable=False),
        ask("a prompt without system text", "What do you see?", system=""),
        ask("a limit of one token", "What do you see?", max_tokens=1),
        ask("sampling", "What do you see?", answerable=False, sampling=Sampling(0.7, 0.9, 20), seed=3),
    ]


def hopeless(max_tokens: int) -> list[Question]:
    """What may be beyond a model, between two questions that are not."""
    text = "What do you see?"
    return [
        plain(0, max_tokens),
        Question("a picture of one pixel", _request(text, picture(1, 1, 3), max_tokens), False),
        Question("a picture of 3 × 900 pixels", _request(text, picture(900, 3, 4), max_tokens), False),
        Question("an empty question", _request("", picture(48, 64, 5), max_tokens), False),
        plain(1, max_tokens),
    ]


def with_schema(number: int = 0) -> Question:
    """A question whose answer is to follow :data:`SCHEMA`."""
    text = f"Which emotion is shown? Answer in JSON with emotion ({', '.join(LABELS)}) and valence (1 to 9)."
    request = _request(text, picture(48, 64, number), SCHEMA_TOKENS, schema=SCHEMA)
    return Question("a question with a schema", request, True)


def picture(height: int, width: int, number: int) -> Pixels:
    """uint8 ``[height, width, 3]``: a gradient with a lighter square, in colours that ``number`` chooses."""
    rng = np.random.default_rng(number)
    left, right, square = rng.integers(0, 256, (3, 3))
    share = np.linspace(0.0, 1.0, width)[None, :, None]
    pixels = np.broadcast_to(left * (1 - share) + right * share, (height, width, 3)).astype(np.uint8)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = square
    return pixels


def _request(user: str, pixels: Pixels, max_tokens: int, *, system: str = _SYSTEM, **fields: Any) -> Request:
    return Request(pixels, pixel_digest(pixels), system, user, max_tokens=max_tokens, **fields)
