"""Where pictures may go: markers, settings and datasets, and what wins."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.config import load_configuration, write_setting
from elena_wb.core import Collection, Stimulus, Upload, UsageError
from elena_wb.data import FolderDataset, collect
from elena_wb.data.besst import BesstDataset
from elena_wb.data.emotic import EmoticDataset
from elena_wb.data.policy import MARKER, POLICIES, Policies, apply_policies, stricter
from tests import trees

DATASETS = {"emotic": EmoticDataset(), "besst": BesstDataset()}


def mark(folder: Path, policy: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text(f'upload = "{policy}"\n')


def policies(found: Collection) -> dict[str, Upload]:
    return {stimulus.path.name: stimulus.upload for stimulus in found.stimuli}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    trees.picture(root / "a.png")
    trees.picture(root / "ward" / "b.png")
    trees.picture(root / "ward" / "deep" / "c.png")
    return root


def test_pictures_of_nobody_may_go_anywhere(photos: Path) -> None:
    found = collect([photos])
    assert set(policies(found).values()) == {"allowed"}
    assert found.problems == ()


def test_a_marker_speaks_for_its_folder_and_below_and_the_strictest_counts(photos: Path) -> None:
    mark(photos / "ward", "local-only")
    mark(photos / "ward" / "deep", "allowed")
    mark(photos, "masked-only")
    found = collect([photos])
    assert policies(found) == {"a.png": "masked-only", "b.png": "local-only", "c.png": "local-only"}
    assert found.ignored == 0


def test_a_marker_above_the_source_counts_too(photos: Path) -> None:
    mark(photos.parent, "masked-only")
    assert set(policies(collect([photos / "ward"])).values()) == {"masked-only"}
    assert set(policies(collect([photos / "a.png"])).values()) == {"masked-only"}


def test_what_is_marked_replaces_the_default_of_a_dataset(tmp_path: Path) -> None:
    root = tmp_path / "besst"
    trees.picture(root / "001mF_45.jpg")
    assert policies(collect([root], datasets=DATASETS)) == {"001mF_45.jpg": "local-only"}
    mark(root, "masked-only")
    assert policies(collect([root], datasets=DATASETS)) == {"001mF_45.jpg": "masked-only"}
    mark(root, "allowed")
    assert policies(collect([root], datasets=DATASETS)) == {"001mF_45.jpg": "allowed"}
    assert policies(collect([root], datasets=DATASETS, uploads={str(tmp_path): "local-only"})) == {
        "001mF_45.jpg": "local-only"
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"upload = ",
        b'upload = "never"',
        b"upload = 3",
        b"uplaod = 'allowed'",
        b"\xff\xfe\x00",
        b"#" * 100_000,
    ],
)
def test_a_marker_that_cannot_be_understood_keeps_pictures_here(photos: Path, content: bytes) -> None:
    (photos / MARKER).write_bytes(content)
    found = collect([photos])
    assert set(policies(found).values()) == {"local-only"}
    (problem,) = found.problems
    assert problem.where == str(photos / MARKER)
    assert "taken as local-only" in problem.reason
    assert not problem.excludes


def test_a_marker_that_is_no_file_keeps_pictures_here(photos: Path) -> None:
    (photos / MARKER).mkdir()
    assert set(policies(collect([photos])).values()) == {"local-only"}
    (photos / MARKER).rmdir()
    (photos / MARKER).symlink_to(photos / "nowhere")
    assert set(policies(collect([photos])).values()) == {"local-only"}


def test_settings_speak_for_folders_as_markers_do(photos: Path) -> None:
    settings: Mapping[str, Upload] = {str(photos / "ward"): "masked-only", "/nowhere": "local-only"}
    assert policies(collect([photos], uploads=settings)) == {
        "a.png": "allowed",
        "b.png": "masked-only",
        "c.png": "masked-only",
    }


def test_links_do_not_lead_around_a_marker(photos: Path, tmp_path: Path) -> None:
    mark(photos / "ward", "local-only")
    farm = tmp_path / "farm"
    farm.mkdir()
    (farm / "link.png").symlink_to(photos / "ward" / "b.png")
    (farm / "folder").symlink_to(photos / "ward" / "deep", target_is_directory=True)
    assert policies(collect([farm])) == {"link.png": "local-only", "c.png": "local-only"}
    farm.joinpath("all").symlink_to(photos, target_is_directory=True)
    by_setting = collect([farm / "all" / "a.png"], uploads={str(photos): "masked-only"})
    assert policies(by_setting) == {"a.png": "masked-only"}


def test_of_the_same_picture_in_two_places_the_stricter_counts(photos: Path) -> None:
    (photos / "open").mkdir()
    shutil.copy(photos / "ward" / "b.png", photos / "open" / "copy.png")
    mark(photos / "ward", "local-only")
    for sources in ([photos], [photos / "open", photos / "ward"], [photos / "ward", photos / "open"]):
        found = collect(sources)
        copies = [s.upload for s in found.stimuli if s.path.name in ("b.png", "copy.png")]
        assert copies == ["local-only"], sources


@pytest.mark.parametrize("dataset", [None, FolderDataset()])
def test_a_part_of_a_dataset_keeps_its_policy(tmp_path: Path, dataset: FolderDataset | None) -> None:
    root = tmp_path / "EMOTIC"
    trees.emotic_pictures(root)
    trees.emotic_csv_joined(root / "rows.csv")
    inner = root / "mscoco" / "images"
    for source in (root if dataset else inner, inner, inner / "COCO_train2014_1.jpg"):
        found = collect([source], datasets=DATASETS, dataset=dataset)
        assert set(policies(found).values()) == {"local-only"}
        assert {stimulus.dataset for stimulus in found.stimuli} == {"folder"}
        assert [problem.kind for problem in found.problems] == ["note"]
    mark(inner, "allowed")
    assert set(policies(collect([inner], datasets=DATASETS, dataset=dataset)).values()) == {"allowed"}


def test_each_folder_is_looked_at_once(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    real = Policies._marked

    def counted(self: Policies, marker: Path) -> Upload | None:
        asked.append(marker)
        return real(self, marker)

    monkeypatch.setattr(Policies, "_marked", counted)
    stimuli = tuple(Stimulus(f"{n:064x}", photos / f"{n}.png", "folder", 1, 1) for n in range(500))
    apply_policies(Collection(stimuli))
    assert len(asked) == len(set(asked)) == len([photos, *photos.parents])


@given(st.lists(st.sampled_from(POLICIES)))
def test_the_strictest_is_the_last_in_the_order(given: list[Upload]) -> None:
    assert stricter(given) == max(given, key=POLICIES.index, default=None)
    assert all(stricter((one, other)) == stricter((other, one)) for one, other in product(given, given))


def test_the_setting_is_checked_and_written(home: Path, photos: Path) -> None:
    write_setting(f"uploads.{photos}", "local-only")
    assert load_configuration().settings.uploads == {str(photos): "local-only"}
    with pytest.raises(UsageError, match="not acceptable"):
        write_setting(f"uploads.{photos}", "sometimes")
    with pytest.raises(UsageError, match="no absolute path"):
        write_setting("uploads.photos", "local-only")
    write_setting(f"uploads.{photos}", None)
    assert load_configuration().settings.uploads == {}


def test_a_link_into_a_dataset_keeps_its_policy(tmp_path: Path) -> None:
    trees.emotic_pictures(tmp_path / "emotic")
    trees.emotic_csv_joined(tmp_path / "emotic" / "annotations.csv")
    picture = min(
        path for path in (tmp_path / "emotic").rglob("*") if path.is_file() and path.suffix != ".csv"
    )
    farm = tmp_path / "farm"
    farm.mkdir()
    (farm / "one.png").symlink_to(picture)
    (tmp_path / "all").symlink_to(picture.parent)
    for source in (farm, farm / "one.png", tmp_path / "all"):
        assert set(policies(collect([source], datasets=DATASETS)).values()) == {"local-only"}, source


@pytest.mark.parametrize("between", ["", "emotic", "all_pictures"])
@pytest.mark.parametrize("table", ["rows.csv", "Annotations/rows.tsv", "sheet.parquet", "labels/old.mat"])
def test_pictures_in_the_folders_of_emotic_stay_here_though_its_annotations_cannot_be_read(
    tmp_path: Path, between: str, table: str
) -> None:
    root = tmp_path / "set"
    trees.emotic_pictures(root / between)
    file = root / table
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"image_path,label\nmscoco/images/COCO_train2014_1.jpg,\xe4\xff")
    inner = root / between / "mscoco" / "images"
    for source in (root, inner, inner / "COCO_train2014_1.jpg"):
        assert set(policies(collect([source], datasets=DATASETS)).values()) == {"local-only"}, source
    mark(inner, "allowed")
    assert set(policies(collect([inner], datasets=DATASETS)).values()) == {"allowed"}


def test_folders_called_as_those_of_emotic_are_not_its_own_without_annotations(tmp_path: Path) -> None:
    trees.emotic_pictures(tmp_path)
    assert set(policies(collect([tmp_path], datasets=DATASETS)).values()) == {"allowed"}
    trees.picture(tmp_path / "other" / "ade20k" / "flat.png")
    (tmp_path / "other" / "rows.csv").write_text("a,b\n")
    assert policies(collect([tmp_path / "other"], datasets=DATASETS)) == {"flat.png": "allowed"}
