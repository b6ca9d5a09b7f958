"""Stimuli: posed mannequins with known emotions, regions and attributes, rendered from a seed.

`sample` draws a scene and `render` paints it; both are deterministic. May import numpy; OpenCV only when
drawing.
"""

from elena_wb_tiny.stimuli.picture import ATTRIBUTES, FACIAL_ATTRIBUTES, KEYPOINTS, PARTS, Box, Image, Picture
from elena_wb_tiny.stimuli.sampling import sample
from elena_wb_tiny.stimuli.scene import EMOTIONS, FACE_CLEAR, Scene, label

__all__ = [
    "ATTRIBUTES",
    "EMOTIONS",
    "FACE_CLEAR",
    "FACIAL_ATTRIBUTES",
    "KEYPOINTS",
    "PARTS",
    "Box",
    "Image",
    "Picture",
    "Scene",
    "apply_mask",
    "label",
    "render",
    "sample",
]


def render(scene: Scene, size: int = 224) -> Picture:
    """Paint `scene` as a square RGB picture of `size` pixels with its regions, keypoints and attributes."""
    from elena_wb_tiny.stimuli.painter import paint

    return paint(scene, size)


def apply_mask(image: Image, box: Box, style: str = "box") -> Image:
    """Return a copy of `image` with `box`, padded by 5 %, hidden as `masks.STYLES` describes."""
    from elena_wb_tiny.stimuli.masks import hide

    return hide(image, box, style)
