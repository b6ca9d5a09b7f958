"""What the program brings itself keeps the contracts that plugins are held against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from elena_wb import builtin
from elena_wb.plugins import build_host
from elena_wb.testing import check_dataset, check_executor, check_locator, check_masker, check_metric

HOST = build_host([], [("builtin", builtin)])


@pytest.mark.parametrize("name", HOST.claims["maskers"])
def test_every_masking_style_keeps_the_contract(name: str) -> None:
    report = check_masker(HOST.find("maskers", name))
    assert not report.left_out
    assert len(report.checked) >= 12


@pytest.mark.parametrize("name", HOST.claims["metrics"])
def test_every_metric_keeps_the_contract(name: str) -> None:
    report = check_metric(HOST.find("metrics", name))
    assert not report.left_out
    assert "it does not matter in which order patterns come" in report.checked


def test_regions_that_come_with_the_data_keep_the_contract_of_a_locator() -> None:
    assert not check_locator(HOST.find("locators", "annotated")).left_out


def test_a_detector_whose_weights_are_not_there_is_held_against_what_can_be_seen() -> None:
    (left_out,) = check_locator(HOST.find("locators", "yunet"), {"score": "0.5"}).left_out
    assert "elena-wb models pull yunet" in left_out


def test_a_detector_keeps_the_contract_of_a_locator() -> None:
    report = check_locator(HOST.find("locators", "mtcnn"), {"side": "256"})
    assert any("found nothing" in sentence for sentence in report.left_out)
    assert "options that change what is found change the identity" in report.checked


def test_the_local_executor_keeps_the_contract_and_what_cannot_be_tried_is_said() -> None:
    report = check_executor(HOST.find("executors", "local"))
    assert len(report.checked) > 20
    assert [sentence.partition(":")[0] for sentence in report.left_out] == [
        "workers that die",
        "jobs without network",
    ]


def folder(root: Path) -> Path:
    written(root, "a.png", "b.png", "in/c.png")
    (root / "labels.csv").write_text("path,label\na.png,happiness\nb.png,anger\n", "utf-8")
    (root / "regions.csv").write_text("path,part,x,y,w,h\na.png,face,1,1,9,9\n", "utf-8")
    return root


def label_folders(root: Path) -> Path:
    written(root, "happiness/a.png", "happiness/b.png", "anger/c.png")
    return root


def table(root: Path) -> Path:
    written(root, "a.png", "b.png", "c.png")
    rows = "image,emotion,x,y,w,h\na.png,happy,1,1,9,9\nb.png,angry,2,2,8,8\nc.png,angry,2,2,8,8\n"
    (root / "people.csv").write_text(rows, "utf-8")
    return root / "people.csv"


def written(root: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((24, 24, 3), 20 * number, np.uint8)).save(root / name)


@pytest.mark.parametrize(
    ("name", "example"), [("folder", folder), ("label-folders", label_folders), ("table", table)]
)
def test_datasets_of_any_kind_keep_the_contract(
    name: str, example: Callable[[Path], Path], tmp_path: Path
) -> None:
    report = check_dataset(HOST.find("datasets", name), example(tmp_path / "example"))
    assert not report.left_out
    assert any(sentence.startswith("a picture that is missing") for sentence in report.checked)


@pytest.mark.parametrize("name", ["emotic", "heco", "besst"])
def test_datasets_of_the_field_turn_away_what_is_none_of_theirs(name: str) -> None:
    (left_out,) = check_dataset(HOST.find("datasets", name)).left_out
    assert "no example" in left_out
