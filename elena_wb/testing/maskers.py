"""The contract of a masking style: ``check_masker`` tries everything that the host relies on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from elena_wb.core import Box, LeavesPixels, Masker, Pixels, Relocates
from elena_wb.data import pixel_digest
from elena_wb.masking.applying import area
from elena_wb.testing.inspection import Inspection, Report, must
from elena_wb.testing.instances import check_identity, made, silent
from elena_wb.testing.pictures import Shown, gallery, in_threads, unchanged

_LEFT = 24
"""Of 255: so much of a pattern of full contrast may still be seen where it is hidden."""

_LEAST = 12
"""Pixels that a side of a box must have for its content to be more than a colour."""


def check_masker(
    masker: Masker | Callable[..., Masker], options: Mapping[str, str] | None = None, *, reach: float = 1.0
) -> Report:
    """Hold a masking style, made with ``options`` as the host makes it, against the contract.

    ``reach`` is how far around a box pixels may change, as a share of its sides.

    Raises:
        AssertionError: something the contract asks for does not hold; says what, and what was seen.
    """
    name = masker.__name__ if isinstance(masker, type) else type(masker).__name__
    inspection = Inspection(name)
    with silent(inspection):
        subject = made(inspection, "masking style", masker, options)
        with gallery() as shown:
            trial = _Trial(inspection, subject.first, shown, reach)
            trial.run(subject.again)
            check_identity(inspection, subject, trial.difference, of="pixels")
    return inspection.report()


class _Trial:
    """One style on trial."""

    def __init__(self, inspection: Inspection, masker: Masker, shown: Sequence[Shown], reach: float) -> None:
        self._inspection = inspection
        self._masker = masker
        self._shown = shown
        self._small = [one for one in shown if one.pixels.size < 100_000]
        self._reach = reach

    def run(self, again: Callable[[], Masker]) -> None:
        asking = self._inspection.asking
        with asking(
            "a new picture of the same shape and type is returned, and the one given is left as it is"
        ):
            for one in self._shown:
                for _, boxes in _places(one)[: None if one in self._small else 1]:
                    self._masked(self._masker, one, boxes)
        with asking("without a box, or with one far beside the picture, no pixel changes"):
            for one in self._small:
                for boxes in ([], [Box(-50_000, -50_000, 10, 10)]):
                    same = np.array_equal(self._masked(self._masker, one, boxes), one.pixels)
                    must(same, f"{one.what} changed by {boxes!r}")
        with asking(f"nothing changes further from a box than {self._reach:g} times its sides (reach=…)"):
            for one in self._small:
                for what, boxes in _places(one):
                    self._check_outside(one, what, boxes)
        if isinstance(self._masker, LeavesPixels):
            self._check_leaving(self._masker)
        else:
            with asking(
                "what was in a box is not to be seen: pictures that differ only there are masked alike"
            ):
                for one in self._small:
                    if one.everyday:
                        self._check_hiding(one)
        if isinstance(self._masker, Relocates):
            with asking("`elsewhere` names boxes in the picture, off the part, the same each time"):
                for one in self._small:
                    self._check_relocating(self._masker, one)
        with asking("the same picture and boxes give the same pixels again, from another instance too"):
            for masker in (self._masker, again()):
                must((seen := self.difference(self._masker, masker)) is None, f"{seen}")
        with asking("calls from several threads at once give what they would give alone"):
            alone = [self._masked(self._masker, one, _inner(one)) for one in self._small]
            at_once = in_threads(lambda one: self._masked(self._masker, one, _inner(one)), self._small)
            for one, expected, masked in zip(self._small, alone, at_once, strict=True):
                must(np.array_equal(expected, masked), f"other pixels of {one.what}")

    def difference(self, masker: Masker, other: Masker) -> str | None:
        """How the pixels that ``other`` makes differ from those of ``masker``, if they do."""
        for one in self._small:
            first, second = self._masked(masker, one, _inner(one)), self._masked(other, one, _inner(one))
            if not np.array_equal(first, second):
                count = int((first != second).any(axis=2).sum())
                return f"{count} of {first.shape[0] * first.shape[1]} pixels of {one.what} differ"
        return None

    def _masked(self, masker: Masker, one: Shown, boxes: Sequence[Box]) -> Pixels:
        digest = pixel_digest(one.pixels)
        masked: Any = masker.mask(one.pixels, boxes)
        unchanged(one, digest)
        _check_picture(masked, one.pixels, f"{one.what} with {list(boxes)!r}")
        return np.asarray(masked)

    def _check_outside(self, one: Shown, what: str, boxes: Sequence[Box]) -> None:
        height, width = one.pixels.shape[:2]
        masked = self._masked(self._masker, one, boxes)
        around = [Box(box.x - 1, box.y - 1, box.w + 2, box.h + 2).padded(self._reach) for box in boxes]
        changed = (masked != one.pixels).any(axis=2) & ~area(around, width, height)
        must(not changed.any(), f"{int(changed.sum())} pixels changed outside, of {one.what} with {what}")

    def _check_hiding(self, one: Shown) -> None:
        """Mask a pattern and its negative: whatever differs then lets the pattern be seen."""
        height, width = one.pixels.shape[:2]
        for what, boxes in _places(one):
            inside = area(boxes, width, height)
            if min(min(box.w, box.h) for box in boxes) < _LEAST:
                continue
            pictures = []
            for pattern in _patterns(height, width):
                pixels = one.pixels.copy()
                pixels[inside] = pattern[inside]
                masked: Any = self._masker.mask(pixels, boxes)
                _check_picture(masked, pixels, f"{one.what} with {what}")
                pictures.append(np.asarray(masked).astype(np.int16))
            left = int(np.abs(pictures[0] - pictures[1])[inside].max())
            must(left <= _LEFT, f"{left} of 255 grey values still tell what {what} hid, in {one.what}")

    def _check_leaving(self, masker: LeavesPixels) -> None:
        with self._inspection.asking(
            "a style that leaves pixels leaves them all, and says what is not attended to"
        ):
            layers = masker.layers
            must(
                layers is None or (len(layers) == 2 and 0 <= layers[0] <= layers[1]), f"the layers {layers!r}"
            )
            for one in self._small:
                height, width = one.pixels.shape[:2]
                boxes = _inner(one)
                if isinstance(masker, Relocates):
                    boxes = [*masker.elsewhere(boxes, width=width, height=height, persons=())]
                masked = self._masked(self._masker, one, boxes)
                must(np.array_equal(masked, one.pixels), f"{one.what} changed")
                for box in masker.unattended(boxes, width=width, height=height):
                    _check_within(box, width, height, one.what)

    def _check_relocating(self, masker: Relocates, one: Shown) -> None:
        height, width = one.pixels.shape[:2]
        for what, boxes in _places(one):
            found = [
                list(masker.elsewhere(boxes, width=width, height=height, persons=(), avoid=()))
                for _ in range(2)
            ]
            must(found[0] == found[1], f"{found[0]!r} and then {found[1]!r}, for {what} in {one.what}")
            part = area(boxes, width, height)
            for box in found[0]:
                _check_within(box, width, height, one.what)
                must(
                    not part[area([box], width, height)].any(),
                    f"{box!r} over the part, for {what} in {one.what}",
                )


def _check_picture(masked: Any, pixels: Pixels, what: str) -> None:
    must(isinstance(masked, np.ndarray), f"{type(masked).__name__} for {what}")
    must(
        masked.dtype == np.uint8 and masked.shape == pixels.shape, f"{masked.dtype} {masked.shape} for {what}"
    )
    must(not np.shares_memory(masked, pixels), f"the very pixels that were given, for {what}")


def _check_within(box: Any, width: int, height: int, what: str) -> None:
    inside = isinstance(box, Box) and box.clipped(width, height)
    near = inside and max(abs(inside.w - box.w), abs(inside.h - box.h)) < 1e-6
    must(near, f"{box!r}, which is not within {what} ({width} × {height})")


def _inner(one: Shown) -> list[Box]:
    height, width = one.pixels.shape[:2]
    return [Box(width * 0.3, height * 0.25, max(width * 0.25, 1.0), max(height * 0.3, 1.0))]


def _places(one: Shown) -> list[tuple[str, list[Box]]]:
    """Boxes as detectors and annotations give them."""
    height, width = one.pixels.shape[:2]
    (inner,) = _inner(one)
    return [
        ("a box inside", [inner]),
        ("a box over the border", [Box(-width * 0.1, height * 0.6, width * 0.35, height * 0.7)]),
        ("a box of part of a pixel", [Box(width * 0.5 + 0.2, height * 0.5 + 0.3, 0.4, 0.5)]),
        ("a box of no width", [Box(width * 0.5, height * 0.5, 0.0, height * 0.2)]),
        (
            "boxes that overlap, one of them twice",
            [inner, Box(inner.x + 2, inner.y + 3, inner.w, inner.h), inner],
        ),
        ("the whole picture", [Box(0, 0, width, height)]),
        ("a box all around the picture", [Box(-width / 2, -height / 2, 2 * width, 2 * height)]),
    ]


def _patterns(height: int, width: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Squares of two pixels in black and white, and the same in white and black: uint8 ``[height, width, 3]``."""
    odd = (np.arange(height)[:, None] // 2 + np.arange(width)[None, :] // 2) % 2 == 1
    first = np.repeat(np.where(odd, 255, 0).astype(np.uint8)[:, :, None], 3, axis=2)
    return first, 255 - first
