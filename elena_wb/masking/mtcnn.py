"""The locator ``mtcnn``: faces by three networks in a row (Zhang et al. 2016, doi 10.1109/LSP.2016.2603342)."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from elena_wb.core import Box, ImageError, Pixels, Region, Stimulus
from elena_wb.masking.head import PART as HEAD
from elena_wb.masking.head import head_of
from elena_wb.masking.levels import crops, halved, resized
from elena_wb.masking.mtcnn_net import (
    CELL,
    JUDGED,
    REFINED,
    Floats,
    Networks,
    verified_weights,
    weights_digest,
)
from elena_wb.masking.opencv import opencv

NAME = "mtcnn"
FACE = "face"

_LANDMARKS = ("right_eye", "left_eye", "nose", "mouth_right", "mouth_left")
_FINE_STEPS, _FINE, _COARSE = 2, 0.6, 0.709
"""Each scale is the one before times ``_FINE``, and after so many steps, where it costs little, ``_COARSE``."""
_LIKELY, _LIKELIER, _JUDGED = 0.7, 0.7, 0.3
"""What a find must score in the first, second and third network."""
_SAME_AT_SCALE, _SAME = 0.5, 0.7
_VIEWS = ((-0.1, 0.0, 0.88), (0.1, 0.0, 0.88), (0.0, -0.1, 1.15), (0.0, 0.1, 1.15))
"""How a find is looked at again: moved right and down by these parts of its side, and its side times the last."""
_SIDES = range(128, 4097)
_FACES = range(CELL, 513)


class MtcnnLocator:
    """Finds faces with their landmarks (eyes, nose, mouth corners; left and right are the person's own), and heads.

    It shares no network with ``yunet``, so that either can audit the other, though both learnt from WIDER FACE;
    and it needs nothing that `pip install` does not bring. A picture is searched at its own size, or with its
    longer side at ``side`` pixels where that is less, for faces of at least ``min_face`` of these pixels;
    what looks like one is then judged at the picture's full resolution. Finds of at least ``score`` count.

    The third network alone is sure of many a sleeve and collar, but changes its mind when it is shown a
    little more of them, or their mirror image. So a find is judged again in eight such views, and its score is
    the square of their mean. On 451 photographs, small copies and mirror images that `yunet` masked, one find
    that was no face scored .5, the audit's mark, or more; of 401 faces of 12 pixels or more left open there,
    376 did.

    Each thread has networks of its own.
    """

    def __init__(self, score: float = 0.05, min_face: int = CELL, side: int = 1024) -> None:
        if not 0 < score < 1:
            raise ValueError(f"score is {score:g}; it must be above 0 and below 1")
        if min_face not in _FACES:
            raise ValueError(f"min_face is {min_face}; it must be from {_FACES[0]} to {_FACES[-1]}")
        if side not in _SIDES:
            raise ValueError(f"side is {side}; it must be from {_SIDES[0]} to {_SIDES[-1]}")
        self._score = score
        self._min_face = min_face
        self._side = side
        self._thread = threading.local()

    @property
    def parts(self) -> frozenset[str] | None:
        """Faces, and the heads that they are the front of."""
        return frozenset({FACE, HEAD})

    @property
    def identity(self) -> str:
        """The weights' pinned sha256 and the settings."""
        return (
            f"{NAME}({weights_digest()},score={self._score:g},min_face={self._min_face},side={self._side},"
            f"views={2 * len(_VIEWS)})"
        )

    def prepare(self) -> None:
        """Make sure that the weights are there and are the right ones.

        Raises:
            SetupError: they are not; the hint is the command that installs them.
        """
        verified_weights()

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> Sequence[Region]:
        """Faces, the surest first, and then the heads in the same order; boxes clipped to the picture.

        Raises:
            SetupError: the weights are missing.
            ImageError: OpenCV cannot search this picture.
        """
        height, width = pixels.shape[:2]
        if not hasattr(self._thread, "networks"):
            self._thread.networks = Networks()
        try:
            found = list(self._search(pixels, self._thread.networks))
        except opencv().error as error:
            raise ImageError(f"{stimulus.path.name}: the face detector failed ({error.err}).") from error
        faces = [face for face in (_region(*find, width, height) for find in found) if face]
        faces.sort(key=lambda face: -face.score)
        return [*faces, *(head_of(face, width, height) for face in faces)]

    def _search(self, pixels: Pixels, networks: Networks) -> Iterator[tuple[Floats, Floats, float]]:
        """Corners (left, top, right, bottom), landmarks ``[5, 2]`` and score of every face in ``pixels``."""
        levels = halved(pixels)
        corners = self._proposed(levels, networks)
        corners = _refined(levels, corners, networks)
        corners, points = _judged(levels, corners, networks)
        scores = _judged_again(levels, corners, networks)
        for place, landmarks, score in zip(corners, points, scores, strict=True):
            if score >= self._score:
                yield place, landmarks, float(score)

    def _proposed(self, levels: Sequence[Pixels], networks: Networks) -> Floats:
        """Squares in which the first network, run over the picture at falling scales, supposes a face."""
        height, width = levels[0].shape[:2]
        largest = min(1.0, self._side / max(height, width)) * CELL / self._min_face
        every, scores = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
        for scale in _scales(largest, CELL / min(height, width)):
            picture = resized(levels, round(width * scale), round(height * scale))
            corners, score, moves = networks.propose(picture, _LIKELY)
            kept = _apart(corners, score, _SAME_AT_SCALE)
            stretch = np.array([width / picture.shape[1], height / picture.shape[0]] * 2, np.float32)
            every.append(_moved(corners[kept], moves[kept]) * stretch)
            scores.append(score[kept])
        corners = np.concatenate(every)
        return _squares(corners[_apart(corners, np.concatenate(scores), _SAME)])


def _scales(largest: float, least: float) -> Iterator[float]:
    """Falling scales from ``largest`` on, none below ``least``."""
    scale = largest
    for step in itertools.count():
        if scale < least:
            return
        yield scale
        scale *= _FINE if step < _FINE_STEPS else _COARSE


def _refined(levels: Sequence[Pixels], corners: Floats, networks: Networks) -> Floats:
    """The squares that the second network lets pass, put where it wants them."""
    score, moves = networks.refine(crops(levels, corners, REFINED))
    passed = score > _LIKELIER
    corners, score, moves = corners[passed], score[passed], moves[passed]
    kept = _apart(corners, score, _SAME)
    return _squares(_moved(corners[kept], moves[kept]))


def _judged(levels: Sequence[Pixels], corners: Floats, networks: Networks) -> tuple[Floats, Floats]:
    """Boxes (corners) and landmarks of what the third network takes for a face, each face once."""
    score, moves, points = networks.judge(crops(levels, corners, JUDGED))
    passed = score >= _JUDGED
    corners, score, moves, points = corners[passed], score[passed], moves[passed], points[passed]
    points = corners[:, None, :2] + points * (corners[:, None, 2:] - corners[:, None, :2])
    corners = _moved(corners, moves)
    kept = _none_within_another(corners, score)
    return corners[kept], points[kept]


def _judged_again(levels: Sequence[Pixels], corners: Floats, networks: Networks) -> Floats:
    """Scores ``[n]``: the squared mean of what the third network says of each box in every view."""
    squares = _squares(corners)
    side = squares[:, 2:] - squares[:, :2]
    middle = squares[:, :2] + side / 2
    views = []
    for right, down, larger in _VIEWS:
        centre = middle + side * np.array([right, down], np.float32)
        view = np.concatenate([centre - side * larger / 2, centre + side * larger / 2], axis=1)
        views.append(crops(levels, view, JUDGED))
    seen = np.stack(views, axis=1).reshape(-1, JUDGED, JUDGED, 3)
    seen = np.concatenate([seen, seen[:, :, ::-1]], axis=0)
    judgements = networks.judge(seen)[0].reshape(2, len(corners), len(_VIEWS))
    scores: Floats = np.square(judgements.mean(axis=(0, 2)))
    return scores


def _moved(corners: Floats, moves: Floats) -> Floats:
    """``corners`` moved by ``moves``, which are in sides of the box."""
    side = corners[:, 2:] - corners[:, :2]
    moved: Floats = corners + moves * np.concatenate([side, side], axis=1)
    return moved


def _squares(corners: Floats) -> Floats:
    """Boxes made square around their middle, with their longer side."""
    middle = (corners[:, :2] + corners[:, 2:]) / 2
    side = (corners[:, 2:] - corners[:, :2]).max(axis=1, keepdims=True, initial=0)
    return np.concatenate([middle - side / 2, middle + side / 2], axis=1)


def _apart(corners: Floats, scores: Floats, most: float) -> list[int]:
    """Indices of the best boxes of which no two share more than ``most`` of their union."""
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    if not len(boxes):
        return []
    kept = opencv().dnn.NMSBoxes(boxes.astype(np.float64), scores, 0.0, most)
    return [int(index) for index in np.ravel(kept)]


def _none_within_another(corners: Floats, scores: Floats) -> list[int]:
    """Indices of the best boxes of which no two share more than ``_SAME`` of the smaller one."""
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        others = corners[kept]
        ends = np.minimum(corners[index, 2:], others[:, 2:])
        shared = np.clip(ends - np.maximum(corners[index, :2], others[:, :2]), 0, None).prod(axis=1)
        if (shared <= _SAME * np.minimum(areas[index], areas[kept])).all():
            kept.append(int(index))
    return kept


def _region(corners: Floats, points: Floats, score: float, width: int, height: int) -> Region | None:
    """The face, clipped to the picture; ``None`` where it is no box in it."""
    left, top, right, bottom = (float(value) for value in corners)
    box = Box(left, top, right - left, bottom - top).clipped(width, height)
    if box is None or not (np.isfinite(corners).all() and np.isfinite(points).all()):
        return None
    landmarks = {name: (float(x), float(y)) for name, (x, y) in zip(_LANDMARKS, points, strict=True)}
    return Region(FACE, box, NAME, min(max(score, 0.0), 1.0), landmarks)
