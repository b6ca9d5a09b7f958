"""Which parts of a drawn figure can be seen: drawing order, region boxes, keypoints and attribute classes."""

from dataclasses import dataclass

import cv2
import numpy as np

from elena_wb_tiny.stimuli.brush import Points
from elena_wb_tiny.stimuli.faces import FACE_CLASSES
from elena_wb_tiny.stimuli.head import EYE_U, EYE_V, Face
from elena_wb_tiny.stimuli.picture import KEYPOINTS, Box
from elena_wb_tiny.stimuli.scene import Scene
from elena_wb_tiny.stimuli.skeleton import Skeleton


@dataclass(frozen=True, slots=True)
class Layers:
    """Whether each forearm (with its hand) and each upper arm is behind the torso, and which of them
    cover the head."""

    upper_behind: dict[str, bool]
    fore_behind: dict[str, bool]
    fore_over_head: dict[str, bool]
    upper_over_head: dict[str, bool]


def layers(skeleton: Skeleton) -> Layers:
    """Order the arms by depth against the torso and the head."""
    j, unit = skeleton.joints, skeleton.scale
    body = (j["neck"][2] + j["pelvis"][2]) / 2.0
    upper, fore, over, above = {}, {}, {}, {}
    for side in ("left", "right"):
        upper[side] = bool((j[f"{side}_shoulder"][2] + j[f"{side}_elbow"][2]) / 2.0 < body - 0.03 * unit)
        fore[side] = bool((j[f"{side}_elbow"][2] + j[f"{side}_wrist"][2]) / 2.0 < body - 0.045 * unit)
        above[side] = bool(j[f"{side}_elbow"][2] > j["head"][2] + 0.09 * unit)
        over[side] = bool(j[f"{side}_hand"][2] > j["head"][2] - 0.05 * unit)
    return Layers(upper, fore, over, above)


def seen_points(
    scene: Scene, skeleton: Skeleton, outline: Points, order: Layers, face: Face, size: float
) -> dict[str, tuple[float, float, bool]]:
    """All keypoints as canvas x, y and visibility (inside the picture and not behind torso or head)."""
    shirt = outline.astype(np.float32)
    j = skeleton.joints
    points: dict[str, tuple[float, float, bool]] = {}
    for name in KEYPOINTS:
        if name not in j:
            continue
        x, y = float(j[name][0]), float(j[name][1])
        shown = 0 <= x < size and 0 <= y < size
        side, _, part = name.partition("_")
        if shown and part in ("wrist", "hand") and order.fore_behind[side]:
            shown = cv2.pointPolygonTest(shirt, (x, y), False) < 0
        if shown and part in ("elbow",) and order.upper_behind[side]:
            shown = cv2.pointPolygonTest(shirt, (x, y), False) < 0
        if shown and part in ("wrist", "hand") and not order.fore_over_head[side]:
            shown = _outside_head(skeleton, x, y)
        points[name] = (x, y, bool(shown))
    marks = _landmarks(scene)
    places = face.lift(np.array([(u, v) for _, u, v in marks]))
    for (name, u, v), at in zip(marks, places, strict=True):
        x, y = float(at[0]), float(at[1])
        points[name] = (x, y, bool(0 <= x < size and 0 <= y < size and face.facing(u, v) > 0.12))
    return points


def _outside_head(skeleton: Skeleton, x: float, y: float) -> bool:
    centre, (rx, ry) = skeleton.joints["head"], skeleton.head_radii
    return bool(((x - centre[0]) / rx) ** 2 + ((y - centre[1]) / ry) ** 2 > 1.0)


def _landmarks(scene: Scene) -> list[tuple[str, float, float]]:
    e = scene.expression
    marks: list[tuple[str, float, float]] = []
    for name, side in (("left", 1.0), ("right", -1.0)):
        corner = e.mouth_v + e.mouth_lift + side * e.mouth_skew
        marks += [
            (f"{name}_eye", side * EYE_U, EYE_V),
            (f"{name}_brow_inner", side * 0.11, e.brow_in),
            (f"{name}_brow_outer", side * 0.66, e.brow_out),
            (f"{name}_mouth", side * e.mouth_width, corner),
        ]
    marks += [
        ("nose", 0.0, -0.15),
        ("upper_lip", 0.0, e.mouth_v + e.mouth_up),
        ("lower_lip", 0.0, e.mouth_v - e.mouth_low),
    ]
    return marks


def regions(
    scene: Scene, skeleton: Skeleton, outline: Points, face: Face
) -> dict[str, tuple[float, float, float, float]]:
    """Unclipped part extents (left, top, right, bottom) on the canvas."""
    j, unit = skeleton.joints, skeleton.scale
    limb = unit * scene.look.limb
    centre, (rx, ry) = j["head"], skeleton.head_radii
    hairy = scene.look.hair_style
    rise = 1.09 if hairy == "full" else 1.03
    reach = 1.12 if hairy in ("full", "long") else 1.08
    sink = 1.14 if hairy == "long" else 1.03
    found = {
        "face": face.extent(),
        "head": (
            centre[0] - rx * reach,
            centre[1] - ry * rise,
            centre[0] + rx * reach,
            centre[1] + ry * sink,
        ),
        "torso": _around(outline, 0.007 * unit),
    }
    for side in ("left", "right"):
        wrist, tip = j[f"{side}_wrist"][:2], j[f"{side}_hand"][:2]
        open_hand = (scene.pose.left if side == "left" else scene.pose.right).hand == "open"
        found[f"{side}_hand"] = _around(
            _palm_and_tip(wrist, tip, unit, open_hand), (0.05 if open_hand else 0.048) * unit
        )
        arm = np.array([j[f"{side}_shoulder"][:2], j[f"{side}_elbow"][:2], wrist])
        found[f"{side}_arm"] = _around(arm, 0.045 * limb)
        leg = np.array([j[f"{side}_{part}"][:2] for part in ("hip", "knee", "ankle", "toe")])
        found[f"{side}_leg"] = _around(leg, 0.045 * limb)
    return {part: (float(a), float(b), float(c), float(d)) for part, (a, b, c, d) in found.items()}


def _palm_and_tip(wrist: Points, tip: Points, unit: float, open_hand: bool) -> Points:
    along = tip - wrist
    length = max(float(np.hypot(along[0], along[1])), 1e-6)
    reach = max(length, 0.045 * unit)
    palm = wrist + along / length * reach * 0.4
    return np.array([palm, palm + along / length * (0.045 if open_hand else 0.012) * unit])


def _around(points: Points, pad: float) -> tuple[float, float, float, float]:
    low, high = points.min(axis=0) - pad, points.max(axis=0) + pad
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def clip(extent: tuple[float, float, float, float], size: int, *, least: float = 0.3) -> Box | None:
    """Clip an extent to the picture; None where less than the share `least` of it is inside."""
    left, top, right, bottom = extent
    x0, y0 = max(int(np.floor(left)), 0), max(int(np.floor(top)), 0)
    x1, y1 = min(int(np.ceil(right)), size), min(int(np.ceil(bottom)), size)
    if x1 <= x0 or y1 <= y0:
        return None
    whole = max((right - left) * (bottom - top), 1e-6)
    if (x1 - x0) * (y1 - y0) < least * whole:
        return None
    return (x0, y0, x1 - x0, y1 - y0)


def attributes(scene: Scene, points: dict[str, tuple[float, float, bool]], parts: set[str]) -> dict[str, str]:
    """The classes a viewer can see, out of those the pose has by construction."""
    claims = scene.claims
    # An arm that hangs is known by its elbow; every other class by where the forearm goes.
    telling = ("elbow", "wrist", "hand") if claims.arms in ("hanging", "held_stiff") else ("wrist", "hand")
    arm_seen = any(points[f"{side}_{joint}"][2] for side in ("left", "right") for joint in telling)
    hand_seen = any(points[f"{side}_hand"][2] and f"{side}_hand" in parts for side in ("left", "right"))
    torso = claims.torso
    if torso == "leaning_back" and scene.view == "frontal":
        torso = "hidden"  # seen along its own direction a lean has no shape
    brows, eyes, mouth = FACE_CLASSES[scene.face_emotion]
    if scene.face_emotion != "neutral" and scene.face_intensity < 0.5:
        brows, eyes, mouth = "hidden", "hidden", "hidden"
    return {
        "head": claims.head,
        "arms": claims.arms if arm_seen else "hidden",
        "hands": claims.hands if hand_seen else "hidden",
        "torso": torso,
        "shoulders": claims.shoulders,
        "legs": claims.legs if {"left_leg", "right_leg"} <= parts else "hidden",
        "brows": brows,
        "eyes": eyes,
        "mouth": mouth,
    }
