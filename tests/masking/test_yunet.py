"""YuNet on real photographs: faces are covered, odd pictures are survived, threads agree."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from elena_wb.core import Box, Condition, Region, SetupError, Stimulus
from elena_wb.data import load_image
from elena_wb.masking import Masked, Masking, resolve
from elena_wb.masking.box import BoxMasker
from elena_wb.masking.opencv import opencv
from elena_wb.masking.yunet import YunetLocator, merged
from tests.real_data import real


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELENA_WB_YUNET", str(real("models/face_detection_yunet_2023mar.onnx")))


@pytest.fixture
def face_masking(weights: None) -> Masking:
    return resolve(
        Condition.parse("face@yunet"),
        locators={"yunet": lambda _: YunetLocator()},
        maskers={"box": lambda _: BoxMasker()},
    )


def holds(box: Box, x: float, y: float) -> bool:
    return box.x <= x <= box.x + box.w and box.y <= y <= box.y + box.h


def stimulus(path: Path) -> Stimulus:
    return Stimulus("0" * 64, path, "folder", 1, 1)


def labelled() -> Iterator[tuple[Path, list[list[tuple[float, float]]], list[dict[str, list[float]]]]]:
    """Photographs, the nose and both eyes of each face that shows all three, and all points of every person."""
    for name, picture in json.loads(real("gt/faces.json").read_text()).items():
        path = next(
            (p for p in (real("photos") / name, *real("emotic/mini").rglob(name)) if p.exists()), None
        )
        if path is None:
            continue
        persons = [person["face_points"] or {} for person in picture["persons"]]
        faces = []
        for points in persons:
            landmarks = [points.get(key, (0, 0, 0)) for key in ("nose", "left_eye", "right_eye")]
            if all(point[2] == 2 for point in landmarks):
                faces.append([(point[0], point[1]) for point in landmarks])
        yield path, faces, persons


def black(masked: Masked) -> npt.NDArray[np.bool_]:
    """Where a picture without black pixels was masked."""
    hidden: npt.NDArray[np.bool_] = (masked.pixels == 0).all(axis=2)
    return hidden


def test_nose_and_eyes_of_every_visible_face_are_hidden(face_masking: Masking) -> None:
    missed, count = [], 0
    for path, faces, _ in labelled():
        hidden = black(face_masking.apply(np.maximum(load_image(path).pixels, 1), stimulus(path)))
        count += len(faces)
        missed += [path.name for face in faces if not all(hidden[int(y), int(x)] for x, y in face)]
    assert count >= 15
    assert missed == []


def test_nearly_every_face_is_hidden_in_poorer_copies_of_the_photographs(face_masking: Masking) -> None:
    """Half the size, and mirrored and tilted: a stand-in for photographs not seen before."""
    missed = count = 0
    for path, faces, _ in labelled():
        pixels = load_image(path).pixels
        height, width = pixels.shape[:2]
        half = np.array([[0.5, 0, 0], [0, 0.5, 0]])
        mirror = np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]])
        tilt = opencv().getRotationMatrix2D((width / 2, height / 2), 12, 1.0) @ mirror
        copies = (
            (half, np.asarray(Image.fromarray(pixels).resize((width // 2, height // 2)))),
            (tilt, opencv().warpAffine(pixels, tilt, (width, height), borderMode=opencv().BORDER_REPLICATE)),
        )
        for matrix, copy in copies:
            hidden = black(face_masking.apply(np.maximum(copy, 1), stimulus(path)))
            for face in faces:
                points = [matrix @ [x, y, 1] for x, y in face]
                count += 1
                missed += not all(hidden[int(y), int(x)] for x, y in points)
    assert count >= 30
    assert missed <= 0.05 * count


def test_ears_that_are_seen_lie_in_the_head(weights: None) -> None:
    yunet = YunetLocator()
    inside = count = 0
    for path, _, persons in labelled():
        regions = yunet.locate(load_image(path).pixels, stimulus(path))
        faces = [region for region in regions if region.part == "face"]
        heads = [region for region in regions if region.part == "head"]
        assert [head.landmarks for head in heads] == [face.landmarks for face in faces]
        for points in persons:
            nose = points.get("nose", [0, 0, 0])
            around = [
                head
                for face, head in zip(faces, heads, strict=True)
                if nose[2] and holds(face.box, *nose[:2])
            ]
            for ear in (points.get("left_ear", [0, 0, 0]), points.get("right_ear", [0, 0, 0])):
                if around and ear[2] == 2:
                    count += 1
                    inside += any(holds(head.box, *ear[:2]) for head in around)
    assert count >= 25
    assert inside >= count - 1  # one ear is annotated a whole face's width beside a face of ten pixels


def test_a_face_of_24_pixels_is_found_in_a_picture_4000_pixels_wide(weights: None) -> None:
    small = load_image(real("hard/sizes/face_24px.jpg")).pixels
    scene = load_image(real("photos/coco_000000229997.jpg")).pixels
    large = np.array(Image.fromarray(scene).resize((4000, 2600), Image.Resampling.BICUBIC))
    corners = [(40, 30), (1993, 1201), (3930, 2530), (900, 2000)]
    for left, top in corners:
        large[top : top + 64, left : left + 64] = small
    faces = [
        region.box
        for region in YunetLocator().locate(large, stimulus(Path("large.png")))
        if region.part == "face" and region.box.w < 64
    ]
    for left, top in corners:
        assert any(holds(box, left + 28, top + 14) for box in faces)
    without = YunetLocator(windows=0).locate(large, stimulus(Path("large.png")))
    assert not any(holds(region.box, 1993 + 28, 1201 + 14) and region.box.w < 64 for region in without)


def test_a_portrait_of_27_megapixels_has_its_face_hidden_and_little_else(face_masking: Masking) -> None:
    path = real("hard/sizes/portrait_6000x4500.jpg")
    masked = face_masking.apply(load_image(path).pixels, stimulus(path))
    assert 1 <= len(masked.regions) <= 2
    surest = max(masked.regions, key=lambda region: region.score)
    assert surest.score > 0.8
    assert surest.box.area / (masked.covered_fraction * 27e6) > 0.5


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


@pytest.mark.parametrize(
    "options",
    [{"score": 0.0}, {"score": 1.5}, {"nms": -1.0}, {"side": 20}, {"windows": -1}, {"score": math.nan}],
)
def test_settings_out_of_range_are_refused_with_the_range(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        YunetLocator(**options)  # type: ignore[arg-type]


def test_every_setting_is_part_of_the_identity() -> None:
    identities = {
        YunetLocator(**options).identity  # type: ignore[arg-type]
        for options in ({}, {"score": 0.5}, {"nms": 0.1}, {"side": 1024}, {"windows": 0})
    }
    assert len(identities) == 5


boxes = st.tuples(st.floats(0, 80), st.floats(0, 80), st.floats(1, 60), st.floats(1, 60), st.floats(0.2, 1))


@given(st.lists(boxes, max_size=12), st.floats(0.1, 1))
def test_merging_gives_up_nothing_that_a_find_covers(found: list[tuple[float, ...]], nms: float) -> None:
    rows = np.array([[*box[:4], *[0.0] * 10, box[4]] for box in found]).reshape(-1, 15)
    rows = rows[np.argsort(-rows[:, 14], kind="stable")]
    faces = merged(rows, nms)
    assert len(faces) <= len(rows)
    for row in rows:
        assert any(
            (face[:2] <= row[:2] + 1e-6).all() and (face[:2] + face[2:4] >= row[:2] + row[2:4] - 1e-6).all()
            for face in faces
        )
