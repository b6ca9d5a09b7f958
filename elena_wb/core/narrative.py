"""What a model's answer amounts to once it has been read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ParseStatus = Literal["ok", "unparsed", "refused"]


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A body part that an answer names.

    ``phrase`` is the model's own wording; ``part`` and ``group`` are canonical (``group`` is one of
    ``face``, ``head``, ``upper``, ``hands``, ``torso``, ``lower``, ``internal``, ``whole``) and
    ``None`` where no entry of the vocabulary matches.
    """

    phrase: str
    part: str | None
    group: str | None


@dataclass(frozen=True, slots=True)
class Narrative:
    """The parsed answer. ``emotion`` is canonical (``happiness`` …) or ``None`` for an abstention.

    Valence, arousal and dominance are in 1..10; values outside are dropped, never clipped silently:
    ``notes`` says what was repaired or dropped.
    """

    status: ParseStatus
    emotion: str | None = None
    emotion_raw: str | None = None
    explicit_description: str | None = None
    implicit_description: str | None = None
    narrative: str | None = None
    valence: float | None = None
    arousal: float | None = None
    dominance: float | None = None
    body_parts: tuple[BodyPart, ...] = ()
    notes: tuple[str, ...] = ()
