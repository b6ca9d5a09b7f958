"""The locator ``yunet``: faces by OpenCV's FaceDetectorYN (Wu et al. 2023, doi 10.1007/s11633-023-1423-y)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from elena_wb.core import Box, ImageError, Pixels, Region, Stimulus
from elena_wb.masking.opencv import opencv
from elena_wb.masking.weights import YUNET, verified_yunet

_LANDMARKS = ("right_eye", "left_eye", "nose", "mouth_right", "mouth_left")
_SMALLEST_SIDE = 16
_TOP_K = 5000


class YunetLocator:
    """Finds faces with their landmarks (eyes, nose, mouth corners; left and right are the person's own).

    A picture is searched at its own size, scaled down where its longer side exceeds ``working_side``: at
    6000 pixels YuNet misses a portrait's face. The score threshold is low because a missed face spoils a
    masking study while a spurious box costs little. Each thread has a detector of its own.
    """

    def __init__(self, score: float = 0.3, nms: float = 0.3, working_side: int = 1024) -> None:
        self._score = score
        self._nms = nms
        self._working_side = working_side
        self._thread = threading.local()

    @property
    def parts(self) -> frozenset[str] | None:
        """Faces only."""
        return frozenset({"face"})

    @property
    def identity(self) -> str:
        """The weights' pinned sha256 and the settings."""
        return f"yunet({YUNET.sha256},score={self._score:g},nms={self._nms:g},side={self._working_side})"

    def prepare(self) -> None:
        """Make sure that the weights are there and are the right ones.

        Raises:
            SetupError: they are not; the hint is the command that fetches them.
        """
        verified_yunet()

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> Sequence[Region]:
        """Faces, the surest first, boxes clipped to the picture.

        Raises:
            SetupError: the weights are missing.
            ImageError: OpenCV cannot search this picture.
        """
        cv2 = opencv()
        height, width = pixels.shape[:2]
        scale = min(1.0, self._working_side / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        if min(size) < _SMALLEST_SIDE:
            return ()
        try:
            scaled = pixels if scale == 1.0 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
            detector = self._detector()
            detector.setInputSize(size)
            _, rows = detector.detect(cv2.cvtColor(scaled, cv2.COLOR_RGB2BGR))
        except cv2.error as error:
            raise ImageError(f"{stimulus.path.name}: the face detector failed ({error.err}).") from error
        if rows is None:
            return ()
        stretch = np.array([width / size[0], height / size[1]])
        found = [_region(row.astype(np.float64), stretch, width, height) for row in rows]
        return sorted((region for region in found if region), key=lambda region: -region.score)

    def _detector(self) -> Any:
        if not hasattr(self._thread, "detector"):
            weights = np.frombuffer(verified_yunet(), dtype=np.uint8)
            empty = np.zeros(0, dtype=np.uint8)
            self._thread.detector = opencv().FaceDetectorYN.create(
                "onnx", weights, empty, (320, 320), self._score, self._nms, _TOP_K
            )
        return self._thread.detector


def _region(
    row: npt.NDArray[np.float64], stretch: npt.NDArray[np.float64], width: int, height: int
) -> Region | None:
    """One row of the detector (box, five points, score), or ``None`` where it is no box in the picture."""
    if row.shape != (15,) or not np.isfinite(row).all():
        return None
    corner, extent = row[0:2] * stretch, row[2:4] * stretch
    box = Box(corner[0], corner[1], extent[0], extent[1]).clipped(width, height)
    if box is None:
        return None
    points = row[4:14].reshape(5, 2) * stretch
    return Region(
        "face",
        Box(float(box.x), float(box.y), float(box.w), float(box.h)),
        locator="yunet",
        score=float(np.clip(row[14], 0.0, 1.0)),
        landmarks={name: (float(x), float(y)) for name, (x, y) in zip(_LANDMARKS, points, strict=True)},
    )
