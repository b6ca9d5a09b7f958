"""A folder for each label: when that is what a folder is, and what is then read."""

from __future__ import annotations

from pathlib import Path

import pytest

from elena_wb.core import Label, UsageError
from elena_wb.data import collect
from elena_wb.data.cells import likeliest_scheme
from elena_wb.data.label_folders import LabelFoldersDataset
from elena_wb.vocabulary import load_scheme, scheme_names
from tests import trees


def grow(root: Path, *names: str) -> Path:
    for name in names:
        trees.picture(root / name)
    return root


def test_folders_are_labels_of_the_first_scheme_that_has_them_all(tmp_path: Path) -> None:
    root = grow(tmp_path, "Happy/a.png", "sad/b.png", "Fear/deep/c.png")
    assert LabelFoldersDataset().recognises(root)
    found = LabelFoldersDataset().load(root)
    assert {s.path.name: s.labels for s in found.stimuli} == {
        "a.png": (Label("label-folders", "ekman7", "happiness"),),
        "b.png": (Label("label-folders", "ekman7", "sadness"),),
        "c.png": (Label("label-folders", "ekman7", "fear"),),
    }
    assert {(s.split, s.upload) for s in found.stimuli} == {(None, "allowed")}
    other = grow(tmp_path / "other", "Yearning/a.png", "Doubt_Confusion/b.png")
    labels = {label for s in LabelFoldersDataset().load(other).stimuli for label in s.labels}
    assert {(label.scheme, label.label) for label in labels} == {
        ("emotic26", "yearning"),
        ("emotic26", "doubt_confusion"),
    }


def test_labels_of_one_scheme_are_not_taken_for_words_of_another(tmp_path: Path) -> None:
    found = LabelFoldersDataset().load(grow(tmp_path, "Peace/a.png", "Excitement/b.png"))
    assert {label.scheme for s in found.stimuli for label in s.labels} == {"heco8"}


def test_a_folder_that_is_no_label_costs_the_others_nothing(tmp_path: Path) -> None:
    names = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
    root = grow(tmp_path, *(f"train/{name}/{name}.png" for name in names), "test/sad/t.png")
    grow(root, "train/_cache/x.png", "_thumbnails/y.png")
    found = collect([root], datasets={"label-folders": LabelFoldersDataset()})
    assert {s.path.stem: (s.labels[0].scheme, s.labels[0].label, s.split) for s in found.stimuli} == {
        "neutral": ("ekman7", "neutral", "train"),
        "happy": ("ekman7", "happiness", "train"),
        "sad": ("ekman7", "sadness", "train"),
        "t": ("ekman7", "sadness", "test"),
        "surprise": ("ekman7", "surprise", "train"),
        "fear": ("ekman7", "fear", "train"),
        "disgust": ("ekman7", "disgust", "train"),
        "anger": ("ekman7", "anger", "train"),
    }
    assert {Path(p.where).name: p.reason for p in found.problems} == dict.fromkeys(
        ("contempt", "_cache", "_thumbnails"), "not named after a label of ekman7: 1 picture left out"
    )


def test_a_word_for_a_label_does_not_choose_the_scheme_that_has_it(tmp_path: Path) -> None:
    found = collect(
        [grow(tmp_path, "anger/a.png", "contempt/b.png", "happy/c.png")],
        datasets={"label-folders": LabelFoldersDataset()},
    )
    assert {(s.path.name, s.labels[0].scheme) for s in found.stimuli} == {
        ("a.png", "ekman7"),
        ("c.png", "ekman7"),
    }
    assert [Path(p.where).name for p in found.problems] == ["contempt"]


@pytest.mark.parametrize("scheme", scheme_names())
def test_all_names_of_a_scheme_are_its_own(scheme: str) -> None:
    assert likeliest_scheme(load_scheme(scheme).displayed).name == scheme
    assert likeliest_scheme(load_scheme(scheme).names).name == scheme


def test_splits_may_lie_above_the_labels(tmp_path: Path) -> None:
    root = grow(tmp_path, "train/anger/a.png", "validation/anger/b.png", "Test/joy/c.png")
    assert LabelFoldersDataset().recognises(root)
    found = collect([root], datasets={"label-folders": LabelFoldersDataset()})
    assert {s.path.name: (s.labels[0].label, s.split) for s in found.stimuli} == {
        "a.png": ("anger", "train"),
        "b.png": ("anger", "val"),
        "c.png": ("happiness", "test"),
    }


@pytest.mark.parametrize(
    "names",
    [
        ("anger/a.png", "holiday/b.png"),
        ("anger/a.png", "joy/b.png", "c.png"),
        ("anger/a.png",),
        ("train/anger/a.png", "joy/b.png"),
        ("mad/a.png", "angry/b.png"),
        (),
    ],
)
def test_other_folders_are_left_to_others(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert not LabelFoldersDataset().recognises(grow(tmp_path, *names))


def test_a_folder_with_a_table_of_labels_is_never_taken(tmp_path: Path) -> None:
    root = grow(tmp_path, "anger/a.png", "joy/b.png")
    for table in (root / "labels.csv", root / "joy" / "labels.csv"):
        table.write_text("path,label\n")
        assert not LabelFoldersDataset().recognises(root)
        table.unlink()
    assert LabelFoldersDataset().recognises(root)


def test_the_table_of_a_folder_above_goes_on_speaking_for_its_pictures(tmp_path: Path) -> None:
    grow(tmp_path, "pictures/anger/a.png", "pictures/joy/b.png")
    trees.table(tmp_path / "labels.csv", [("path", "label"), ("pictures/joy/b.png", "fear")])
    found = collect([tmp_path], datasets={"label-folders": LabelFoldersDataset()})
    assert {s.path.name: [label.label for label in s.labels] for s in found.stimuli} == {
        "a.png": [],
        "b.png": ["fear"],
    }


def test_empty_folders_beside_are_no_hindrance(tmp_path: Path) -> None:
    root = grow(tmp_path, "anger/a.png", "joy/b.png")
    (root / "notes").mkdir()
    (root / "notes" / "readme.txt").write_text("x")
    assert LabelFoldersDataset().recognises(root)


def test_folders_that_are_no_labels_are_left_out_by_name(tmp_path: Path) -> None:
    root = grow(tmp_path, "anger/a.png", "holiday/b.png", "holiday/c.png", "d.png")
    found = LabelFoldersDataset().load(root)
    assert [s.path.name for s in found.stimuli] == ["a.png"]
    assert {Path(p.where).name: p.reason for p in found.problems} == {
        "holiday": "not named after a label of ekman7: 2 pictures left out",
        tmp_path.name: "not named after a label of ekman7: 1 picture left out",
    }
    assert all(p.excludes for p in found.problems)


def test_the_scheme_can_be_named(tmp_path: Path) -> None:
    root = grow(tmp_path, "Peace/a.png", "Anger/b.png")
    (first, _) = LabelFoldersDataset(scheme="emotic26").load(root).stimuli
    assert first.labels[0].scheme == "emotic26"
    with pytest.raises(ValueError, match="Did you mean `ekman7`"):
        LabelFoldersDataset(scheme="ekman")
    with pytest.raises(UsageError, match="no folder"):
        LabelFoldersDataset().load(root / "gone")
    with pytest.raises(UsageError, match="named after a label"):
        LabelFoldersDataset().load(grow(tmp_path / "odd", "one/a.png"))
