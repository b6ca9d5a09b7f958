"""EMOTIC in every layout that people have it in, sound and damaged."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from elena_wb.core import Box, Collection, Label, UsageError, person_stimulus_id
from elena_wb.data import collect
from elena_wb.data.annotation_table import TableDataset
from elena_wb.data.emotic import EmoticDataset
from tests import trees
from tests.real_data import real

Writer = Callable[[Path], Path]
BOXED = {
    "Annotations.mat": trees.emotic_mat,
    "layout_a.csv": trees.emotic_csv_a,
    "layout_b.csv": trees.emotic_csv_b,
    "joined.csv": trees.emotic_csv_joined,
    "single.csv": trees.emotic_csv_single,
}


def reasons(found: Collection) -> list[tuple[str, str]]:
    return [(problem.where.rpartition("/")[2], problem.reason) for problem in found.problems]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "EMOTIC"
    trees.emotic_pictures(folder)
    return folder


@pytest.mark.parametrize("name", BOXED)
def test_every_layout_of_the_same_rows_gives_the_same_persons(root: Path, name: str) -> None:
    BOXED[name](root / name)
    assert EmoticDataset().recognises(root)
    found = EmoticDataset().load(root)
    assert [problem.kind for problem in found.problems] in ([], ["note"])
    first, second, third, fourth = found.stimuli
    assert [stimulus.path.name for stimulus in found.stimuli] == [
        "COCO_train2014_1.jpg", "COCO_train2014_1.jpg", "frame_x.jpg", "abc.jpg",
    ]  # fmt: skip
    assert (first.person_index, second.person_index, third.person_index) == (0, 1, 0)
    assert first.person_box == Box(2, 3, 38, 38)
    assert first.stimulus_id == person_stimulus_id(first.picture_id, Box(2, 3, 38, 38))
    assert first.picture_id == second.picture_id != third.picture_id
    assert set(first.labels) == {
        Label("emotic", "emotic26", "peace"),
        Label("emotic", "emotic26", "doubt_confusion"),
        Label("emotic", "emotic26", None, 6, 5, 7),
    }
    assert {label.label for label in third.labels} == {"disquietment", None}
    assert {label.label for label in fourth.labels} == {"happiness", "pleasure", None}
    assert {stimulus.upload for stimulus in found.stimuli} == {"local-only"}


@pytest.mark.parametrize("name", ["Annotations.mat", "layout_a.csv", "joined.csv", "layout_b.csv"])
def test_what_else_is_said_of_a_person_becomes_attributes(root: Path, name: str) -> None:
    BOXED[name](root / name)
    second = EmoticDataset().load(root).stimuli[1]
    assert (second.attributes["gender"], second.attributes["age"]) == ("female", "adult")
    assert second.attributes.get("database", "mscoco") == "mscoco"


def test_the_split_is_that_of_the_mat_or_of_the_name_of_the_table(root: Path) -> None:
    trees.emotic_mat(root / "Annotations" / "Annotations.mat")
    splits = [stimulus.split for stimulus in EmoticDataset().load(root).stimuli]
    assert splits == ["train", "train", "val", "test"]
    tables = root.parent / "tables"
    trees.emotic_csv_joined(tables / "emotic_val.csv", trees.PERSONS[:1])
    trees.emotic_csv_joined(tables / "emotic_test.csv", trees.PERSONS[2:3])
    found = EmoticDataset(images=str(root)).load(tables)
    assert {stimulus.path.name: stimulus.split for stimulus in found.stimuli} == {
        "COCO_train2014_1.jpg": "val",
        "frame_x.jpg": "test",
    }


@pytest.mark.parametrize("between", ["", "emotic", "EMOTIC_dataset"])
def test_pictures_are_found_with_and_without_a_folder_between(tmp_path: Path, between: str) -> None:
    trees.emotic_pictures(tmp_path / "set" / between)
    trees.emotic_mat(tmp_path / "set" / "Annotations" / "Annotations.mat")
    assert len(EmoticDataset().load(tmp_path / "set").stimuli) == 4
    assert len(EmoticDataset().load(tmp_path / "set" / "Annotations" / "Annotations.mat").stimuli) == 4


def test_pictures_may_lie_flat_beside_the_annotations(tmp_path: Path) -> None:
    for person in trees.PERSONS:
        trees.picture(tmp_path / "flat" / person.file)
    file = trees.emotic_csv_joined(tmp_path / "flat" / "rows.csv")
    assert len(EmoticDataset().load(file).stimuli) == 4


def test_a_picture_of_the_same_name_in_another_folder_is_not_taken(root: Path) -> None:
    person = trees.Person("ade20k/images", "frame_x.jpg", (1, 1, 9, 9), ("Fear",), (1, 1, 1))
    trees.emotic_csv_joined(root / "rows.csv", [person])
    found = EmoticDataset().load(root)
    assert found.stimuli == ()
    assert [problem.kind for problem in found.problems] == ["missing"]


def test_an_annotation_file_is_a_source_of_its_own(root: Path) -> None:
    file = trees.emotic_csv_a(root / "rows.csv")
    found = collect([file], datasets={"emotic": EmoticDataset()})
    assert {stimulus.dataset for stimulus in found.stimuli} == {"emotic"}
    assert len(found.stimuli) == 4


def test_tables_beside_the_mat_are_left_alone_and_said_to_be(root: Path) -> None:
    trees.emotic_mat(root / "Annotations.mat", trees.PERSONS[:2])
    trees.emotic_csv_a(root / "other.csv")
    found = EmoticDataset().load(root)
    assert len(found.stimuli) == 2
    assert [(p.where, p.kind) for p in found.problems] == [(str(root / "other.csv"), "note")]
    assert len(EmoticDataset(annotations="other.csv").load(root).stimuli) == 4


def test_a_person_labelled_twice_is_one_stimulus_with_all_labels(root: Path) -> None:
    again = trees.Person(*trees.PERSONS[0].__dict__.values())
    other = trees.Person(again.folder, again.file, again.box, ("Yearning",), (1, 1, 1))
    trees.emotic_csv_joined(root / "rows.csv", [again, again, other])
    (one,) = EmoticDataset().load(root).stimuli
    assert [label.label for label in one.labels] == ["peace", "doubt_confusion", None, "yearning", None]


def test_boxes_are_cut_to_the_picture_and_those_outside_are_reported(root: Path) -> None:
    boxes = [(-5, -1, 700, 500), (70, 0, 90, 40), (10, 10, 10, 40), (0.1, 0.1, 0.5, 0.9)]
    persons = [
        trees.Person("mscoco/images", "COCO_train2014_1.jpg", box, ("Fear",), (1, 1, 1)) for box in boxes
    ]
    trees.emotic_mat(root / "Annotations.mat", persons)
    found = EmoticDataset().load(root)
    assert [stimulus.person_box for stimulus in found.stimuli] == [Box(0, 0, 64, 48)]
    assert [where for where, _ in reasons(found)] == [
        f"Annotations.mat:train(1).person({n})" for n in (2, 3, 4)
    ]
    assert [reason for _, reason in reasons(found)] == [
        "body_bbox is 70, 0, 90, 40, which lies outside the picture of 64 x 48 pixels",
        "body_bbox is 10, 10, 10, 40, which is an empty box",
        "body_bbox is 0.1, 0.1, 0.5, 0.9, which looks like shares of the picture; pixels are needed",
    ]


def test_affect_that_is_not_a_number_is_no_affect(root: Path) -> None:
    nan = float("nan")
    person = trees.Person("framesdb/images", "frame_x.jpg", (1, 1, 9, 9), ("Fear",), (nan, 4, nan))
    for name in ("Annotations.mat", "layout_a.csv", "layout_b.csv"):
        (file,) = [BOXED[name](root / name, [person])]  # type: ignore[call-arg]
        (one,) = EmoticDataset().load(file).stimuli
        assert one.labels[-1] == Label("emotic", "emotic26", None, None, 4, None), name


def test_bad_rows_are_named_by_line_and_column_and_the_others_are_read(root: Path) -> None:
    good = "mscoco/images,COCO_train2014_1.jpg,2,3,40,41,Peace,6,5,7"
    rows = [
        "filename,folder,X1,Y1,x2,y2,Categories,valence,arousal,dominance".replace(
            "filename,folder", "folder,filename"
        ),
        good,
        good.replace("Peace", "Peaceful Sleepiness"),
        good.replace("2,3,40", "2,three,40"),
        good.replace(",7", ""),
        good.replace(",7", ",70"),
        good.replace("mscoco/images", "../../etc"),
        good.replace("mscoco/images,COCO_train2014_1.jpg", ",/etc/passwd"),
        good.replace("COCO_train2014_1.jpg", "gone.jpg"),
        good.replace("COCO_train2014_1.jpg", "a\0b.jpg"),
        good.replace("Peace,6,5,7", ",,,"),
        good.replace("2,3,40,41", "2,3,,"),
        "",
        good.replace("Peace", "Fear").replace("2,3,40,41", "5,5,30,30"),
    ]
    (root / "rows.csv").write_text("\n".join(rows), "utf-8")
    found = EmoticDataset().load(root)
    assert [stimulus.person_box for stimulus in found.stimuli] == [Box(2, 3, 38, 38), Box(5, 5, 25, 25)]
    said = dict(reasons(found))
    assert said.pop("rows.csv:3").startswith("categories: `Peaceful Sleepiness` is no label of emotic26")
    assert said == {
        "rows.csv:4": "y1 is `three`, which is no number",
        "rows.csv:5": "9 cells, where the header has 10 columns",
        "rows.csv:6": "dominance is 70, outside 1 to 10; left out",
        "rows.csv:7": "filename is `../../etc/COCO_train2014_1.jpg`, which lies outside the folder of the pictures",
        "rows.csv:8": "filename is `/etc/passwd`, which lies outside the folder of the pictures",
        "rows.csv:9": "there is no picture `mscoco/images/gone.jpg`",
        "rows.csv:10": "filename is `mscoco/images/a\0b.jpg`, which lies outside the folder of the pictures",
        "rows.csv:11": "neither a category in categories nor valence, arousal or dominance",
        "rows.csv:12": "x2 is ``, which is no number",
    }
    assert not any(problem.excludes for problem in found.problems)


def test_links_out_of_the_folder_are_reported_and_not_followed(root: Path, tmp_path: Path) -> None:
    secret = trees.picture(tmp_path / "private" / "secret.jpg")
    (root / "mscoco" / "images" / "link.jpg").symlink_to(secret)
    (root / "ade20k").mkdir()
    (root / "ade20k" / "images").symlink_to(secret.parent, target_is_directory=True)
    (root / "mscoco" / "images" / "inside.jpg").symlink_to(root / "framesdb" / "images" / "frame_x.jpg")
    persons = [
        trees.Person(folder, file, (1, 1, 9, 9), ("Fear",), (1, 1, 1))
        for folder, file in (
            ("mscoco/images", "link.jpg"),
            ("ade20k/images", "secret.jpg"),
            ("mscoco/images", "inside.jpg"),
        )
    ]
    trees.emotic_csv_joined(root / "rows.csv", persons)
    found = EmoticDataset().load(root)
    assert [stimulus.path.name for stimulus in found.stimuli] == ["inside.jpg"]
    assert all("a link leads out of the folder" in reason for _, reason in reasons(found))
    assert len(found.problems) == 2
    assert len(EmoticDataset(links=True).load(root).stimuli) == 3


@pytest.mark.parametrize(
    "content", [b"", b"not a matlab file", b"MATLAB 5.0 MAT-file" + b"\0" * 400, b"\x00" * 4096]
)
def test_a_mat_that_is_none_is_refused_by_name(root: Path, content: bytes) -> None:
    (root / "Annotations.mat").write_bytes(content)
    assert EmoticDataset().recognises(root)
    with pytest.raises(UsageError, match=r"Annotations\.mat"):
        EmoticDataset().load(root)


def test_a_mat_that_crashes_its_reader_is_refused_and_nothing_else_happens(root: Path) -> None:
    file = trees.emotic_mat(root / "Annotations.mat", compressed=False)
    sound = file.read_bytes()
    rng = random.Random(2)
    outcomes = set()
    for _ in range(5):
        damaged = bytearray(sound)
        for _ in range(20):
            damaged[rng.randrange(128, len(damaged))] = rng.randrange(256)
        file.write_bytes(damaged)
        try:
            EmoticDataset().load(root)
            outcomes.add("read")
        except UsageError as error:
            assert "Annotations.mat" in error.message  # noqa: PT017 - either outcome is right
            outcomes.add("refused")
    assert "refused" in outcomes


def test_a_mat_of_something_else_is_refused_and_odd_records_are_named(root: Path) -> None:
    from scipy.io import savemat

    for content in ({"train": [1, 2, 3]}, {"other": 1}, {"train": "text"}):
        savemat(root / "Annotations.mat", content)
        with pytest.raises(UsageError, match=r"Annotations\.mat"):
            EmoticDataset().load(root)
    odd = {"filename": "x.jpg", "folder": 3, "person": {"body_bbox": [1 + 2j, 2, 3, 4]}}
    savemat(root / "Annotations.mat", {"train": odd, "test": {"filename": "y.jpg"}})
    found = EmoticDataset().load(root)
    column = "annotations_categories"
    assert reasons(found) == [
        ("Annotations.mat:train(1).person(1)", f"neither a category in {column} nor valence, arousal or dominance"),
        ("Annotations.mat:test(1)", "no person is annotated"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "cell",
    [
        "[" * 3000,
        "__import__('os').system('false')",
        "[1, 2",
        "{'a': 1}",
        "[1, 2, 3]",
        "['a', 'b', 'c', 'd']",
        "9" * 200_000,
    ],
)
def test_lists_are_read_as_data_and_never_run(root: Path, cell: str) -> None:
    good = ("mscoco/images", "COCO_train2014_1.jpg", "[2, 3, 40, 41]", "['Peace']", "[6, 5, 7]")
    bad = (*good[:2], cell, *good[3:])
    header = ("Folder", "Filename", "BBox", "Categorical_Labels", "Continuous_Labels")
    trees.table(root / "rows.csv", [header, bad, good])
    found = EmoticDataset().load(root)
    assert len(found.stimuli) == 1
    assert [where for where, _ in reasons(found)] == ["rows.csv:2"]


def test_lists_as_numpy_writes_them_are_read(root: Path) -> None:
    header = ("Folder", "Filename", "BBox", "Categorical_Labels", "Continuous_Labels")
    row = (
        "mscoco\\images",
        "COCO_train2014_1.jpg",
        "[ 2.  3. 40. 41.]",
        "['Peace' ,'Fear']",
        "[np.float64(6.0), nan, 7]",
    )
    trees.table(root / "rows.csv", [header, row])
    (one,) = EmoticDataset().load(root).stimuli
    assert one.person_box == Box(2, 3, 38, 38)
    assert one.labels[-1] == Label("emotic", "emotic26", None, 6, None, 7)


def test_the_same_picture_under_two_names_numbers_its_persons_through(root: Path) -> None:
    trees.picture(root / "mscoco" / "images" / "one.png", seed=1)
    trees.picture(root / "mscoco" / "images" / "two.png", seed=1)
    persons = [
        trees.Person("mscoco/images", file, box, ("Fear",), (1, 1, 1))
        for file, box in (("one.png", (1, 1, 9, 9)), ("two.png", (1, 1, 9, 9)), ("two.png", (20, 20, 30, 30)))
    ]
    trees.emotic_csv_joined(root / "rows.csv", persons)
    found = collect([root], datasets={"emotic": EmoticDataset()})
    assert [(s.path.name, s.person_index) for s in found.stimuli] == [("one.png", 0), ("two.png", 1)]
    assert [problem.kind for problem in found.problems] == ["duplicate"]


@pytest.mark.parametrize("wrong", [0, 1, 3])
def test_a_label_that_is_misspelt_does_not_make_a_table_another_dataset(root: Path, wrong: int) -> None:
    file = trees.emotic_csv_single(root / "rows.csv")
    lines = file.read_text().splitlines()
    cells = lines[1 + wrong].split(",")
    lines[1 + wrong] = ",".join((cells[0], "Foo", *cells[2:]))
    file.write_text("\n".join(lines))
    datasets = {"emotic": EmoticDataset(), "table": TableDataset()}
    for source in (root, file):
        found = collect([source], datasets=datasets)
        assert {(stimulus.dataset, stimulus.upload) for stimulus in found.stimuli} == {
            ("emotic", "local-only")
        }
        assert [where for where, reason in reasons(found) if "`Foo`" in reason] == [f"rows.csv:{2 + wrong}"]


def test_other_folders_are_not_taken_for_emotic(tmp_path: Path) -> None:
    trees.table(tmp_path / "labels.csv", [("path", "label"), ("a.png", "fear")])
    trees.table(tmp_path / "faces.csv", [("image", "label"), ("faces/a.png", "Fear")])
    trees.table(tmp_path / "cars.csv", [("folder", "filename", "categories"), ("cars", "a.png", "lorry")])
    assert not EmoticDataset().recognises(tmp_path)
    assert not EmoticDataset().recognises(tmp_path / "gone")
    assert not EmoticDataset().recognises(Path("a\0b"))
    with pytest.raises(UsageError, match="no annotations of EMOTIC"):
        EmoticDataset().load(tmp_path)


@pytest.mark.parametrize(
    ("name", "persons"),
    [
        ("emotic_Annotations_sample.mat", 62),
        ("emotic_joined_369.csv", 369),
        ("emotic_single_label_bbox.csv", 1000),
    ],
)
def test_the_real_rows_are_read_in_every_layout(tmp_path: Path, name: str, persons: int) -> None:
    bare = EmoticDataset().load(real(f"emotic/{name}"))
    assert {problem.kind for problem in bare.problems} <= {"missing", "note"}
    for problem in bare.problems:
        if problem.kind == "missing":  # files of another content each stand in for the pictures
            path = tmp_path / problem.reason.split("`")[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(path))
    found = EmoticDataset(images=str(tmp_path)).load(real(f"emotic/{name}"))
    assert len(found.stimuli) == persons
    assert all(stimulus.person_box is not None for stimulus in found.stimuli)
    valences = [label.valence for s in found.stimuli for label in s.labels if label.valence is not None]
    assert min(valences) >= 1
    assert 5 < max(valences) <= 10


def test_the_real_pictures_are_read_as_whole_pictures() -> None:
    found = EmoticDataset().load(real("emotic/mini"))
    assert (len(found.stimuli), found.problems) == (16, ())
    assert {stimulus.person_box for stimulus in found.stimuli} == {None}
