"""Folders of stimuli: complete tables, the same bytes again, and nobody's files overwritten."""

import csv
from collections import Counter
from pathlib import Path

import cv2
import pytest
from elena_wb_tiny.stimuli import EMOTIONS, PARTS, sample
from elena_wb_tiny.stimuli.folder import write_folder

from elena_wb.errors import WorkbenchError


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_congruent_folder_has_pictures_three_label_rows_each_and_no_emotion_in_a_name(tmp_path):
    write_folder(tmp_path, 14, 5, False, size=64)
    pictures = sorted(tmp_path.glob("*.png"))
    assert [p.name for p in pictures] == [f"s5-{index:05d}.png" for index in range(14)]
    assert cv2.imread(str(pictures[0])).shape == (64, 64, 3)
    labels = rows(tmp_path / "labels.csv")
    assert list(labels[0]) == ["path", "source", "scheme", "label", "valence", "arousal", "dominance"]
    assert Counter(row["source"] for row in labels) == {"intended": 14, "face": 14, "body": 14}
    intended = {row["path"]: row["label"] for row in labels if row["source"] == "intended"}
    assert Counter(intended.values()) == Counter(EMOTIONS * 2)
    assert intended["s5-00003.png"] == sample(5, 3).body_emotion
    assert {row["scheme"] for row in labels} == {"ekman7"}


def test_an_incongruent_folder_labels_face_and_body_apart_and_intends_nothing(tmp_path):
    write_folder(tmp_path, 7, 6, True, size=64)
    labels = rows(tmp_path / "labels.csv")
    assert {row["source"] for row in labels} == {"face", "body"}
    for face, body in zip(labels[0::2], labels[1::2], strict=True):
        assert face["path"] == body["path"]
        assert face["label"] != body["label"]


def test_regions_and_poses_describe_every_picture(tmp_path):
    write_folder(tmp_path, 7, 7, False, size=64)
    names = {path.name for path in tmp_path.glob("*.png")}
    regions = rows(tmp_path / "regions.csv")
    assert {row["path"] for row in regions if row["part"] == "face"} == names
    assert {row["part"] for row in regions} <= set(PARTS)
    assert all(int(row["x"]) + int(row["w"]) <= 64 for row in regions)
    poses = rows(tmp_path / "poses.csv")
    for attribute in ("view", "framing", "body_intensity", "face_intensity", "arms", "mouth"):
        assert {row["path"] for row in poses if row["attribute"] == attribute} == names


def test_the_same_seed_writes_the_same_bytes_also_over_an_older_folder_of_ours(tmp_path):
    write_folder(tmp_path / "a", 5, 8, False, size=64)
    write_folder(tmp_path / "b", 9, 3, True, size=64)
    write_folder(tmp_path / "b", 5, 8, False, size=64)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("stranger", ["notes.txt", "holiday.png"])
def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path, stranger):
    (tmp_path / stranger).write_bytes(b"mine")
    with pytest.raises(WorkbenchError, match="holds other files"):
        write_folder(tmp_path, 2, 1, False, size=64)
    assert contents(tmp_path) == {stranger: b"mine"}


def test_a_foreign_file_added_to_a_folder_of_ours_is_never_deleted(tmp_path):
    write_folder(tmp_path, 2, 1, False, size=64)
    (tmp_path / "notes.txt").write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(WorkbenchError, match=r"notes\.txt"):
        write_folder(tmp_path, 2, 2, False, size=64)
    assert contents(tmp_path) == before


def test_a_file_in_place_of_the_folder_and_senseless_sizes_are_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(WorkbenchError, match="it is a file"):
        write_folder(tmp_path / "file", 2, 1, False)
    for count, size in ((0, 64), (3, 8)):
        with pytest.raises(WorkbenchError, match="cannot render"):
            write_folder(tmp_path / "new", count, 1, False, size=size)
    assert not (tmp_path / "new").exists()


def test_a_damaged_manifest_is_an_error_for_people(tmp_path):
    write_folder(tmp_path, 2, 1, False, size=64)
    (tmp_path / "stimuli.json").write_text("[]")
    with pytest.raises(WorkbenchError, match=r"cannot read .*stimuli\.json"):
        write_folder(tmp_path, 2, 1, False, size=64)
