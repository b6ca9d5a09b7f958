"""HECO from its table, BESST from the names of its files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from elena_wb.core import Box, Label, ReadsNames, UsageError
from elena_wb.data import collect
from elena_wb.data.besst import BesstDataset
from elena_wb.data.heco import HecoDataset
from tests import trees
from tests.real_data import real

ROWS = [
    ("a.jpg", 2, 3, 40, 41, "Happinesst", 8, 6, 7, 3, 4),
    ("a.jpg", 30, 0, 64, 48, "Peace", 6, 2, 7, "", ""),
    ("b.jpg", 0, 0, 20, 30, "Excitement", 9, 9.5, 7, 1, 1),
]


@pytest.mark.parametrize("images", ["Data", "Images"])
def test_heco_gives_a_stimulus_for_each_person(tmp_path: Path, images: str) -> None:
    root = trees.heco(tmp_path / "HECO", ROWS, images)
    assert HecoDataset().recognises(root)
    found = HecoDataset().load(root)
    assert found.problems == ()
    assert [(s.path.name, s.person_index) for s in found.stimuli] == [
        ("a.jpg", 0),
        ("a.jpg", 1),
        ("b.jpg", 0),
    ]
    first = found.stimuli[0]
    assert first.labels == (Label("heco", "heco8", "happiness", 8, 6, 7),)
    assert (first.person_box, first.upload) == (Box(2, 3, 38, 38), "local-only")
    assert dict(first.attributes) == {"label_sa": "3", "label_ca": "4"}
    by_table = HecoDataset(images=str(root / images)).load(root / "Labels" / "HECO_Labels.csv")
    assert by_table.stimuli == found.stimuli


def test_bad_rows_of_heco_are_named_and_the_others_are_read(tmp_path: Path) -> None:
    bad = [
        ("b.jpg", 0, 0, 20, 30, "Boredom", 5, 5, 5, 1, 1),
        ("b.jpg", "", "", "", "", "Fear", 5, 5, 5, 1, 1),
    ]
    root = trees.heco(tmp_path / "HECO", [*ROWS, *bad])
    found = HecoDataset().load(root)
    assert len(found.stimuli) == 3
    assert [(problem.where.rpartition(":")[2], problem.reason[:32]) for problem in found.problems] == [
        ("5", "category: `Boredom` is no label o"[:32]),
        ("6", "xmin,ymin,xmax,ymax are empty: n"),
    ]


def test_folders_that_are_not_heco_are_not_taken_for_it(tmp_path: Path) -> None:
    assert not HecoDataset().recognises(tmp_path)
    (tmp_path / "Labels").mkdir()
    (tmp_path / "Labels" / "HECO_Labels.csv").write_text("something,else\n")
    assert not HecoDataset().recognises(tmp_path)
    with pytest.raises(UsageError, match="no column image"):
        HecoDataset().load(tmp_path)
    with pytest.raises(UsageError, match="HECO_Labels"):
        HecoDataset().load(tmp_path / "Labels" / "gone")


@pytest.mark.parametrize(
    ("name", "label", "attributes"),
    [
        ("070mU_45.jpg", "surprise", ("45", "male", "070")),
        ("051wW_90_2.JPG", "anger", ("90", "female", "051")),
        ("folder/001wF_45.png", "happiness", ("45", "female", "001")),
        ("001wT_45.jpg", "sadness", ("45", "female", "001")),
        ("001wA_45.jpg", "fear", ("45", "female", "001")),
        ("001wE_45.jpg", "disgust", ("45", "female", "001")),
        ("001wN_45.jpg", "neutral", ("45", "female", "001")),
        ("001wS_45.jpg", None, ("45", "female", "001")),
    ],
)
def test_names_of_besst_state_label_view_and_gender(
    name: str, label: str | None, attributes: tuple[str, ...]
) -> None:
    said = BesstDataset().from_name(name)
    assert said is not None
    assert [one.label for one in said[0]] == ([label] if label else [])
    assert tuple(said[1][key] for key in ("view", "gender", "actor")) == attributes


@pytest.mark.parametrize(
    "name", ["photo.jpg", "70mU_45.jpg", "070xU_45.jpg", "070mQ_45.jpg", "070mU_45", "", "070mU_45.jpg\n"]
)
def test_other_names_are_not_of_besst(name: str) -> None:
    assert BesstDataset().from_name(name) is None


def test_the_published_answers_can_be_labelled_without_the_pictures() -> None:
    assert isinstance(BesstDataset(), ReadsNames)
    names = json.loads(real("elena/elena_besst_gemini.json").read_text("utf-8"))
    said = [BesstDataset().from_name(name) for name in names]
    labelled = Counter(one[0][0].label for one in said if one is not None and one[0])
    assert (len(said), None in said, sum(labelled.values())) == (1134, False, 1132)
    assert set(labelled) == {"happiness", "anger", "sadness", "fear", "disgust", "surprise", "neutral"}


def test_a_folder_of_besst_is_recognised_by_most_of_its_names(tmp_path: Path) -> None:
    for name in ("001mF_45.jpg", "002wS_90.JPG", "sub/003wT_45_2.jpg", "poster.jpg"):
        trees.picture(tmp_path / "besst" / name)
    assert BesstDataset().recognises(tmp_path / "besst")
    found = collect([tmp_path / "besst"], datasets={"besst": BesstDataset()})
    assert {s.path.name: [label.label for label in s.labels] for s in found.stimuli} == {
        "001mF_45.jpg": ["happiness"],
        "002wS_90.JPG": [],
        "poster.jpg": [],
        "003wT_45_2.jpg": ["sadness"],
    }
    assert {s.upload for s in found.stimuli} == {"local-only"}
    assert [(Path(p.where).name, p.excludes) for p in found.problems] == [("poster.jpg", False)]
    for name in ("one.jpg", "two.jpg", "001mF_45.jpg"):
        trees.picture(tmp_path / "holiday" / name)
    assert not BesstDataset().recognises(tmp_path / "holiday")
    assert not BesstDataset().recognises(tmp_path / "holiday" / "one.jpg")
