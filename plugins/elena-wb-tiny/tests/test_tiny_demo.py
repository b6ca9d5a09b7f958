"""The demonstration and ``stimuli render``, as their user runs them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests import quick
from tests.real_data import real


def elena_wb(home: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = quick.run(
        ["elena_wb", *arguments],
        env={**os.environ, "ELENA_WB_HOME": str(home), "ELENA_WB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    return done


def test_the_demonstration_ends_with_a_study_and_a_second_one_asks_nothing_again(tmp_path: Path) -> None:
    shown = elena_wb(tmp_path, "demo", "--pictures", "14").stdout
    for said in (
        "accuracy",
        "macro-F1",
        "which does the answer follow",
        "the body",
        "speak of the face",
        "face hidden",
        "Next:",
        "Answers of the embedded model (tiny:)",
    ):
        assert said in shown
    store = str(tmp_path / "data" / "demo.duckdb")
    counted = elena_wb(
        tmp_path, "--store", store, "query", "SELECT count(*) AS n FROM generations", "--format", "json"
    )
    assert json.loads(counted.stdout) == [{"n": (14 + 7) * 2 * 2}]
    page = (tmp_path / "data" / "demo.html").read_text("utf-8")
    assert "Does the model read the face or the body?" in page
    assert "This report is incomplete" not in page
    (gone, *others) = sorted((tmp_path / "data" / "demo" / "congruent").glob("*.png"))
    gone.unlink()  # it is rendered again, while the whole folder of incongruent figures stays as it is
    stays = next((tmp_path / "data" / "demo" / "incongruent").glob("*.png"))
    rendered = [path.stat().st_mtime_ns for path in (stays, others[0])]
    again = elena_wb(tmp_path, "demo", "--pictures", "14", "--no-report")
    assert [
        path.stat().st_mtime_ns == then for path, then in zip((stays, others[0]), rendered, strict=True)
    ] == [
        True,
        False,
    ]
    assert again.stdout.splitlines() == [line for line in shown.splitlines() if "demo.html" not in line]
    assert "nothing is missing; 84 answers are there and are not asked for again" in again.stderr
    declared = str(tmp_path / "data" / "demo" / "demo.toml")
    planned = elena_wb(tmp_path, "--store", store, "experiment", declared, "--dry-run")
    assert "8 runs of 1 model: 0 calls." in planned.stderr


def test_the_demonstration_asks_another_model_and_says_whose_answers_it_shows(tmp_path: Path) -> None:
    home = tmp_path / "home"
    uri = "tiny:?batch_size=7"
    elena_wb(home, "models", "alias", "twin", uri)
    shown = elena_wb(home, "demo", "--pictures", "14", "-m", "twin", "--no-report").stdout
    assert f"Answers of elena-wb tiny ({uri})" in shown
    assert "embedded" not in shown
    store = str(home / "data" / "demo.duckdb")
    asked = elena_wb(
        home, "--store", store, "query", "SELECT DISTINCT model_uri AS uri FROM runs", "--format", "json"
    )
    assert json.loads(asked.stdout) == [{"uri": uri}]
    assert "no model" in elena_wb(home, "demo", "-m", "nobody", code=2).stderr


def test_rendered_stimuli_run_with_labels_and_regions_and_without_further_options(tmp_path: Path) -> None:
    figures = str(tmp_path / "figures")
    elena_wb(tmp_path, "stimuli", "render", figures, "--count", "7", "--seed", "31", "--incongruent")
    done = elena_wb(
        tmp_path, "run", figures, "-m", "tiny:", "-p", "naive", "--mask", "none", "--mask", "face"
    )
    assert "no instrument" not in done.stderr
    rows = elena_wb(
        tmp_path,
        "query",
        "SELECT l.source, count(DISTINCT g.stimulus_id) AS n FROM generations g "
        "JOIN labels l USING (stimulus_id) WHERE g.status = 'ok' GROUP BY ALL ORDER BY ALL",
        "--format",
        "json",
    )
    assert json.loads(rows.stdout) == [{"source": "body", "n": 7}, {"source": "face", "n": 7}]


def test_the_program_says_so_where_the_embedded_model_meets_a_photograph(tmp_path: Path) -> None:
    photo = real("photos/nasa_astronaut.jpg")
    done = elena_wb(tmp_path, "run", str(photo), "-m", "tiny:", "-p", "naive")
    assert "mean nothing" in done.stderr


def test_rendering_refuses_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary", "utf-8")
    done = elena_wb(tmp_path, "stimuli", "render", str(tmp_path / "mine"), code=1)
    assert "mine" in done.stderr
    assert (tmp_path / "mine" / "diary.txt").exists()
