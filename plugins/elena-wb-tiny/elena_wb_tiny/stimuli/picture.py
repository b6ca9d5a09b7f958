"""What rendering returns, and the names of its parts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

PARTS = ("face", "head", "left_hand", "right_hand", "left_arm", "right_arm", "torso", "left_leg", "right_leg")

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "head": ("upright", "bowed", "tilted_back", "turned_away", "hidden"),
    "arms": (
        "hanging", "clasped", "crossed", "raised_high", "one_raised", "spread_wide", "raised_bent",
        "held_out",
        "held_in_front", "on_hips", "held_stiff", "pushing_away", "hidden",
    ),
    "hands": ("relaxed", "open", "fists", "hidden"),
    "torso": ("upright", "slumped", "leaning_back", "leaning_aside", "hidden"),
    "shoulders": ("level", "raised", "dropped", "hidden"),
    "legs": ("straight", "apart", "bent", "hidden"),
    "brows": ("level", "raised", "lowered", "slanted", "hidden"),
    "eyes": ("normal", "wide", "narrow", "downcast", "hidden"),
    "mouth": ("flat", "smile", "down", "stretched", "tight", "round", "curled", "hidden"),
}  # fmt: skip
"""Attribute classes; `hidden` where the part is outside the picture, covered, or its class cannot be seen."""

FACIAL_ATTRIBUTES = ("brows", "eyes", "mouth")

KEYPOINTS = (
    "head", "neck", "pelvis",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hand", "right_hand", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
    "left_eye", "right_eye", "left_brow_inner", "right_brow_inner", "left_brow_outer", "right_brow_outer",
    "nose", "left_mouth", "right_mouth", "upper_lip", "lower_lip",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """A rendered scene.

    `image` is uint8 [size, size, 3] RGB. `regions` maps each part in the picture to (x, y, w, h) in pixels,
    clipped. `keypoints` is float32 [len(KEYPOINTS), 3]: x and y as shares of the picture, and 1 where the
    point is visible. `attributes` holds one class for each key of `ATTRIBUTES`.
    """

    image: Image
    regions: dict[str, Box]
    keypoints: npt.NDArray[np.float32]
    attributes: dict[str, str]
