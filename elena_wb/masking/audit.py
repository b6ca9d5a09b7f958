"""Looking at a masked picture with other eyes: which faces are left in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elena_wb.core import (
    Box,
    Condition,
    Locator,
    Pixels,
    Prepares,
    Region,
    SetupError,
    Stimulus,
    WorkbenchError,
)
from elena_wb.masking.annotated import NAME as ANNOTATED
from elena_wb.masking.applying import Masked, Masking
from elena_wb.masking.box import covering
from elena_wb.masking.resolving import Make, in_order

FACE = "face"
AUDIT_SCORE = 0.5
"""What a detector must score for its find to count as a face that is left."""

MOSTLY_BLANK = 0.5
"""A find of which at least this share is blank shows a mask and no face, unless its landmarks lie beside it."""

LANDMARKS_SHOWN = 2
"""So many landmarks outside what is blank make a find a face: a nose and an eye, a mouth's two corners."""

COVERED = 0.9
"""The share of an annotated face that must lie in what was hidden for the face to count as covered."""

_FLAT = 2
_SAME_FACE = 0.5


@dataclass(frozen=True, slots=True)
class Audit:
    """Which faces are left in one masked picture.

    ``faces`` are what ``detector`` (its name) sees in the masked pixels. ``uncovered`` counts the faces known
    from the data that are not wholly hidden, ``None`` where none is known. ``residual_faces`` is the number of
    faces left by either account, a face that both know counted once.
    """

    faces: tuple[Region, ...]
    uncovered: int | None
    residual_faces: int
    detector: str


def audits(condition: Condition) -> bool:
    """Whether ``condition`` claims that no face is left.

    ``none``, ``hands``, ``background`` and every control leave the face on purpose.
    """
    return condition.hides_face


def audit(pixels_masked: Pixels, masked: Masked, stimulus: Stimulus, name: str, detector: Locator) -> Audit:
    """Search ``pixels_masked``, the picture as it goes out, for faces that ``masked`` was to hide.

    A find is no face where it shows little but a mask: a black box on a pair of shoulders looks like a head
    to many detectors. Blank is what lies in the boxes hidden *and* has one colour, so that a face that is
    recognised through a blur is reported; and a face that looks out from under too small a box is, by how
    little of it is blank or by its landmarks. A face of ``stimulus.regions`` is covered where at least
    ``COVERED`` of its box lies in the boxes hidden, before padding, whatever the style puts there.

    Raises:
        WorkbenchError: the picture cannot be searched.
    """
    height, width = pixels_masked.shape[:2]
    hidden = masked.hidden_area
    found = [region for region in detector.locate(pixels_masked, stimulus) if region.part == FACE]
    left = tuple(
        region
        for region in found
        if region.score >= AUDIT_SCORE
        and region.box.clipped(width, height)
        and not _shows_a_mask(region, pixels_masked, hidden)
    )
    known = [
        box
        for region in stimulus.regions
        if region.part == FACE and (box := region.box.clipped(width, height))
    ]
    open_to_view = [box for box in known if hidden[covering(box, width, height)].mean() < COVERED]
    unseen = [box for box in open_to_view if not any(_overlap(box, face.box) > _SAME_FACE for face in left)]
    return Audit(left, len(open_to_view) if known else None, len(left) + len(unseen), name)


def choose_auditor(
    masking: Masking, locators: Mapping[str, Make[Locator]], stimuli: Iterable[Stimulus]
) -> tuple[str, Locator]:
    """The first face detector that is ready and is not asked what ``masking`` is to hide, with its name.

    Where annotations say of all ``stimuli`` what to hide, any detector will do.

    Raises:
        SetupError: there is none; the hint says what brings one.
    """
    used = masking.detectors(stimuli) | {ANNOTATED}
    lacking: SetupError | None = None
    for name in in_order(locators):
        if name in used:
            continue
        try:
            locator = locators[name]({})
            if FACE not in (locator.parts or ()):
                continue
            if isinstance(locator, Prepares):
                locator.prepare()
        except SetupError as error:
            lacking = lacking or error
            continue
        except WorkbenchError:
            continue
        return name, locator
    by = _spoken(used - {ANNOTATED})
    raise SetupError(
        f"Nothing can audit the faces that {by} hid: a detector does not see what it missed itself."
        if by
        else "Nothing can audit the masked faces: no face detector is ready.",
        hint=_hint(lacking),
    )


def _shows_a_mask(region: Region, pixels: Pixels, hidden: npt.NDArray[np.bool_]) -> bool:
    """Whether most of ``region`` is blank, and its landmarks too where it has any."""
    height, width = hidden.shape
    rows, columns = covering(region.box, width, height)
    inside = hidden[rows, columns]
    if not inside.any():
        return False
    seen = pixels[rows, columns].astype(np.int16)
    fill = np.median(seen[inside], axis=0)
    blank = inside & (np.abs(seen - fill).max(axis=2) <= _FLAT)
    if blank.mean() < MOSTLY_BLANK:
        return False
    shown = sum(
        not hidden[min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)]
        for x, y in region.landmarks.values()
    )
    return shown < LANDMARKS_SHOWN


def _overlap(one: Box, other: Box) -> float:
    """Area that both share, as a part of the smaller one's."""
    shared_width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    shared_height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    return max(shared_width, 0.0) * max(shared_height, 0.0) / max(min(one.area, other.area), 1e-9)


def _spoken(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names))


def _hint(lacking: SetupError | None) -> str:
    if lacking is not None and lacking.hint:
        return lacking.hint
    return (
        "Install a plugin with another face detector; `elena-wb plugins list` shows those here. Or mask by "
        "annotations: `face@annotated`."
    )
