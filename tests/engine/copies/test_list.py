"""The list beside copies: whose they are, true whatever happens, telling nothing of this machine."""

from __future__ import annotations

import csv
import io
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from elena_wb.core import (
    SetupError,
    UsageError,
)
from elena_wb.data import load_image
from elena_wb.data.writing import OutputFolder
from elena_wb.engine.copies import making
from elena_wb.engine.copies.claim import LOCK
from elena_wb.engine.copies.making import Copy, CopyReport, make_copies
from elena_wb.engine.copies.manifest import COLUMNS, MANIFEST, Entry, is_of, read_manifest, write_manifest
from elena_wb.engine.copies.plan import CopyOrder, plan_copies
from elena_wb.plugins import PluginHost
from elena_wb.store import Store
from tests.engine.copies.helpers import Pictures, files, with_faces


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
