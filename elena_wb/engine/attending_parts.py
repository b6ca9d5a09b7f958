"""Which parts of a picture attention is measured on, and finding the face where nobody has said where it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from elena_wb.core import (
    AbsentError,
    Box,
    Condition,
    Pixels,
    Prepares,
    Region,
    Stimulus,
    WorkbenchError,
)
from elena_wb.engine.prefetch import Item, Picture, Prepared, Recipe
from elena_wb.masking import Masking, resolve
from elena_wb.masking.annotated import NAME as ANNOTATED
from elena_wb.masking.annotated import regions_of
from elena_wb.masking.parts import GROUPS, members
from elena_wb.masking.resolving import in_order
from elena_wb.plugins import PluginHost

FACE = "face"
_TAKEN = frozenset({"picture", "background", "padding"})
"""Names that mean something else where attention is measured."""


@dataclass(frozen=True, slots=True)
class _Bare:
    """A style that hides nothing: only what was located is of interest."""

    identity: str = "bare"

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
        return pixels


@dataclass(frozen=True, slots=True)
class FaceFinder:
    """Looks for faces with the detector that masking would take. ``name`` is the detector's; ``None`` without one."""

    masking: Masking
    name: str | None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, host: PluginHost) -> FaceFinder:
        """The one that is ready; without any, a note says what fetches it.

        Raises:
            SetupError: a detector's weights are there and are not what they should be.
        """
        condition = Condition((FACE,))
        found = resolve(condition, locators=host.makers("locators"), maskers=host.makers("maskers"))
        (source,) = found.sources
        detectors = {name: locator for name, locator in source.locators.items() if name != ANNOTATED}
        masking = Masking(
            condition, (replace(source, locators=detectors, passed_over=()),), _Bare(), found.identity
        )
        for name, detector in detectors.items():
            try:
                if isinstance(detector, Prepares):
                    detector.prepare()
            except AbsentError as error:
                note = f"Where no face is marked, none is measured: {error.hint or error.message}"
                return cls(masking, None, (note,))
            return cls(masking, name)
        return cls(
            masking, None, ("Where no face is marked, none is measured: no installed plugin finds faces.",)
        )


@dataclass(frozen=True, slots=True)
class LookingRecipe(Recipe):
    """A recipe that looks for the face besides, in the picture as it is, for the stimuli ``faceless``.

    What it finds is among the regions of what it prepares.
    """

    finder: FaceFinder | None = None
    faceless: frozenset[str] = frozenset()

    def prepare(self, items: Sequence[Item], picture: Picture) -> list[Prepared]:
        """As any recipe prepares them; a search that fails is noted."""
        return [self._with_face(one, picture) for one in Recipe.prepare(self, items, picture)]

    def _with_face(self, prepared: Prepared, picture: Picture) -> Prepared:
        stimulus = prepared.item.stimulus
        if self.finder is None or prepared.request is None or stimulus.stimulus_id not in self.faceless:
            return prepared
        try:
            with picture.lock:
                found = self.finder.masking.apply(picture.load().pixels, stimulus, picture.located)
        except WorkbenchError as error:
            return replace(prepared, notes=(*prepared.notes, f"no face was looked for: {error.message}"))
        except Exception as error:  # noqa: BLE001 - a plugin's fault in one picture must not end the work
            return replace(prepared, notes=(*prepared.notes, f"no face was looked for: {error}"))
        return replace(
            prepared,
            regions=(*prepared.regions, *found.regions),
            searched=(*prepared.searched, *found.searched),
        )


def knows_face(stimulus: Stimulus, known: Mapping[str, Sequence[Region]]) -> bool:
    """Whether the data or a locator has a face of this stimulus."""
    regions = [*regions_of(stimulus), *(region for of in known.values() for region in of)]
    return any(region.part in members(FACE) for region in regions)


def parts_of(stimulus: Stimulus, known: Mapping[str, Sequence[Region]]) -> dict[str, tuple[Box, ...]]:
    """The boxes of each part in pixels of the picture: as the data says, and else as the first locator that has it.

    ``known`` are regions by locator. The order of locators is that in which masking asks them, so that each run of a
    picture has the same parts, whatever it hides. A group of parts (``hands``) has the boxes of its members, too.
    """
    parts: dict[str, tuple[Box, ...]] = {}
    said = [regions_of(stimulus), known.get(ANNOTATED, ())]
    for regions in (*said, *(known[name] for name in in_order(known) if name != ANNOTATED)):
        for part, boxes in _by_part(regions).items():
            if part not in _TAKEN:
                parts.setdefault(part, boxes)
    for group, single in GROUPS.items():
        boxes = tuple(dict.fromkeys(box for name in (group, *single) for box in parts.get(name, ())))
        if boxes:
            parts[group] = boxes
    return parts


def _by_part(regions: Iterable[Region]) -> dict[str, tuple[Box, ...]]:
    found: dict[str, list[Box]] = {}
    for region in regions:
        found.setdefault(region.part.replace("-", "_"), []).append(region.box)
    return {part: tuple(boxes) for part, boxes in found.items()}
