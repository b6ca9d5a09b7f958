"""From joint angles to joints: the figure's 3-D skeleton, turned to the camera and fitted into the picture.

Bone lengths are cartoon proportions (a head of about 0.28 of the standing height) so that a face can be
read in a small picture.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elena_wb_tiny.stimuli.scene import Arm, Scene

Array = npt.NDArray[np.float64]

HEAD_RX, HEAD_RY = 0.125, 0.146
UPPER_ARM, FOREARM, HAND = 0.148, 0.132, 0.07
THIGH, SHIN = 0.165, 0.165
TORSO, SHOULDERS, HIPS = 0.265, 0.112, 0.058


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Joints in picture coordinates: x, y in pixels (y down), z towards the viewer in pixels, all times
    `scale`.

    `head_turn` rotates head-local vectors to the viewer's frame (y up); `head_tilt` is the roll applied
    after it.
    """

    joints: dict[str, Array]
    scale: float
    head_radii: tuple[float, float]
    head_turn: Array
    head_tilt: float


def rotate_x(degrees: float) -> Array:
    """Pitch: a positive angle brings the top towards the viewer."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]], dtype=np.float64)


def rotate_y(degrees: float) -> Array:
    """Yaw: a positive angle turns the front towards the picture's right."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=np.float64)


def rotate_z(degrees: float) -> Array:
    """Roll: a positive angle tips the top towards the picture's right."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], dtype=np.float64)


def build(scene: Scene, size: int) -> Skeleton:
    """Pose the skeleton of `scene` and fit it into a square picture of `size` pixels."""
    joints = _posed(scene)
    view = rotate_y(scene.camera.yaw)
    joints = {name: view @ point for name, point in joints.items()}
    radii = (HEAD_RX * scene.look.head, HEAD_RY * scene.look.head)
    low_x, high_x, low_y, high_y = _extent(joints, radii, waist=scene.framing == "waist")
    span = max(high_x - low_x, high_y - low_y)
    # Outstretched arms may leave a waist-up picture a little: the face matters more than the finger tips.
    scale = scene.camera.fill * size / (min(span, 0.9) if scene.framing == "waist" else span)
    slack_x = size - scale * (high_x - low_x)
    slack_y = size - scale * (high_y - low_y)
    centre = 0.5 + 0.7 * (scene.camera.slack_x - 0.5)
    left = slack_x * centre - scale * low_x
    if scene.framing == "waist":
        bottom = size + scale * low_y
    else:
        bottom = size - slack_y * (0.15 + 0.6 * scene.camera.slack_y) + scale * low_y
    placed = {
        name: np.array([left + scale * point[0], bottom - scale * point[1], scale * point[2]])
        for name, point in joints.items()
    }
    pose = scene.pose
    yaw = float(np.clip(scene.camera.yaw + pose.torso_yaw + pose.head_yaw, -48, 48))
    turn = rotate_y(yaw) @ rotate_x(0.85 * pose.head_pitch)
    tilt = pose.head_roll + 0.5 * pose.torso_roll
    return Skeleton(placed, scale, (radii[0] * scale, radii[1] * scale), turn, tilt)


def _posed(scene: Scene) -> dict[str, Array]:
    pose, look = scene.pose, scene.look
    leg = (THIGH + SHIN) * look.legs
    pelvis = np.array([0.0, 0.03 + leg * (1.0 - 0.2 * pose.knees) - 0.25 * pose.stance**2 / leg, 0.0])
    trunk = rotate_y(pose.torso_yaw) @ rotate_x(pose.torso_pitch) @ rotate_z(pose.torso_roll)
    length = TORSO * (1.0 - 0.09 * pose.slump)
    neck = pelvis + trunk @ np.array([0.0, length, 0.0])
    joints: dict[str, Array] = {"pelvis": pelvis, "neck": neck}
    for side, name, arm in ((1.0, "left", pose.left), (-1.0, "right", pose.right)):
        half = SHOULDERS * look.width * (1.0 - 0.08 * pose.slump)
        drop = -0.030 + (0.036 if pose.shrug > 0 else 0.028) * pose.shrug
        shoulder = neck + trunk @ np.array([side * half, drop, 0.0])
        joints |= _arm(name, side, shoulder, arm, trunk)
        joints |= _leg(name, side, pelvis, trunk, scene)
    roll = rotate_z(pose.head_roll + 0.5 * pose.torso_roll)
    radius = HEAD_RY * look.head
    lift = 0.92 * radius - (0.02 if pose.shrug > 0 else 0.0) * pose.shrug
    bow = max(pose.head_pitch, 0.0) / 30.0
    head = neck + rotate_y(pose.torso_yaw) @ rotate_x(pose.head_pitch) @ roll @ np.array([0.0, lift, 0.0])
    joints["head"] = head + np.array([0.0, 0.006 - 0.028 * bow, 0.0])
    return joints


def _arm(name: str, side: float, shoulder: Array, arm: Arm, trunk: Array) -> dict[str, Array]:
    mirror = np.array([side, 1.0, 1.0])
    elbow = shoulder + trunk @ (mirror * np.array(arm.upper)) * UPPER_ARM
    wrist = elbow + trunk @ (mirror * np.array(arm.fore)) * FOREARM
    tip = wrist + trunk @ (mirror * np.array(arm.palm)) * HAND
    return {f"{name}_shoulder": shoulder, f"{name}_elbow": elbow, f"{name}_wrist": wrist, f"{name}_hand": tip}


def _leg(name: str, side: float, pelvis: Array, trunk: Array, scene: Scene) -> dict[str, Array]:
    pose, look = scene.pose, scene.look
    hip = pelvis + np.array([side * HIPS * look.width, 0.0, 0.0])
    ankle = np.array([side * pose.stance, 0.03, pose.step if side > 0 else -pose.step])
    upper = THIGH * look.legs
    reach = ankle - hip
    distance = min(float(np.linalg.norm(reach)), 1.999 * upper)
    bulge = float(np.sqrt(max(upper**2 - distance**2 / 4.0, 0.0)))
    # Knees that bend straight forward would show nothing from the front, so they also part or knock together.
    bend = np.array([side * (0.55 - 1.1 * pose.knees_in), 0.0, 0.8])
    knee = (hip + ankle) / 2.0 + bulge * bend / float(np.linalg.norm(bend))
    toe = ankle + np.array([side * 0.02, -0.012, 0.055])
    return {f"{name}_hip": hip, f"{name}_knee": knee, f"{name}_ankle": ankle, f"{name}_toe": toe}


def _extent(
    joints: dict[str, Array], radii: tuple[float, float], *, waist: bool
) -> tuple[float, float, float, float]:
    """Bounding box of what must fit: in waist-up framing the picture ends a little below the pelvis."""
    head = joints["head"]
    xs = [head[0] - radii[0], head[0] + radii[0]]
    ys = [head[1] - radii[1], head[1] + 1.08 * radii[1]]
    for name, point in joints.items():
        part = name.split("_")[-1]
        if waist and part in ("hip", "knee", "ankle", "toe"):
            continue
        margin = {"hand": 0.045, "toe": 0.03, "ankle": 0.03}.get(part, 0.035)
        xs += [point[0] - margin, point[0] + margin]
        ys += [point[1] - margin, point[1] + margin]
    low = float(joints["pelvis"][1]) - 0.02 if waist else min(ys)
    return float(min(xs)), float(max(xs)), float(low), float(max(ys))
