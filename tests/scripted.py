"""A plugin of models and detectors that do as they are told: what the engine must cope with, on demand.

``scripted:?fail=2&oom_above=4`` and the like. Every request it answers is appended to the file named by
``log``: one line as the model is asked, one once the host has taken the answer.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, cast

from pydantic import BaseModel
from scipy import ndimage

from elena_wb import hookimpl
from elena_wb.core import (
    Box,
    ModelCard,
    ModelError,
    OutOfMemoryError,
    Pixels,
    PostponedError,
    Quota,
    Region,
    Request,
    Response,
    Stimulus,
    Trouble,
    Usage,
)

LABELS = ("Happiness", "Sadness", "Fear", "Anger", "Surprise", "Disgust", "Neutral")


class ScriptedOptions(BaseModel, extra="forbid"):
    log: str | None = None
    """The file that every question and answer is noted in."""
    batch: int = 4
    """Requests answered together."""
    concurrency: int = 1
    """Calls at once."""
    delay: float = 0.0
    """Seconds that each call takes."""
    oom_above: int | None = None
    """Batches larger than this run out of memory."""
    fail: int | None = None
    """Every so many-th picture (by digest) gets an error that is not worth a retry."""
    flaky: bool = False
    """The first time each picture is asked, a retryable error."""
    crash: int | None = None
    """Every so many-th picture makes the whole batch raise."""
    silent: bool = False
    """No answer at all."""
    gone_after: int | None = None
    """After so many answers the model can answer no more."""
    refuse: bool = False
    """Decline every question."""
    prose: bool = False
    """Answer in words that hold no emotion."""
    cost: float | None = None
    """US dollars that each answer costs."""
    flaky_cost: float | None = None
    """What a retryable error costs all the same."""
    version: str = "1"
    """Another version is another model."""
    quantisation: str | None = None
    """How the weights are held; every third answer depends on it."""
    trouble_share: float = 0.0
    """The share of questions, by digest and attempt, that meet one of ``troubles``, drawn in the same way."""
    troubles: str = "server"
    """Troubles, separated by commas."""
    trouble_first: int = 0
    """The first so many questions meet ``troubles`` in turn."""
    trouble_on: int | None = None
    """Every so many-th picture always meets the first of ``troubles``."""
    retry_after: float | None = None
    """Seconds that every trouble asks to be left alone."""
    logprobs: bool = False
    """Tell how probable each label is."""
    answered_by: str | None = None
    """The version that answers."""
    secret: str | None = None
    """What the server repeats in answers and errors."""
    postpone: int | None = None
    """After so many answers, the others are being made elsewhere."""
    account: str = "scripted/account"
    """Who is metered."""
    rpm: int | None = None
    """Requests a minute; this, a limit below or an estimate makes the model one that is metered."""
    tpm: int | None = None
    """Tokens a minute."""
    rpd: int | None = None
    """Requests a day."""
    most_tokens: int = 30
    """The most tokens of a call."""
    most_cost: float | None = None
    """The most US dollars that a call costs."""
    looks_at: str | None = None
    """LEFT,TOP,RIGHT,BOTTOM in pixels: all that the answer depends on."""
    knocks_out: bool = False
    """What it may not attend to is black to it; ``false`` takes no knock-out at all."""
    cannot_knock_out: bool = False
    """It could, but not these weights."""

    @property
    def metered(self) -> bool:
        return any(value is not None for value in (self.rpm, self.tpm, self.rpd, self.most_cost))


class ScriptedModel:
    def __init__(self, options: ScriptedOptions, card: ModelCard) -> None:
        self.options = options
        self.card = card
        self.preferred_batch_size = options.batch
        self.max_concurrency = options.concurrency
        self.batches: list[int] = []
        self.asked: set[str] = set()
        self.answers = 0
        self.closed = 0
        self.attempts: Counter[str] = Counter()
        self.met = 0
        self.at_once = 0
        self.most_at_once = 0
        self._guard = threading.Lock()

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        if self.closed:
            raise ModelError("The scripted model was closed.")
        options = self.options
        self.batches.append(len(requests))
        if options.oom_above is not None and len(requests) > options.oom_above:
            raise OutOfMemoryError(f"{len(requests)} requests do not fit")
        if any(_nth(request, options.crash) for request in requests):
            raise RuntimeError("the model fell over")
        with self._guard:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(options.delay)
        with self._guard:
            self.at_once -= 1
        if options.silent:
            return
        # Backwards, since answers may come in any order.
        for index, request in reversed(list(enumerate(requests))):
            if options.gone_after is not None and self.answers >= options.gone_after:
                raise ModelError("The server is gone.", hint="Start it again.")
            if options.postpone is not None and self.answers >= options.postpone:
                raise PostponedError("Answers are still being made.", hint="Give the same command tomorrow.")
            self._log("asked", request)
            yield self._answer(index, request)
            self._log("taken", request)
            self.answers += 1

    def _answer(self, index: int, request: Request) -> Response:
        key = f"{request.image_digest}:{request.seed}"
        if self.options.flaky and key not in self.asked:
            self.asked.add(key)
            cost = self.options.flaky_cost
            return Response(index, "", "error", error="busy", retryable=True, cost_usd=cost)
        trouble = self._trouble(request)
        if trouble is not None:
            error = f"scripted {trouble} {self.options.secret or ''}".strip()
            return Response(
                index,
                "",
                "error",
                error=error,
                retryable=True,
                trouble=trouble,
                retry_after_s=self.options.retry_after,
                cost_usd=self.options.flaky_cost,
            )
        if _nth(request, self.options.fail):
            return Response(index, "", "error", error="scripted failure")
        if self.options.refuse:
            return Response(index, "I'm sorry, but I can't help with that.", "refused")
        if self.options.prose:
            return Response(index, "A person stands in a field of wheat.", "stop")
        held = self.options.quantisation if _nth(request, 3) else None
        seen = f"{self._seen(request)}:{request.seed}"
        chosen = int(hashlib.sha256(f"{held or ''}{seen}".encode()).hexdigest(), 16)
        emotion = LABELS[chosen % len(LABELS)]
        story = self.options.secret or "…"
        text = json.dumps(
            {"emotion": emotion, "valence": 5, "body_parts": ["raised arms"], "narrative": story}
        )
        logprobs = {label: math.log(0.4 if label == emotion else 0.1) for label in LABELS}
        return Response(
            index,
            text,
            "stop",
            10,
            min(20, request.max_tokens),
            1.0,
            self.options.cost,
            label_logprobs=logprobs if self.options.logprobs else {},
            answered_by=self.options.answered_by,
        )

    def _seen(self, request: Request) -> str:
        assert request.knock_out is None, "a model that cannot was given a knock-out"
        return self._looked_at(request.image, request.image_digest)

    def _looked_at(self, pixels: Pixels, digest: str) -> str:
        if self.options.looks_at is None:
            return digest
        left, top, right, bottom = map(int, self.options.looks_at.split(","))
        return hashlib.sha256(pixels[top:bottom, left:right].tobytes()).hexdigest()

    def _trouble(self, request: Request) -> Trouble | None:
        options = self.options
        kinds = options.troubles.split(",")
        with self._guard:
            self.attempts[request.image_digest] += 1
            attempt = self.attempts[request.image_digest]
            if self.met < options.trouble_first:
                self.met += 1
                return cast(Trouble, kinds[(self.met - 1) % len(kinds)])
        if _nth(request, options.trouble_on):
            return cast(Trouble, kinds[0])
        drawn = random.Random(f"{request.image_digest}:{attempt}")
        return cast(Trouble, drawn.choice(kinds)) if drawn.random() < options.trouble_share else None

    def _log(self, what: str, request: Request) -> None:
        if self.options.log:
            line = f"{what} {request.image_digest}:{request.seed}\n".encode()
            descriptor = os.open(self.options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, line)
            os.close(descriptor)

    def close(self) -> None:
        self.closed += 1


class MeteredModel(ScriptedModel):
    """One whose calls are counted."""

    @property
    def quota(self) -> Quota:
        options = self.options
        return Quota(options.account, options.rpm, options.tpm, options.rpd)

    def at_most(self, request: Request) -> Usage:
        return Usage(self.options.most_tokens, self.options.most_cost)


class KnockingModel(ScriptedModel):
    """One that can be kept from attending to a part: it sees it black."""

    def require_knock_out(self) -> None:
        if self.options.cannot_knock_out:
            raise ModelError("These weights hide where the picture is.")

    def _seen(self, request: Request) -> str:
        if request.knock_out is None:
            return self._looked_at(request.image, request.image_digest)
        pixels = request.image.copy()
        for box in request.knock_out.boxes:
            assert box.clipped(pixels.shape[1], pixels.shape[0]) == box
            pixels[round(box.y) : round(box.y + box.h), round(box.x) : round(box.x + box.w)] = 0
        return self._looked_at(pixels, hashlib.sha256(pixels.tobytes()).hexdigest())


class WaitingModel(ScriptedModel):
    """One that is told when to stop waiting for answers."""

    stop: threading.Event | None = None

    def stop_on(self, stop: threading.Event) -> None:
        self.stop = stop


def _nth(request: Request, every: int | None) -> bool:
    return every is not None and int(request.image_digest, 16) % every == 0


class ScriptedProvider:
    options_model: ClassVar[type[BaseModel]] = ScriptedOptions
    requires: ClassVar[Mapping[str, str]] = {}

    def destination(self, reference: str, options: BaseModel) -> str | None:
        return None

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        assert isinstance(options, ScriptedOptions)
        held = options.quantisation
        digest = hashlib.sha256(f"{reference} {options.version}{held or ''}".encode()).hexdigest()
        uri = f"scripted:{reference}" + (f"?quantisation={held}" if held else "")
        return ModelCard(uri, "scripted", digest, quantisation=held)

    def open(self, reference: str, options: BaseModel) -> ScriptedModel:
        assert isinstance(options, ScriptedOptions)
        kind = ScriptedModel
        if options.metered:
            kind = MeteredModel
        elif options.postpone is not None:
            kind = WaitingModel
        elif options.knocks_out:
            kind = KnockingModel
        return kind(options, self.describe(reference, options))


@hookimpl
def register_models(register):
    register("scripted", ScriptedProvider)
    register("distant", DistantProvider)
    register("priced", PricedProvider)


class DistantProvider(ScriptedProvider):
    """The same model, asked over the network."""

    def destination(self, reference: str, options: BaseModel) -> str | None:
        return "models.example"

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        return replace(super().describe(f"distant {reference}", options), uri=f"distant:{reference}")


class PricedProvider(DistantProvider):
    """One over the network that can tell what calls cost."""

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        return replace(super().describe(reference, options), priced_on="2026-01-01")

    def at_most(self, reference: str, options: BaseModel, request: Request) -> Usage:
        assert isinstance(options, ScriptedOptions)
        return Usage(options.most_tokens, options.most_cost)


class Squares:
    """A locator of faces that are pure red squares, ``smallest`` pixels wide or wider."""

    def __init__(self, smallest: int = 1) -> None:
        self.smallest = smallest

    @property
    def parts(self) -> frozenset[str]:
        return frozenset({"face"})

    @property
    def identity(self) -> str:
        return f"{type(self).__name__}({self.smallest})"

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> list[Region]:
        labels, count = ndimage.label((pixels == (255, 0, 0)).all(axis=2))
        found = ndimage.find_objects(labels)
        assert len(found) == count
        boxes = [Box(x.start, y.start, x.stop - x.start, y.stop - y.start) for y, x in found]
        return [Region("face", box, "squares", 0.9) for box in boxes if box.w >= self.smallest]


class OtherSquares(Squares):
    """As independent as a scripted detector can be."""


@hookimpl
def register_locators(register):
    register("squares", Squares)
    register("other-squares", OtherSquares)
