"""Decoding and masking ahead in worker threads, so that the model never waits for pictures."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from elena_wb.core import Pixels, Prompt, Region, Request, Sampling, Stimulus, WorkbenchError
from elena_wb.data import load_image, pixel_digest


class Masks(Protocol):
    """What the engine needs of a masking condition (:class:`elena_wb.masking.Masking`)."""

    def apply(self, pixels: Pixels, stimulus: Stimulus) -> MaskedPicture:
        """The picture with what is to be hidden hidden."""


class MaskedPicture(Protocol):
    """What masking returns."""

    @property
    def pixels(self) -> Pixels:
        """The picture to send."""

    @property
    def regions(self) -> Sequence[Region]:
        """What was located on the way."""

    @property
    def searched(self) -> Sequence[str]:
        """The locators that searched this picture, also in vain."""

    @property
    def notes(self) -> Sequence[str]:
        """What a reader of the results should know, such as that no face was found."""


@dataclass(frozen=True, slots=True)
class Item:
    """One generation to be made: a stimulus and the number of the repeat, from 0."""

    stimulus: Stimulus
    repeat: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """An item ready to be asked, or the reason why it cannot be.

    ``width`` and ``height`` are those of the picture as displayed, before masking.
    """

    item: Item
    request: Request | None
    error: str | None = None
    width: int | None = None
    height: int | None = None
    regions: tuple[Region, ...] = ()
    searched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How every request of a run is made from its picture."""

    prompt: Prompt
    masks: Masks
    sampling: Sampling
    seed: int
    max_tokens: int

    def prepare(self, item: Item) -> Prepared:
        """Decode, mask and wrap one picture. Never raises for what the picture does."""
        try:
            image = load_image(item.stimulus.path)
            masked = self.masks.apply(image.pixels, item.stimulus)
        except WorkbenchError as error:
            return Prepared(item, None, error.message)
        except (OSError, MemoryError, ValueError) as error:
            return Prepared(item, None, f"{item.stimulus.path.name}: {type(error).__name__}: {error}")
        request = Request(
            image=masked.pixels,
            image_digest=pixel_digest(masked.pixels),
            system=self.prompt.system,
            user=self.prompt.user,
            schema=self.prompt.schema,
            sampling=self.sampling,
            seed=self.seed + item.repeat,
            max_tokens=self.max_tokens,
        )
        return Prepared(
            item,
            request,
            width=image.width,
            height=image.height,
            regions=tuple(masked.regions),
            searched=tuple(masked.searched),
            notes=(*image.notes, *masked.notes),
        )

    def content_digest(self, request: Request, model_digest: str) -> str:
        """What the answer depends on: the pixels sent, the model, the prompt, the sampling and the seed."""
        parts = [
            request.image_digest,
            model_digest,
            self.prompt.digest,
            repr(self.sampling),
            str(request.seed),
            str(request.max_tokens),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def prefetch(
    items: Iterable[Item], recipe: Recipe, *, ahead: int, workers: int = 2
) -> Generator[Prepared, None, None]:
    """Prepare items in order, at most ``ahead`` of them beyond the one being consumed.

    Closing the iterator early drops what has not begun.
    """
    waiting: deque[Future[Prepared]] = deque()
    source = iter(items)
    with ThreadPoolExecutor(workers, thread_name_prefix="prefetch") as pool:
        try:
            for item in source:
                waiting.append(pool.submit(recipe.prepare, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
