"""Looking a dataset over: what is counted, what is found, and what is told of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from elena_wb.core import Collection, Problem
from elena_wb.data import collect, load_image
from elena_wb.data.checking import duplicates, examine, picture_size, survey
from elena_wb.data.emotic import EmoticDataset
from elena_wb.data.heco import HecoDataset
from elena_wb.data.summary import summarised
from tests import trees
from tests.real_data import real

DATASETS = {"emotic": EmoticDataset(), "heco": HecoDataset()}


@pytest.fixture
def emotic(tmp_path: Path) -> Path:
    root = tmp_path / "EMOTIC"
    trees.emotic_pictures(root)
    trees.emotic_csv_joined(root / "rows.csv")
    return root


def test_a_survey_counts_persons_labels_and_what_of_them_maps(emotic: Path) -> None:
    found = survey(collect([emotic], datasets=DATASETS))
    assert (found.pictures, found.stimuli, found.rated, found.unlabelled) == (3, 4, 4, 0)
    assert found.persons == {1: 2, 2: 1}
    assert found.labels["emotic26"]["doubt_confusion"] == 1
    assert found.uploads == {"local-only": 4}
    covered = found.coverage["emotic26"]
    assert (covered.labels, covered.mapped, covered.unmapped) == (6, 5, ("doubt_confusion",))
    assert covered.share == pytest.approx(5 / 6)
    assert survey(Collection(())).coverage == {}


def test_boxes_that_leave_their_pictures_are_found_and_a_pixel_is_forgiven(emotic: Path) -> None:
    boxes = [(0, 0, 65, 49), (10, 10, 90, 40), (70, 60, 90, 80)]
    persons = [trees.Person("framesdb/images", "frame_x.jpg", box, ("Fear",), (1, 1, 1)) for box in boxes]
    trees.emotic_csv_joined(emotic / "rows.csv", persons)
    problems = examine(collect([emotic], datasets=DATASETS).stimuli)
    assert [(problem.kind, problem.excludes) for problem in problems] == [("box", False)] * 2
    assert "person 2 (10, 10, 90, 40) leaves the picture, which is 64 x 48 pixels" in problems[0].reason


def test_pictures_that_cannot_be_read_are_found(tmp_path: Path) -> None:
    whole = trees.picture(tmp_path / "cut.jpg", (200, 200))
    whole.write_bytes(whole.read_bytes()[:-3000])
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    trees.picture(tmp_path / "good.png")
    found = collect([tmp_path])
    assert [Path(p.where).name for p in found.problems] == ["empty.png"]
    assert [Path(p.where).name for p in examine(found.stimuli)] == ["text.jpg"]
    decoded = examine(found.stimuli, decode=True)
    assert [Path(p.where).name for p in decoded] == ["cut.jpg", "text.jpg"]


def test_every_picture_is_counted_while_it_is_opened(tmp_path: Path) -> None:
    for name in "abc":
        trees.picture(tmp_path / f"{name}.png")
    heard: list[tuple[int, int]] = []
    examine(collect([tmp_path]).stimuli, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_the_size_in_the_header_is_the_size_as_displayed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 30)).save(tmp_path / "turned.jpg", exif=exif)
    assert picture_size(tmp_path / "turned.jpg") == (30, 60)


@pytest.mark.parametrize("folder", ["photos", "hard/exif", "hard/formats"])
def test_headers_and_decoders_agree_on_real_pictures(folder: str) -> None:
    for path in sorted(real(folder).iterdir()):
        loaded = load_image(path)
        assert picture_size(path) == (loaded.width, loaded.height), path.name


def test_the_same_picture_in_two_datasets_is_found(emotic: Path, tmp_path: Path) -> None:
    heco = trees.heco(tmp_path / "HECO", [("h1.jpg", 1, 1, 9, 9, "Fear", 5, 5, 5, 1, 1)] * 2)
    shutil.copy(emotic / "framesdb" / "images" / "frame_x.jpg", heco / "Data" / "h1.jpg")
    sources = {str(root): collect([root], datasets=DATASETS, listed=None) for root in (emotic, heco)}
    (same,) = duplicates(sources)
    assert same.where == str(heco / "Data" / "h1.jpg")
    assert same.reason == f"the same picture as {emotic / 'framesdb' / 'images' / 'frame_x.jpg'} of {emotic}"


def test_the_same_picture_within_a_source_is_told_once(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        trees.picture(tmp_path / name, seed=1)
    found = collect([tmp_path])
    assert [Path(p.where).name for p in found.problems] == ["b.png", "c.png"]
    assert duplicates({"x": found}) == []


def row(line: int, reason: str, table: str = "/set/rows.csv") -> Problem:
    return Problem(f"{table}:{line}", reason, excludes=False, kind="row")


def test_many_problems_of_a_kind_become_a_few_and_a_number() -> None:
    missing = [row(line, f"there is no picture `{line}.jpg`") for line in range(10_000)]
    bad = [row(line, f"valence is {line}, outside 1 to 10") for line in range(20_000, 20_003)]
    told = summarised([*missing[:5000], *bad, *missing[5000:]])
    assert len(told) == 24
    assert told[:20] == tuple(missing[:20])
    assert (told[20].where, told[20].reason) == ("/set/rows.csv", "… and 9,980 more of the same kind")
    assert told[21:] == tuple(bad)


@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from(["no `x`", "no `y`", "bad 3"])), max_size=80))
def test_no_kind_of_problem_is_ever_left_untold(made: list[tuple[int, str]]) -> None:
    problems = [row(line, reason) for line, reason in made]
    told = summarised(problems, 3)
    assert summarised(problems, None) == tuple(dict.fromkeys(problems))
    listed = [problem for problem in told if not problem.reason.startswith("…")]
    assert set(listed) <= set(problems)
    assert {p.reason.startswith("no") for p in told if p in listed} == {
        p.reason.startswith("no") for p in problems
    }
    more = sum(int(p.reason.split()[2].replace(",", "")) for p in told if p not in listed)
    assert len(listed) + more == len(set(problems))
