"""Any table that names pictures: its columns guessed, named, and wrong."""

from __future__ import annotations

import string
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elena_wb.core import Box, Label, UsageError
from elena_wb.data import collect
from elena_wb.data.annotation_table import TableDataset
from tests import trees

HEADER = ("Image Name", "Emotion", "Valence", "xmin", "ymin", "xmax", "ymax", "split", "Camera")
ROWS = [
    ("a.png", "Joy", 7, 1, 2, 11, 22, "train", "left"),
    ("a.png", "sad", "", 20, 2, 40, 22, "train", ""),
    ("b.png", "Fear", 3, "", "", "", "", "test", "right"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        trees.picture(tmp_path / name)
    return tmp_path


def check(found_in: Path) -> None:
    first, second, third = TableDataset().load(found_in).stimuli
    assert first.labels == (Label("table", "ekman7", "happiness", 7.0),)
    assert (first.person_box, first.person_index) == (Box(1, 2, 10, 20), 0)
    assert (second.person_index, dict(second.attributes)) == (1, {})
    assert (third.person_box, third.stimulus_id) == (None, third.picture_id)
    assert (third.split, dict(third.attributes)) == ("test", {"camera": "right"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_usual_columns_are_found_by_themselves(folder: Path, encoding: str) -> None:
    check(trees.table(folder / "rows.csv", [HEADER, *ROWS], encoding))


def test_parquet_is_read_as_csv_is(folder: Path) -> None:
    columns = {
        name: [None if value == "" else value for value in values]
        for name, values in zip(HEADER, zip(*ROWS, strict=True), strict=True)
    }
    pq.write_table(pa.table(columns), folder / "rows.parquet")
    check(folder / "rows.parquet")
    (folder / "rows.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(UsageError, match="no Parquet file"):
        TableDataset().load(folder / "rows.parquet")


def test_columns_can_be_named(folder: Path) -> None:
    rows = [
        ("bild", "gefühl", "L", "T", "B", "H", "wer", "laut"),
        ("a.png", "Wut", 3, 4, 10, 12, "p7", "Anna"),
    ]
    trees.table(folder / "rows.csv", rows)
    table = TableDataset(
        path="bild", label="Gefühl", x="l", y="t", w="b", h="h", person="wer", source="laut", scheme="ekman7"
    )
    (one,) = table.load(folder / "rows.csv").stimuli
    assert one.labels == (Label("Anna", "ekman7", "anger"),)
    assert one.person_box == Box(3, 4, 10, 12)
    assert dict(one.attributes) == {"person": "p7"}


def test_a_column_that_is_not_there_is_answered_with_those_that_are(folder: Path) -> None:
    trees.table(folder / "rows.csv", [HEADER, *ROWS])
    with pytest.raises(UsageError) as refused:
        TableDataset(label="Emotoin").load(folder / "rows.csv")
    assert "Image Name, Emotion, Valence" in refused.value.message
    assert refused.value.hint == "Did you mean `Emotion`?"
    trees.table(folder / "odd.csv", [("a", "b"), (1, 2)])
    with pytest.raises(UsageError, match="no column for the picture: it has a, b"):
        TableDataset().load(folder / "odd.csv")
    with pytest.raises(UsageError, match=r"is a folder, and the dataset `table` reads a table"):
        TableDataset().load(folder)


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="all four"):
        TableDataset(x="a", y="b")
    with pytest.raises(ValueError, match="not by both"):
        TableDataset(x="a", y="b", w="c", h="d", x1="a", y1="b", x2="c", y2="d")
    with pytest.raises(ValueError, match="no label scheme"):
        TableDataset(scheme="ekmann")


def test_the_scheme_is_the_one_that_knows_most_labels(folder: Path) -> None:
    rows = [("image", "label"), ("a.png", "Peace"), ("b.png", "Excitement"), ("b.png", "Zeal")]
    found = TableDataset().load(trees.table(folder / "rows.csv", rows))
    assert {label.scheme for s in found.stimuli for label in s.labels} == {"heco8"}
    assert [problem.reason[:30] for problem in found.problems] == ["label: `Zeal` is no label of h"]


def test_several_labels_in_a_cell_are_several_labels(folder: Path) -> None:
    rows = [("image", "label", "valence"), ("a.png", "Peace|Yearning", 4), ("b.png", "['Peace', 'Fear']", "")]
    first, second = TableDataset(scheme="emotic26").load(trees.table(folder / "rows.csv", rows)).stimuli
    assert [(label.label, label.valence) for label in first.labels] == [
        ("peace", None),
        ("yearning", None),
        (None, 4),
    ]
    assert [label.label for label in second.labels] == ["peace", "fear"]


def test_a_table_named_by_itself_is_a_source(folder: Path) -> None:
    file = trees.table(folder / "rows.csv", [HEADER, *ROWS])
    assert {s.dataset for s in collect([file], datasets={"table": TableDataset()}).stimuli} == {"table"}
    assert not TableDataset().recognises(folder)
    assert not TableDataset().recognises(trees.table(folder / "numbers.csv", [("name", "n"), ("Anna", 1)]))


def test_pictures_are_found_elsewhere_and_by_absolute_path(folder: Path, tmp_path: Path) -> None:
    rows = [
        ("path", "label"),
        (folder / "a.png", "joy"),
        ("/etc/passwd", "joy"),
        (f"{folder}/../x.png", "joy"),
    ]
    found = TableDataset().load(trees.table(folder / "rows.csv", rows))
    assert [s.path.name for s in found.stimuli] == ["a.png"]
    assert len(found.problems) == 2
    elsewhere = trees.table(tmp_path / "tables" / "rows.csv", [("path", "label"), ("a", "joy")])
    assert len(TableDataset(images=str(folder)).load(elsewhere).stimuli) == 1
    with pytest.raises(UsageError, match="no folder `/nowhere`"):
        TableDataset(images="/nowhere").load(elsewhere)


def test_one_bad_row_costs_one_row(folder: Path) -> None:
    huge = "x" * 300_000
    lines = [
        b"path,label,valence",
        b"a.png,joy,5",
        f"a.png,{huge},5".encode(),
        b"a.png,joy",
        b"a.png,joy,5,6,7",
        b"a.png,joy,high",
        ("a.png," + "joy," * 400_000).encode(),
        b"b.png,fear,2,",
    ]
    (folder / "rows.csv").write_bytes(b"\n".join(lines))
    found = TableDataset().load(folder / "rows.csv")
    assert [s.path.name for s in found.stimuli] == ["a.png", "b.png"]
    assert [problem.where.rpartition(":")[2] for problem in found.problems] == ["6", "3", "4", "5", "7"]


def test_attributes_stay_small(folder: Path) -> None:
    names = [f"c{n}" for n in range(500)]
    file = trees.table(folder / "rows.csv", [("path", *names), ("a.png", *("y" * 1000 for _ in names))])
    (one,) = TableDataset().load(file).stimuli
    assert len(one.attributes) <= 32
    assert max(map(len, one.attributes.values())) <= 200


def test_the_same_columns_become_attributes_in_every_row_and_the_others_are_named(folder: Path) -> None:
    names = [f"c{n}" for n in range(40)]
    full = ("a.png", "p1", *("y" for _ in names))
    gaps = ("b.png", "p2", *("" if n < 20 else "y" for n in range(40)))
    file = trees.table(folder / "rows.csv", [("path", "who", *names), full, gaps])
    first, second = TableDataset(person="who").load(file).stimuli
    assert set(first.attributes) == {"person", *names[:31]}
    assert set(second.attributes) == {"person", *names[20:31]}
    (problem,) = TableDataset(person="who").load(file).problems
    assert (problem.kind, problem.reason) == (
        "note",
        "32 columns become attributes; left out: c31, c32, c33, c34, c35, c36, c37, c38, c39",
    )
    assert (
        TableDataset()
        .load(file)
        .problems[0]
        .reason.startswith("32 columns become attributes; left out: c31,")
    )
    trees.table(file, [("path", *names[:32]), full[:33]])
    assert TableDataset().load(file).problems == ()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=400), st.text(string.printable + "é\0€", max_size=400).map(str.encode)
    )
)
def test_no_bytes_make_a_reader_fail_in_another_way(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "rows.csv"
    for start in (b"", b"path,label,x1,y1,x2,y2\n"):
        file.write_bytes(start + content)
        TableDataset().recognises(file)
        try:
            TableDataset().load(file)
        except UsageError as error:
            assert str(file) in error.message  # noqa: PT017 - either outcome is right
