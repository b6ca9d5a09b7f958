"""Collecting stimuli: what is found, in which order, once each, and what is said about the rest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from elena_wb.core import NOTHING_KNOWN, Collection, KnownFile, Stimulus, UsageError, WorkbenchError
from elena_wb.data import FolderDataset, collect
from elena_wb.data import identify as identifying
from elena_wb.data.annotation_table import TableDataset
from elena_wb.data.besst import BesstDataset
from elena_wb.data.emotic import EmoticDataset
from elena_wb.data.heco import HecoDataset
from tests import trees


def put(path: Path, content: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content or path.as_posix())
    return path


def names(collection: Collection) -> list[str]:
    return [stimulus.path.name for stimulus in collection.stimuli]


def reasons(collection: Collection) -> list[tuple[str, str, bool]]:
    return [(Path(p.where).name, p.reason, p.excludes) for p in collection.problems]


def test_a_folder_is_read_recursively_sorted_and_without_hidden_or_other_files(tmp_path: Path) -> None:
    for name in (
        "b.JPG",
        "a/2.png",
        "a/1.webp",
        ".hidden.png",
        ".git/x.png",
        "notes.TXT",
        "labels.json",
        "a/film.mp4",
        "c.heic",
    ):
        put(tmp_path / name)
    found = collect([tmp_path])
    assert names(found) == ["1.webp", "2.png", "b.JPG", "c.heic"]
    assert (found.ignored, found.problems) == (1, ())
    first = found.stimuli[0]
    assert first.path.is_absolute()
    assert first.stimulus_id == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert (first.dataset, first.file_size) == ("folder", first.path.stat().st_size)


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    put(tmp_path / "all" / "a.png")
    (tmp_path / "all" / "loop").symlink_to(tmp_path / "all", target_is_directory=True)
    (tmp_path / "all" / "lost.png").symlink_to(tmp_path / "nowhere.png")
    found = collect([tmp_path / "all"])
    assert names(found) == ["a.png"]
    assert reasons(found) == [("lost.png", "a link that leads nowhere", True)]


def test_a_file_named_by_the_user_is_a_picture_whatever_its_name(tmp_path: Path) -> None:
    assert names(collect([put(tmp_path / "scan")])) == ["scan"]


def test_content_that_occurs_twice_is_taken_once_with_a_note(tmp_path: Path) -> None:
    first, second = put(tmp_path / "a.png", "same"), put(tmp_path / "b.png", "same")
    found = collect([tmp_path, second])
    assert names(found) == ["a.png"]
    assert reasons(found) == [("b.png", f"the same picture as {first}; taken once", False)]


def test_what_is_said_about_a_copy_is_kept(tmp_path: Path) -> None:
    put(tmp_path / "a.png", "same")
    put(tmp_path / "b.png", "same")
    put(tmp_path / "labels.csv", "path,label\na.png,fear\nb.png,fear\nb.png,anger\n")
    put(tmp_path / "regions.csv", "path,part,x,y,w,h\nb.png,face,1,2,3,4\n")
    for sources in ([tmp_path], [tmp_path / "a.png", tmp_path / "b.png"]):
        (found,) = collect(sources).stimuli
        assert [label.label for label in found.labels] == ["fear", "anger"]
        assert [region.part for region in found.regions] == ["face"]


def test_empty_and_unreadable_files_are_problems(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    put(tmp_path / "good.png")
    found = collect([tmp_path])
    assert names(found) == ["good.png"]
    assert reasons(found) == [("empty.png", "the file is empty", True)]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_a_file_without_permission_is_a_problem(tmp_path: Path) -> None:
    put(tmp_path / "secret.png").chmod(0)
    assert "Permission denied" in collect([tmp_path]).problems[0].reason


def test_a_missing_source_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for missing in ("phots", "phots/deeper/x.png"):
        with pytest.raises(UsageError) as error:
            collect([tmp_path / missing])
        assert "phots" in error.value.message
        assert error.value.hint == "Did you mean `photos`?"


def test_unchanged_files_are_not_hashed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Known:
        stimulus_id: str
        size: int
        mtime_ns: int

    put(tmp_path / "a.png")
    put(tmp_path / "b.png")
    before = collect([tmp_path]).stimuli
    known: Mapping[str, Known] = {
        str(s.path): Known(s.stimulus_id, s.file_size, s.file_mtime_ns) for s in before
    }
    put(tmp_path / "b.png", "changed")
    hashed: list[str] = []
    real_digest = identifying._digest
    monkeypatch.setattr(
        identifying, "_digest", lambda file: hashed.append(file.path.name) or real_digest(file)
    )
    after = collect([tmp_path], known=known).stimuli
    assert hashed == ["b.png"]
    assert after[0] == before[0]
    assert after[1].stimulus_id != before[1].stimulus_id


def test_a_name_that_is_no_utf8_is_taken(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.png")).write_text("x")
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    assert len(collect([tmp_path]).stimuli) == 1


class Odd:
    def __init__(self, marker: str) -> None:
        self.marker = marker

    def recognises(self, root: Path) -> bool:
        return (root / self.marker).exists()

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        if (root / "broken").exists():
            raise UsageError("its list is damaged")
        return Collection((Stimulus("0" * 64, root / "p.png", self.marker, 1, 1),))


def test_a_dataset_is_chosen_by_name_else_by_recognition_else_plain(tmp_path: Path) -> None:
    put(tmp_path / "plain" / "a.png")
    put(tmp_path / "marked" / "odd")
    datasets = {"odd": Odd("odd"), "other": Odd("other")}
    found = collect([tmp_path / "plain", tmp_path / "marked"], datasets=datasets)
    assert [stimulus.dataset for stimulus in found.stimuli] == ["folder", "odd"]
    assert (
        collect([tmp_path / "plain"], datasets=datasets, dataset=datasets["other"]).stimuli[0].dataset
        == "other"
    )
    assert collect([tmp_path / "marked"], datasets=datasets, dataset=FolderDataset()).stimuli == ()


def test_a_folder_within_a_plain_one_is_left_to_the_dataset_that_recognises_it(tmp_path: Path) -> None:
    put(tmp_path / "b.png")
    for name in ("odd", "p.png"):
        put(tmp_path / "a" / "marked" / name)
    found = collect([tmp_path], datasets={"odd": Odd("odd")})
    assert [(s.path.name, s.dataset) for s in found.stimuli] == [("b.png", "folder"), ("p.png", "odd")]
    plain = collect([tmp_path], datasets={"odd": Odd("odd")}, dataset=FolderDataset())
    assert {stimulus.dataset for stimulus in plain.stimuli} == {"folder"}


def test_a_folder_that_its_dataset_cannot_read_does_not_end_the_collection(tmp_path: Path) -> None:
    put(tmp_path / "b.png")
    for name in ("odd", "broken"):
        put(tmp_path / "marked" / name)
    found = collect([tmp_path], datasets={"odd": Odd("odd")})
    assert names(found) == ["b.png"]
    assert reasons(found) == [("marked", "its list is damaged", True)]


def test_a_file_belongs_to_the_dataset_that_recognises_its_folder(tmp_path: Path) -> None:
    added = put(tmp_path / "added.png")
    known = put(tmp_path / "p.png")
    put(tmp_path / "odd")
    found = collect([known, added], datasets={"odd": Odd("odd")})
    assert [(s.path.name, s.dataset) for s in found.stimuli] == [("p.png", "odd"), ("added.png", "folder")]


class Broken(dict[str, Odd]):
    """Datasets as the host hands them over: importing one may fail."""

    def __getitem__(self, name: str) -> Odd:
        if name == "broken":
            raise WorkbenchError("plugin `broken` cannot be loaded")
        return super().__getitem__(name)


def test_a_dataset_that_cannot_be_imported_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    datasets = Broken(broken=Odd("x"), odd=Odd("odd"))
    found = collect([tmp_path, tmp_path / "a.png"], datasets=datasets)
    assert names(found) == ["a.png"]
    assert reasons(found) == [("dataset broken", "plugin `broken` cannot be loaded", False)]


class OfFolders(FolderDataset):
    """A dataset that is made of the plain one."""

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        found = super().load(root, known)
        return replace(found, stimuli=tuple(replace(stimulus, dataset="own") for stimulus in found.stimuli))


def test_a_dataset_made_of_the_plain_one_reads_the_folder_itself(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    assert [stimulus.dataset for stimulus in collect([tmp_path], dataset=OfFolders()).stimuli] == ["own"]


def test_a_folder_that_several_datasets_recognise_is_read_by_the_first_and_the_others_are_named(
    tmp_path: Path,
) -> None:
    root = tmp_path / "both"
    trees.emotic_pictures(root)
    trees.emotic_csv_joined(root / "rows.csv")
    trees.heco(root, [("h.jpg", 0, 0, 20, 20, "Fear", 5, 5, 5, 1, 2)])
    datasets = {"heco": HecoDataset(), "emotic": EmoticDataset(), "table": TableDataset()}
    for source in (root, tmp_path):
        found = collect([source], datasets=datasets)
        assert {stimulus.dataset for stimulus in found.stimuli} == {"emotic"}
        assert reasons(found) == [
            ("both", "read as emotic, though it is heco too; --dataset heco reads it as that", False)
        ]
    assert collect([root / "rows.csv"], datasets=datasets).problems == ()
    assert len(collect([root], datasets=datasets, dataset=datasets["heco"]).stimuli) == 1


def test_a_table_of_labels_beside_pictures_of_a_dataset_is_said_to_be_left_alone(tmp_path: Path) -> None:
    trees.picture(tmp_path / "besst" / "001mF_45.jpg")
    trees.heco(tmp_path / "heco", [("h.jpg", 0, 0, 20, 20, "Fear", 5, 5, 5, 1, 2)])
    trees.emotic_pictures(tmp_path / "emotic")
    trees.emotic_csv_joined(tmp_path / "emotic" / "labels.csv")
    for folder, table in (("besst", "labels.csv"), ("heco", "labels.csv"), ("emotic", "regions.csv")):
        put(tmp_path / folder / table, "path,label\nx.jpg,sad\n")
    datasets = {"besst": BesstDataset(), "heco": HecoDataset(), "emotic": EmoticDataset()}
    for folder, table in (("besst", "labels.csv"), ("heco", "labels.csv"), ("emotic", "regions.csv")):
        found = collect([tmp_path / folder], datasets=datasets)
        assert reasons(found) == [
            (table, "left alone with this dataset; --dataset folder reads it", False)
        ], folder


@pytest.mark.parametrize(
    ("name", "content", "message", "hint"),
    [
        ("a.csv", "path,label\nü.png,sad\n".encode("latin-1"), "is no text in UTF-8", "Save it as UTF-8"),
        ("a.csv", b"sep=;\npath;label\np.png;sad\n", r"No dataset recognises .*\(sep=\)", "path=COLUMN"),
        ("a.csv", b"path,label\n", "has no row that can be read", None),
        ("a.csv", b"path,label\np.png\n", "no row that can be read: 1 cells, where", None),
        ("a.tsv", b"Bild\tlabel\np.png\tsad\n", r"of its columns \(Bild, label\) none", "path=COLUMN"),
        ("a.parquet", b"PAR1", "no Parquet file", None),
        ("a.mat", b"MATLAB", "No dataset recognises", "datasets"),
    ],
)
def test_a_table_that_nobody_recognises_is_refused_with_the_reason(
    tmp_path: Path, name: str, content: bytes, message: str, hint: str | None
) -> None:
    trees.picture(tmp_path / "p.png")
    (tmp_path / name).write_bytes(content)
    datasets = {"table": TableDataset(), "emotic": EmoticDataset()}
    with pytest.raises(UsageError, match=message) as refused:
        collect([tmp_path / name], datasets=datasets)
    assert name in refused.value.message
    assert hint is None or hint in (refused.value.hint or "")
    assert len(collect([tmp_path], datasets=datasets).stimuli) == 1
    with pytest.raises(UsageError, match="is no picture, and the dataset `folder` reads pictures"):
        collect([tmp_path / name], datasets=datasets, dataset=FolderDataset())


def test_rows_without_a_picture_do_not_hide_a_table(tmp_path: Path) -> None:
    trees.picture(tmp_path / "p.png")
    columns = {"image": [None, "gone", "p.png", "q.png"], "label": ["sad", "sad", "sad", "sad"]}
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    found = collect([tmp_path / "rows.parquet"], datasets={"table": TableDataset()})
    assert [(s.path.name, s.dataset) for s in found.stimuli] == [("p.png", "table")]
    assert len(found.problems) == 3
