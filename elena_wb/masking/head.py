"""The head around a face: hair, ears and chin, from the face's box and landmarks."""

from __future__ import annotations

import math

from elena_wb.core import Box, Region

PART = "head"

_ABOVE, _BELOW, _BESIDE = 0.95, 0.6, 0.75
"""How far the head reaches from the middle of the face's box, in heights of the face: up and down along the
line from the eyes to the mouth, and to either side of it."""
_BEHIND, _MOST_BEHIND = 2.0, 0.3
"""A turned head reaches further to the side that the nose points away from, by so much for each height of
the face that the nose lies beside the middle of the eyes, and at most so much."""
_SHORTEST_AXIS, _LONGEST_AXIS = 0.15, 0.75
"""Eyes and mouth lie apart by 0.33 to 0.47 heights in photographs; what is far from it is no face's axis."""


def head_of(face: Region, width: int, height: int) -> Region:
    """The head that ``face`` is the front of, clipped to a picture of ``width`` x ``height`` pixels.

    The head is taken for an ellipse along the line from the eyes to the mouth, so that a head on its side
    gets a box that lies on its side. Without landmarks (``right_eye``, ``left_eye``, ``mouth_right``,
    ``mouth_left``, ``nose``), or where they make no sense, the face is taken to be upright. The proportions
    are those at which ears and hair of photographs with annotated ears lie inside. The box always holds that
    of the face; score and landmarks are the face's.
    """
    box = face.box
    size = max(box.w, box.h)
    (down_x, down_y), turn = _pose(face, size)
    behind = min(_BEHIND * abs(turn), _MOST_BEHIND)
    along, across = (_ABOVE + _BELOW) / 2 * size, (_BESIDE + behind / 2) * size
    shift_down = (_BELOW - _ABOVE) / 2 * size
    shift_right = -math.copysign(behind / 2 * size, turn)
    # right in the face's own frame is a quarter turn against its down: (down_y, -down_x) in the picture's
    centre_x = box.x + box.w / 2 + shift_down * down_x + shift_right * down_y
    centre_y = box.y + box.h / 2 + shift_down * down_y - shift_right * down_x
    reach_x = math.hypot(along * down_x, across * down_y)
    reach_y = math.hypot(along * down_y, across * down_x)
    left, right = min(centre_x - reach_x, box.x), max(centre_x + reach_x, box.x + box.w)
    top, bottom = min(centre_y - reach_y, box.y), max(centre_y + reach_y, box.y + box.h)
    inside = Box(left, top, right - left, bottom - top).clipped(width, height)
    return Region(PART, inside or box, face.locator, face.score, dict(face.landmarks))


def _pose(face: Region, size: float) -> tuple[tuple[float, float], float]:
    """Which way is down (a unit vector), and how far, in heights, the nose lies to the right of the eyes' middle."""
    try:
        eyes = _middle(face.landmarks["right_eye"], face.landmarks["left_eye"])
        mouth = _middle(face.landmarks["mouth_right"], face.landmarks["mouth_left"])
    except KeyError:
        return (0.0, 1.0), 0.0
    axis_x, axis_y = mouth[0] - eyes[0], mouth[1] - eyes[1]
    length = math.hypot(axis_x, axis_y)
    if not _SHORTEST_AXIS * size < length < _LONGEST_AXIS * size:
        return (0.0, 1.0), 0.0
    down_x, down_y = axis_x / length, axis_y / length
    nose = face.landmarks.get("nose", eyes)
    turn = ((nose[0] - eyes[0]) * down_y - (nose[1] - eyes[1]) * down_x) / size
    return (down_x, down_y), turn if math.isfinite(turn) else 0.0


def _middle(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
