"""A model plugin for a cluster's nodes: quick, and it can die. Each answer is noted in the file ``log``."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from elena_wb import hookimpl
from elena_wb.core import ModelCard, Request, Response

LABELS = ("Happiness", "Sadness", "Fear", "Anger", "Surprise", "Disgust", "Neutral")


class MortalOptions(BaseModel, extra="forbid", use_attribute_docstrings=True):
    """How it dies."""

    log: str
    """The file that answers are noted in, with the process that gave them."""
    delay: float = 0.0
    """Seconds that each answer takes."""
    deadly: int | None = None
    """Every so many-th picture (by digest) kills who is asked about it."""


class MortalModel:
    preferred_batch_size = 4
    max_concurrency = 1

    def __init__(self, options: MortalOptions, card: ModelCard) -> None:
        self.card = card
        self._options = options

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        for index, request in enumerate(requests):
            number = int(request.image_digest, 16)
            if self._options.deadly and number % self._options.deadly == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            request.image[0, 0, 0] = 0  # its own pixels, which it may write to as in any process
            time.sleep(self._options.delay)
            chosen = int(hashlib.sha256(f"{number} {request.seed}".encode()).hexdigest(), 16)
            answer: dict[str, Any] = {"emotion": LABELS[chosen % 7], "valence": 5, "narrative": str(chosen)}
            note = json.dumps(
                {"process": os.getpid(), "picture": request.image_digest, "folder": str(Path.cwd())}
            )
            with Path(self._options.log).open("a", encoding="utf-8") as log:
                log.write(note + "\n")
            yield Response(index, json.dumps(answer), "stop", 10, 20, 1.0)

    def close(self) -> None:
        pass


class MortalProvider:
    options_model: ClassVar[type[BaseModel]] = MortalOptions
    requires: ClassVar[Mapping[str, str]] = {}

    def destination(self, reference: str, options: BaseModel) -> str | None:
        return None

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        return ModelCard(f"mortal:{reference}", "mortal", hashlib.sha256(reference.encode()).hexdigest())

    def open(self, reference: str, options: BaseModel) -> MortalModel:
        assert isinstance(options, MortalOptions)
        return MortalModel(options, self.describe(reference, options))


@hookimpl
def register_models(register: Any) -> None:
    register("mortal", MortalProvider)
