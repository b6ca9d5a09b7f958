"""Rendering: from a scene to a picture with regions, keypoints and attributes."""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from elena_wb_tiny.stimuli import anatomy, figure
from elena_wb_tiny.stimuli.backdrop import backdrop
from elena_wb_tiny.stimuli.brush import Canvas, Points, dark, mix
from elena_wb_tiny.stimuli.head import Face, draw_face, draw_head
from elena_wb_tiny.stimuli.picture import KEYPOINTS, Image, Picture
from elena_wb_tiny.stimuli.scene import Scene
from elena_wb_tiny.stimuli.skeleton import Skeleton, build

SUPERSAMPLING = 2
_GRAIN = 512


def paint(scene: Scene, size: int) -> Picture:
    """Draw `scene` at twice the size, reduce it, add grain, and measure what is visible."""
    big = size * SUPERSAMPLING
    skeleton = build(scene, big)
    order = anatomy.layers(skeleton)
    outline = figure.torso_outline(skeleton, scene.look)
    canvas, face = _draw(scene, skeleton, outline, order, big)
    image = np.asarray(cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    points = anatomy.seen_points(scene, skeleton, outline, order, face, big)
    keypoints = np.zeros((len(KEYPOINTS), 3), dtype=np.float32)
    for row, name in enumerate(KEYPOINTS):
        x, y, shown = points[name]
        keypoints[row] = (x / big, y / big, float(shown))
    boxes = {}
    for part, extent in anatomy.regions(scene, skeleton, outline, face).items():
        left, top, right, bottom = (value / SUPERSAMPLING for value in extent)
        least = 0.5 if part.endswith("leg") else 0.3
        box = anatomy.clip((left, top, right, bottom), size, least=least)
        if box is not None and not (part.endswith("hand") and not points[part][2]):
            boxes[part] = box
    return Picture(_grained(image, scene), boxes, keypoints, anatomy.attributes(scene, points, set(boxes)))


def _draw(
    scene: Scene, skeleton: Skeleton, outline: Points, order: anatomy.Layers, size: int
) -> tuple[Canvas, Face]:
    look, j = scene.look, skeleton.joints
    ground = float(max(j["left_ankle"][1], j["right_ankle"][1]))
    horizon = ground - 0.09 * skeleton.scale if scene.framing == "full" else 0.88 * size
    canvas = backdrop(look, size, horizon)
    if scene.framing == "full":
        _shadow(canvas, skeleton, look.backdrop[1], ground)
    sides = sorted(("left", "right"), key=lambda side: float(j[f"{side}_hip"][2]))
    arms = sorted(("left", "right"), key=lambda side: float(j[f"{side}_wrist"][2]))
    for side in arms:
        if order.upper_behind[side]:
            figure.draw_upper_arm(canvas, skeleton, look, side)
        if order.fore_behind[side]:
            figure.draw_forearm(canvas, skeleton, scene, side)
    for side in sides:
        figure.draw_leg(canvas, skeleton, look, side)
    figure.draw_torso(canvas, skeleton, look, outline)
    for over_head in (False, True):
        if over_head:
            draw_head(canvas, skeleton, look)
            face = draw_face(canvas, skeleton, look, scene.expression)
        for side in arms:
            if not order.upper_behind[side] and order.upper_over_head[side] is over_head:
                figure.draw_upper_arm(canvas, skeleton, look, side)
            if not order.fore_behind[side] and order.fore_over_head[side] is over_head:
                figure.draw_forearm(canvas, skeleton, scene, side)
    return canvas, face


def _shadow(canvas: Canvas, skeleton: Skeleton, near: tuple[int, int, int], ground: float) -> None:
    unit = skeleton.scale
    centre = skeleton.joints["pelvis"][0]
    wide = abs(skeleton.joints["left_ankle"][0] - skeleton.joints["right_ankle"][0]) / 2 + 0.09 * unit
    at = (int(centre), int(ground + 0.025 * unit))
    cv2.ellipse(canvas, at, (int(wide), int(0.03 * unit)), 0, 0, 360, mix(dark(near, 0.45), near, 0.2), -1)


@lru_cache(maxsize=1)
def _grain() -> npt.NDArray[np.float32]:
    return np.random.default_rng(7).standard_normal((_GRAIN, _GRAIN, 1)).astype(np.float32)


def _grained(image: Image, scene: Scene) -> Image:
    if scene.look.noise < 0.5:
        return image
    size = image.shape[0]
    tile = _grain()
    if size >= _GRAIN:
        repeats = size // _GRAIN + 1
        tile = np.tile(tile, (repeats, repeats, 1))
    room = tile.shape[0] - size
    at = scene.look.clutter_seed % room
    noisy = image + scene.look.noise * tile[at : at + size, room - at : room - at + size]
    return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)
