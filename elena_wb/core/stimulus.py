"""What is shown to a model: pictures, the regions in them, and the labels people gave them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Upload = Literal["allowed", "masked-only", "local-only"]
"""Whether a picture may leave this machine: always, only where an audited mask hides the face, or never."""


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle in pixels of the picture as displayed (EXIF rotation applied).

    ``x`` and ``y`` are the left and top edges, origin top-left; ``w`` and ``h`` are width and height.
    """

    x: float
    y: float
    w: float
    h: float

    @property
    def area(self) -> float:
        """Area in square pixels; 0 for an empty box."""
        return max(self.w, 0.0) * max(self.h, 0.0)

    def padded(self, fraction: float) -> Box:
        """Grown by ``fraction`` of its width left and right, and of its height above and below."""
        dx, dy = self.w * fraction, self.h * fraction
        return Box(self.x - dx, self.y - dy, self.w + 2 * dx, self.h + 2 * dy)

    def clipped(self, width: int, height: int) -> Box | None:
        """The part inside a picture of ``width`` x ``height`` pixels, or ``None`` where there is none."""
        x0, y0 = max(self.x, 0.0), max(self.y, 0.0)
        x1, y1 = min(self.x + self.w, float(width)), min(self.y + self.h, float(height))
        if not (x1 > x0 and y1 > y0):
            return None
        return Box(x0, y0, x1 - x0, y1 - y0)


@dataclass(frozen=True, slots=True)
class Region:
    """A located part of a person: where, found by whom, and how sure.

    ``score`` is the locator's confidence in 0..1 (1 for annotations). ``landmarks`` are named points
    in the same pixel coordinates as ``box``.
    """

    part: str
    box: Box
    locator: str
    score: float = 1.0
    landmarks: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """One ground-truth statement about a stimulus.

    ``source`` names who says so (a dataset, or ``face``/``body`` where they differ); ``label`` is
    spelt as the scheme spells it (``ekman7``: ``happiness``, ``sadness``, …). Valence, arousal and
    dominance are on the dataset's own scale, 1..10 in those we read.
    """

    source: str
    scheme: str
    label: str | None
    valence: float | None = None
    arousal: float | None = None
    dominance: float | None = None


@dataclass(frozen=True, slots=True)
class Stimulus:
    """A picture, or one labelled person in it, that a model is asked about.

    ``stimulus_id`` is the sha256 of the file's bytes as lower-case hex; where a dataset labels persons
    within a picture, the corners of the person's box follow (:func:`person_stimulus_id`). ``person_box``
    and ``regions`` are in pixels of the whole picture. ``width`` and ``height`` are pixels as displayed,
    ``None`` until the picture has been opened. ``attributes`` is what else the dataset says of it, such as
    ``view`` or ``gender``: columns that scores can be grouped by.
    """

    stimulus_id: str
    path: Path
    dataset: str
    file_size: int
    file_mtime_ns: int
    split: str | None = None
    width: int | None = None
    height: int | None = None
    labels: tuple[Label, ...] = ()
    regions: tuple[Region, ...] = ()
    person_index: int | None = None
    person_box: Box | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    upload: Upload = "allowed"

    @property
    def picture_id(self) -> str:
        """The sha256 of the file's bytes, which the persons of one picture share."""
        return self.stimulus_id.partition("#")[0]


def person_stimulus_id(picture_id: str, box: Box) -> str:
    """The identity of one person in a picture: ``<sha256>#left,top,right,bottom`` in whole pixels.

    It follows the box and not the order of rows, so that the same person is the same stimulus in every
    edition of the annotations.
    """
    corners = (box.x, box.y, box.x + box.w, box.y + box.h)
    return f"{picture_id}#{','.join(str(round(value)) for value in corners)}"
