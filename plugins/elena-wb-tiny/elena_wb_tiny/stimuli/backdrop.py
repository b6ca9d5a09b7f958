"""What stands behind the figure: plain or graded colour, a floor, a few quiet shapes."""

import cv2
import numpy as np

from elena_wb_tiny.stimuli.brush import Canvas, Points, dark, light, mix, shape
from elena_wb_tiny.stimuli.scene import Look


def backdrop(look: Look, size: int, horizon: float) -> Canvas:
    """Paint a [size, size, 3] background; `horizon` is the row where a floor starts."""
    far, near = look.backdrop
    if look.backdrop_kind == "plain":
        canvas = np.full((size, size, 3), far, dtype=np.uint8)
    else:
        corners = np.array([[far, mix(far, near, 0.35)], [mix(far, near, 0.65), near]], dtype=np.uint8)
        canvas = np.asarray(cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    if look.backdrop_kind in ("floor", "clutter"):
        row = int(np.clip(horizon, 0, size))
        cv2.rectangle(canvas, (0, row), (size, size), dark(near, 0.22), -1)
        cv2.line(canvas, (0, row), (size, row), dark(near, 0.38), max(size // 150, 1))
    if look.backdrop_kind == "clutter":
        _clutter(canvas, look, size, int(np.clip(horizon, 0, size)))
    return canvas


def _clutter(canvas: Canvas, look: Look, size: int, row: int) -> None:
    rng = np.random.default_rng(look.clutter_seed)
    far, near = look.backdrop
    for _ in range(int(rng.integers(2, 5))):
        colour = mix(
            dark(far, rng.uniform(0.08, 0.25)), light(near, rng.uniform(0.1, 0.3)), float(rng.random())
        )
        x, width = float(rng.uniform(0, size)), float(rng.uniform(0.08, 0.26)) * size
        kind = int(rng.integers(4))
        if kind == 0:  # a frame on the wall
            y, height = rng.uniform(0.02, 0.4) * size, rng.uniform(0.1, 0.25) * size
            corner, other = (int(x), int(y)), (int(x + width), int(y + height))
            cv2.rectangle(canvas, corner, other, colour, -1)
            cv2.rectangle(canvas, corner, other, dark(colour, 0.35), max(size // 90, 1))
        elif kind == 1:  # a chest on the floor
            height = rng.uniform(0.1, 0.3) * size
            base = row + rng.uniform(0.0, 0.06) * size
            cv2.rectangle(canvas, (int(x), int(base - height)), (int(x + width), int(base)), colour, -1)
            middle = int(base - height / 2)
            cv2.line(
                canvas, (int(x), middle), (int(x + width), middle), dark(colour, 0.3), max(size // 120, 1)
            )
        elif kind == 2:  # a ball or lamp
            cv2.circle(canvas, (int(x), int(rng.uniform(0.05, 0.9) * size)), int(width * 0.35), colour, -1)
        else:  # a plant: three leaves
            root = np.array([x, row + 0.02 * size])
            for lean in (-0.5, 0.0, 0.5):
                tip = root + np.array([lean * width, -width * 1.3])
                half = np.array([width * 0.12, 0.0])
                leaf: Points = np.array([root, (root + tip) / 2 - half, tip, (root + tip) / 2 + half])
                shape(canvas, leaf, dark((70, 140, 80), 0.1 + 0.2 * abs(lean)))
