"""The mannequin's parts: torso, limbs and hands, each drawn as one shaded piece."""

import numpy as np

from elena_wb_tiny.stimuli.brush import (
    Canvas,
    Points,
    capsule,
    dark,
    disc,
    light,
    limb,
    shape,
    smooth,
    stroke,
)
from elena_wb_tiny.stimuli.scene import Look, Scene
from elena_wb_tiny.stimuli.skeleton import Skeleton


def draw_leg(canvas: Canvas, skeleton: Skeleton, look: Look, side: str) -> None:
    """Thigh, shin and shoe."""
    j, k = skeleton.joints, skeleton.scale * look.limb
    line = skeleton.scale * 0.007
    limb(canvas, j[f"{side}_ankle"], j[f"{side}_toe"], (0.027 * k, 0.026 * k), look.shoes, look.light, line)
    limb(canvas, j[f"{side}_hip"], j[f"{side}_knee"], (0.052 * k, 0.042 * k), look.trousers, look.light, line)
    limb(
        canvas, j[f"{side}_knee"], j[f"{side}_ankle"], (0.042 * k, 0.032 * k), look.trousers, look.light, line
    )


def draw_upper_arm(canvas: Canvas, skeleton: Skeleton, look: Look, side: str) -> None:
    """Sleeved upper arm."""
    j, k = skeleton.joints, skeleton.scale * look.limb
    line = skeleton.scale * 0.007
    limb(
        canvas,
        j[f"{side}_shoulder"],
        j[f"{side}_elbow"],
        (0.042 * k, 0.036 * k),
        dark(look.top, 0.1),
        look.light,
        line,
    )


def draw_forearm(canvas: Canvas, skeleton: Skeleton, scene: Scene, side: str) -> None:
    """Forearm and hand."""
    look = scene.look
    j, k = skeleton.joints, skeleton.scale * look.limb
    line = skeleton.scale * 0.007
    colour = dark(look.top, 0.1) if look.long_sleeves else look.skin
    limb(canvas, j[f"{side}_elbow"], j[f"{side}_wrist"], (0.035 * k, 0.026 * k), colour, look.light, line)
    shape_name = (scene.pose.left if side == "left" else scene.pose.right).hand
    outward = 1.0 if side == "left" else -1.0
    _hand(canvas, j[f"{side}_wrist"], j[f"{side}_hand"], shape_name, outward, skeleton, look)


def _hand(
    canvas: Canvas, wrist: Points, tip: Points, hand: str, outward: float, skeleton: Skeleton, look: Look
) -> None:
    unit, line = skeleton.scale, skeleton.scale * 0.006
    along = tip[:2] - wrist[:2]
    length = float(np.hypot(along[0], along[1]))
    along = along / length if length > 1e-6 else np.array([0.0, -1.0])
    # A hand that points at the viewer keeps most of its size: it is seen as a palm or as knuckles.
    reach = max(length, 0.045 * unit)
    across = np.array([-along[1], along[0]]) * outward
    edge = dark(look.skin, 0.62)
    palm = wrist[:2] + along * reach * 0.4
    if hand == "fist":
        disc(canvas, palm, 0.043 * unit + line, edge)
        disc(canvas, palm, 0.043 * unit, look.skin)
        disc(
            canvas,
            palm + np.array([look.light[0], -look.light[1]]) * 0.012 * unit,
            0.022 * unit,
            light(look.skin, 0.2),
        )
        for step in (-0.5, 0.0, 0.5):
            start = palm + across * step * 0.045 * unit + along * 0.036 * unit
            stroke(canvas, np.array([start, start - along * 0.026 * unit]), edge, line * 1.1)
        stroke(
            canvas,
            np.array([palm - across * 0.03 * unit, palm + across * 0.022 * unit]) - along * 0.008 * unit,
            edge,
            line,
        )
        return
    spread = 0.42 if hand == "open" else 0.10
    finger = 0.062 * unit if hand == "open" else 0.040 * unit
    fingers = [
        (palm, palm + _turned(along, across, step * spread) * (0.02 * unit + finger))
        for step in (-1.5, -0.5, 0.5, 1.5)
    ]
    thumb_way = _turned(along, across, -1.25 if hand == "open" else -0.7)
    fingers.append((palm, palm + thumb_way * (0.058 * unit if hand == "open" else 0.040 * unit)))
    thick = 0.0125 * unit if hand == "open" else 0.014 * unit
    for start, end in fingers:
        capsule(canvas, start, end, thick + line, thick * 0.9 + line, edge)
    size = 0.034 * unit if hand == "open" else 0.029 * unit
    disc(canvas, palm, size + line, edge)
    for start, end in fingers:
        capsule(canvas, start, end, thick, thick * 0.9, look.skin)
    disc(canvas, palm, size, look.skin)
    disc(canvas, palm, size * 0.55, light(look.skin, 0.18))


def _turned(along: Points, across: Points, angle: float) -> Points:
    return np.asarray(along * np.cos(angle) + across * np.sin(angle), dtype=np.float64)


def torso_outline(skeleton: Skeleton, look: Look) -> Points:
    """The torso's polygon: shoulders slope from the neck, the waist is narrower, the hips are round."""
    j, unit = skeleton.joints, skeleton.scale
    neck, pelvis = j["neck"][:2], j["pelvis"][:2]
    left, right = sorted((j["left_shoulder"][:2], j["right_shoulder"][:2]), key=lambda p: float(p[0]))
    hip_left, hip_right = sorted((j["left_hip"][:2], j["right_hip"][:2]), key=lambda p: float(p[0]))
    down = pelvis - neck
    girth = 0.036 * unit * look.width
    out = np.array([girth, 0.0])
    waist = neck + down * 0.68
    half_waist = np.array([0.078 * unit * look.width, 0.0])
    points = np.array(
        [
            neck + np.array([-0.045 * unit, -0.004 * unit]),
            left + np.array([-0.2, -0.85]) * girth,
            left - out * 0.85 + down * 0.12,
            waist - half_waist,
            hip_left - out * 0.85 + np.array([0.0, 0.015 * unit]),
            hip_left + np.array([0.0, 0.05 * unit]),
            hip_right + np.array([0.0, 0.05 * unit]),
            hip_right + out * 0.85 + np.array([0.0, 0.015 * unit]),
            waist + half_waist,
            right + out * 0.85 + down * 0.12,
            right + np.array([0.2, -0.85]) * girth,
            neck + np.array([0.045 * unit, -0.004 * unit]),
        ]
    )
    return smooth(points)


def draw_torso(canvas: Canvas, skeleton: Skeleton, look: Look, outline: Points) -> None:
    """Shirt with shading inside `outline` (see `torso_outline`), and the neck above it."""
    j, unit = skeleton.joints, skeleton.scale
    line = unit * 0.007
    middle = outline.mean(axis=0)
    toward = np.array([look.light[0], -look.light[1]]) * unit
    shape(canvas, outline, dark(look.top, 0.22))
    shape(canvas, middle + (outline - middle) * np.array([0.84, 0.93]) + toward * 0.012, look.top)
    shape(canvas, middle + (outline - middle) * np.array([0.5, 0.66]) + toward * 0.034, light(look.top, 0.10))
    belt = j["pelvis"][:2] + np.array([0.0, 0.03 * unit])
    stroke(canvas, outline, dark(look.top, 0.62), 2 * line, closed=True)
    half = np.array([0.07 * unit * look.width, 0.0])
    stroke(canvas, np.array([belt - half, belt + half]), dark(look.trousers, 0.3), 0.02 * unit)
    neck, head = j["neck"], j["head"]
    limb(
        canvas,
        neck,
        neck + (head - neck) * 0.3,
        (0.042 * unit, 0.04 * unit),
        dark(look.skin, 0.12),
        look.light,
        line,
    )
    if look.collar:
        collar = np.array([[-0.055, -0.01], [0.0, 0.05], [0.055, -0.01]]) * unit + neck[:2]
        stroke(canvas, collar, light(look.top, 0.5), 0.016 * unit)
