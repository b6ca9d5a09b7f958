"""Masked copies: nothing of the original but the masked pixels, nothing written where it should not be."""

from __future__ import annotations

import csv
import errno
import io
import os
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

from elena_wb import builtin
from elena_wb.core import (
    Box,
    Collection,
    Condition,
    Pixels,
    Region,
    SetupError,
    Stimulus,
    UsageError,
    person_stimulus_id,
)
from elena_wb.data import FolderDataset, load_image
from elena_wb.data.policy import MARKER
from elena_wb.data.writing import OutputFolder
from elena_wb.engine.copies import making
from elena_wb.engine.copies.audits import AuditKeeper
from elena_wb.engine.copies.claim import LOCK
from elena_wb.engine.copies.making import Copy, CopyReport, make_copies
from elena_wb.engine.copies.manifest import COLUMNS, MANIFEST, Entry, is_of, read_manifest, write_manifest
from elena_wb.engine.copies.persons import hide_in_all
from elena_wb.engine.copies.plan import CopyOrder, CopyPlan, plan_copies
from elena_wb.engine.copies.room import Room
from elena_wb.masking import NOTHING_HIDDEN, Audit, Masking, resolve
from elena_wb.masking.annotated import AnnotatedLocator
from elena_wb.masking.box import BoxMasker
from elena_wb.plugins import Claim, PluginHost, build_host
from elena_wb.store import Store, add_audits
from elena_wb.store import audited as audited_in
from tests.real_data import real

Pictures = Callable[..., Path]


class Bright:
    """Finds the smallest box around all pixels that are wholly white; also serves to audit."""

    parts = frozenset({"face"})
    identity = "bright"

    def __init__(self) -> None:
        self.calls = 0

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> Sequence[Region]:
        self.calls += 1
        white = np.argwhere((pixels == 255).all(axis=2))
        if not len(white):
            return ()
        (top, left), (bottom, right) = white.min(axis=0), white.max(axis=0) + 1
        box = Box(float(left), float(top), float(right - left), float(bottom - top))
        return [Region("face", box, "bright", 0.9)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.duckdb")


@pytest.fixture
def host() -> PluginHost:
    return build_host([], [("builtin", builtin)])


@pytest.fixture
def mask(store: Store, host: PluginHost) -> Callable[..., CopyReport]:
    def run(sources: Path | Sequence[Path], out: Path, *conditions: str, **options: Any) -> CopyReport:
        given = [sources] if isinstance(sources, Path) else list(sources)
        order = CopyOrder(given, out, conditions or ("face@annotated",), **options)
        return make_copies(plan_copies(order, host, store), listener=lambda _: None, stop=threading.Event())

    return run


def with_faces(folder: Path, box: str = "4,4,8,8") -> Path:
    """``folder`` with a table that says where a face is in each of its pictures."""
    rows = [f"{path.name},face,{box}" for path in sorted(folder.iterdir()) if path.suffix != ".csv"]
    (folder / "regions.csv").write_text("\n".join(["path,part,x,y,w,h", *rows]))
    return folder


def files(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


FACE = Region("face", Box(4, 4, 5, 5), "annotated")


def masking(spec: str, detector: Bright) -> Masking:
    locators = {"annotated": lambda _: AnnotatedLocator(), "bright": lambda _: detector}
    return resolve(Condition.parse(spec), locators=locators, maskers={"box": lambda _: BoxMasker()})


def audited(plan: CopyPlan, detector: Bright) -> CopyPlan:
    return replace(
        plan, treatments=tuple(replace(one, auditor=("bright", detector)) for one in plan.treatments)
    )


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


class Pair:
    """A dataset of one picture with two labelled persons, each with a face; the second must stay here."""

    def recognises(self, root: Path) -> bool:
        return False

    def load(self, root: Path, known: object = None) -> Collection:
        (found,) = FolderDataset().load(root).stimuli
        boxes = (Box(0, 0, 25, 40), Box(30, 0, 25, 40))
        persons = [
            replace(
                found,
                stimulus_id=person_stimulus_id(found.stimulus_id, box),
                person_index=index,
                person_box=box,
                upload=("allowed", "local-only")[index],
                regions=(Region("face", Box(box.x + 5, 5, 10, 10), "annotated"),),
            )
            for index, box in enumerate(boxes)
        ]
        return Collection(tuple(persons))


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


def test_copies_of_data_that_must_stay_here_are_marked_before_the_first_is_written(
    host: PluginHost, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    plan = plan_copies(
        CopyOrder([with_faces(pictures(1))], tmp_path / "out", ["face@annotated"]), host, store
    )
    strict = replace(plan, upload="local-only")
    stop = threading.Event()
    stop.set()
    make_copies(strict, listener=lambda _: None, stop=stop)
    assert files(tmp_path / "out") == [".elena-wb.toml", MANIFEST]
    marker = tmp_path / "out" / ".elena-wb.toml"
    assert marker.read_text() == 'upload = "local-only"\n'
    order = CopyOrder([with_faces(pictures(1))], tmp_path / "out", ["face@annotated"])
    settled = replace(order, uploads={str(tmp_path): "masked-only"})
    marker.write_text('upload = "local-only"  # ours\n')
    assert "copies says local-only" in " ".join(plan_copies(settled, host, store).notes)
    make_copies(replace(strict, upload="masked-only"), listener=lambda _: None, stop=threading.Event())
    assert marker.read_text() == 'upload = "local-only"  # ours\n', "what the user wrote was changed"


@pytest.mark.parametrize("looser", ["masked-only", "allowed"])
def test_copies_of_stricter_originals_tighten_the_marker_that_lies_there(
    mask: Callable[..., CopyReport],
    host: PluginHost,
    store: Store,
    pictures: Pictures,
    tmp_path: Path,
    looser: str,
) -> None:
    one, two, out = with_faces(pictures(1, "one")), with_faces(pictures(2, "two", seed=1)), tmp_path / "out"
    (one / MARKER).write_text(f'upload = "{looser}"')
    (two / MARKER).write_text('upload = "local-only"')
    (two / "0000.png").unlink()
    mask(one, out)
    if looser == "allowed":
        (out / MARKER).write_text('upload = "allowed"')
    order = CopyOrder([two], out, ["face@annotated"])
    assert f"says {looser}, and now local-only" in " ".join(plan_copies(order, host, store).notes)
    mask(two, out)
    assert (out / MARKER).read_text() == 'upload = "local-only"\n'
    assert files(out) == [MARKER, "0000.png", "0001.png", MANIFEST]


@pytest.mark.parametrize("how", ["a folder", "nonsense", "nothing said"])
def test_a_marker_that_cannot_be_understood_stops_the_work(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path, how: str
) -> None:
    folder, out = with_faces(pictures(1)), tmp_path / "out"
    (folder / MARKER).write_text('upload = "local-only"')
    out.mkdir()
    if how == "a folder":
        (out / MARKER).mkdir()
    else:
        (out / MARKER).write_text("[" if how == "nonsense" else "")
    with pytest.raises(UsageError, match=r"out/\.elena-wb\.toml (is no|says nothing)"):
        mask(folder, out, overwrite=True)
    assert [path.name for path in out.iterdir()] == [MARKER]


def test_a_marker_is_not_put_over_other_files_unasked(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    folder, out = with_faces(pictures(1)), tmp_path / "out"
    (folder / MARKER).write_text('upload = "masked-only"')
    (out / "sub").mkdir(parents=True)
    (out / "sub" / "holiday.jpg").write_text("mine")
    with pytest.raises(UsageError, match=r"other files lie there: sub/holiday\.jpg\."):
        mask(folder, out)
    assert files(out) == ["sub/holiday.jpg"]
    mask(folder, out, overwrite=True)
    mask(folder, out)
    assert files(out) == [MARKER, "0000.png", MANIFEST, "sub/holiday.jpg"]


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


def test_the_list_tells_nothing_of_this_machine(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    mask(with_faces(pictures(2)), tmp_path / "out")
    written = (tmp_path / "out" / MANIFEST).read_text()
    assert str(tmp_path) not in written
    assert tmp_path.name not in written


def test_a_second_time_replaces_its_own_copies_and_nothing_else(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    folder, out = with_faces(pictures(2)), tmp_path / "out"
    mask(folder, out)
    (out / "mine.txt").write_text("mine")
    mask(folder, out, "face:box,padding=0.5@annotated")
    assert {entry.condition for entry in read_manifest(OutputFolder(out)).values()} == {
        "face:box,padding=0.5@annotated"
    }
    with_faces(pictures(3))
    (out / "0002.png").write_text("mine")
    with pytest.raises(UsageError, match=r"no copies of ours.*0002\.png") as caught:
        mask(folder, out)
    assert "--overwrite" in (caught.value.hint or "")
    assert (out / "0002.png").read_text() == "mine"
    mask(folder, out, overwrite=True)
    assert load_image(out / "0002.png").width == 24
    assert (out / "mine.txt").read_text() == "mine"


def test_an_earlier_copy_does_not_pass_for_one_that_failed_now(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    folder, out = with_faces(pictures(2)), tmp_path / "out"
    mask(folder, out)
    (folder / "0000.png").write_bytes((folder / "0000.png").read_bytes()[:60])
    mask(folder, out, overwrite=True)
    assert files(out) == ["0001.png", MANIFEST]
    Image.new("RGB", (24, 24)).save(folder / "0000.png")
    mask(folder, out)
    assert files(out) == ["0000.png", "0001.png", MANIFEST], (
        "where no copy lies there is nothing to ask about"
    )


def test_copies_of_other_pictures_of_the_same_names_are_not_replaced_unasked(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    one, two, out = with_faces(pictures(2, "one")), with_faces(pictures(5, "two", seed=1)), tmp_path / "out"
    mask(one, out)
    before = {name: (out / name).read_bytes() for name in files(out)}
    with pytest.raises(
        UsageError, match=r"other pictures of the same names: 0000\.png, 0001\.png\."
    ) as caught:
        mask(two, out)
    assert "--overwrite" in (caught.value.hint or "")
    assert {name: (out / name).read_bytes() for name in files(out)} == before
    one.rename(tmp_path / "moved")
    mask(tmp_path / "moved", out)
    assert {name: (out / name).read_bytes() for name in files(out)} == before
    assert len(mask(two, out, overwrite=True).copies) == 5
    mask(two, out)


def test_the_list_marks_originals_so_that_no_table_of_hashes_finds_them(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    folder = with_faces(pictures(2))
    marks = set()
    for out in (tmp_path / "a", tmp_path / "b"):
        for copy in mask(folder, out).copies:
            entries = read_manifest(OutputFolder(out))
            picture_id = copy.picture.persons[0].picture_id
            assert [name for name, entry in entries.items() if is_of(entry, picture_id)] == [
                copy.picture.source
            ]
            assert picture_id[:8] not in (out / MANIFEST).read_text()
        marks |= {entry.original for entry in entries.values()}
    assert len(marks) == 4, "the same picture has another mark in each folder"


def test_cells_of_the_list_run_nothing_and_hold_no_control_characters(tmp_path: Path) -> None:
    hostile = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-rf",
        "@SUM(A1)",
        "'quoted",
        "a\nb\x1b[2J\u202e\r",
        "\t=1",
        "plain",
        "",
    ]
    folder = OutputFolder(tmp_path / "out")
    write_manifest(folder, {text: Entry(text, text, "none", notes=text) for text in hostile})
    text = (tmp_path / "out" / MANIFEST).read_text()
    assert all(line.isprintable() for line in text.removesuffix("\n").split("\n"))
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert len(cells) == len(COLUMNS) * (len(hostile) + 1)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    read = read_manifest(folder)
    for one in hostile:
        assert one in read or not one.isprintable()
        assert one not in read or read[one].notes == one


def test_copies_of_a_process_that_was_killed_are_ours_the_next_time(
    mask: Callable[..., CopyReport], host: PluginHost, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    folder, out = with_faces(pictures(6)), tmp_path / "out"
    plan = plan_copies(CopyOrder([folder], out, ["face@annotated"]), host, store)

    def die(_: Sequence[Copy]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_copies(plan, listener=die, stop=threading.Event())
    assert len(files(out)) > 1
    assert len(mask(folder, out).copies) == 6


def test_a_process_that_is_killed_leaves_a_list_that_is_true_of_every_copy(
    mask: Callable[..., CopyReport], host: PluginHost, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    folder, out = with_faces(pictures(60)), tmp_path / "out"
    mask(folder, out, "none")
    whole = {name: (out / name).read_bytes() for name in files(out)}
    on_disk = []
    plan = plan_copies(CopyOrder([folder], out, ["face@annotated"]), host, store)
    stop = threading.Event()

    def look(_: Sequence[Copy]) -> None:
        entries = read_manifest(OutputFolder(out))
        on_disk.append(Counter(entry.status for entry in entries.values()))
        for name, entry in entries.items():
            changed = (out / name).read_bytes() != whole[name]
            assert entry.status == "pending" or changed == (entry.condition == "face@annotated")
            if entry.status == "pending":
                assert entry.notes == "may still be the copy from before: none, unmasked"

    make_copies(plan, listener=look, stop=stop)
    assert on_disk[0]["unmasked"] > 10
    assert on_disk[-1]["masked"] > 10
    assert max(seen["pending"] for seen in on_disk) <= 8 + 2 * max(2, min(16, making._cores()))


def test_two_at_once_in_one_folder_do_not_meet(
    mask: Callable[..., CopyReport], host: PluginHost, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    one, two, out = with_faces(pictures(2, "one")), with_faces(pictures(2, "two", seed=1)), tmp_path / "out"
    plan = plan_copies(CopyOrder([one], out, ["face@annotated"]), host, store)
    beside = plan_copies(CopyOrder([two], out, ["face@annotated"]), host, store)
    refused: list[SetupError] = []

    def second(_: Sequence[Copy]) -> None:
        with pytest.raises(SetupError, match="Another process is making copies in") as caught:
            make_copies(beside, listener=lambda _: None, stop=threading.Event())
        refused.append(caught.value)
        with pytest.raises(SetupError, match="Another process is making copies in"):
            mask(two, out)

    make_copies(plan, listener=second, stop=threading.Event())
    assert [int(error.exit_code) for error in refused] == [3, 3]
    with pytest.raises(SetupError, match="has just made copies"):
        make_copies(beside, listener=lambda _: None, stop=threading.Event())
    assert files(out) == ["0000.png", "0001.png", MANIFEST], "no lock is left"
    mask(one, out)


def test_a_lock_that_a_killed_process_left_stops_nobody_and_a_link_in_its_place_is_not_followed(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    folder, out = with_faces(pictures(1)), tmp_path / "out"
    out.mkdir()
    (out / LOCK).touch()
    mask(folder, out)
    assert files(out) == ["0000.png", MANIFEST]
    (out / LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SetupError, match="cannot be written"):
        mask(folder, out)
    assert not (tmp_path / "elsewhere").exists()


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


def test_a_twin_binds_the_copies_and_is_an_original_like_the_first(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    folder = with_faces(pictures(1, "in/a"))
    (root / "b").mkdir()
    (root / "b" / "b.png").write_bytes((folder / "0000.png").read_bytes())
    (root / "b" / MARKER).write_text('upload = "local-only"')
    (out / "b").mkdir(parents=True)
    os.link(root / "b" / "b.png", out / "b" / "b.png")
    with pytest.raises(UsageError, match=r"b\.png is one of the originals"):
        mask(root, out, overwrite=True)
    (out / "b" / "b.png").unlink()
    mask(root, out)
    assert (out / MARKER).read_text() == 'upload = "local-only"\n'


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


@pytest.mark.parametrize(
    ("source", "out"),
    [
        ("in", "in"),
        ("in", "in/masked"),
        ("in", "."),
        ("in", "link"),
        ("in", "link/new"),
        ("link", "in"),
        ("link", "in/new"),
        ("in/0000.png", "in"),
        ("in/0000.png", "link"),
        ("to-picture.png", "in"),
        ("to-picture.png", "."),
        ("in/sub/..", "in"),
    ],
)
def test_a_folder_that_holds_originals_or_lies_among_them_is_refused(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path, source: str, out: str
) -> None:
    folder = with_faces(pictures(2, "in"))
    (folder / "sub").mkdir()
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "to-picture.png").symlink_to(folder / "0000.png")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("*.*")}
    with pytest.raises(UsageError, match="originals"):
        mask(tmp_path / source, tmp_path / out)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("*.*")} == before
    assert not (folder / MANIFEST).exists()


@pytest.mark.parametrize("how", ["link", "hard link", "folder link"])
def test_a_link_to_an_original_in_the_place_of_a_copy_is_refused_even_to_overwrite(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path, how: str
) -> None:
    root = tmp_path / "in"
    folder = with_faces(pictures(1, "in/sub" if root.mkdir() is None else ""))
    original, out = folder / "0000.png", tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    if how == "link":
        (out / "sub" / "0000.png").symlink_to(original)
    elif how == "hard link":
        os.link(original, out / "sub" / "0000.png")
    else:
        (out / "sub").rmdir()
        (out / "sub").symlink_to(folder)
    before = original.read_bytes()
    with pytest.raises(UsageError, match="one of the originals"):
        mask(root, out, overwrite=True)
    assert original.read_bytes() == before


def test_a_planted_folder_link_leads_no_copy_out_of_the_folder(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    with_faces(pictures(1, "in/sub"))
    with_faces(pictures(1, "in", seed=1))
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "sub").symlink_to(elsewhere)
    report = mask(tmp_path / "in", out)
    assert str(tmp_path) not in (out / MANIFEST).read_text()
    assert "sub/0000.png cannot be written" in read_manifest(OutputFolder(out))["sub/0000.png"].notes
    assert list(elsewhere.iterdir()) == []
    assert {copy.picture.source: copy.status for copy in report.copies} == {
        "0000.png": "masked",
        "sub/0000.png": "failed",
    }


def test_hostile_names_stay_inside_the_folder(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    folder = pictures(1, "in")
    picture = (folder / "0000.png").read_bytes()
    outside = pictures(1, "outside", seed=7)
    (folder / "linked").symlink_to(outside)
    names = [
        b"..png",
        b"CON.png",
        b"a\nb\x1b[2J.png",
        b"caf\xe9.png",
        b"x" * 250 + b".png",
        b"a\\..\\b.png",
        b"A.png",
        b"a.png",
        b"-rf.png",
        "\u202egnp.png".encode(),
    ]
    for index, name in enumerate(names):
        (folder / os.fsdecode(name)).write_bytes(picture + bytes([index]))
    out = tmp_path / "out"
    report = mask(folder, out, "none")
    assert len(report.copies) == len(names) + 1, (
        "names that begin with a dot are hidden, the linked one is not"
    )
    written = files(out)
    assert len({name.casefold() for name in written}) == len(report.copies) + 1
    assert all(name.isprintable() and "\\" not in name for name in written)
    assert files(outside) == ["0000.png"]
    assert all(Path(os.path.realpath(out / name)).is_relative_to(out) for name in written)


def test_several_sources_keep_apart_below_their_names(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    (tmp_path / "x").mkdir()
    one, two = pictures(1, "photos"), pictures(1, "x/photos", seed=1)
    single = pictures(2, "single", seed=2) / "0001.png"
    mask([one, two, single], tmp_path / "out", "none")
    assert files(tmp_path / "out") == ["0001.png", MANIFEST, "photos-2/0000.png", "photos/0000.png"]


def test_a_full_disk_ends_the_work_with_what_was_written_listed(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = with_faces(pictures(12)), tmp_path / "out"
    real_write = os.write
    room = threading.Semaphore(4)

    def nearly_full(descriptor: int, content: bytes) -> int:
        if not room.acquire(blocking=False):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real_write(descriptor, content)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", nearly_full)
        with pytest.raises(SetupError, match="No space left"):
            mask(folder, out)
    assert not list(out.rglob("*.tmp"))
    for name in files(out):
        assert name == MANIFEST or load_image(out / name).width == 24
    assert len(mask(folder, out).copies) == 12


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


def test_an_audit_sees_the_masked_pixels_and_is_stored_under_the_masking(
    host: PluginHost, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, places in (("good.png", [(4, 4)]), ("bad.png", [(4, 4), (30, 30)])):
        pixels = np.full((48, 48, 3), 90, np.uint8)
        for top, left in places:
            pixels[top : top + 8, left : left + 8] = 255
        Image.fromarray(pixels).save(folder / name)
    with_faces(folder)
    detector = Bright()
    plan = audited(
        plan_copies(CopyOrder([folder], tmp_path / "out", ["face@annotated"]), host, store), detector
    )
    report = make_copies(plan, listener=lambda _: None, stop=threading.Event())
    seen = {copy.picture.source: copy.audit for copy in report.copies}
    assert isinstance(seen["good.png"], Audit)
    assert seen["good.png"].residual_faces == 0
    assert seen["bad.png"] is not None
    assert [face.box for face in seen["bad.png"].faces] == [Box(30, 30, 8, 8)]
    stimuli, records = report.audits
    assert len(stimuli) == len(records) == 2
    assert {record.masking for record in records} == {plan.treatments[0].masking.identity}
    assert sorted(record.residual_faces for record in records) == [0, 1]
    entries = read_manifest(OutputFolder(tmp_path / "out"))
    assert (entries["bad.png"].residual_faces, entries["bad.png"].detector) == ("1", "bright")


def test_audits_are_stored_while_the_work_goes_on(
    host: PluginHost, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    order = CopyOrder([with_faces(pictures(30))], tmp_path / "out", ["face@annotated"])
    plan = audited(plan_copies(order, host, store), Bright())
    identity = plan.treatments[0].masking.identity
    often, seldom = AuditKeeper(store, seconds=0), AuditKeeper(Store(tmp_path / "other.duckdb"))
    stored = []

    def hear(made: Sequence[Copy]) -> None:
        often.hear(made)
        seldom.hear(made)
        stored.append(len(audited_in(store, identity, "bright")))

    make_copies(plan, listener=hear, stop=threading.Event())
    assert stored == list(range(1, 31))
    assert not (tmp_path / "other.duckdb").exists()
    seldom.flush()
    assert len(audited_in(Store(tmp_path / "other.duckdb"), identity, "bright")) == 30


def test_an_audit_that_nothing_can_make_is_said_before_anything_is_written(
    mask: Callable[..., CopyReport], host: PluginHost, pictures: Pictures, tmp_path: Path
) -> None:
    host.claims["locators"] = {"annotated": host.claims["locators"]["annotated"]}
    with pytest.raises(SetupError, match="audit"):
        mask(with_faces(pictures(1)), tmp_path / "out", audit=True)
    assert not (tmp_path / "out").exists()


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
