"""The locator ``backdrop``: the part ``body``, wherever a picture differs from the wall behind it.

In a laboratory people often stand before a plain wall. Its colour in each row is read from the picture's left and
right edge; what differs from it is the person. No weights, nothing learnt, no faces: it knows no people, only walls.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from elena_wb.core import Box, Pixels, Region, Stimulus

NAME, PART = "backdrop", "body"
_SIDE = 320
"""Longer side, in pixels, at which a picture is searched."""
_EDGE = 0.02
"""Share of the width that tells a row's colour, at either edge."""
_SMALLEST = 0.02
"""Share of the picture below which a find is no person."""


class BackdropLocator:
    """Finds one person, whole, where the edges show a plain wall, and nothing in any other picture.

    ``difference`` is how far from the wall's colour a pixel is part of the person, in CIE 1976 units (2 is just
    visible). ``evenness`` is the share of the rows whose wall must look the same left and right.
    """

    def __init__(self, difference: float = 12.0, evenness: float = 0.7) -> None:
        if not 1 <= difference <= 100:
            raise ValueError(f"difference is {difference:g}; it must be from 1 to 100")
        if not 0 < evenness <= 1:
            raise ValueError(f"evenness is {evenness:g}; it must be above 0 and at most 1")
        self._difference = difference
        self._evenness = evenness

    @property
    def parts(self) -> frozenset[str] | None:
        """Whole persons, and with them ``background``, which is all but the body."""
        return frozenset({PART})

    @property
    def identity(self) -> str:
        """The version of the method and its settings."""
        return f"{NAME}(1,difference={self._difference:g},evenness={self._evenness:g})"

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> Sequence[Region]:
        """The person's box; nothing where the wall is not plain. Its score is how much of the wall is."""
        height, width = pixels.shape[:2]
        scale = min(1.0, _SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        lab = np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), np.float32)
        wall, plain = self._wall(lab)
        if plain < self._evenness:
            return ()
        differs = (np.linalg.norm(lab - wall, axis=2) > self._difference).astype(np.uint8)
        differs = cv2.morphologyEx(differs, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        _, _, found, _ = cv2.connectedComponentsWithStats(differs)
        x, y, w, h, area = max(found[1:].tolist(), key=lambda one: one[4], default=(0, 0, 0, 0, 0))
        if area < _SMALLEST * differs.size:
            return ()
        across, down = width / size[0], height / size[1]
        box = Box(x * across, y * down, w * across, h * down).clipped(width, height)
        return () if box is None else (Region(PART, box, NAME, plain),)

    def _wall(self, lab: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], float]:
        """The wall's colour at every pixel, and the share of rows in which both edges agree on it.

        In the other rows something stands at an edge; there the wall is taken to be as it is in the rows around.
        """
        height, width = lab.shape[:2]
        edge = max(1, round(width * _EDGE))
        sides = np.stack([np.median(lab[:, :edge], axis=1), np.median(lab[:, -edge:], axis=1)], axis=1)
        agree = np.linalg.norm(sides[:, 0] - sides[:, 1], axis=1) <= self._difference
        plain = float(agree.mean())
        if plain:
            rows = np.arange(height)
            for side, channel in np.ndindex(2, 3):
                sides[:, side, channel] = np.interp(rows, rows[agree], sides[agree, side, channel])
        across = np.linspace(0.0, 1.0, width, dtype=np.float32)[None, :, None]
        return (sides[:, :1] * (1 - across) + sides[:, 1:] * across).astype(np.float32), plain
