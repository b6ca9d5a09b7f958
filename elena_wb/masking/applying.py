"""Hiding the parts of one condition in one picture, and saying what was hidden."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from elena_wb.core import Condition, Locator, Masker, Pixels, Prepares, Region, Stimulus, UsageError
from elena_wb.masking.annotated import NAME as ANNOTATED
from elena_wb.masking.box import covering
from elena_wb.masking.parts import members, spoken
from elena_wb.nearest import nearest

NOTHING_HIDDEN = "nothing of it is hidden"
"""Stands in the note of every picture that shows something its condition should hide."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A picture with a condition applied.

    ``regions`` were hidden; ``covered_fraction`` is the share of the picture that their boxes take up
    together, before a style pads them. ``searched`` names the locators that looked at this picture, also
    in vain. ``notes`` says of each part of which nothing was found.
    """

    pixels: Pixels
    regions: tuple[Region, ...] = ()
    covered_fraction: float = 0.0
    searched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where the regions of one part come from.

    ``locators`` (name → locator) are asked in order until one has found the part: annotations first, where
    the user left the choice to the host. ``known`` are the parts that may have been meant where nobody
    knows this one.
    """

    part: str
    locators: Mapping[str, Locator]
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Masking:
    """A condition with its locators and style settled. Applied by several threads at once."""

    condition: Condition
    sources: tuple[Source, ...] = ()
    masker: Masker | None = None
    identity: str = field(default="none")

    def apply(self, pixels: Pixels, stimulus: Stimulus) -> Masked:
        """``pixels`` with every region of the condition's parts hidden.

        Where nothing of a part is found the picture is used as it is, with a note: leaving it out would bias
        a study towards pictures that are easy for a detector, and a picture whose face is turned away has
        none to hide. The note is stored with the answer, so that an analysis can leave such pictures out.

        Raises:
            WorkbenchError: a locator cannot work at all.
        """
        if self.masker is None:
            return Masked(pixels)
        height, width = pixels.shape[:2]
        seen: dict[str, Sequence[Region]] = {}
        annotated = {region.part for region in stimulus.regions}
        hidden: dict[int, Region] = {}
        notes: list[str] = []
        for source in self.sources:
            wanted = members(source.part)
            for name, locator in source.locators.items():
                if name not in seen:
                    seen[name] = _usable(locator.locate(pixels, stimulus), name, width, height)
                found = [region for region in seen[name] if region.part in wanted]
                hidden |= {id(region): region for region in found}
                if found:
                    break
            else:
                outside = ANNOTATED in source.locators and not wanted.isdisjoint(annotated)
                notes.append(_unhidden(source.part, outside=outside))
        regions = tuple(hidden.values())
        searched = tuple(name for name in seen if name != ANNOTATED)
        if not regions:
            return Masked(pixels, searched=searched, notes=tuple(notes))
        masked = self.masker.mask(pixels, [region.box for region in regions])
        return Masked(masked, regions, _covered(regions, width, height), searched, tuple(notes))

    def prepare(self, stimuli: Iterable[Stimulus]) -> None:
        """Check before a run that the condition can be applied to ``stimuli``.

        Raises:
            UsageError: a part is found by no locator, and no stimulus comes with a region of it.
            SetupError: a locator that is needed lacks its weights.
        """
        present = [{region.part for region in stimulus.regions} for stimulus in stimuli]
        for source in self.sources:
            wanted = members(source.part)
            detectors = [locator for name, locator in source.locators.items() if name != ANNOTATED]
            annotated = (
                [bool(wanted & parts) for parts in present] if ANNOTATED in source.locators else [False]
            )
            if not detectors and not any(annotated):
                raise _nothing_finds(source, set().union(*present))
            if not all(annotated):
                for detector in detectors:
                    if isinstance(detector, Prepares):
                        detector.prepare()


def _usable(regions: Iterable[Region], locator: str, width: int, height: int) -> list[Region]:
    """The regions that are finite and touch the picture, clipped to it."""
    usable = []
    for region in regions:
        box = region.box
        if not all(math.isfinite(value) for value in (box.x, box.y, box.w, box.h)):
            continue
        inside = box.clipped(width, height)
        if inside is not None:
            usable.append(replace(region, box=inside, locator=locator))
    return usable


def _covered(regions: Sequence[Region], width: int, height: int) -> float:
    hidden = np.zeros((height, width), dtype=bool)
    for region in regions:
        hidden[covering(region.box, width, height)] = True
    return float(hidden.mean())


def _unhidden(part: str, *, outside: bool) -> str:
    if outside:
        return f"the annotated box of the {spoken(part)} lies outside the picture: {NOTHING_HIDDEN}"
    return f"no {spoken(part)} found: {NOTHING_HIDDEN}"


def _nothing_finds(source: Source, present: set[str]) -> UsageError:
    part = source.part
    message = (
        f"Nothing finds `{part}`: these pictures come with no such regions, and no locator looks for it."
    )
    if source.known and source.known.isdisjoint(members(part)):
        return UsageError(message, hint=nearest(part, source.known | present))
    if present:
        return UsageError(message, hint=f"Regions in the data: {nearest(part, present)}")
    return UsageError(
        message,
        hint="Put a regions.csv (path,part,x,y,w,h) beside the pictures, or install a plugin with a locator "
        "for it; `elena-wb plugins list` shows those installed.",
    )
