"""Masked copies: the masked pixels in the right place, each picture decoded once, in several threads."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from elena_wb.core import (
    Box,
    Pixels,
    Region,
    Stimulus,
    UsageError,
)
from elena_wb.data import load_image
from elena_wb.data.writing import OutputFolder
from elena_wb.engine.copies import making
from elena_wb.engine.copies.making import CopyReport, make_copies
from elena_wb.engine.copies.manifest import MANIFEST, read_manifest
from elena_wb.engine.copies.persons import hide_in_all
from elena_wb.engine.copies.plan import CopyOrder, plan_copies
from elena_wb.engine.copies.room import Room
from elena_wb.masking import NOTHING_HIDDEN
from elena_wb.plugins import Claim, PluginHost
from elena_wb.store import Store, add_audits
from elena_wb.store import audited as audited_in
from tests.engine.copies.helpers import FACE, Bright, Pair, Pictures, audited, files, masking, with_faces
from tests.real_data import real


def test_copies_keep_the_tree_and_the_format_and_hide_what_they_should(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    folder = pictures(2)
    (folder / "sub" / "deep").mkdir(parents=True)
    Image.effect_noise((40, 30), 60).convert("RGB").save(folder / "sub" / "deep" / "a.JPEG", quality=95)
    for place in (folder, folder / "sub" / "deep"):
        with_faces(place)
    report = mask(folder, tmp_path / "out")
    assert files(tmp_path / "out") == ["0000.png", "0001.png", "masks.csv", "sub/deep/a.JPEG"]
    assert Counter(copy.status for copy in report.copies) == {"masked": 3}
    before = load_image(folder / "0000.png").pixels
    after = load_image(tmp_path / "out" / "0000.png").pixels
    hidden = (after == 0).all(axis=2)
    assert np.argwhere(hidden).min(axis=0).tolist() == [3, 3]
    assert np.array_equal(after[~hidden], before[~hidden])


def test_several_conditions_have_a_folder_each_and_each_picture_is_decoded_once(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Path] = []

    def counted(path: Path) -> Any:
        decoded.append(path)
        return load_image(path)

    monkeypatch.setattr(making, "load_image", counted)
    folder = with_faces(pictures(3))
    report = mask(folder, tmp_path / "out", "face@annotated", "none", "face:box,padding=0.5@annotated")
    assert sorted(path.name for path in decoded) == ["0000.png", "0001.png", "0002.png"]
    assert len(report.copies) == 9
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == [
        "face@annotated",
        "face_box,padding=0.5@annotated",
        "none",
    ]


def test_a_detector_searches_a_picture_once_for_all_conditions_and_never_a_masked_one() -> None:
    detector = Bright()
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[4:9, 4:9] = pixels[20:25, 20:25] = 255
    annotated = Stimulus("0" * 64 + "#0", Path("a.png"), "d", 1, 1, regions=(FACE,), person_box=FACE.box)
    other = replace(annotated, stimulus_id="0" * 64 + "#1", regions=(), person_box=Box(18, 18, 10, 10))
    located: dict[str, Sequence[Region]] = {}
    one = hide_in_all(masking("face", detector), pixels, [annotated, other], located)
    two = hide_in_all(masking("face@bright", detector), pixels, [annotated, other], located)
    assert detector.calls == 1
    assert not one.pixels.any(), "the face that only the detector knows stays visible"
    assert not two.pixels.any()


def test_the_background_of_several_persons_leaves_all_of_them() -> None:
    pixels = np.full((40, 40, 3), 9, np.uint8)
    persons = [
        Stimulus(f"{'0' * 64}#{n}", Path("a.png"), "d", 1, 1, person_box=box, person_index=n)
        for n, box in enumerate((Box(0, 0, 10, 10), Box(30, 30, 10, 10)))
    ]
    persons[1] = replace(persons[1], regions=(Region("face", Box(32, 32, 4, 4), "annotated"),))
    masked = hide_in_all(masking("background@annotated", Bright()), pixels, persons, {})
    assert masked.pixels[:10, :10].all()
    assert masked.pixels[30:, 30:].all()
    assert int((masked.pixels == 0).all(axis=2).sum()) == 40 * 40 - 200


def test_persons_of_one_picture_are_one_copy_under_the_pictures_own_identity(
    host: PluginHost, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(np.full((40, 60, 3), 200, np.uint8)).save(tmp_path / "in" / "pair.png")
    host.claims["datasets"]["pair"] = Claim("test", "pair", Pair)
    order = CopyOrder([tmp_path / "in"], tmp_path / "out", ["face@annotated"], dataset="pair")
    plan = audited(plan_copies(order, host, store), Bright())
    assert plan.upload == "local-only"
    report = make_copies(plan, listener=lambda _: None, stop=threading.Event())
    hidden = (load_image(tmp_path / "out" / "pair.png").pixels == 0).all(axis=2)
    assert hidden[5:15, 5:15].all()
    assert hidden[5:15, 35:45].all()
    assert len(report.copies) == 1
    ((stimulus,), (record,)) = report.audits
    assert record.stimulus_id == stimulus.stimulus_id == plan.pictures[0].persons[0].picture_id
    assert len(stimulus.regions) == 4
    assert record.uncovered == 0
    add_audits(store, [stimulus], [record])
    assert audited_in(store, record.masking, "bright") == {stimulus.picture_id: 0}


def test_nothing_found_is_copied_with_a_note_and_failures_are_named(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    folder = pictures(2)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (folder / "regions.csv").write_text("path,part,x,y,w,h\n0000.png,face,2,2,8,8\n")
    report = mask(folder, tmp_path / "out")
    entries = read_manifest(OutputFolder(tmp_path / "out"))
    assert {name: entry.status for name, entry in entries.items()} == {
        "0000.png": "masked",
        "0001.png": "nothing hidden",
        "broken.jpg": "failed",
    }
    assert entries["0000.png"].regions == "face 2,2,8,8"
    assert NOTHING_HIDDEN in entries["0001.png"].notes
    assert [copy.picture.source for copy in report.copies if copy.error] == ["broken.jpg"]
    assert files(tmp_path / "out") == ["0000.png", "0001.png", MANIFEST]


def test_pictures_that_lie_there_twice_are_copied_twice_and_decoded_once(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    folder = with_faces(pictures(1, "in/a"))
    content = (folder / "0000.png").read_bytes()
    for place in ("b", "c"):
        (root / place).mkdir()
        (root / place / f"{place}.png").write_bytes(content)
    out.mkdir()
    (out / "c").symlink_to(tmp_path)
    decoded: list[Path] = []

    def counted(path: Path) -> Any:
        decoded.append(path)
        return load_image(path)

    monkeypatch.setattr(making, "load_image", counted)
    report = mask(root, out)
    assert decoded == [folder / "0000.png"]
    assert {copy.picture.source: copy.status for copy in report.copies} == {
        "a/0000.png": "masked",
        "b/b.png": "masked",
        "c/c.png": "failed",
    }
    assert (out / "a" / "0000.png").read_bytes() == (out / "b" / "b.png").read_bytes() != content
    entries = read_manifest(OutputFolder(out))
    assert [(entry.output, entry.source) for entry in entries.values()] == [
        (name, name) for name in ("a/0000.png", "b/b.png", "c/c.png")
    ]
    assert not report.interrupted


def test_work_that_is_stopped_finishes_what_is_in_flight_and_lists_only_that(
    host: PluginHost, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    folder, out = with_faces(pictures(40)), tmp_path / "out"
    plan = plan_copies(CopyOrder([folder], out, ["face@annotated"]), host, store)
    stop = threading.Event()
    report = make_copies(plan, listener=lambda _: stop.set(), stop=stop)
    assert report.interrupted
    assert 0 < len(report.copies) < 40
    listed = read_manifest(OutputFolder(out))
    assert sorted([*listed, MANIFEST]) == files(out)
    assert {entry.status for entry in listed.values()} == {"masked"}


def test_a_style_that_breaks_its_promise_writes_no_copy(
    host: PluginHost, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    class Crops:
        identity = "crops"

        def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
            return pixels[:10]

    class Raises(Crops):
        def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
            raise RuntimeError(f"no idea: 1/2, '{tmp_path}/a b/weights.onnx', C:\\Users\\me\\x.onnx")

    order = CopyOrder([with_faces(pictures(1))], tmp_path / "out", ["face@annotated"])
    for masker, words in ((Crops(), "another size"), (Raises(), "no idea")):
        plan = plan_copies(order, host, store)
        treatment = replace(plan.treatments[0], masking=replace(plan.treatments[0].masking, masker=masker))
        report = make_copies(
            replace(plan, treatments=(treatment,)), listener=lambda _: None, stop=threading.Event()
        )
        assert words in (report.copies[0].error or "")
        notes = read_manifest(OutputFolder(tmp_path / "out"))["0000.png"].notes
        assert notes.endswith((words + ".", "no idea: 1/2, 'weights.onnx', x.onnx"))
        assert files(tmp_path / "out") == [MANIFEST]


def test_large_pictures_are_not_held_all_at_once() -> None:
    room = Room(100)
    held, most = 0, 0
    lock = threading.Lock()

    def work(size: int) -> None:
        nonlocal held, most
        with room.for_pixels(size):
            with lock:
                held += min(size, 100)
                most = max(most, held)
            time.sleep(0.005)
            with lock:
                held -= min(size, 100)

    threads = [threading.Thread(target=work, args=(size,)) for size in (80, 60, 500, 30, 30, 80, 0, 100) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert not any(thread.is_alive() for thread in threads)
    assert 60 <= most <= 100


def test_pictures_are_masked_in_more_than_one_thread(
    host: PluginHost, store: Store, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=20)

    def together(path: Path) -> Any:
        both.wait()
        return load_image(path)

    monkeypatch.setattr(making, "load_image", together)
    plan = plan_copies(CopyOrder([with_faces(pictures(4))], tmp_path / "out", ["none"]), host, store)
    report = make_copies(plan, listener=lambda _: None, stop=threading.Event())
    assert [copy.status for copy in report.copies] == ["unmasked"] * 4


def test_the_real_leaks_are_gone(mask: Callable[..., CopyReport], tmp_path: Path) -> None:
    folder = real("hard/leaks")
    for image_format in ("jpeg", "png", "webp", "tiff", "bmp"):
        out = tmp_path / image_format
        report = mask(folder, out, "none", format=image_format)
        assert len(report.copies) == len(list(folder.iterdir()))
        for copy in report.copies:
            written = out.joinpath(*copy.picture.name).read_bytes()
            assert b"Exif" not in written
            assert written.count(b"\xff\xd8\xff") == (image_format == "jpeg")


def test_rotation_is_applied_and_not_left_to_the_viewer(
    mask: Callable[..., CopyReport], tmp_path: Path
) -> None:
    folder = real("hard/exif")
    mask(folder, tmp_path / "out", "none", format="png")
    upright = load_image(folder / "orientation_1.jpg").pixels.astype(int)
    for path in sorted((tmp_path / "out").glob("*.png")):
        with Image.open(path) as image:
            assert not image.getexif()
            seen = np.asarray(image).astype(int)
        assert seen.shape == upright.shape, path.name
        assert np.abs(seen - upright).mean() < 8, path.name


def test_a_dataset_is_named_with_its_options_or_refused(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    for written in ("a b", "foldr", "folder,colour=red"):
        with pytest.raises(UsageError):
            mask(pictures(1), tmp_path / "out", "none", dataset=written)
    assert len(mask(pictures(1), tmp_path / "out", "none", dataset="folder").copies) == 1
