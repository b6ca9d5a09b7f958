"""Masks applied while training, so that a model meets faces hidden in more than one way."""

import cv2
import numpy as np

from elena_wb_tiny.stimuli.picture import Box, Image

STYLES = ("box", "ellipse", "blur", "pixelate", "colour")


def hide(image: Image, box: Box, style: str) -> Image:
    """Return a copy of [h, w, 3] `image` with `box` hidden; the box is padded by 5 % a side, clipped to the
    picture.

    `box` fills black, `ellipse` fills a black ellipse around the box, `colour` fills the region's mean
    colour, `blur` and `pixelate` keep only coarse colour. Raises ValueError for another style.
    """
    x, y, w, h = box
    pad_x, pad_y = round(0.05 * w), round(0.05 * h)
    x0, y0 = max(x - pad_x, 0), max(y - pad_y, 0)
    x1, y1 = min(x + w + pad_x, image.shape[1]), min(y + h + pad_y, image.shape[0])
    masked = image.copy()
    patch = masked[y0:y1, x0:x1]
    if patch.size == 0:
        return masked
    if style == "box":
        patch[:] = 0
    elif style == "ellipse":
        axes = (round((x1 - x0) * 0.62), round((y1 - y0) * 0.62))
        cv2.ellipse(masked, ((x0 + x1) // 2, (y0 + y1) // 2), axes, 0, 0, 360, (0, 0, 0), -1)
    elif style == "colour":
        patch[:] = patch.reshape(-1, 3).mean(axis=0).astype(np.uint8)
    elif style == "blur":
        patch[:] = cv2.GaussianBlur(patch, (0, 0), max(x1 - x0, y1 - y0) / 4.0)
    elif style == "pixelate":
        coarse = cv2.resize(patch, (3, 3), interpolation=cv2.INTER_AREA)
        patch[:] = cv2.resize(coarse, (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST)
    else:
        raise ValueError(f"unknown mask style {style!r}; choose one of {', '.join(STYLES)}")
    return masked
