"""Batches: pictures of a pool, masked, mirrored and shifted at random, with the targets that fit what is left."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from elena_wb_tiny.stimuli import ATTRIBUTES, FACIAL_ATTRIBUTES, Image, apply_mask
from elena_wb_tiny.stimuli.picture import KEYPOINTS
from elena_wb_tiny.training.model import IMAGE_SIZE
from elena_wb_tiny.training.pools import Pool

IGNORE = -100
MASK_SHARE = 0.45
MASK_STYLES = ("box", "ellipse", "blur", "pixelate", "colour")
MASK_ODDS = (0.8, 0.05, 0.05, 0.05, 0.05)
PADDING = 0.05
MAX_SHIFT = 7

_FACIAL = np.array([list(ATTRIBUTES).index(name) for name in FACIAL_ATTRIBUTES])
_HEAD = KEYPOINTS.index("head")


@dataclass(frozen=True, slots=True)
class Batch:
    """B pictures ready for the vision tower.

    `pixels` float32 [B, 3, s, s] in -1..1; `index` [B] into the pool; `masked` bool [B]; `seen`, `body`,
    `expression` int64 [B] and `attributes` int64 [B, A] class indices, IGNORE where not visible; `points`
    float32 [B, K, 3] keypoints (x and y as shares, visibility).
    """

    pixels: torch.Tensor
    index: npt.NDArray[np.int64]
    masked: npt.NDArray[np.bool_]
    seen: torch.Tensor
    body: torch.Tensor
    expression: torch.Tensor
    attributes: torch.Tensor
    points: torch.Tensor


def draw(
    pool: Pool, index: npt.NDArray[np.int64], rng: np.random.Generator, *, masked: bool | None = None
) -> Batch:
    """Make a batch of the pool's pictures `index`; `masked` None masks a random MASK_SHARE of them.

    A fixed `masked` means evaluation: box masks only, no mirroring and no shifts.
    """
    hide = rng.random(len(index)) < MASK_SHARE if masked is None else np.full(len(index), masked)
    images = np.empty((len(index), IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
    points = np.empty((len(index), *pool.keypoints.shape[1:]), np.float32)
    for row, n in enumerate(index):
        images[row], points[row] = _one(pool, int(n), bool(hide[row]), rng, vary=masked is None)
    attributes = np.where(pool.attributes[index] < 0, IGNORE, pool.attributes[index])
    attributes[np.ix_(hide, _FACIAL)] = IGNORE
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).to(torch.float32).div_(127.5).sub_(1.0)
    return Batch(
        pixels=pixels.contiguous(),
        index=index,
        masked=hide,
        seen=torch.from_numpy(np.where(hide, pool.body[index], pool.seen[index])),
        body=torch.from_numpy(pool.body[index]),
        expression=torch.from_numpy(np.where(hide, IGNORE, pool.expression[index])),
        attributes=torch.from_numpy(attributes),
        points=torch.from_numpy(points),
    )


def _one(
    pool: Pool, n: int, hide: bool, rng: np.random.Generator, *, vary: bool
) -> tuple[Image, npt.NDArray[np.float32]]:
    mirrored = vary and bool(rng.random() < 0.5)
    image, points = pool.picture(n, mirrored=mirrored), pool.points(n, mirrored=mirrored)
    if hide:
        x, y, w, h = (float(v) for v in pool.face[n])
        box = (1.0 - x - w if mirrored else x, y, w, h)
        style = str(rng.choice(MASK_STYLES, p=MASK_ODDS)) if vary else "box"
        image = _masked(image, box, style)
        inside = (np.abs(points[:, 0] - box[0] - w / 2) <= w / 2) & (
            np.abs(points[:, 1] - y - h / 2) <= h / 2
        )
        inside[_HEAD] = False
        points[inside, 2] = 0.0
    if vary and rng.random() < 0.6:
        dx, dy = (int(v) for v in rng.integers(-MAX_SHIFT, MAX_SHIFT + 1, 2))
        image = _shifted(image, dx, dy)
        points[:, :2] += np.array([dx, dy], np.float32) / IMAGE_SIZE
        points[((points[:, :2] < 0) | (points[:, :2] >= 1)).any(axis=1), 2] = 0.0
    return image, points


def _masked(image: Image, box: tuple[float, float, float, float], style: str) -> Image:
    """Hide `box` (shares of the picture); a black box keeps the soft edges that resizing a larger mask gives."""
    x, y, w, h = (v * IMAGE_SIZE for v in box)
    if style != "box":
        return apply_mask(image, (round(x), round(y), max(round(w), 1), max(round(h), 1)), style)
    across = _coverage(x - PADDING * w, x + (1 + PADDING) * w)
    down = _coverage(y - PADDING * h, y + (1 + PADDING) * h)
    keep = 1.0 - down[:, None] * across[None, :]
    return (image * keep[..., None] + 0.5).astype(np.uint8)


def _coverage(start: float, end: float) -> npt.NDArray[np.float32]:
    """How much of each pixel of a row lies between `start` and `end`: float32 [s] in 0..1."""
    edges = np.arange(IMAGE_SIZE, dtype=np.float32)
    covered: npt.NDArray[np.float32] = np.clip(
        np.minimum(edges + 1, end) - np.maximum(edges, start), 0.0, 1.0
    )
    return covered


def _shifted(image: Image, dx: int, dy: int) -> Image:
    """Move the picture by whole pixels; the border is repeated where nothing follows."""
    rows = np.clip(np.arange(IMAGE_SIZE) - dy, 0, IMAGE_SIZE - 1)
    columns = np.clip(np.arange(IMAGE_SIZE) - dx, 0, IMAGE_SIZE - 1)
    return np.asarray(image[rows][:, columns])
