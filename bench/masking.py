"""Masking photographs against ELENA's recipe: pictures per second, and how many faces are hidden."""

from __future__ import annotations

import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.measure import Row, in_turn
from elena_wb.core import Condition, Pixels, Stimulus, WorkbenchError
from elena_wb.data import load_image
from elena_wb.masking import Masked, Masking, audit, choose_auditor, resolve
from elena_wb.plugins import plugin_host
from tests.real_data import ROOT

_WEIGHTS = ROOT / "models" / "face_detection_yunet_2023mar.onnx"
_WORKERS = 2
_ROUNDS = 3
_SIGHT = ("nose", "left_eye", "right_eye")

_Points = Sequence[tuple[float, float]]
_Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Photographs:
    """Pictures, and the nose and eyes of each face that shows all three, by path."""

    paths: tuple[Path, ...]
    faces: dict[Path, list[_Points]]

    def recall(self, hidden: Callable[[Path], _Bools]) -> tuple[int, int]:
        """How many of the faces have nose and both eyes hidden, and how many there are."""
        covered = count = 0
        for path, faces in self.faces.items():
            area = hidden(path)
            count += len(faces)
            covered += sum(all(area[int(y), int(x)] for x, y in points) for points in faces)
        return covered, count


def measure() -> list[Row]:
    """Rows of the table; none, with the reason printed, where the photographs are not here."""
    if not (ROOT / "photos").is_dir() or not _WEIGHTS.is_file():
        print(f"masking: skipped, {ROOT} has no photographs and weights of YuNet")
        return []
    before = os.environ.get("ELENA_WB_YUNET")
    os.environ["ELENA_WB_YUNET"] = str(_WEIGHTS)
    try:
        return _measured(_photographs())
    finally:
        if before is None:
            del os.environ["ELENA_WB_YUNET"]
        else:
            os.environ["ELENA_WB_YUNET"] = before


def _measured(photographs: _Photographs) -> list[Row]:
    host = plugin_host()
    masking = resolve(
        Condition.parse("face@yunet"), locators=host.makers("locators"), maskers=host.makers("maskers")
    )
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for large, chosen in (
            ("photographs", photographs.paths),
            ("portrait of 27 megapixels", (ROOT / "hard/sizes/portrait_6000x4500.jpg",)),
        ):
            theirs, ours, ratio = in_turn(
                lambda chosen=chosen: _recipe(chosen, Path(scratch)),
                lambda chosen=chosen: _in_threads(masking, chosen, Path(scratch)),
                rounds=_ROUNDS if len(chosen) > 1 else 1,
            )
            what = f"mask {len(chosen)} {large}" if len(chosen) > 1 else f"mask a {large}"
            rows.append(
                Row(what, "ELENA's recipe", theirs, ours, 1 / ratio, "≥ 1× its speed", 1 / ratio >= 1)
            )
    began = time.perf_counter()
    theirs_detector = _detector()
    theirs_found, count = photographs.recall(lambda path: _filled(path, theirs_detector)[1])
    middle = time.perf_counter()
    ours_found, _ = photographs.recall(lambda path: _hidden(masking, path))
    ended = time.perf_counter()
    rows.append(
        Row(
            f"faces hidden of {count}: {ours_found}",
            f"ELENA's recipe: {theirs_found}",
            middle - began,
            ended - middle,
            ours_found / theirs_found,
            "more",
            ours_found > theirs_found,
        )
    )
    rows += _audited(masking, photographs.paths)
    return rows


def _audited(masking: Masking, paths: Sequence[Path]) -> list[Row]:
    """What the audit adds to masking, and what it finds."""
    try:
        name, detector = choose_auditor(masking, plugin_host().makers("locators"), map(_stimulus, paths))
    except WorkbenchError as error:
        print(f"masking: audit skipped, {error.message}")
        return []

    def look(path: Path) -> int:
        pixels = load_image(path).pixels
        masked = masking.apply(pixels, _stimulus(path))
        return audit(masked.pixels, masked, _stimulus(path), name, detector).residual_faces

    with ThreadPoolExecutor(_WORKERS) as pool:
        began = time.perf_counter()
        for path in pool.map(lambda path: masking.apply(load_image(path).pixels, _stimulus(path)), paths):
            del path
        middle = time.perf_counter()
        left = sum(pool.map(look, paths))
        ended = time.perf_counter()
    without, audited = middle - began, ended - middle
    return [
        Row(
            f"mask and audit {len(paths)} by {name}",
            "mask alone",
            without,
            audited,
            audited / without,
            f"no face left: {left}",
            left == 0,
        )
    ]


def _photographs() -> _Photographs:
    paths = sorted((ROOT / "photos").glob("*.jpg"))
    truth: dict[str, Any] = json.loads((ROOT / "gt" / "faces.json").read_text("utf-8"))
    mini = {path.name: path for path in (ROOT / "emotic" / "mini").rglob("*.jpg")}
    known = {path.name: path for path in paths}
    faces: dict[Path, list[_Points]] = {}
    for name, picture in truth.items():
        path = known.get(name) or mini.get(name)
        points = [person["face_points"] or {} for person in picture["persons"]]
        shown = [
            [(one[key][0], one[key][1]) for key in _SIGHT]
            for one in points
            if all(one.get(key, (0, 0, 0))[2] == 2 for key in _SIGHT)
        ]
        if path is not None and shown:
            faces[path] = shown
    return _Photographs(tuple(paths), faces)


def _recipe(paths: Sequence[Path], out: Path) -> None:
    """One picture after the other, as arXiv 2509.19595 describes it; OpenCV as it is when imported."""
    cv2.setNumThreads(-1)
    detector = _detector()
    for path in paths:
        cv2.imwrite(str(out / f"theirs-{path.stem}.jpg"), _filled(path, detector)[0])


def _detector() -> Any:
    return cv2.FaceDetectorYN.create(str(_WEIGHTS), "", (320, 320), 0.5, 0.1, 5000)


def _filled(path: Path, detector: Any) -> tuple[Pixels, _Bools]:
    """The picture at its own size, score .5, NMS .1, 20 faces at most, boxes padded 5 % and black."""
    picture = cv2.imread(str(path))
    height, width = picture.shape[:2]
    detector.setInputSize((width, height))
    _, found = detector.detect(picture)
    hidden = np.zeros((height, width), dtype=bool)
    for x, y, w, h in (row[:4] for row in ([] if found is None else found[:20])):
        left, top = max(int(x - 0.05 * w), 0), max(int(y - 0.05 * h), 0)
        hidden[top : max(int(y + 1.05 * h), 0), left : max(int(x + 1.05 * w), 0)] = True
    picture[hidden] = 0
    return picture, hidden


def _in_threads(masking: Masking, paths: Sequence[Path], out: Path) -> None:
    cv2.setNumThreads(1)

    def work(path: Path) -> None:
        masked = masking.apply(load_image(path).pixels, _stimulus(path))
        file = io.BytesIO()
        Image.fromarray(masked.pixels).save(file, "JPEG", quality=95)
        (out / f"ours-{path.stem}.jpg").write_bytes(file.getbuffer())

    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(work, paths))


def _hidden(masking: Masking, path: Path) -> _Bools:
    pixels = np.maximum(load_image(path).pixels, 1)
    masked: Masked = masking.apply(pixels, _stimulus(path))
    area: _Bools = (masked.pixels == 0).all(axis=2)
    return area


def _stimulus(path: Path) -> Stimulus:
    return Stimulus("0" * 64, path, "folder", 1, 1)
