"""Decoding and masking ahead in worker threads, so that the model never waits for pictures."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, islice
from pathlib import Path

from elena_wb.core import (
    Box,
    ImageError,
    Locator,
    Prompt,
    Region,
    Request,
    Sampling,
    Stimulus,
    WorkbenchError,
)
from elena_wb.data import LoadedImage, load_image, pixel_digest
from elena_wb.engine.pointing import DEFAULT, INSTRUCTIONS, Pointing, moved_into, pointed_out, shown_of
from elena_wb.engine.shelf import Shelf
from elena_wb.masking import NOTHING_HIDDEN, Audit, Located, Masked, Masking, audit

_MOST_BYTES = 2 << 30
"""Pixels that are made ready ahead, together: pictures of 100 megapixels are fewer than photos."""
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

    ``width`` and ``height`` are those of the picture as displayed, before masking; ``hidden`` is what was covered of
    it, but for ``spared`` within (:class:`elena_wb.masking.Masked`).
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
    hidden: tuple[Box, ...] = ()
    spared: tuple[Box, ...] = ()


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

    def prepare(self, items: Sequence[Item], picture: Picture) -> list[Prepared]:
        """Mask and wrap ``picture``, which ``items`` share, for each of them.

        Never raises for what the picture, a locator or a style does.
        """
        prepared: list[Prepared] = []
        for item in items:
            if prepared and item.stimulus.stimulus_id == prepared[-1].item.stimulus.stimulus_id:
                prepared.append(self._again(prepared[-1], item))
            else:
                prepared.append(self._prepared(item, picture))
        return prepared

    def _prepared(self, item: Item, picture: Picture) -> Prepared:
        stimulus = item.stimulus
        found = Prepared(item, None)
        try:
            with picture.lock:  # one thread at a time searches a picture, and the next takes what it found
                image = picture.load()
                found = replace(found, width=image.width, height=image.height)
                masked = self.masking.apply(image.pixels, stimulus, picture.located)
                found = replace(
                    found,
                    regions=masked.regions,
                    searched=masked.searched,
                    notes=(*image.notes, *masked.notes),
                    audit=self._audited(masked, stimulus, picture),
                    hidden=masked.hidden,
                    spared=masked.shown,
                )
            if self.guards_uploads and stimulus.upload == "masked-only":
                _demand_hidden(masked, found.audit)
            pixels, user, knock_out = masked.pixels, self.prompt.user, masked.knock_out
            if stimulus.person_box is not None:
                pixels = pointed_out(pixels, stimulus.person_box, self.person)
                user = "\n\n".join(filter(None, (INSTRUCTIONS[self.person], user)))
            shown = shown_of(image.width, image.height, stimulus.person_box, self.person)
            if knock_out is not None:
                boxes = moved_into(knock_out.boxes, shown)
                knock_out = replace(knock_out, boxes=boxes) if boxes else None
            if masked.hidden and not moved_into(masked.hidden, shown):
                outside = f"it lies outside what the model is shown: {NOTHING_HIDDEN}"
                found = replace(found, notes=(*found.notes, outside))
        except WorkbenchError as error:
            return replace(found, error=error.message)
        except Exception as error:  # noqa: BLE001 - a plugin's fault in one picture must not end the run
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
            knock_out=knock_out,
        )
        return replace(found, request=request)

    def _again(self, before: Prepared, item: Item) -> Prepared:
        """What was prepared for the same stimulus, for another repeat."""
        if before.request is None:
            return replace(before, item=item)
        return replace(before, item=item, request=replace(before.request, seed=self.seed + item.repeat))

    def _audited(self, masked: Masked, stimulus: Stimulus, picture: Picture) -> Audit | None:
        """The audit of this picture under this mask; persons of one picture whose masks are equal share it."""
        if self.auditor is None:
            return None
        known = [region.box for region in stimulus.regions]
        key = (masked.hidden, masked.shown, tuple(known))
        if key not in picture.audits:
            picture.audits[key] = audit(
                masked.pixels, masked, stimulus, self.auditor.name, self.auditor.detector
            )
        return picture.audits[key]

    def content_digest(self, request: Request, model_digest: str) -> str:
        """What the answer depends on: the pixels sent and attended to, the model, the prompt, sampling and seed."""
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
        if request.knock_out is not None:
            parts.append(repr(request.knock_out))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Picture:
    """A picture that several items share: decoded by whichever thread needs it first, and kept for the others.

    ``lock`` is held by whoever loads it or looks into what was found in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.located: Located = {}
        self.audits: dict[object, Audit] = {}
        self.lock = threading.Lock()
        self._outcome: LoadedImage | ImageError | None = None

    def load(self) -> LoadedImage:
        """The decoded picture.

        Raises:
            ImageError: it cannot be used.
        """
        if self._outcome is None:
            try:
                self._outcome = load_image(self.path)
            except ImageError as error:
                self._outcome = error
        if isinstance(self._outcome, ImageError):
            raise self._outcome
        return self._outcome


def prefetch(
    items: Iterable[Item], recipe: Recipe, *, ahead: int, workers: int = 2
) -> Generator[Prepared, None, None]:
    """Prepare items in order, about ``ahead`` of them beyond the one being consumed, fewer where pictures are huge.

    Each picture is decoded once for all items of it that follow each other. Closing the iterator early drops what
    has not begun.
    """
    waiting: deque[tuple[int, int, Future[list[Prepared]]]] = deque()
    pending = 0
    shelf = Shelf(_MOST_BYTES)
    with ThreadPoolExecutor(workers, thread_name_prefix="prefetch") as pool:
        try:
            for number, (picture, group) in enumerate(_by_picture(items)):
                making = pool.submit(shelf.filled, number, partial(recipe.prepare, group, picture))
                waiting.append((number, len(group), making))
                pending += len(group)
                while pending > ahead and waiting:
                    oldest, count, future = waiting.popleft()
                    pending -= count
                    shelf.want(oldest)
                    yield from future.result()
            while waiting:
                oldest, _, future = waiting.popleft()
                shelf.want(oldest)
                yield from future.result()
        finally:
            for _, _, future in waiting:
                future.cancel()
            shelf.close()


def _by_picture(items: Iterable[Item]) -> Iterator[tuple[Picture, list[Item]]]:
    """Items in order, those that follow each other and share a picture together, a few at a time."""
    for path, sharing in groupby(items, key=lambda item: item.stimulus.path):
        picture = Picture(path)
        while group := list(islice(sharing, _AT_ONCE)):
            yield picture, group


def _demand_hidden(masked: Masked, found: Audit | None) -> None:
    """Refuse to send a picture in which a face may be seen: none was found to hide, or one is left."""
    if masked.knock_out is not None:
        reason = "its pixels are all there"
    elif not masked.hidden or NOTHING_HIDDEN in " ".join(masked.notes):
        reason = "nothing was found to hide in it"
    elif found is None:
        reason = "it was not audited"
    elif found.residual_faces:
        reason = f"the audit finds {found.residual_faces} left"
    else:
        return
    raise ImageError(
        f"Not sent: this picture may leave the machine only with its faces hidden, and {reason}."
    )
