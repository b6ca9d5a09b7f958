"""Making masked copies: each picture decoded once, masked under every condition, audited, and written.

Pictures are worked on in several threads; decoders, OpenCV and encoders let each other run. How many pixels are
held at a time is limited, so that pictures of 80 megapixels do not exhaust the memory.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image

from elena_wb.core import Pixels, Region, SetupError, Stimulus, WorkbenchError
from elena_wb.data import load_image
from elena_wb.data.images import FORMATS as READ
from elena_wb.data.writing import encode
from elena_wb.engine.copies.claim import claiming
from elena_wb.engine.copies.ledger import Ledger
from elena_wb.engine.copies.manifest import Entry, read_manifest, spelt
from elena_wb.engine.copies.marker import mark
from elena_wb.engine.copies.persons import as_one, hide_in_all
from elena_wb.engine.copies.plan import CopyPlan, Picture, Treatment, output_of
from elena_wb.engine.copies.room import Room
from elena_wb.masking import NOTHING_HIDDEN, Audit, Located, Masked, audit
from elena_wb.store import AuditRecord

Status = Literal["masked", "partly", "nothing hidden", "unmasked", "failed"]

_PIXELS_AT_ONCE = 100_000_000
_MOST_WORKERS = 16
_PLACE = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:[/\\]|/|\\\\)(?:[^/\\'\";:\n]{1,255}[/\\])+")
_ANNOUNCED = 8
_MOST_LISTS = 100


@dataclass(frozen=True, slots=True)
class Copy:
    """What became of one picture under one condition. ``error`` says why there is no copy."""

    picture: Picture
    treatment: Treatment
    status: Status
    error: str | None = None
    regions: tuple[Region, ...] = ()
    covered: float = 0.0
    notes: tuple[str, ...] = ()
    audit: Audit | None = None

    @property
    def shows_something(self) -> bool:
        """Whether something that the condition should hide was not found."""
        return self.status in ("partly", "nothing hidden")

    @property
    def record(self) -> AuditRecord | None:
        """The audit as it is stored."""
        if self.audit is None:
            return None
        return AuditRecord(
            stimulus_id=as_one(self.picture.persons).stimulus_id,
            condition=str(self.treatment.condition),
            masking=self.treatment.masking.identity,
            detector=self.audit.detector,
            residual_faces=self.audit.residual_faces,
            faces=self.audit.faces,
            uncovered=self.audit.uncovered,
        )


@dataclass(frozen=True, slots=True)
class CopyReport:
    """All that was made. ``interrupted`` is whether pictures are missing because the work was stopped."""

    copies: tuple[Copy, ...]
    seconds: float
    interrupted: bool

    @property
    def audits(self) -> tuple[list[Stimulus], list[AuditRecord]]:
        """The stimuli audited, and what was seen."""
        stimuli = {
            stimulus.stimulus_id: stimulus
            for copy in self.copies
            if copy.audit
            for stimulus in [as_one(copy.picture.persons)]
        }
        return list(stimuli.values()), [copy.record for copy in self.copies if copy.record]


def make_copies(
    plan: CopyPlan, *, listener: Callable[[Sequence[Copy]], None], stop: threading.Event
) -> CopyReport:
    """Make the copies; ``listener`` hears of each picture, in the calling thread.

    ``stop`` ends the work once what is in flight is written. A picture that cannot be copied is reported, and
    an earlier copy of it is removed, which would pass for one made now.

    Raises:
        SetupError: nothing more can be written; what was written is listed if it can be. Or another process makes
            copies there, or did since the plan was made.
    """
    with claiming(plan.folder):
        if read_manifest(plan.folder) != plan.earlier:
            raise SetupError(
                f"Another process has just made copies in {plan.folder.root}.",
                hint="Give the command again.",
            )
        return _make_copies(plan, listener, stop)


def _make_copies(
    plan: CopyPlan, listener: Callable[[Sequence[Copy]], None], stop: threading.Event
) -> CopyReport:
    began = time.monotonic()
    copies: list[Copy] = []
    mark(plan.folder, plan.upload)
    ledger = Ledger(plan.folder, plan.earlier)
    try:
        for made in _work(plan, stop, ledger):
            copies += made
            ledger.enter(_entry(copy, ledger) for copy in made)
            listener(made)
    except BaseException:
        with contextlib.suppress(WorkbenchError):
            ledger.save()
        raise
    ledger.close()
    missing = len(copies) < len(plan.files) * len(plan.treatments)
    return CopyReport(tuple(copies), time.monotonic() - began, missing)


def _announced(plan: CopyPlan, ledger: Ledger) -> Iterator[Picture]:
    """The pictures, of which a few at a time are listed as expected before the first of them is given.

    A process that is killed so leaves no file that the next one would take for another's. A list of many copies
    is written for more pictures at a time, so that writing it never takes long in all.
    """
    rows = len(plan.earlier) + len(plan.files) * len(plan.treatments)
    size = max(_ANNOUNCED, rows // _MOST_LISTS)
    for start in range(0, len(plan.pictures), size):
        some = plan.pictures[start : start + size]
        files = [file for picture in some for file in picture.files]
        ledger.expect(_expected(file, treatment, ledger) for treatment in plan.treatments for file in files)
        yield from some


def _expected(picture: Picture, treatment: Treatment, ledger: Ledger) -> Entry:
    output = "/".join(output_of(picture, treatment))
    mark_of_original = ledger.original_mark(output, picture.persons[0].picture_id)
    return Entry(output, picture.source, str(treatment.condition), original=mark_of_original)


def _entry(copy: Copy, ledger: Ledger) -> Entry:
    entry = replace(
        _expected(copy.picture, copy.treatment, ledger),
        status=copy.status,
        notes=_without_places("; ".join(copy.notes if copy.error is None else (copy.error,))),
        masking=copy.treatment.masking.identity,
    )
    if copy.error is None:
        entry = replace(entry, regions=spelt(copy.regions), covered=f"{copy.covered:.4f}")
    if copy.audit is not None:
        entry = replace(entry, detector=copy.audit.detector, residual_faces=str(copy.audit.residual_faces))
    return entry


def _without_places(notes: str) -> str:
    """``notes`` with the names of files alone, where a plugin's error says where on this machine they lie."""
    return _PLACE.sub("", notes)


def _work(plan: CopyPlan, stop: threading.Event, ledger: Ledger) -> Iterator[Sequence[Copy]]:
    """The copies of each picture as they are done."""
    room = Room(_PIXELS_AT_ONCE)
    pictures = _announced(plan, ledger)
    workers = min(_MOST_WORKERS, max(2, _cores()))
    waiting: set[Future[Sequence[Copy]]] = set()

    def copy(picture: Picture) -> Sequence[Copy]:
        if stop.is_set():
            return ()
        with room.for_pixels(_claimed(picture)):
            return _copies(picture, plan)

    with ThreadPoolExecutor(workers, thread_name_prefix="mask") as pool:
        try:
            while True:
                while len(waiting) < 2 * workers and not stop.is_set():
                    picture = next(pictures, None)
                    if picture is None:
                        break
                    waiting.add(pool.submit(copy, picture))
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            for future in waiting:
                future.cancel()


def _copies(picture: Picture, plan: CopyPlan) -> list[Copy]:
    """Decode once, then mask, audit and write under each condition. Never raises for what the picture does."""
    located: Located = {}
    made: list[Copy] = []
    try:
        image = load_image(picture.path)
    except WorkbenchError as error:
        return [
            failed
            for treatment in plan.treatments
            for failed in _failed(picture, treatment, error.message, plan)
        ]
    for treatment in plan.treatments:
        try:
            made += _copy(picture, treatment, image.pixels, located, plan)
        except SetupError:
            raise
        except WorkbenchError as error:
            made += _failed(picture, treatment, error.message, plan)
        except Exception as error:  # noqa: BLE001 - a plugin's locator or style may raise anything
            reason = f"{picture.path.name}: {type(error).__name__}: {error}"
            made += _failed(picture, treatment, reason, plan)
    return [replace(copy, notes=(*image.notes, *copy.notes)) for copy in made]


def _copy(
    picture: Picture, treatment: Treatment, pixels: Pixels, located: Located, plan: CopyPlan
) -> list[Copy]:
    masked = hide_in_all(treatment.masking, pixels, picture.persons, located)
    if masked.pixels.shape != pixels.shape:
        raise WorkbenchError(f"{picture.path.name}: the style returned a picture of another size.")
    seen = None
    if treatment.auditor is not None:
        seen = audit(masked.pixels, masked, as_one(picture.persons), *treatment.auditor)
    content = encode(masked.pixels, picture.format)
    copy = Copy(
        picture,
        treatment,
        _status(treatment, masked),
        regions=masked.regions,
        covered=masked.covered_fraction,
        notes=masked.notes,
        audit=seen,
    )
    return [_written(replace(copy, picture=file), content, plan) for file in picture.files]


def _written(copy: Copy, content: bytes, plan: CopyPlan) -> Copy:
    """``copy``, whose file is written, or what became of it: one name in the way is no reason to leave out a twin's."""
    try:
        plan.folder.write(output_of(copy.picture, copy.treatment), content)
    except SetupError:
        raise
    except WorkbenchError as error:
        return _failure(copy.picture, copy.treatment, error.message, plan)
    return copy


def _status(treatment: Treatment, masked: Masked) -> Status:
    if not treatment.condition.masked:
        return "unmasked"
    if not masked.hidden:
        return "nothing hidden"
    return "partly" if any(NOTHING_HIDDEN in note for note in masked.notes) else "masked"


def _failed(picture: Picture, treatment: Treatment, reason: str, plan: CopyPlan) -> list[Copy]:
    return [_failure(file, treatment, reason, plan) for file in picture.files]


def _failure(picture: Picture, treatment: Treatment, reason: str, plan: CopyPlan) -> Copy:
    parts = output_of(picture, treatment)
    if "/".join(parts) in plan.earlier:
        plan.folder.remove(parts)
    return Copy(picture, treatment, "failed", reason)


def _claimed(picture: Picture) -> int:
    """How many pixels the header of the file speaks of; 0 where it cannot be read, which is told later."""
    try:
        with Image.open(picture.path, formats=READ) as image:
            return image.width * image.height
    except Exception:  # noqa: BLE001 - told when the picture is decoded
        return 0


def _cores() -> int:
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
