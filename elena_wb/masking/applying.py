"""Hiding the parts of one condition in one picture, and saying what was hidden."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from elena_wb.core import (
    Box,
    Condition,
    KnockOut,
    LeavesPixels,
    Locator,
    Masker,
    Pixels,
    Prepares,
    Region,
    Relocates,
    Stimulus,
    UsageError,
    WorkbenchError,
)
from elena_wb.masking.annotated import NAME as ANNOTATED
from elena_wb.masking.annotated import regions_of
from elena_wb.masking.box import covering
from elena_wb.masking.knock_out import knock_out
from elena_wb.masking.parts import BACKGROUND, BODY, members, spoken
from elena_wb.masking.wording import NO_ROOM, NOTHING_HIDDEN, unhidden
from elena_wb.nearest import nearest

_SHOWN_BY_CONTROLS = ("face", "head")
"""Parts that a control leaves to be seen wherever they are known to be, also of other persons."""

Located = dict[str, Sequence[Region]]
"""Identity of a locator → what it found in one picture; shared by the conditions of that picture."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A picture with a condition applied.

    ``regions`` are the parts that were located, and ``hidden`` the boxes that were handed to the style: the
    same, but for the style ``control``. ``shown`` are the boxes that were left open within it, where the
    background was hidden. ``covered_fraction`` is the share of the picture that the hidden parts take up,
    before padding; a control covers as much elsewhere. ``searched`` names the locators that looked at this
    picture, also in vain. ``notes`` says of each part of which nothing was found or hidden. ``knock_out`` is what
    a style that leaves every pixel keeps the model from attending to.
    """

    pixels: Pixels
    regions: tuple[Region, ...] = ()
    hidden: tuple[Box, ...] = ()
    covered_fraction: float = 0.0
    searched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    shown: tuple[Box, ...] = ()
    knock_out: KnockOut | None = None

    @property
    def hidden_area(self) -> npt.NDArray[np.bool_]:
        """Which pixels lie in what was hidden, before a style pads it: bool ``[height, width]``."""
        height, width = self.pixels.shape[:2]
        if not self.shown:
            return area(self.hidden, width, height)
        *parts, _whole = self.hidden
        return ~area(self.shown, width, height) | area(parts, width, height)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the regions of one part come from.

    ``locators`` (name → locator) are asked in order until one has found the part: annotations first, where
    the user left the choice to the host. ``known`` are the parts that may have been meant where nobody
    knows this one. ``passed_over`` are detectors that would be asked first, each with what it lacks.
    """

    part: str
    locators: Mapping[str, Locator]
    known: frozenset[str] = frozenset()
    passed_over: tuple[tuple[str, str], ...] = ()

    def is_given_in(self, parts: Collection[str]) -> bool:
        """Whether the part is among the annotated ``parts`` of a stimulus, and annotations are asked."""
        return ANNOTATED in self.locators and not members(self.part).isdisjoint(parts)

    def needed(self, present: Iterable[Collection[str]]) -> Mapping[str, Locator]:
        """The detectors that are asked about stimuli whose annotated parts are ``present``."""
        if all(self.is_given_in(parts) for parts in present):
            return {}
        return {name: locator for name, locator in self.locators.items() if name != ANNOTATED}


@dataclass(frozen=True, slots=True)
class _Found:
    to_hide: tuple[Region, ...]
    to_show: tuple[Region, ...]
    searched: tuple[str, ...]
    notes: tuple[str, ...]
    seen: tuple[Region, ...]
    """Whatever any locator that was asked knows of the picture."""


@dataclass(frozen=True, slots=True)
class Masking:
    """A condition with its locators and style settled. Applied by several threads at once."""

    condition: Condition
    sources: tuple[Source, ...] = ()
    masker: Masker | None = None
    identity: str = field(default="none")

    @property
    def knocks_out(self) -> bool:
        """Whether the style leaves every pixel, and the model is told what it may not attend to."""
        return isinstance(self.masker, LeavesPixels)

    def apply(self, pixels: Pixels, stimulus: Stimulus, located: Located | None = None) -> Masked:
        """``pixels`` with every region of the condition's parts hidden.

        Where nothing of a part is found the picture is used as it is, with a note: leaving it out would bias
        a study towards pictures that are easy for a detector, and a picture whose face is turned away has
        none to hide. The note is stored with the answer, so that an analysis can leave such pictures out.
        ``located`` holds what locators found in this very picture before, and gains what they find now.

        Raises:
            WorkbenchError: a locator cannot work at all.
        """
        if self.masker is None:
            return Masked(pixels)
        found = self._located(pixels, stimulus, {} if located is None else located)
        height, width = pixels.shape[:2]
        hidden, notes = _boxes(found.to_hide), found.notes
        if isinstance(self.masker, Relocates) and hidden:
            persons = [region.box for region in regions_of(stimulus) if region.part == BODY]
            faces = [region.box for region in found.seen if region.part in _SHOWN_BY_CONTROLS]
            hidden = tuple(
                self.masker.elsewhere(hidden, width=width, height=height, persons=persons, avoid=faces)
            )
            if not hidden:
                notes = (*notes, f"{NO_ROOM}: {NOTHING_HIDDEN}")
        found_shown = _boxes(found.to_show)
        unattended = knock_out(self.masker, hidden, found_shown, width=width, height=height)
        masked = self.masker.mask(pixels, hidden) if hidden and not self.knocks_out else pixels
        parts = (
            area(_boxes(found.to_hide), width, height) if hidden else np.zeros((height, width), dtype=bool)
        )
        if found_shown:
            kept = area(found_shown, width, height) & ~parts
            if not self.knocks_out:
                behind = self.masker.mask(pixels, [_around(width, height)])
                masked = np.where(kept[..., None], masked, behind)
            hidden = (*hidden, Box(0, 0, width, height))
            parts = ~kept
        return Masked(
            masked,
            (*found.to_hide, *found.to_show),
            hidden,
            float(parts.mean()),
            found.searched,
            notes,
            found_shown,
            unattended,
        )

    def _located(self, pixels: Pixels, stimulus: Stimulus, detected: Located) -> _Found:
        """What there is to hide and to show, by each source in turn."""
        height, width = pixels.shape[:2]
        given: Located = {}  # annotations are of one person, what detectors find is of the picture
        asked: dict[str, None] = {}
        annotated = {region.part for region in regions_of(stimulus)}
        to_hide: dict[int, Region] = {}
        to_show: list[Region] = []
        notes: list[str] = []
        for source in self.sources:
            wanted = members(source.part)
            for name, locator in source.locators.items():
                asked[name] = None
                seen = given if name == ANNOTATED else detected
                if locator.identity not in seen:
                    seen[locator.identity] = _usable(locator.locate(pixels, stimulus), name, width, height)
                found = [region for region in seen[locator.identity] if region.part in wanted]
                if source.part == BACKGROUND:
                    to_show += found
                else:
                    to_hide |= {id(region): region for region in found}
                if found:
                    break
            else:
                outside = ANNOTATED in source.locators and not wanted.isdisjoint(annotated)
                notes.append(unhidden(source.part, outside=outside))
        masker: Masker | Relocates | None = self.masker
        if isinstance(masker, Relocates):
            self._look_for_more(pixels, stimulus, detected, asked)
        searched = tuple(name for name in asked if name != ANNOTATED)
        identities = [locator.identity for source in self.sources for locator in source.locators.values()]
        seen_by_any = {**detected, **given}
        everything = [region for name in identities for region in seen_by_any.get(name, ())]
        return _Found(
            tuple(to_hide.values()),
            tuple(to_show),
            searched,
            tuple(notes),
            (*regions_of(stimulus), *everything),
        )

    def _look_for_more(
        self, pixels: Pixels, stimulus: Stimulus, detected: Located, asked: dict[str, None]
    ) -> None:
        """Ask the detectors also where annotations told of one person: a control is to hide nobody's face."""
        height, width = pixels.shape[:2]
        for source in self.sources:
            for name, locator in source.locators.items():
                if name != ANNOTATED and locator.identity not in detected:
                    with contextlib.suppress(WorkbenchError):
                        found = locator.locate(pixels, stimulus)
                        detected[locator.identity] = _usable(found, name, width, height)
                        asked[name] = None

    def prepare(self, stimuli: Iterable[Stimulus]) -> None:
        """Check before a run that the condition can be applied to ``stimuli``.

        Raises:
            UsageError: a part is found by no locator, and no stimulus comes with a region of it.
            SetupError: a locator that is needed lacks its weights.
        """
        present = _parts_present(stimuli)
        for source in self.sources:
            if set(source.locators) <= {ANNOTATED} and not any(
                source.is_given_in(parts) for parts in present
            ):
                raise _nothing_finds(source, set().union(*present))
            for detector in source.needed(present).values():
                if isinstance(detector, Prepares):
                    detector.prepare()

    def may_find(self, stimulus: Stimulus) -> bool:
        """Whether any part may be there: the data says so, or leaves it to a detector."""
        present = [frozenset(region.part for region in regions_of(stimulus))]
        return not self.sources or any(
            source.is_given_in(present[0]) or source.needed(present) for source in self.sources
        )

    def notes(self, stimuli: Iterable[Stimulus]) -> list[str]:
        """What a user should know of the detectors that are asked about ``stimuli``."""
        present = _parts_present(stimuli)
        return [
            f"`{self.condition}`: the {spoken(source.part)} is looked for by {' and '.join(asked)}, since `{name}`, "
            f"which is taken first where it is ready, is not: {lacking}"
            for source in self.sources
            if (asked := source.needed(present))
            for name, lacking in source.passed_over
        ]

    def detectors(self, stimuli: Iterable[Stimulus]) -> frozenset[str]:
        """Names of the detectors that are asked about ``stimuli``: none where annotations say everything."""
        present = _parts_present(stimuli)
        return frozenset(name for source in self.sources for name in source.needed(present))


def _parts_present(stimuli: Iterable[Stimulus]) -> list[frozenset[str]]:
    return [frozenset(region.part for region in regions_of(stimulus)) for stimulus in stimuli]


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


def area(boxes: Iterable[Box], width: int, height: int) -> npt.NDArray[np.bool_]:
    """Which pixels ``boxes`` touch: bool ``[height, width]``."""
    touched = np.zeros((height, width), dtype=bool)
    for box in boxes:
        touched[covering(box, width, height)] = True
    return touched


def _boxes(regions: Iterable[Region]) -> tuple[Box, ...]:
    return tuple(region.box for region in regions)


def _around(width: int, height: int) -> Box:
    """A box so large that a shape inscribed in it, such as an ellipse, still holds the whole picture."""
    return Box(-width / 2, -height / 2, 2 * width, 2 * height)


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
