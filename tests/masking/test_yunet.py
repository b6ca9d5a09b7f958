"""YuNet on real photographs: faces are covered, odd pictures are survived, threads agree."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from elena_wb.core import Condition, Region, SetupError, Stimulus
from elena_wb.data import load_image
from elena_wb.masking import Masking, resolve
from elena_wb.masking.box import BoxMasker
from elena_wb.masking.yunet import YunetLocator
from tests.real_data import real


@pytest.fixture
def face_masking(monkeypatch: pytest.MonkeyPatch) -> Masking:
    monkeypatch.setenv("ELENA_WB_YUNET", str(real("models/face_detection_yunet_2023mar.onnx")))
    return resolve(
        Condition.parse("face@yunet"),
        locators={"yunet": lambda _: YunetLocator()},
        maskers={"box": lambda _: BoxMasker()},
    )


def stimulus(path: Path) -> Stimulus:
    return Stimulus("0" * 64, path, "folder", 1, 1)


def test_nose_and_eyes_of_every_visible_face_are_hidden(face_masking: Masking) -> None:
    truth = json.loads(real("gt/faces.json").read_text())
    missed, faces = [], 0
    for name, picture in truth.items():
        path = next(
            (p for p in (real("photos") / name, *real("emotic/mini").rglob(name)) if p.exists()), None
        )
        if path is None:
            continue
        pixels = load_image(path).pixels
        hidden = (face_masking.apply(np.maximum(pixels, 1), stimulus(path)).pixels == 0).all(axis=2)
        for person in picture["persons"]:
            points = person["face_points"] or {}
            landmarks = [points.get(key, (0, 0, 0)) for key in ("nose", "left_eye", "right_eye")]
            if all(point[2] == 2 for point in landmarks):
                faces += 1
                if not all(hidden[int(y), int(x)] for x, y, _ in landmarks):
                    missed.append(name)
    assert faces >= 15
    assert len(missed) <= 0.05 * faces, missed


def test_a_portrait_of_27_megapixels_has_one_face(face_masking: Masking) -> None:
    path = real("hard/sizes/portrait_6000x4500.jpg")
    masked = face_masking.apply(load_image(path).pixels, stimulus(path))
    assert len(masked.regions) == 1
    assert 0.005 < masked.covered_fraction < 0.1


@pytest.mark.parametrize("shape", [(1, 4000), (4000, 1), (16, 1600), (1, 1), (17, 33), (1600, 16)])
def test_odd_pictures_are_survived(face_masking: Masking, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    masked = face_masking.apply(pixels, stimulus(Path("odd.png")))
    for region in masked.regions:
        assert region.box.clipped(shape[1], shape[0]) == region.box


def test_threads_find_the_same_faces(face_masking: Masking) -> None:
    paths = sorted(real("photos").glob("*.jpg"))[:8]
    pictures = [load_image(path).pixels for path in paths]

    def regions(index: int) -> tuple[Region, ...]:
        return face_masking.apply(pictures[index], stimulus(paths[index])).regions

    alone = [regions(index) for index in range(len(paths))]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert list(pool.map(regions, range(len(paths)))) == alone


def test_landmarks_lie_where_a_face_has_them(face_masking: Masking) -> None:
    path = real("photos/nasa_astronaut.jpg")
    face = max(face_masking.apply(load_image(path).pixels, stimulus(path)).regions, key=lambda r: r.score)
    points = face.landmarks
    assert points["right_eye"][0] < points["nose"][0] < points["left_eye"][0]
    assert points["nose"][1] < points["mouth_left"][1]


def test_missing_weights_name_the_command() -> None:
    for call in (
        YunetLocator().prepare,
        lambda: YunetLocator().locate(np.zeros((64, 64, 3), np.uint8), stimulus(Path("a"))),
    ):
        with pytest.raises(SetupError) as error:
            call()
        assert error.value.hint == "elena-wb models pull yunet"


def test_a_named_file_that_is_no_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ELENA_WB_YUNET", str(tmp_path / "none.onnx"))
    with pytest.raises(SetupError, match="ELENA_WB_YUNET"):
        YunetLocator().prepare()
