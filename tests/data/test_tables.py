"""labels.csv and regions.csv beside pictures: read where sound, reported by line where not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from elena_wb.core import Box, Label, UsageError
from elena_wb.data import FolderDataset, collect

LABELS = """\
path,source,scheme,label,valence,arousal,dominance
a.png,face,ekman7,Happiness,8,6,
a.png,body,ekman7,sadness,,,
sub\\b.png,,,anger,,,
a.png,face,ekman7,fear,eleven,,
a.png,face,ekman7,fear,11,,
a.png,face,ekman7,fear,nan,,
../outside.png,,,fear,,,
/etc/passwd,,,fear,,,
a.png,,,,,,
gone.png,,,fear,,,
"""
REGIONS = """\
path,part,x,y,w,h
a.png,face,1,2,10,12.5
a.png,face,1,2,0,5
a.png,,1,2,3,4
a.png,torso,1,2,inf,4
a.png,torso,1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    (root / "sub").mkdir(parents=True)
    (root / "a.png").write_text("a")
    (root / "sub" / "b.png").write_text("b")
    (root / "labels.csv").write_text("\ufeff" + LABELS, "utf-8")
    (root / "regions.csv").write_text(REGIONS)
    return root


def test_rows_are_attached_to_their_pictures(folder: Path) -> None:
    a, b = FolderDataset().load(folder).stimuli
    assert a.labels == (Label("face", "ekman7", "happiness", 8.0, 6.0), Label("body", "ekman7", "sadness"))
    assert [(r.part, r.box, r.locator, r.score) for r in a.regions] == [
        ("face", Box(1.0, 2.0, 10.0, 12.5), "annotated", 1.0)
    ]
    assert b.labels == (Label("folder", "ekman7", "anger"),)


def test_bad_rows_are_reported_by_line_and_exclude_no_picture(folder: Path) -> None:
    problems = FolderDataset().load(folder).problems
    assert not any(problem.excludes for problem in problems)
    said = {Path(problem.where).name: problem.reason for problem in problems}
    assert said == {
        "labels.csv:5": "valence is `eleven`, which is no number",
        "labels.csv:6": "valence is 11, outside 1 to 10",
        "labels.csv:7": "valence is nan",
        "labels.csv:8": "`../outside.png` lies outside the folder of the table",
        "labels.csv:9": "`/etc/passwd` lies outside the folder of the table",
        "labels.csv:10": "neither a label nor valence, arousal or dominance",
        "labels.csv:11": f"there is no picture {folder / 'gone.png'}",
        "regions.csv:3": "the box of `face` is empty (0 x 5)",
        "regions.csv:4": "no part is named",
        "regions.csv:5": "w is inf",
        "regions.csv:6": "y is ``, which is no number",
    }


def test_files_given_one_by_one_take_the_tables_beside_them(folder: Path) -> None:
    (found,) = collect([folder / "a.png"]).stimuli
    assert len(found.labels) == 2
    assert len(found.regions) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"picture,emotion\na.png,fear\n", "there is no column path, label"),
        (b"path,label\na.png,caf\xe9\n", "not UTF-8"),
        (b"", "there is no column path, label"),
        (b'path,label\na.png,"' + b"x" * 200_000, "not read to its end"),
    ],
)
def test_a_table_that_cannot_be_read_is_reported_and_the_pictures_stay(
    folder: Path, content: bytes, reason: str
) -> None:
    (folder / "labels.csv").write_bytes(content)
    found = FolderDataset().load(folder)
    assert len(found.stimuli) == 2
    assert any(reason in problem.reason and "labels.csv" in problem.where for problem in found.problems)


@pytest.mark.parametrize(
    ("written", "scheme", "expected"),
    [
        ("Happy", "", "happiness"),
        ("Sad", "EKMAN7", "sadness"),
        ("ANGER", "ekman7", "anger"),
        ("Awkward", "faces12", "awkward"),
    ],
)
def test_labels_are_spelt_as_their_scheme_spells_them(
    folder: Path, written: str, scheme: str, expected: str
) -> None:
    (folder / "labels.csv").write_text(f"path,scheme,label\na.png,{scheme},{written}\n")
    (found,) = FolderDataset().load(folder).stimuli[0].labels
    assert found.label == expected


def test_a_label_that_its_scheme_lacks_is_a_bad_row(folder: Path) -> None:
    (folder / "labels.csv").write_text("path,label\na.png,boredom\na.png,fear\n")
    found = FolderDataset().load(folder)
    assert [label.label for label in found.stimuli[0].labels] == ["fear"]
    assert any("`boredom` is no label of ekman7" in problem.reason for problem in found.problems)


def test_boxes_given_as_shares_are_refused_with_the_reason(folder: Path) -> None:
    (folder / "regions.csv").write_text("path,part,x,y,w,h\na.png,face,0.1,0.1,0.2,0.3\n")
    found = FolderDataset().load(folder)
    assert found.stimuli[0].regions == ()
    assert any("look like shares of the picture" in problem.reason for problem in found.problems)


def test_parts_are_spelt_with_underscores(folder: Path) -> None:
    (folder / "regions.csv").write_text(
        "path,part,x,y,w,h\na.png,Left Hand,1,2,3,4\na.png,right-hand,1,2,3,4\n"
    )
    assert [region.part for region in FolderDataset().load(folder).stimuli[0].regions] == [
        "left_hand",
        "right_hand",
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_spreadsheets_write_them(folder: Path, delimiter: str, encoding: str) -> None:
    rows = (("path", "source", "label"), ("a.png", "Körper", "Fear"))
    (folder / "labels.csv").write_text("\n".join(map(delimiter.join, rows)) + "\n", encoding)
    assert FolderDataset().load(folder).stimuli[0].labels == (Label("Körper", "ekman7", "fear"),)


def test_an_absolute_path_into_the_tables_own_folder_is_taken(folder: Path) -> None:
    rows = f"path,label\n{folder / 'a.png'},fear\n{folder / '..' / 'b.png'},fear\n"
    (folder / "labels.csv").write_text(rows)
    found = FolderDataset().load(folder)
    assert [label.label for label in found.stimuli[0].labels] == ["fear"]
    assert any("lies outside" in problem.reason for problem in found.problems)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_a_table_that_is_no_readable_file_is_not_passed_over(
    folder: Path, make: Callable[[Path], None]
) -> None:
    (folder / "regions.csv").unlink()
    make(folder / "regions.csv")
    problems = FolderDataset().load(folder).problems
    assert any("regions.csv" in problem.where and "cannot be read" in problem.reason for problem in problems)


def test_the_dataset_wants_a_folder(folder: Path) -> None:
    assert FolderDataset().recognises(folder)
    assert not FolderDataset().recognises(folder / "a.png")
    with pytest.raises(UsageError, match="no folder"):
        FolderDataset().load(folder / "a.png")
