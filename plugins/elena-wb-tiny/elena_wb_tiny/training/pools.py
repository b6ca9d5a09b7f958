"""Pools: pictures rendered once, with everything that training asks of them, kept on disk in shards.

A pool holds unmasked pictures; masks, mirroring and small shifts are applied when a batch is drawn. Pictures are
rendered at several sizes and brought to the model's size as its image processor does it (Pillow, bilinear).
"""

import json
import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from elena_wb_tiny.stimuli import ATTRIBUTES, EMOTIONS, FACE_CLEAR, KEYPOINTS, Image, render, sample
from elena_wb_tiny.training.model import IMAGE_SIZE

SHARD = 1000
"""Pictures a shard; also the seeds' stride, so that a pool can grow without drawing a scene twice."""

TRAINING_SEED = 4_000_000
"""First seed of training scenes; evaluation uses seeds below a million."""

INCONGRUENT_SHARE = 0.4
CLASHING_SHARE = 0.55
"""Share of a batch in which face and body disagree: only there does reading the face pay."""

WORDINGS = 3
"""Elena answers written for each picture, unmasked and masked alike."""

_RENDER_SIZES = (168, 224, 336)
_RENDER_ODDS = (0.45, 0.15, 0.4)
_MIRROR = tuple(
    KEYPOINTS.index(name.replace("left", "right") if "left" in name else name.replace("right", "left"))
    for name in KEYPOINTS
)


@dataclass(frozen=True, slots=True)
class Pool:
    """N pictures: `images` uint8 [N, s, s, 3] RGB (a list of shards), all else indexed alike.

    `face` float32 [N, 4] is the face box (x, y, w, h) and `keypoints` float32 [N, K, 3] as shares of the picture;
    `body`, `expression` and `seen` int64 [N] index EMOTIONS (`seen` is the unmasked answer); `clear` bool [N] marks
    clear faces; `attributes` int64 [N, A] holds class indices, -1 for hidden. `texts[n]` has `WORDINGS` unmasked
    and then as many masked answers.
    """

    images: list[npt.NDArray[np.uint8]]
    face: npt.NDArray[np.float32]
    keypoints: npt.NDArray[np.float32]
    body: npt.NDArray[np.int64]
    expression: npt.NDArray[np.int64]
    seen: npt.NDArray[np.int64]
    clear: npt.NDArray[np.bool_]
    attributes: npt.NDArray[np.int64]
    texts: list[list[str]]

    def __len__(self) -> int:
        return len(self.body)

    def pick(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Choose pictures at random; those whose face and body disagree make up `CLASHING_SHARE` of them."""
        clash = self.body != self.expression
        odds = np.where(clash, CLASHING_SHARE / clash.sum(), (1.0 - CLASHING_SHARE) / (~clash).sum())
        return rng.choice(len(self), count, p=odds / odds.sum())

    def picture(self, index: int, *, mirrored: bool) -> Image:
        """Return a writable copy of one picture."""
        image = self.images[index // SHARD][index % SHARD]
        return np.array(image[:, ::-1] if mirrored else image)

    def points(self, index: int, *, mirrored: bool) -> npt.NDArray[np.float32]:
        """Return a copy of one picture's keypoints [K, 3]; mirroring exchanges left and right."""
        points: npt.NDArray[np.float32] = self.keypoints[index].copy()
        if mirrored:
            points = points[list(_MIRROR)]
            points[:, 0] = 1.0 - points[:, 0]
        return points


def render_pool(folder: Path, count: int, workers: int, seed: int = TRAINING_SEED) -> None:
    """Render `count` pictures, rounded up to whole shards, into `folder`; finished shards are kept.

    One worker renders in this process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(folder, seed, shard) for shard in range(-(-count // SHARD)) if not _done(folder, shard)]
    if workers == 1:
        for job in jobs:
            _render_shard(*job)
    elif jobs:
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            pool.starmap(_render_shard, jobs, chunksize=1)


def load_pool(folder: Path, limit: int | None = None) -> Pool:
    """Open the finished shards of `folder`, at most `limit` pictures (whole shards)."""
    shards = 0
    while _done(folder, shards) and (limit is None or shards * SHARD < limit):
        shards += 1
    if not shards:
        raise FileNotFoundError(f"no finished pool shards in {folder}")
    tables = [np.load(folder / f"labels-{k:03d}.npz") for k in range(shards)]
    join = {name: np.concatenate([table[name] for table in tables]) for name in tables[0].files}
    texts = [json.loads(line) for k in range(shards) for line in (folder / f"texts-{k:03d}.jsonl").open()]
    images = [np.load(folder / f"images-{k:03d}.npy", mmap_mode="r") for k in range(shards)]
    return Pool(images=images, texts=texts, **join)


def _done(folder: Path, shard: int) -> bool:
    return (folder / f"labels-{shard:03d}.npz").exists()


def _render_shard(folder: Path, seed: int, shard: int) -> None:
    """Render one shard; its label file is written last and marks it as finished."""
    import cv2
    from PIL import Image as Pillow

    from elena_wb_tiny.grammar import answer

    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, shard])
    images = np.lib.format.open_memmap(
        folder / f"images-{shard:03d}.npy", "w+", np.uint8, (SHARD, IMAGE_SIZE, IMAGE_SIZE, 3)
    )
    face = np.zeros((SHARD, 4), np.float32)
    keypoints = np.zeros((SHARD, len(KEYPOINTS), 3), np.float32)
    emotions = np.zeros((4, SHARD), np.int64)
    attributes = np.full((SHARD, len(ATTRIBUTES)), -1, np.int64)
    with (folder / f"texts-{shard:03d}.jsonl").open("w", encoding="utf-8") as lines:
        for n in range(SHARD):
            scene = sample(seed + shard, n, incongruent=bool(rng.random() < INCONGRUENT_SHARE))
            size = int(rng.choice(_RENDER_SIZES, p=_RENDER_ODDS))
            picture = render(scene, size)
            resized = Pillow.fromarray(picture.image).resize(
                (IMAGE_SIZE, IMAGE_SIZE), Pillow.Resampling.BILINEAR
            )
            images[n] = np.asarray(resized)
            face[n] = np.asarray(picture.regions["face"], np.float32) / size
            keypoints[n] = picture.keypoints
            clear = scene.face_intensity >= FACE_CLEAR
            emotions[0, n] = EMOTIONS.index(scene.body_emotion)
            emotions[1, n] = EMOTIONS.index(scene.face_emotion)
            emotions[2, n] = emotions[1, n] if clear else emotions[0, n]
            emotions[3, n] = clear
            for a, (name, classes) in enumerate(ATTRIBUTES.items()):
                if picture.attributes[name] != "hidden":
                    attributes[n, a] = classes.index(picture.attributes[name])
            texts = [
                answer(scene, picture, prompt="elena-masked" if masked else "elena", masked=masked, rng=rng)
                for masked in (False, True)
                for _ in range(WORDINGS)
            ]
            lines.write(json.dumps(texts) + "\n")
    images.flush()
    np.savez(
        folder / f"labels-{shard:03d}.npz",
        face=face,
        keypoints=keypoints,
        body=emotions[0],
        expression=emotions[1],
        seen=emotions[2],
        clear=emotions[3].astype(bool),
        attributes=attributes,
    )
