"""The contract of a locator: ``check_locator`` tries everything that the host relies on."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from elena_wb.core import AbsentError, Locator, Prepares, Region, SetupError, WorkbenchError
from elena_wb.data import pixel_digest
from elena_wb.testing.inspection import Inspection, Report, must
from elena_wb.testing.instances import check_identity, made, silent
from elena_wb.testing.pictures import Shown, gallery, in_threads, unchanged

_PART = re.compile(r"[a-z][a-z0-9_]*")
_PIXELS, _SCORES = 0.01, 1e-3
"""How near boxes and scores must be to be the same."""


def check_locator(
    locator: Locator | Callable[..., Locator],
    options: Mapping[str, str] | None = None,
    *,
    pictures: Sequence[Path] = (),
    deterministic: bool = True,
) -> Report:
    """Hold a locator, made with ``options`` as the host makes it, against the contract.

    ``pictures`` are files in each of which it is to find something. A locator that is given as an instance is taken
    as it is. Where it still lacks its weights (AbsentError), nothing is searched, and the report says so.

    Raises:
        AssertionError: something the contract asks for does not hold; says what, and what was seen.
    """
    inspection = Inspection(_named(locator))
    with silent(inspection):
        subject = made(inspection, "locator", locator, options)
        _check_parts(inspection, subject.first)
        if _is_ready(inspection, subject.first):
            with gallery(pictures) as shown:
                trial = _Trial(inspection, subject.first, shown, len(pictures))
                trial.run(subject.again, deterministic)
                check_identity(inspection, subject, trial.difference, of="what is found")
        else:
            check_identity(inspection, subject, lambda one, other: None, of="what is found")
    return inspection.report()


def _named(locator: object) -> str:
    return (
        locator.__name__
        if isinstance(locator, type)
        else getattr(locator, "__name__", type(locator).__name__)
    )


def _check_parts(inspection: Inspection, locator: Locator) -> None:
    with inspection.asking(
        "`parts` is None or a frozenset of names such as `left_hand`, before any weights are there"
    ):
        parts = locator.parts
        if parts is not None:
            must(isinstance(parts, frozenset) and parts, f"{parts!r}")
            odd = [part for part in parts if not (isinstance(part, str) and _PART.fullmatch(part))]
            must(not odd, f"the part {odd[:1]!r}")
        must(locator.parts == parts, f"{parts!r} and then {locator.parts!r}")


def _is_ready(inspection: Inspection, locator: Locator) -> bool:
    if not isinstance(locator, Prepares):
        return True
    with inspection.asking(
        "`prepare` returns, or raises an AbsentError whose hint is the command that helps"
    ):
        try:
            locator.prepare()
        except AbsentError as absent:
            must(absent.hint, f"an AbsentError without a hint: {absent}")
            inspection.leave_out(f"what it finds, since it is not ready: {absent} {absent.hint}")
            return False
        except SetupError as error:
            must(False, f"something is there and wrong: {error}")
    return True


class _Trial:
    """One locator on trial; the first ``examples`` of the pictures show something that it finds."""

    def __init__(
        self, inspection: Inspection, locator: Locator, shown: Sequence[Shown], examples: int
    ) -> None:
        self._inspection = inspection
        self._locator = locator
        self._shown = shown
        self._examples = examples
        self._compared = [*shown[:examples], *(one for one in shown[examples:] if one.pixels.size < 100_000)][
            :8
        ]

    def run(self, again: Callable[[], Locator], deterministic: bool) -> None:
        asking, everyday = self._inspection.asking, [one for one in self._shown if one.everyday]
        with asking(
            "regions are sound: a known part, a finite box that meets the picture, a score of 0 to 1, named points"
        ):
            found = [self._sound(self._locator, one) for one in everyday]
        with asking("a picture that cannot be searched (1×1, 3×900) ends in no regions or a WorkbenchError"):
            for one in self._shown:
                if not one.everyday:
                    self._sound_or_refused(one)
        if self._examples:
            with asking("something is found in each of the pictures given"):
                for one, regions in zip(self._shown[: self._examples], found, strict=False):
                    must(regions, f"nothing in {one.what}")
        elif not any(found):
            self._inspection.leave_out(
                "regions, since it found nothing in the check's own pictures (pictures=[…] gives others)"
            )
        if not deterministic:
            self._inspection.leave_out("whether the same is found again: deterministic=False")
        else:
            with asking("the same is found again in the same picture, by another instance too"):
                for locator in (self._locator, again()):
                    must((seen := self.difference(self._locator, locator)) is None, f"{seen}")
        with asking("calls from several threads at once find what they would find alone"):
            alone = [list(self._locator.locate(one.pixels, one.stimulus)) for one in self._compared]
            at_once = in_threads(lambda one: self._sound(self._locator, one), self._compared)
            for one, expected, regions in zip(self._compared, alone, at_once, strict=True):
                seen = _apart(expected, regions) if deterministic else None
                must(seen is None, f"in {one.what}: {seen}")

    def difference(self, locator: Locator, other: Locator) -> str | None:
        """How what ``other`` finds differs from what ``locator`` finds, if it does."""
        for one in self._compared:
            seen = _apart(self._sound(locator, one), self._sound(other, one))
            if seen is not None:
                return f"in {one.what}, {seen}"
        return None

    def _sound_or_refused(self, one: Shown) -> None:
        try:
            self._sound(self._locator, one)
        except WorkbenchError as error:
            must(str(error), f"a {type(error).__name__} without a word, about {one.what}")

    def _sound(self, locator: Locator, one: Shown) -> list[Region]:
        digest = pixel_digest(one.pixels)
        found = locator.locate(one.pixels, one.stimulus)
        unchanged(one, digest)
        must(
            isinstance(found, Sequence) and not isinstance(found, str),
            f"{type(found).__name__} for {one.what}",
        )
        for region in found:
            _check_region(region, locator.parts, one)
        return list(found)


def _check_region(region: Any, parts: frozenset[str] | None, one: Shown) -> None:
    must(isinstance(region, Region), f"{region!r}, which is no Region, in {one.what}")
    must(isinstance(region.part, str) and region.part, f"the part {region.part!r}, in {one.what}")
    must(
        parts is None or region.part in parts,
        f"the part {region.part!r}, which `parts` has not, in {one.what}",
    )
    must(isinstance(region.locator, str) and region.locator, f"the locator {region.locator!r}, in {one.what}")
    box, height, width = region.box, *one.pixels.shape[:2]
    corners = (box.x, box.y, box.w, box.h)
    must(all(_is_number(value) for value in corners), f"{box!r}, in {one.what}")
    must(box.w > 0 and box.h > 0 and box.clipped(width, height), f"{box!r}, which is not in {one.what}")
    must(_is_number(region.score) and 0 <= region.score <= 1, f"the score {region.score!r}, in {one.what}")
    for name, point in dict(region.landmarks).items():
        must(isinstance(name, str) and len(point) == 2, f"the landmark {name!r}: {point!r}")
        must(all(_is_number(value) for value in point), f"the landmark {name!r}: {point!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _apart(expected: Sequence[Region], found: Sequence[Region]) -> str | None:
    """How ``found`` differs from ``expected``, if it does."""
    if len(expected) != len(found):
        return f"{len(found)} regions and not {len(expected)}"
    for one, other in zip(expected, found, strict=True):
        near = [
            abs(getattr(one.box, side) - getattr(other.box, side)) <= _PIXELS for side in ("x", "y", "w", "h")
        ]
        if one.part != other.part or not all(near) or abs(one.score - other.score) > _SCORES:
            return f"{other.part} at {other.box} ({other.score:g}) and not {one.part} at {one.box} ({one.score:g})"
    return None
