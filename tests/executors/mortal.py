"""A plugin with a model that ends its process, prints and waits as it is told."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from elena_wb import hookimpl
from elena_wb.core import KnocksOut, ModelCard, ModelError, Needs, Request, Response

LABELS = ("Happiness", "Sadness", "Fear", "Anger", "Surprise", "Disgust", "Neutral")


class MortalOptions(BaseModel, extra="forbid", use_attribute_docstrings=True):
    log: str | None = None
    """A file that is told the process, its share of the machine, and each question that it answers."""
    delay: float = 0.0
    """Seconds that an answer takes."""
    deadly: int | None = None
    """Every so many-th picture, by digest, is the end of the process."""
    batch: int = 4
    """Requests answered together."""
    helper: bool = False
    """Whether it starts a process of its own, which has all that its process has open."""
    unwell: str | None = None
    """Why it cannot be opened in any process but the one that runs the study."""


class MortalModel:
    max_concurrency = 1

    def __init__(self, options: MortalOptions, card: ModelCard) -> None:
        self.options, self.card, self.preferred_batch_size = options, card, options.batch
        print("the model prints on stdout")
        print("the model complains on stderr", file=sys.stderr)
        variables = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")}
        self._log("opened", variables)
        if options.helper and not (helper := os.fork()):
            time.sleep(300)
            os._exit(0)
        elif options.helper:
            self._log("helped", helper)

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        for index, request in enumerate(requests):
            digest = int(request.image_digest, 16)
            if self.options.deadly is not None and digest % self.options.deadly == 0:
                print("the last thing that it says", file=sys.stderr, flush=True)
                os._exit(7)
            time.sleep(self.options.delay)
            print("answering")
            text = json.dumps({"emotion": LABELS[digest % 7], "body_parts": [], "narrative": "…"})
            self._log("answered", request.image_digest)
            yield Response(index, text, "stop", 10, 20)

    def require_knock_out(self) -> None:
        raise ModelError("Nobody reaches its attention.")

    def close(self) -> None:
        self._log("closed", None)

    def _log(self, what: str, value: object) -> None:
        if self.options.log is not None:
            line = json.dumps([os.getpid(), what, value]) + "\n"
            with Path(self.options.log).open("ab", buffering=0) as file:
                file.write(line.encode())


class MortalProvider:
    options_model: ClassVar[type[BaseModel]] = MortalOptions
    requires: ClassVar[Mapping[str, str]] = {}

    def destination(self, reference: str, options: BaseModel) -> str | None:
        return "models.example" if reference == "distant" else None

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        return ModelCard("mortal:", "mortal", "b" * 64)

    def needs(self, reference: str, options: BaseModel) -> Needs:
        return Needs(gpus=1.0) if reference == "on-card" else Needs()

    def open(self, reference: str, options: BaseModel) -> MortalModel:
        assert isinstance(options, MortalOptions)
        if options.unwell is not None:
            raise ModelError(options.unwell, hint="See a doctor.")
        model = MortalModel(options, self.describe(reference, options))
        assert isinstance(model, KnocksOut)
        return model


@hookimpl
def register_models(register):
    register("mortal", MortalProvider)
