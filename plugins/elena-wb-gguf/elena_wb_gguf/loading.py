"""What the engine needs to know to load a model: files and settings, already chosen and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CacheType = Literal["f16", "q8_0", "q4_0"]
"""Number format of the attention cache (keys and values), as llama.cpp names it."""


@dataclass(frozen=True, slots=True)
class Loading:
    """A text model with its projector, and how to run them.

    ``None`` leaves a choice to the engine, which goes by the model and the machine. ``text`` is the first part of
    a model that was split over several files. ``context_length`` counts tokens of question, picture and answer;
    ``batch_tokens`` is how many of them are worked off at once. ``gpu_layers`` is the number of layers that a
    graphics card computes. ``constrained`` lets answers take only the form of the request's schema. ``debug``
    lets llama.cpp write to stderr.
    """

    text: Path
    projector: Path
    context_length: int | None = None
    batch_tokens: int | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    flash_attention: bool | None = None
    cache_type: CacheType = "f16"
    constrained: bool = True
    debug: bool = False
