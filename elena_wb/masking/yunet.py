"""The locator ``yunet``: faces by OpenCV's FaceDetectorYN (Wu et al. 2023, doi 10.1007/s11633-023-1423-y)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.core import Box, ImageError, Pixels, Region, Stimulus
from elena_wb.masking.head import PART as HEAD
from elena_wb.masking.head import head_of
from elena_wb.masking.opencv import opencv
from elena_wb.masking.weights import YUNET, verified_yunet
from elena_wb.masking.windows import Scale, scales

NAME = "yunet"
FACE = "face"

Rows: TypeAlias = "npt.NDArray[np.float64]"
"""Finds, one a row: box (x, y, w, h), five points (x, y), score."""

_LANDMARKS = ("right_eye", "left_eye", "nose", "mouth_right", "mouth_left")
_SCORE = 14
_SMALLEST_SIDE = 16
_TOP_K = 5000
_MUCH_SMALLER = 0.7
"""Above this share of its width a picture is resized by interpolation, which is far faster than a mean of areas."""
_EDGE = 2
_LOOKS = (24, 40)
"""Longer sides of a face, in pixels, at which a find in a window is looked at again, and how much around it."""
_AROUND = 3.0
_CERTAIN = 0.9
_IN_WINDOWS = 0.2
"""The least score of a find in a window: at a fine scale there is far more that looks like a small face."""
_MOST_LOOKS = 64
_WITHIN = 0.7
_AS_LARGE = 4.0
_SIDES = range(128, 4097)
_MOST_WINDOWS = 1000


class YunetLocator:
    """Finds faces with their landmarks (eyes, nose, mouth corners; left and right are the person's own), and heads.

    A picture is searched whole, its longer side at ``side`` pixels, and a large one in at most ``windows``
    windows besides (:func:`elena_wb.masking.windows.scales`). Finds of at least ``score`` count, in windows of
    at least 0.2: it is low because a missed face spoils a masking study while a spurious box costs little.
    Finds whose intersection is more than ``nms`` of their union are one face, and its box holds all of them.
    Each thread has a detector of its own.

    With the defaults a photograph takes some 20 ms of one core, and a picture of 24 megapixels or more 2 s.
    """

    def __init__(self, score: float = 0.15, nms: float = 0.3, side: int = 640, windows: int = 24) -> None:
        if not 0 < score < 1:
            raise ValueError(f"score is {score:g}; it must be above 0 and below 1")
        if not 0 < nms <= 1:
            raise ValueError(f"nms is {nms:g}; it must be above 0 and at most 1")
        if side not in _SIDES:
            raise ValueError(f"side is {side}; it must be from {_SIDES[0]} to {_SIDES[-1]}")
        if not 0 <= windows <= _MOST_WINDOWS:
            raise ValueError(f"windows is {windows}; it must be from 0 to {_MOST_WINDOWS}")
        self._score = score
        self._nms = nms
        self._side = side
        self._windows = windows
        self._thread = threading.local()

    @property
    def parts(self) -> frozenset[str] | None:
        """Faces, and the heads that they are the front of."""
        return frozenset({FACE, HEAD})

    @property
    def identity(self) -> str:
        """The weights' pinned sha256 and the settings."""
        return (
            f"{NAME}({YUNET.sha256},score={self._score:g},nms={self._nms:g},side={self._side},"
            f"windows={self._windows})"
        )

    def prepare(self) -> None:
        """Make sure that the weights are there and are the right ones.

        Raises:
            SetupError: they are not; the hint is the command that fetches them.
        """
        verified_yunet()

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> Sequence[Region]:
        """Faces, the surest first, and then the heads in the same order; boxes clipped to the picture.

        Raises:
            SetupError: the weights are missing.
            ImageError: OpenCV cannot search this picture.
        """
        cv2 = opencv()
        height, width = pixels.shape[:2]
        whole: list[Rows] = []
        parts: list[Rows] = []
        try:
            for scale in scales(width, height, side=self._side, windows=self._windows):
                (whole if scale.largest is None else parts).extend(self._at(scale, pixels))
            if parts:
                small = self._one_each(parts, width, height)
                whole.append(self._confirmed(small[small[:, _SCORE] >= _IN_WINDOWS], pixels))
        except cv2.error as error:
            raise ImageError(f"{stimulus.path.name}: the face detector failed ({error.err}).") from error
        faces = [_region(row) for row in self._one_each(whole, width, height)]
        return [*faces, *(head_of(face, width, height) for face in faces)]

    def _one_each(self, found: Sequence[Rows], width: int, height: int) -> Rows:
        return merged(_usable(found, width, height), self._nms)

    def _at(self, scale: Scale, pixels: Pixels) -> Iterator[Rows]:
        """What each window of ``scale`` shows, in pixels of ``pixels``."""
        scaled = _resized(pixels, scale.width, scale.height)
        stretch = np.array([pixels.shape[1] / scale.width, pixels.shape[0] / scale.height])
        for window in scale.windows:
            left, top, right, bottom = window
            rows = self._detect(scaled[top:bottom, left:right])
            if scale.largest is not None:
                rows = _whole_faces(rows, scale, window)
            yield _placed(rows, np.array([left, top]), stretch)

    def _confirmed(self, rows: Rows, pixels: Pixels) -> Rows:
        """Those finds of windows that are certain, or show again when looked at closely.

        Grain, cloth and lettering look like a small face at one scale, and hardly ever at several. The work
        is bounded: of very many finds, the least sure are taken as they are.
        """
        doubtful = np.flatnonzero(rows[:, _SCORE] < _CERTAIN)[:_MOST_LOOKS]
        spurious = [index for index in doubtful if not self._shows_again(rows[index], pixels)]
        return np.delete(rows, spurious, axis=0)

    def _shows_again(self, row: npt.NDArray[np.float64], pixels: Pixels) -> bool:
        middle, longer = row[:2] + row[2:4] / 2, row[2:4].max()
        sides = np.array([pixels.shape[1], pixels.shape[0]])
        start = np.clip(np.floor(middle - _AROUND * longer), 0, sides).astype(int)
        end = np.clip(np.ceil(middle + _AROUND * longer), 0, sides).astype(int)
        around = pixels[start[1] : end[1], start[0] : end[0]]
        for face in _LOOKS:
            columns, rows = (max(1, round(float(side))) for side in (end - start) * face / longer)
            found = self._detect(_resized(around, columns, rows))
            stretch = (end - start) / [columns, rows]
            if _agreeing(_placed(found, start / stretch, stretch), row, self._nms).any():
                return True
        return False

    def _detect(self, picture: Pixels) -> Rows:
        """What YuNet finds in ``picture`` (RGB); nothing where it is too small to be searched."""
        if min(picture.shape[:2]) < _SMALLEST_SIDE:
            return np.zeros((0, _SCORE + 1))
        cv2 = opencv()
        detector = self._detector()
        detector.setInputSize((picture.shape[1], picture.shape[0]))
        _, rows = detector.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if rows is None:
            return np.zeros((0, _SCORE + 1))
        return np.asarray(rows, dtype=np.float64)

    def _detector(self) -> Any:
        if not hasattr(self._thread, "detector"):
            weights = np.frombuffer(verified_yunet(), dtype=np.uint8)
            empty = np.zeros(0, dtype=np.uint8)
            self._thread.detector = opencv().FaceDetectorYN.create(
                "onnx", weights, empty, (320, 320), self._score, self._nms, _TOP_K
            )
        return self._thread.detector


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    cv2 = opencv()
    way = cv2.INTER_AREA if width < _MUCH_SMALLER * pixels.shape[1] else cv2.INTER_LINEAR
    resized: Pixels = cv2.resize(pixels, (width, height), interpolation=way)
    return resized


def _placed(rows: Rows, offset: npt.NDArray[Any], stretch: npt.NDArray[np.float64]) -> Rows:
    """``rows`` moved by ``offset`` and then stretched, each given as (x, y)."""
    shift = np.concatenate([offset, [0, 0], np.tile(offset, 5), [0]])
    placed: Rows = (rows + shift) * np.append(np.tile(stretch, 7), 1)
    return placed


def _whole_faces(rows: Rows, scale: Scale, window: tuple[int, int, int, int]) -> Rows:
    """Those of ``rows`` that are small enough for windows, and not cut by an edge within the picture."""
    assert scale.largest is not None
    left, top, right, bottom = window
    first, last = rows[:, :2], rows[:, :2] + rows[:, 2:4]
    begins = np.array([left == 0, top == 0])
    ends = np.array([right == scale.width, bottom == scale.height])
    uncut = (begins | (first > _EDGE)) & (ends | (last < [right - left - _EDGE, bottom - top - _EDGE]))
    kept: Rows = rows[uncut.all(axis=1) & (rows[:, 2:4].max(axis=1, initial=0) <= scale.largest)]
    return kept


def _usable(found: Sequence[Rows], width: int, height: int) -> Rows:
    """The finds that are finite and have an area in the picture, clipped to it, the surest first."""
    rows = np.concatenate(found) if found else np.zeros((0, _SCORE + 1))
    rows = rows[np.isfinite(rows).all(axis=1)]
    corners = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
    corners = np.clip(corners, 0, [width, height, width, height])
    rows[:, 2:4] = corners[:, 2:] - corners[:, :2]
    rows[:, :2] = corners[:, :2]
    rows[:, _SCORE] = np.clip(rows[:, _SCORE], 0.0, 1.0)
    rows = rows[(rows[:, 2:4] > 0).all(axis=1)]
    ordered: Rows = rows[np.argsort(-rows[:, _SCORE], kind="stable")]
    return ordered


def merged(rows: Rows, nms: float) -> Rows:
    """One row a face. ``rows`` are sorted, the surest first.

    The surest find of a face gives points and score, and its box grows to hold those that agree with it, by
    more than ``nms`` of the union, or that lie within it or, up to ``_AS_LARGE`` times its area, around it. Nothing
    that any find covers is given up.
    """
    faces = []
    while len(rows):
        face, others = rows[0].copy(), rows[1:]
        common, areas, area = _common(others, face), others[:, 2:4].prod(axis=1), face[2:4].prod()
        within = common > _WITHIN * areas
        around = (common > _WITHIN * area) & (areas < _AS_LARGE * area)
        same = within | around | _agreeing(others, face, nms)
        start = np.minimum(face[:2], others[same, :2].min(axis=0, initial=np.inf))
        ends = others[same, :2] + others[same, 2:4]
        end = np.maximum(face[:2] + face[2:4], ends.max(axis=0, initial=-np.inf))
        face[:2], face[2:4] = start, end - start
        faces.append(face)
        rows = others[~same]
    return np.array(faces).reshape(-1, _SCORE + 1)


def _common(rows: Rows, face: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Area that each of ``rows`` shares with ``face``."""
    start, end = (
        np.maximum(rows[:, :2], face[:2]),
        np.minimum(rows[:, :2] + rows[:, 2:4], face[:2] + face[2:4]),
    )
    common: npt.NDArray[np.float64] = np.clip(end - start, 0, None).prod(axis=1)
    return common


def _agreeing(rows: Rows, face: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.bool_]:
    """Which of ``rows`` have more than ``share`` of their union with ``face`` in common with it."""
    common = _common(rows, face)
    agree: npt.NDArray[np.bool_] = common > share * (rows[:, 2:4].prod(axis=1) + face[2:4].prod() - common)
    return agree


def _region(row: npt.NDArray[np.float64]) -> Region:
    x, y, w, h = (float(value) for value in row[:4])
    points = row[4:_SCORE].reshape(5, 2)
    return Region(
        FACE,
        Box(x, y, w, h),
        locator=NAME,
        score=float(row[_SCORE]),
        landmarks={name: (float(x), float(y)) for name, (x, y) in zip(_LANDMARKS, points, strict=True)},
    )
