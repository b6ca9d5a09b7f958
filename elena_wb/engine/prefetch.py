"""Decoding and masking ahead in worker threads, so that the model never waits for pictures."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from elena_wb.core import ImageError, Locator, Prompt, Region, Request, Sampling, Stimulus, WorkbenchError
from elena_wb.data import LoadedImage, load_image, pixel_digest
from elena_wb.engine.pointing import DEFAULT, INSTRUCTIONS, Pointing, pointed_out
from elena_wb.masking import Audit, Located, Masked, Masking, audit

_AT_ONCE = 8
"""How many persons of one picture are prepared together: each has a picture of its own in memory."""


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
    audit: Audit | None = None


@dataclass(frozen=True, slots=True)
class Auditor:
    """Who looks at masked pictures, under which name."""

    name: str
    detector: Locator


@dataclass(frozen=True, slots=True)
class Recipe:
    """How every request of a run is made from its picture.

    ``auditor`` looks at every picture masked. With ``guards_uploads`` a picture that may only leave this machine
    masked does not leave it if the audit finds a face in it.
    """

    prompt: Prompt
    masking: Masking
    sampling: Sampling
    seed: int
    max_tokens: int
    person: Pointing = DEFAULT
    auditor: Auditor | None = None
    guards_uploads: bool = False

    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        """Decode the picture that ``items`` share once, and mask and wrap it for each.

        Never raises for what the picture does.
        """
        try:
            image = load_image(items[0].stimulus.path)
        except WorkbenchError as error:
            return [Prepared(item, None, error.message) for item in items]
        except (OSError, MemoryError, ValueError) as error:
            problem = f"{items[0].stimulus.path.name}: {type(error).__name__}: {error}"
            return [Prepared(item, None, problem) for item in items]
        located: Located = {}
        return [self._prepared(item, image, located) for item in items]

    def _prepared(self, item: Item, image: LoadedImage, located: Located) -> Prepared:
        stimulus = item.stimulus
        found = Prepared(item, None, width=image.width, height=image.height)
        try:
            masked = self.masking.apply(image.pixels, stimulus, located)
            found = replace(
                found,
                regions=masked.regions,
                searched=masked.searched,
                notes=(*image.notes, *masked.notes),
                audit=self._audited(masked, stimulus),
            )
            if self.guards_uploads and stimulus.upload == "masked-only":
                _demand_hidden(found.audit)
            pixels, user = masked.pixels, self.prompt.user
            if stimulus.person_box is not None:
                pixels = pointed_out(pixels, stimulus.person_box, self.person)
                user = "\n\n".join(filter(None, (INSTRUCTIONS[self.person], user)))
        except WorkbenchError as error:
            return replace(found, error=error.message)
        except (OSError, MemoryError, ValueError) as error:
            return replace(found, error=f"{stimulus.path.name}: {type(error).__name__}: {error}")
        request = Request(
            image=pixels,
            image_digest=pixel_digest(pixels),
            system=self.prompt.system,
            user=user,
            schema=self.prompt.schema,
            sampling=self.sampling,
            seed=self.seed + item.repeat,
            max_tokens=self.max_tokens,
        )
        return replace(found, request=request)

    def _audited(self, masked: Masked, stimulus: Stimulus) -> Audit | None:
        if self.auditor is None:
            return None
        return audit(masked.pixels, masked, stimulus, self.auditor.name, self.auditor.detector)

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
        if request.user != self.prompt.user:
            parts.append(request.user)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def prefetch(
    items: Iterable[Item], recipe: Recipe, *, ahead: int, workers: int = 2
) -> Generator[Prepared, None, None]:
    """Prepare items in order, about ``ahead`` of them beyond the one being consumed.

    Closing the iterator early drops what has not begun.
    """
    waiting: deque[tuple[int, Future[list[Prepared]]]] = deque()
    pending = 0
    with ThreadPoolExecutor(workers, thread_name_prefix="prefetch") as pool:
        try:
            for group in _by_picture(items):
                waiting.append((len(group), pool.submit(recipe.prepare, group)))
                pending += len(group)
                while pending > ahead and waiting:
                    count, future = waiting.popleft()
                    pending -= count
                    yield from future.result()
            while waiting:
                yield from waiting.popleft()[1].result()
        finally:
            for _, future in waiting:
                future.cancel()


def _by_picture(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in order, those that follow each other and share a picture together."""
    group: list[Item] = []
    for item in items:
        if group and (item.stimulus.path != group[0].stimulus.path or len(group) == _AT_ONCE):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _demand_hidden(found: Audit | None) -> None:
    if found is None or found.residual_faces:
        raise ImageError(
            "Not sent: this picture may leave the machine only with its faces hidden, and "
            + ("no audit was made." if found is None else f"the audit finds {found.residual_faces} left.")
        )
