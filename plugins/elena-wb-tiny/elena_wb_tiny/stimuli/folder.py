"""Writing a folder of stimuli that anyone can use: pictures, labels, regions and poses."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from elena_wb.errors import WorkbenchError
from elena_wb_tiny.grammar import affect, affect_of
from elena_wb_tiny.stimuli.painter import paint
from elena_wb_tiny.stimuli.picture import Picture
from elena_wb_tiny.stimuli.sampling import sample
from elena_wb_tiny.stimuli.scene import Scene

SCHEME = "ekman7"
MANIFEST = "stimuli.json"
TABLES: dict[str, tuple[str, ...]] = {
    "labels.csv": ("path", "source", "scheme", "label", "valence", "arousal", "dominance"),
    "regions.csv": ("path", "part", "x", "y", "w", "h"),
    "poses.csv": ("path", "attribute", "value"),
}

_README = """\
# Rendered stimuli

{count} {kind} figures of {size}x{size} pixels, drawn from seed {seed}. The emotion is not in the file names.

- `labels.csv`: what each figure expresses, by `source`: {sources}; with valence, arousal and
  dominance from 1 to 10.
- `regions.csv`: boxes (x, y, w, h in pixels, from the top left) of the parts inside the picture.
- `poses.csv`: what each part does, the view, the framing, and the intensity (0..1) of face and body.
- `stimuli.json`: how the folder was made; the same values make the same bytes.
"""


def write_folder(out: Path, count: int, seed: int, incongruent: bool, size: int = 336) -> None:
    """Write `count` pictures named `s<seed>-<index>.png` with their tables into `out`.

    A folder made by this function before is replaced. Raises WorkbenchError where `out` holds anything
    else, is a file, or where `count` or `size` is too small.
    """
    if count < 1 or size < 32:
        raise WorkbenchError(
            f"cannot render {count} stimuli of {size} pixels",
            hint="ask for at least one picture of at least 32 pixels",
        )
    _make_way(out)
    details = _details(count, seed, incongruent, size)
    # The manifest comes first: a folder left half-written by an interruption is still known as ours.
    (out / MANIFEST).write_text(json.dumps(details, indent=1) + "\n", encoding="utf-8")
    labels: list[Sequence[object]] = []
    regions: list[Sequence[object]] = []
    poses: list[Sequence[object]] = []
    for index in range(count):
        scene = sample(seed, index, incongruent=incongruent)
        picture = paint(scene, size)
        name = _name(seed, index)
        _write_png(out / name, picture)
        labels += [(name, *row) for row in _labels(scene, incongruent=incongruent)]
        regions += [(name, part, *box) for part, box in picture.regions.items()]
        poses += [(name, *row) for row in _poses(scene, picture)]
    for table, rows in zip(TABLES, (labels, regions, poses), strict=True):
        _write_csv(out / table, TABLES[table], rows)
    text = _README.format(
        count=count,
        size=size,
        seed=seed,
        kind="incongruent" if incongruent else "congruent",
        sources="its face and its body" if incongruent else "as a whole (`intended`), its face and its body",
    )
    (out / "README.md").write_text(text, encoding="utf-8")


def is_whole(out: Path, count: int, seed: int, incongruent: bool, size: int = 336) -> bool:
    """Whether `write_folder` wrote just these into `out`, to the end, and nothing is missing of them."""
    try:
        if json.loads((out / MANIFEST).read_text(encoding="utf-8")) != _details(
            count, seed, incongruent, size
        ):
            return False
        held = {path.name for path in out.iterdir()}
    except (OSError, ValueError):
        return False
    # The read-me is written last.
    return held == {MANIFEST, "README.md", *TABLES, *(_name(seed, index) for index in range(count))}


def _details(count: int, seed: int, incongruent: bool, size: int) -> dict[str, int | bool]:
    return {"format": 1, "seed": seed, "count": count, "incongruent": incongruent, "size": size}


def _name(seed: int, index: int) -> str:
    return f"s{seed}-{index:05d}.png"


def _make_way(out: Path) -> None:
    """Create `out`, or empty it where everything in it is ours."""
    if out.exists() and not out.is_dir():
        raise WorkbenchError(f"cannot write stimuli to {out}: it is a file", hint="name a folder")
    out.mkdir(parents=True, exist_ok=True)
    held = sorted(out.iterdir())
    if not held:
        return
    ours = {MANIFEST, "README.md", *TABLES}
    pictures: list[Path] = []
    if (out / MANIFEST).is_file():
        seed = _seed_of(out / MANIFEST)
        pictures = list(out.glob(f"s{seed}-" + "[0-9]" * 5 + "*.png"))
    strangers = [path for path in held if path.name not in ours and path not in pictures]
    if strangers or not (out / MANIFEST).is_file():
        raise WorkbenchError(
            f"cannot write stimuli to {out}: it holds other files, such as {(strangers or held)[0].name}",
            hint="name a new or empty folder",
        )
    for path in held:
        path.unlink()


def _seed_of(manifest: Path) -> int:
    try:
        return int(json.loads(manifest.read_text(encoding="utf-8"))["seed"])
    except (ValueError, KeyError, TypeError) as problem:
        raise WorkbenchError(
            f"cannot read {manifest}, which should say how its stimuli were made: {problem}",
            hint="name a new or empty folder",
        ) from problem


def _write_png(path: Path, picture: Picture) -> None:
    done, data = cv2.imencode(".png", np.ascontiguousarray(picture.image[..., ::-1]))
    if not done:
        raise WorkbenchError(f"cannot encode the picture for {path}", hint="check the OpenCV installation")
    path.write_bytes(data.tobytes())


def _labels(scene: Scene, *, incongruent: bool) -> Iterable[tuple[object, ...]]:
    face = (SCHEME, scene.face_emotion, *affect_of(scene.face_emotion, scene.face_intensity))
    body = (SCHEME, scene.body_emotion, *affect_of(scene.body_emotion, scene.body_intensity))
    if not incongruent:
        yield ("intended", SCHEME, scene.body_emotion, *affect(scene, masked=False))
    yield ("face", *face)
    yield ("body", *body)


def _poses(scene: Scene, picture: Picture) -> Iterable[tuple[str, object]]:
    yield "view", scene.view
    yield "framing", scene.framing
    yield "posture", scene.posture
    yield "body_intensity", scene.body_intensity
    yield "face_intensity", scene.face_intensity
    yield from picture.attributes.items()


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
