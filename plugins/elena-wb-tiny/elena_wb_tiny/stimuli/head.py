"""The head: an ellipsoid shaded pixel by pixel with hair, and a face drawn on its surface.

Face features live on the unit disc (u to the figure's left, v up) of the head's front; they are lifted to
the unit sphere, turned with the head and projected, so they foreshorten as a real face does.
"""

import cv2
import numpy as np

from elena_wb_tiny.stimuli.brush import Canvas, Points, dark, disc, mix, shape, smooth, stroke
from elena_wb_tiny.stimuli.scene import Colour, Expression, Look
from elena_wb_tiny.stimuli.skeleton import Skeleton

EYE_U, EYE_V, EYE_WIDTH = 0.37, 0.06, 0.225

_HAIRLINE = {"short": 0.56, "full": 0.48, "long": 0.52}


class Face:
    """Projects face coordinates and remembers the extent of everything drawn, which becomes the face
    region."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.centre = skeleton.joints["head"][:2]
        self.radii = np.array(skeleton.head_radii)
        self.turn = skeleton.head_turn
        angle = np.radians(skeleton.head_tilt)
        self.roll = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        self._low = np.array([np.inf, np.inf])
        self._high = -self._low

    def lift(self, uv: Points) -> Points:
        """Map [n, 2] face coordinates to canvas pixels; what lies behind the head's limb is drawn on the
        limb."""
        u, v = uv[:, 0], uv[:, 1]
        depth = np.sqrt(np.maximum(1.0 - u * u - v * v, 0.02))
        turn = self.turn
        x = turn[0, 0] * u + turn[0, 1] * v + turn[0, 2] * depth
        y = turn[1, 0] * u + turn[1, 1] * v + turn[1, 2] * depth
        z = turn[2, 0] * u + turn[2, 1] * v + turn[2, 2] * depth
        norm = np.where(z < 0.0, np.maximum(np.hypot(x, y), 1e-6), 1.0)
        x, y = x / norm * self.radii[0], y / norm * self.radii[1]
        out = np.empty_like(uv)
        out[:, 0] = self.centre[0] + self.roll[0, 0] * x + self.roll[0, 1] * y
        out[:, 1] = self.centre[1] - self.roll[1, 0] * x - self.roll[1, 1] * y
        return out

    def facing(self, u: float, v: float) -> float:
        """Cosine between the surface normal at (u, v) and the viewer."""
        depth = np.sqrt(max(1.0 - u * u - v * v, 0.02))
        return float((self.turn @ np.array([u, v, depth]))[2])

    def keep(self, points: Points, pad: float) -> None:
        """Count canvas points, padded, into the face's extent."""
        self._low = np.minimum(self._low, points.min(axis=0) - pad)
        self._high = np.maximum(self._high, points.max(axis=0) + pad)

    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of everything kept."""
        return float(self._low[0]), float(self._low[1]), float(self._high[0]), float(self._high[1])


def draw_head(canvas: Canvas, skeleton: Skeleton, look: Look) -> None:
    """Draw skull, ears and hair, without the face."""
    face = Face(skeleton)
    rx, ry = skeleton.head_radii
    line = skeleton.scale * 0.007
    for side in (-1.0, 1.0):
        ear = skeleton.head_turn @ np.array([side, 0.0, -0.05])
        if ear[2] > -0.75:
            at = face.centre + (face.roll @ (ear[:2] * face.radii * 1.0)) * np.array([1.0, -1.0])
            disc(canvas, at, 0.2 * rx + line, dark(look.skin, 0.6))
            disc(canvas, at, 0.2 * rx, dark(look.skin, 0.12))
    if look.hair_style == "long":
        _back_hair(canvas, face, look, line)
    _ball(canvas, face, look, rx, ry, line)


def _back_hair(canvas: Canvas, face: Face, look: Look, line: float) -> None:
    """Long hair falls behind the head to the shoulders."""
    back = (face.turn @ np.array([0.0, 0.0, -0.35]))[0]
    outline = np.array(
        [
            [-1.06, 0.3],
            [-1.12, -0.5],
            [-0.98, -1.12],
            [0.98, -1.12],
            [1.12, -0.5],
            [1.06, 0.3],
            [0.6, 1.0],
            [-0.6, 1.0],
        ]
    )
    outline[:, 0] += back
    points = face.centre + ((outline * face.radii) @ face.roll.T) * np.array([1.0, -1.0])
    points = smooth(points, 2)
    shape(canvas, points, dark(look.hair, 0.3))
    stroke(canvas, points, dark(look.hair, 0.65), 2 * line, closed=True)


def _ball(canvas: Canvas, face: Face, look: Look, rx: float, ry: float, line: float) -> None:
    """Shade the skull's ellipsoid per pixel and cover the part above the hairline with hair."""
    reach = int(np.ceil(max(rx, ry) * 1.12 + line)) + 1
    x0, y0 = int(face.centre[0]) - reach, int(face.centre[1]) - reach
    left, top = max(x0, 0), max(y0, 0)
    right, bottom = min(x0 + 2 * reach, canvas.shape[1]), min(y0 + 2 * reach, canvas.shape[0])
    if right <= left or bottom <= top:
        return
    # Shading is smooth: a coarse grid, enlarged, is enough, and only thresholds need every pixel.
    wide, high = right - left, bottom - top
    columns, rows = max(wide // 3, 2), max(high // 3, 2)
    step_x, step_y = np.float32(wide / columns), np.float32(high / rows)
    xs = ((np.arange(columns, dtype=np.float32) + 0.5) * step_x + np.float32(left - face.centre[0]))[None, :]
    ys = -((np.arange(rows, dtype=np.float32) + 0.5) * step_y + np.float32(top - face.centre[1]))[:, None]
    c, s = np.float32(face.roll[0, 0]), np.float32(face.roll[0, 1])
    nx, ny = (c * xs - s * ys) / np.float32(rx), (s * xs + c * ys) / np.float32(ry)
    nx = nx / (1.0 - 0.10 * np.clip(-ny, 0.0, 1.0))  # a chin a little narrower than the brow
    square = nx * nx + ny * ny
    nz = np.sqrt(np.clip(1.0 - square, 0.0, None))
    lx, ly = look.light
    glow = np.float32(0.70) + np.float32(0.30) * (
        nx * np.float32(lx) + ny * np.float32(ly) + nz * np.float32(0.65)
    )
    inverse = face.turn.T.astype(np.float32)
    local_y = inverse[1, 0] * nx + inverse[1, 1] * ny + inverse[1, 2] * nz
    local_z = inverse[2, 0] * nx + inverse[2, 1] * ny + inverse[2, 2] * nz
    fields = np.dstack([square, np.clip(glow, 0.52, 1.05), local_y - np.float32(0.62) * local_z, ny])
    large = np.asarray(cv2.resize(fields.astype(np.float32), (wide, high), interpolation=cv2.INTER_LINEAR))
    reach_sq, shade, height, rise = (np.ascontiguousarray(large[..., plane]) for plane in range(4))
    outer = np.full(reach_sq.shape, 1.0, dtype=np.float32)
    hairy = np.zeros(reach_sq.shape, dtype=bool)
    if look.hair_style != "bald":
        hairy = height > np.float32(_HAIRLINE[look.hair_style] - 0.42)
    if look.hair_style == "full":
        outer[hairy & (rise > -0.2)] = 1.14
    patch = canvas[top:bottom, left:right]
    ink = dark(look.skin if look.hair_style == "bald" else look.hair, 0.55)
    rim = reach_sq <= outer + np.float32((1.0 + line / rx) ** 2 - 1.0)
    inside = reach_sq <= outer
    for channel in range(3):
        tone = np.where(hairy, np.float32(look.hair[channel]), np.float32(look.skin[channel])) * shade
        filled = np.where(inside, np.minimum(tone, 255.0).astype(np.uint8), np.uint8(ink[channel]))
        np.copyto(patch[..., channel], filled, where=rim)


def draw_face(canvas: Canvas, skeleton: Skeleton, look: Look, expression: Expression) -> Face:
    """Draw the features of `expression` and return the projection, which knows their extent."""
    face = Face(skeleton)
    rx = skeleton.head_radii[0]
    ink = dark(look.hair if sum(look.hair) < 330 else dark(look.hair, 0.5), 0.35)
    _cheeks(canvas, face, look, expression)
    for side in (-1.0, 1.0):
        if face.facing(side * EYE_U, EYE_V) > 0.12:
            _eye(canvas, face, side, expression, look, ink, rx)
            _brow(canvas, face, side, expression, ink, rx)
    _nose(canvas, face, look, expression, rx)
    _mouth(canvas, face, look, expression, rx)
    return face


def _cheeks(canvas: Canvas, face: Face, look: Look, expression: Expression) -> None:
    if expression.flush < 0.15:
        return
    tint = mix(look.skin, (225, 80, 70), 0.38 * min(expression.flush, 1.0))
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    for side in (-1.0, 1.0):
        if face.facing(side * 0.58, -0.25) > 0.25:
            shape(
                canvas,
                face.lift(
                    np.column_stack([side * 0.58 + 0.15 * np.cos(angle), -0.27 + 0.12 * np.sin(angle)])
                ),
                tint,
            )


def _eye(
    canvas: Canvas, face: Face, side: float, expression: Expression, look: Look, ink: Colour, rx: float
) -> None:
    ramp = np.linspace(-1.0, 1.0, 11)
    arch = np.sqrt(1.0 - ramp**2) ** 0.8
    u = side * (EYE_U + EYE_WIDTH * ramp)  # ramp runs from the nose outwards
    slant = expression.lid_slant * ramp * 0.6
    gap = max(expression.lid_up + expression.lid_low, 0.055)
    low = np.minimum(-expression.lid_low * arch, expression.lid_up * arch)
    high = low + gap * arch
    tilt_high = EYE_V + high + slant
    tilt_low = EYE_V + low + slant * 0.4
    upper = face.lift(np.column_stack([u, tilt_high]))
    lower = face.lift(np.column_stack([u, tilt_low]))
    shape(canvas, np.concatenate([upper, lower[::-1]]), (250, 250, 248))
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    for radius, colour in ((expression.pupil * 1.25, (64, 44, 34)), (expression.pupil * 0.72, (8, 8, 10))):
        pu = EYE_U + radius * np.cos(angle) * 0.95
        pv = EYE_V + expression.gaze + (expression.lid_up - expression.lid_low) * 0.3 + radius * np.sin(angle)
        rel = (pu - EYE_U) / EYE_WIDTH
        pv = np.clip(pv, np.interp(rel, ramp, tilt_low), np.interp(rel, ramp, tilt_high))
        shape(canvas, face.lift(np.column_stack([side * pu, pv])), colour)
    spark = face.lift(np.array([[side * EYE_U + 0.03, EYE_V + expression.gaze + 0.05]]))[0]
    if gap > 0.2:
        disc(canvas, spark, 0.022 * rx, (255, 255, 255))
    stroke(canvas, upper, ink, 0.062 * rx)
    stroke(canvas, lower, dark(look.skin, 0.5), 0.03 * rx)
    face.keep(np.concatenate([upper, lower]), 0.05 * rx)
    if expression.tears > 0.4:
        grow = expression.tears
        drop = np.column_stack(
            [side * (EYE_U + 0.08 + 0.075 * np.cos(angle)), -0.3 + 0.13 * grow * np.sin(angle)]
        )
        drop[5] = [side * (EYE_U + 0.06), -0.08]
        spot = face.lift(drop)
        shape(canvas, spot, (120, 190, 250))
        stroke(canvas, spot, (60, 110, 190), 0.025 * rx, closed=True)
        face.keep(spot, 0.03 * rx)


def _brow(canvas: Canvas, face: Face, side: float, expression: Expression, ink: Colour, rx: float) -> None:
    knots = np.array([[0.11, expression.brow_in], [0.38, expression.brow_mid], [0.66, expression.brow_out]])
    t = np.linspace(0.0, 1.0, 8)[:, None]
    middle = 2 * knots[1] - 0.5 * (knots[0] + knots[2])
    curve = (1 - t) ** 2 * knots[0] + 2 * t * (1 - t) * middle + t**2 * knots[2]
    curve[:, 0] *= side
    points = face.lift(curve)
    stroke(canvas, points[:6], ink, 0.14 * rx)
    stroke(canvas, points, ink, 0.095 * rx)
    face.keep(points, 0.09 * rx)


def _nose(canvas: Canvas, face: Face, look: Look, expression: Expression, rx: float) -> None:
    lean = float(face.turn[0, 2])
    tip = 0.05 * np.sign(lean) if abs(lean) > 0.2 else 0.0
    points = face.lift(
        np.array(
            [[tip * 0.4, 0.02], [0.07 if lean >= 0 else -0.07, -0.2], [-0.06 if lean >= 0 else 0.06, -0.215]]
        )
    )
    stroke(canvas, points, dark(look.skin, 0.42), 0.05 * rx)
    face.keep(points, 0.05 * rx)
    if expression.wrinkle > 0.3:
        for v in (0.0, 0.09, 0.18):
            bow = np.array([[-0.13, v + 0.05], [0.0, v], [0.13, v + 0.05]])
            stroke(canvas, face.lift(bow), dark(look.skin, 0.5), 0.045 * rx * min(1.0, expression.wrinkle))
        for side in (-1.0, 1.0):
            fold = np.array([[side * 0.14, -0.14], [side * 0.33, -0.28], [side * 0.44, -0.5]])
            stroke(canvas, face.lift(fold), dark(look.skin, 0.45), 0.04 * rx)


def _mouth(canvas: Canvas, face: Face, look: Look, expression: Expression, rx: float) -> None:
    ramp = np.linspace(-1.0, 1.0, 19)
    u = expression.mouth_width * ramp
    spine = expression.mouth_v + expression.mouth_lift * ramp**2 + expression.mouth_skew * ramp
    arch = np.clip(1.0 - ramp**2, 0.0, None) ** expression.mouth_square
    high, low = spine + expression.mouth_up * arch, spine - expression.mouth_low * arch
    lip = mix(dark(look.skin, 0.45), (150, 40, 50), 0.45)
    upper, lower = face.lift(np.column_stack([u, high])), face.lift(np.column_stack([u, low]))
    if expression.mouth_up + expression.mouth_low > 0.05:
        shape(canvas, np.concatenate([upper, lower[::-1]]), (70, 14, 22))
        if expression.teeth > 0.1:
            edge = high - (high - low) * expression.teeth * 0.92
            shape(
                canvas, np.concatenate([upper, face.lift(np.column_stack([u, edge]))[::-1]]), (252, 250, 242)
            )
            if expression.teeth > 0.8:
                middle = face.lift(np.column_stack([u, (high + low) / 2.0]))
                stroke(canvas, middle, (120, 110, 110), 0.028 * rx)
        if expression.tongue > 0.3:
            angle = np.linspace(0, 2 * np.pi, 18, endpoint=False)
            centre = float(low[9]) - 0.02
            tongue = np.column_stack(
                [0.16 * np.cos(angle), centre + 0.15 * expression.tongue * np.sin(angle)]
            )
            tongue[:, 1] = np.minimum(tongue[:, 1], float(spine[9]) + 0.02)
            spot = face.lift(tongue)
            shape(canvas, spot, (226, 108, 122))
            stroke(canvas, spot, (150, 50, 66), 0.035 * rx, closed=True)
            face.keep(spot, 0.04 * rx)
        stroke(canvas, np.concatenate([upper, lower[::-1]]), lip, 0.06 * rx, closed=True)
    else:
        stroke(canvas, upper, dark(lip, 0.25), 0.085 * rx)
    face.keep(np.concatenate([upper, lower]), 0.06 * rx)
