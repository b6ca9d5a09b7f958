"""What the rows of an EMOTIC table settle together, and what one wrong cell costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from elena_wb.core import Box, Collection, Label, person_stimulus_id
from elena_wb.data.emotic import EmoticDataset
from tests import trees

HEADER = "folder,filename,x1,y1,x2,y2,categories,valence,arousal,dominance"
LISTED = ("Folder", "Filename", "Image Size", "BBox", "Categorical_Labels", "Continuous_Labels")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "EMOTIC"
    trees.emotic_pictures(folder)
    return folder


def rated(root: Path, *ratings: str) -> Collection:
    rows = [
        f"mscoco/images,COCO_train2014_1.jpg,{n},2,50,40,Peace,{affect}" for n, affect in enumerate(ratings)
    ]
    (root / "rows.csv").write_text("\n".join([HEADER, *rows]))
    return EmoticDataset().load(root)


def affects(found: Collection) -> list[tuple[float | None, ...]]:
    return [
        next(((x.valence, x.arousal, x.dominance) for x in s.labels if x.label is None), ())
        for s in found.stimuli
    ]


def rows(found: Collection) -> list[tuple[str, str]]:
    return [(p.where.rpartition("/")[2], p.reason) for p in found.problems if p.kind == "row"]


def test_one_rating_above_one_does_not_change_the_scale_of_a_table_in_tenths(root: Path) -> None:
    found = rated(root, *["0.5,0.6,0.7"] * 5, "1.1,0.1,1")
    assert affects(found) == [(5, 6, 7)] * 5 + [(None, 1, 10)]
    assert {label.label for label in found.stimuli[5].labels} == {"peace", None}
    assert rows(found) == [("rows.csv:7", "valence is 1.1, outside 0.1 to 1; left out")]


def test_one_fraction_does_not_make_a_table_one_in_tenths(root: Path) -> None:
    found = rated(root, "5,6,7", "1,1,1", "0.5,1,1", "2,8,9")
    assert affects(found) == [(5, 6, 7), (1, 1, 1), (None, 1, 1), (2, 8, 9)]
    assert [problem.kind for problem in found.problems] == ["row"]


@pytest.mark.parametrize(
    ("rating", "reason"),
    [
        ("6,70,7", "arousal is 70, outside 1 to 10; left out"),
        ("6,much,7", "arousal is `much`, which is no number; left out"),
        ("6,inf,7", "arousal is inf; left out"),
    ],
)
def test_a_wrong_rating_costs_neither_box_nor_category(root: Path, rating: str, reason: str) -> None:
    found = rated(root, rating, "5,5,5")
    assert [stimulus.person_box for stimulus in found.stimuli] == [Box(0, 2, 50, 38), Box(1, 2, 49, 38)]
    assert found.stimuli[0].labels == (
        Label("emotic", "emotic26", "peace"),
        Label("emotic", "emotic26", None, 6, None, 7),
    )
    assert rows(found) == [("rows.csv:2", reason)]


def test_a_list_of_ratings_that_is_none_costs_neither_box_nor_category(root: Path) -> None:
    sound = ("mscoco/images", "COCO_train2014_1.jpg", "", "[2, 3, 40, 41]", "['Peace']")
    trees.table(root / "rows.csv", [LISTED, (*sound, "[6, 5]")])
    found = EmoticDataset().load(root)
    assert [label.label for s in found.stimuli for label in s.labels] == ["peace"]
    assert rows(found) == [("rows.csv:2", "continuous_labels has 2 numbers, not 3; left out")]


def test_a_row_with_nothing_but_a_wrong_rating_says_so(root: Path) -> None:
    (root / "rows.csv").write_text(f"{HEADER}\nmscoco/images,COCO_train2014_1.jpg,1,2,30,40,,,70,\n")
    found = EmoticDataset().load(root)
    assert (found.stimuli, rows(found)) == ((), [("rows.csv:2", "arousal is 70, outside 1 to 10")])


def sized(root: Path, *written: tuple[str, str]) -> Collection:
    made = [
        ("mscoco/images", "COCO_train2014_1.jpg", size, box, "['Peace']", "[6, 5, 7]")
        for size, box in written
    ]
    trees.table(root / "rows.csv", [LISTED, *made])
    return EmoticDataset().load(root)


def test_the_same_person_is_the_same_in_every_layout_where_its_box_leaves_the_picture(root: Path) -> None:
    beyond = trees.Person("mscoco/images", "COCO_train2014_1.jpg", (-5, -3, 80, 60), ("Peace",), (6, 5, 7))
    identities = set()
    for write, name in (
        (trees.emotic_mat, "Annotations.mat"), (trees.emotic_csv_a, "a.csv"), (trees.emotic_csv_b, "b.csv")
    ):  # fmt: skip
        (one,) = EmoticDataset().load(write(root / name, [beyond])).stimuli
        assert one.person_box == Box(0, 0, 64, 48), name
        identities.add(one.stimulus_id)
    assert identities == {person_stimulus_id(one.picture_id, Box(0, 0, 64, 48))}


@pytest.mark.parametrize("size", ["[48, 64]", "(48, 64)", "[48 64]", "[48, 64, 3]"])
def test_the_order_in_a_list_of_the_size_is_told_from_the_boxes(root: Path, size: str) -> None:
    found = sized(root, (size, "[-5, -3, 80, 60]"), (size, "[2, 3, 60, 40]"), (size, "[2, 3, 64, 48]"))
    assert [s.person_box for s in found.stimuli] == [Box(0, 0, 64, 48), Box(2, 3, 58, 37), Box(2, 3, 62, 45)]
    assert [(p.kind, p.reason) for p in found.problems] == [
        ("note", "image_size is read as rows, columns: most boxes lie within that")
    ]


def test_one_box_that_fits_the_other_order_does_not_turn_the_sizes(root: Path) -> None:
    wide, high = ("[64, 48]", "[2, 3, 60, 40]"), ("[64, 48]", "[2, 3, 40, 60]")
    found = sized(root, wide, wide, high)
    assert [s.person_box for s in found.stimuli] == [Box(2, 3, 58, 37), Box(2, 3, 38, 45)]


@pytest.mark.parametrize("size", ["", "12345", "[64]", "[64, ", "['a', 'b']", "[0, 0]"])
def test_a_size_that_is_none_cuts_nothing(root: Path, size: str) -> None:
    assert [s.person_box for s in sized(root, (size, "[-5, -3, 80, 60]")).stimuli] == [Box(0, 0, 80, 60)]
