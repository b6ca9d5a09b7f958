"""One masked copy of a picture in which several persons are labelled: hidden in all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from elena_wb.core import Pixels, Relocates, Stimulus, Upload
from elena_wb.data.policy import stricter
from elena_wb.masking import Located, Masked, Masking
from elena_wb.masking.annotated import regions_of
from elena_wb.masking.parts import BACKGROUND

_Thing = TypeVar("_Thing")


def strictest(stimuli: Iterable[Stimulus]) -> Upload:
    """The strictest policy among those of ``stimuli``."""
    return stricter(stimulus.upload for stimulus in stimuli) or "allowed"


def as_one(persons: Sequence[Stimulus]) -> Stimulus:
    """The picture that ``persons`` are in, with the regions of all of them; a single one is returned as it is."""
    if len(persons) == 1:
        return persons[0]
    return replace(
        persons[0],
        stimulus_id=persons[0].picture_id,
        labels=(),
        regions=tuple(_each_once(region for person in persons for region in regions_of(person))),
        person_index=None,
        person_box=None,
        attributes={},
        upload=strictest(persons),
    )


def hide_in_all(masking: Masking, pixels: Pixels, persons: Sequence[Stimulus], located: Located) -> Masked:
    """``pixels`` with the parts of ``masking`` hidden in each of ``persons``, who share the picture.

    Persons whose annotations have different parts are looked at apart, so that the annotated face of one does
    not keep a detector from being asked for the other's. Detectors always see ``pixels`` as given.

    Raises:
        WorkbenchError: a locator cannot work at all.
    """
    if masking.masker is None or len(persons) == 1 or _is_about_the_whole(masking):
        return masking.apply(pixels, as_one(persons), located)
    groups: dict[frozenset[str], list[Stimulus]] = {}
    for person in persons:
        groups.setdefault(frozenset(region.part for region in regions_of(person)), []).append(person)
    found = [masking.apply(pixels, as_one(group), located) for group in groups.values()]
    if len(found) == 1:
        return found[0]
    hidden = tuple(_each_once(box for masked in found for box in masked.hidden))
    joined = Masked(
        masking.masker.mask(pixels, hidden) if hidden else pixels,
        regions=tuple(_each_once(region for masked in found for region in masked.regions)),
        hidden=hidden,
        searched=tuple(_each_once(name for masked in found for name in masked.searched)),
        notes=tuple(_each_once(note for masked in found for note in masked.notes)),
    )
    return replace(joined, covered_fraction=float(joined.hidden_area.mean()))


def _is_about_the_whole(masking: Masking) -> bool:
    """Whether what is hidden for one person depends on where the others are."""
    return isinstance(masking.masker, Relocates) or BACKGROUND in masking.condition.parts


def _each_once(things: Iterable[_Thing]) -> list[_Thing]:
    kept: list[_Thing] = []
    for thing in things:
        if thing not in kept:
            kept.append(thing)
    return kept
