"""Small drawing helpers on a supersampled canvas: shaded capsules, closed shapes and colour mixing.

All coordinates are canvas pixels; a colour is an RGB triple, as is the canvas.
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from elena_wb_tiny.stimuli.scene import Colour

Canvas = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

_SHIFT = 3
_ONE = 1 << _SHIFT


@lru_cache(maxsize=4096)
def mix(first: Colour, second: Colour, amount: float) -> Colour:
    """Blend linearly from `first` (amount 0) to `second` (amount 1)."""
    red, green, blue = (round(a + (b - a) * amount) for a, b in zip(first, second, strict=True))
    return (red, green, blue)


@lru_cache(maxsize=4096)
def dark(colour: Colour, amount: float = 0.5) -> Colour:
    """Darken towards black."""
    return mix(colour, (0, 0, 0), amount)


@lru_cache(maxsize=4096)
def light(colour: Colour, amount: float = 0.3) -> Colour:
    """Lighten towards white."""
    return mix(colour, (255, 255, 255), amount)


def disc(canvas: Canvas, centre: Points, radius: float, colour: Colour) -> None:
    """Fill a circle."""
    at = (int(centre[0] * _ONE), int(centre[1] * _ONE))
    cv2.circle(canvas, at, max(int(radius * _ONE), 1), colour, -1, cv2.LINE_8, _SHIFT)


def shape(canvas: Canvas, points: Points, colour: Colour) -> None:
    """Fill a polygon given as [n, 2]."""
    cv2.fillPoly(canvas, [np.round(points * _ONE).astype(np.int32)], colour, cv2.LINE_8, _SHIFT)


def stroke(canvas: Canvas, points: Points, colour: Colour, width: float, *, closed: bool = False) -> None:
    """Draw a round-ended line through [n, 2] points."""
    fixed = [np.round(points * _ONE).astype(np.int32)]
    cv2.polylines(canvas, fixed, closed, colour, max(round(width), 1), cv2.LINE_8, _SHIFT)


def capsule(
    canvas: Canvas, start: Points, end: Points, radius_start: float, radius_end: float, colour: Colour
) -> None:
    """Fill a tapered limb with round ends."""
    disc(canvas, start, radius_start, colour)
    disc(canvas, end, radius_end, colour)
    x0, y0, x1, y1 = float(start[0]), float(start[1]), float(end[0]), float(end[1])
    length = float(np.hypot(x1 - x0, y1 - y0))
    if length < 1e-6:
        return
    ax, ay = (y0 - y1) / length, (x1 - x0) / length
    corners = (
        (x0 + ax * radius_start, y0 + ay * radius_start),
        (x1 + ax * radius_end, y1 + ay * radius_end),
        (x1 - ax * radius_end, y1 - ay * radius_end),
        (x0 - ax * radius_start, y0 - ay * radius_start),
    )
    fixed = np.array([(round(x * _ONE), round(y * _ONE)) for x, y in corners], dtype=np.int32)
    cv2.fillConvexPoly(canvas, fixed, colour, cv2.LINE_8, _SHIFT)


def limb(
    canvas: Canvas,
    start: Points,
    end: Points,
    radii: tuple[float, float],
    colour: Colour,
    lit: tuple[float, float],
    line: float,
) -> None:
    """A shaded limb: outline, shadow side, lit side and a highlight, shifted towards the light `lit` (x
    right, y up)."""
    first, second = radii
    toward = np.array([lit[0], -lit[1]])
    capsule(canvas, start, end, first + line, second + line, dark(colour, 0.62))
    capsule(canvas, start, end, first, second, dark(colour, 0.25))
    offset = toward * 0.22
    capsule(
        canvas, start[:2] + offset * first, end[:2] + offset * second, 0.76 * first, 0.76 * second, colour
    )
    offset = toward * 0.38
    capsule(
        canvas,
        start[:2] + offset * first,
        end[:2] + offset * second,
        0.36 * first,
        0.36 * second,
        light(colour, 0.22),
    )


def smooth(points: Points, rounds: int = 3) -> Points:
    """Round a closed polygon's corners by Chaikin's corner cutting."""
    for _ in range(rounds):
        following = np.roll(points, -1, axis=0)
        points = np.stack(
            [0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following], axis=1
        ).reshape(-1, 2)
    return points
