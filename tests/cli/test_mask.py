"""``elena-wb mask`` as its user meets it: what is written and printed, exit codes, audits, interrupts."""

from __future__ import annotations

import csv
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from elena_wb.data import load_image
from tests.conftest import Program, rows
from tests.real_data import real

Pictures = Callable[..., Path]

DETECTORS = """
import time
import numpy as np
from elena_wb import hookimpl
from elena_wb.core import Box, Region

class Bright:
    parts = frozenset({"face"})

    def __init__(self, delay: float = 0.0):
        self.delay = delay
        self.identity = "bright"

    def locate(self, pixels, stimulus):
        time.sleep(self.delay)
        white = np.argwhere((pixels == 255).all(axis=2))
        if not len(white):
            return []
        (top, left), (bottom, right) = white.min(axis=0), white.max(axis=0) + 1
        return [Region("face", Box(float(left), float(top), float(right - left), float(bottom - top)), "bright", 0.9)]

class Never(Bright):
    def locate(self, pixels, stimulus):
        return []

@hookimpl
def register_locators(register):
    register("bright", Bright)
    register("never", Never)
"""


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Four pictures with a white face each, which a table names."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for index in range(4):
        pixels = np.full((48, 48, 3), 60 + index, np.uint8)
        pixels[6:14, 6:14] = 255
        Image.fromarray(pixels).save(folder / f"{index}.png")
    (folder / "regions.csv").write_text(
        "path,part,x,y,w,h\n" + "".join(f"{n}.png,face,6,6,8,8\n" for n in range(4))
    )
    return folder


def table(out: str) -> list[list[str]]:
    return [line.split("\t") for line in out.splitlines()]


def listed(out: Path) -> dict[str, dict[str, str]]:
    with (out / "masks.csv").open(newline="") as stream:
        return {row["output"]: row for row in csv.DictReader(stream)}


def test_masked_copies_are_written_and_counted(program: Program, faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = program("mask", str(faces), str(out))
    assert table(done.stdout) == [
        ["condition", "pictures", "masked", "nothing found", "failed", "residual faces", "detector"],
        ["face", "4", "4", "0", "0", "", ""],
    ]
    assert "4 copies of 4 pictures" in done.stderr
    assert "pictures/s" in done.stderr
    assert sorted(listed(out)) == ["0.png", "1.png", "2.png", "3.png"]
    assert (load_image(out / "0.png").pixels[6:14, 6:14] == 0).all()
    assert not list(program.home.glob("data/*")), "copies without an audit need no store"


def test_the_same_command_again_makes_the_same_copies(program: Program, faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    program("mask", str(faces), str(out), "--format", "jpeg")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(before) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "masks.csv"]
    program("mask", str(faces), str(out), "--format", "jpeg")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_several_sources_and_conditions(
    program: Program, faces: Path, pictures: Pictures, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    more = pictures(1)
    (more / "regions.csv").write_text("path,part,x,y,w,h\n0000.png,face,2,2,8,8\n")
    done = program("mask", str(faces), str(more), str(out), "--mask", "face", "--mask", "face:box,padding=1")
    assert [row[:3] for row in table(done.stdout)[1:]] == [
        ["face", "5", "5"],
        ["face:box,padding=1", "5", "5"],
    ]
    assert (out / "face" / "faces" / "3.png").is_file()
    assert (out / "face_box,padding=1" / "pictures" / "0000.png").is_file()


def test_what_hides_nothing_is_warned_of_and_what_fails_exits_4_or_1(
    program: Program, faces: Path, tmp_path: Path
) -> None:
    (faces / "regions.csv").write_text("path,part,x,y,w,h\n0.png,face,6,6,8,8\n")
    done = program("mask", str(faces), str(tmp_path / "out"), "--mask", "face@annotated")
    assert "3 of 4 copies show something" in done.stderr
    assert "3.png: no face found" in done.stderr
    assert table(done.stdout)[1][:5] == ["face@annotated", "4", "1", "3", "0"]
    (faces / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    command = ("mask", str(faces), str(tmp_path / "out"), "--mask", "face@annotated")
    assert "copies of other pictures of the same names: 0.png" in program(*command, code=2).stderr
    done = program(*command, "--overwrite", code=4)
    assert "Failed: 0.png" in done.stderr
    assert not (tmp_path / "out" / "0.png").exists()
    done = program("mask", str(faces / "0.png"), str(tmp_path / "none"), "--mask", "face@annotated", code=1)
    assert table(done.stdout)[1][4] == "1"


def test_an_empty_file_counts_as_a_failure(program: Program, faces: Path, tmp_path: Path) -> None:
    (faces / "empty.jpg").touch()
    assert "empty.jpg: the file is empty" in program("mask", str(faces), str(tmp_path / "out"), code=4).stderr


def test_an_audit_finds_the_face_that_is_left_lists_it_and_stores_it(
    program: Program, faces: Path, tmp_path: Path
) -> None:
    program.install("bright", DETECTORS)
    pixels = load_image(faces / "2.png").pixels
    Image.fromarray(np.minimum(pixels, 250)).save(faces / "2.png")
    out = tmp_path / "out"
    command = ("mask", str(faces), str(out), "--mask", "face@bright", "--audit")
    done = program(*command, code=4)
    *counts, detector = table(done.stdout)[1]
    assert counts == ["face@bright", "4", "3", "1", "0", "1"]
    assert detector not in ("", "bright")
    assert "A face is left in 1 of 4 copies audited" in done.stderr
    assert f"2.png: 1 ({detector} sees none; 1 known from the data not covered)" in done.stderr
    assert {name: (row["residual_faces"], row["detector"]) for name, row in listed(out).items()} == {
        "0.png": ("0", detector),
        "1.png": ("0", detector),
        "2.png": ("1", detector),
        "3.png": ("0", detector),
    }
    program(*command, code=4)
    assert rows(
        program, "SELECT condition, detector, count(*), sum(residual_faces) FROM mask_audits GROUP BY ALL"
    ) == [["face@bright", detector, "4", "1"]]
    assert rows(
        program,
        "SELECT right(path, 5) FROM stimuli JOIN mask_audits USING (stimulus_id) WHERE residual_faces > 0",
    ) == [["2.png"]]


def test_what_leaves_faces_on_purpose_is_not_audited(program: Program, faces: Path, tmp_path: Path) -> None:
    done = program("mask", str(faces), str(tmp_path / "out"), "--mask", "none", "--audit")
    assert "Not audited" in done.stderr
    assert table(done.stdout)[1][5:] == ["", ""]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{in}", "{in}"], "among the originals"),
        (["{in}", "{in}/0.png"], "is a file"),
        (["{in}", "{tmp}/out", "--format", "gif"], "not written as `gif`"),
        (["{in}", "{tmp}/out", "--mask", "face face"], "no masking condition"),
        (["{in}"], "Missing argument"),
        (["{in}", ""], "A name is empty"),
        (["", "{tmp}/out"], "A name is empty"),
    ],
)
def test_what_cannot_be_asked_for_exits_2_and_writes_nothing(
    program: Program, faces: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    before = sorted(path.name for path in (*faces.iterdir(), *tmp_path.iterdir()))
    given = [argument.replace("{in}", str(faces)).replace("{tmp}", str(tmp_path)) for argument in arguments]
    assert words in program("mask", *given, code=2).stderr
    assert sorted(path.name for path in (*faces.iterdir(), *tmp_path.iterdir())) == before


def test_one_interrupt_finishes_what_is_in_flight_and_says_how_many_were_written(
    program: Program, pictures: Pictures, tmp_path: Path
) -> None:
    program.install("bright", DETECTORS)
    folder, out = pictures(60), tmp_path / "out"
    process = program.start("mask", str(folder), str(out), "--mask", "face@bright,delay=0.2")
    while not list(out.glob("*.png")):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    written = sorted(path.name for path in out.glob("*.png"))
    assert 0 < len(written) < 60
    assert f"{len(written)} copies of {len(written)} pictures" in err
    assert f"Stopped before the other {60 - len(written)}" in err
    assert sorted(listed(out)) == written
    assert not list(out.glob(".*"))
    assert len(listed(out)) < 60
    program("mask", str(folder), str(out), "--mask", "face@bright")
    assert len(listed(out)) == 60


def test_a_process_that_is_killed_leaves_whole_copies_only_and_the_next_goes_on(
    program: Program, pictures: Pictures, tmp_path: Path
) -> None:
    program.install("bright", DETECTORS)
    folder, out = pictures(60), tmp_path / "out"
    process = program.start("mask", str(folder), str(out), "--mask", "face@bright,delay=0.05")
    while len(list(out.glob("*.png"))) < 5:
        assert process.poll() is None
    process.kill()
    process.communicate()
    for path in out.glob("*.png"):
        assert load_image(path).width == 24
    program("mask", str(folder), str(out), "--mask", "face@bright")
    assert {row["status"] for row in listed(out).values()} == {"nothing hidden"}


def test_hostile_names_are_shown_as_text_and_stay_in_the_folder(
    program: Program, faces: Path, tmp_path: Path
) -> None:
    (faces / "[bold]x\x1b[31m\n..png").write_bytes((faces / "0.png").read_bytes() + b" ")
    out = tmp_path / "out"
    done = program("mask", str(faces), str(out), "--mask", "face@annotated")
    assert "\x1b[31m" not in done.stderr
    assert "[bold]x\\u001b[31m" in done.stderr
    assert (out / "[bold]x_[31m_.png").is_file()


def test_photographs_are_masked_by_default_and_keep_their_tree(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = real("photos")
    monkeypatch.setenv("ELENA_WB_YUNET", str(real("models/face_detection_yunet_2023mar.onnx")))
    out = tmp_path / "out"
    done = program("mask", str(photos), str(out))
    entries = listed(out)
    assert set(entries) == {path.name for path in photos.glob("*.jpg")}
    assert table(done.stdout)[1][1] == str(len(entries))
    hidden = [name for name, entry in entries.items() if entry["status"] == "masked"]
    assert len(hidden) > 15
    for name in hidden:
        with Image.open(out / name) as image:
            assert not image.getexif()
        assert (load_image(out / name).pixels.max(axis=2) < 12).any()
