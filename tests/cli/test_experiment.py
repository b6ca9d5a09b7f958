"""``elena-wb experiment`` as its user meets it: plans, ends, kills, reports."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Program, rows

Pictures = Callable[..., Path]


def declared(pictures: Pictures, models: str, more: str = "", count: int = 4) -> Path:
    folder = pictures(count)
    labels = "".join(f"{path.name},fear\n" for path in sorted(folder.glob("*.png")))
    (folder / "labels.csv").write_text(f"path,label\n{labels}", "utf-8")
    path = folder.parent / "study.toml"
    path.write_text(
        f"""
        title = "A <b>study</b>"
        prompts = ["naive"]
        conditions = ["none"]
        datasets = ["{folder.name}"]
        models = {models}
        {more}
        """,
        "utf-8",
    )
    return path


def test_a_study_is_planned_carried_out_and_gone_on_with_and_spares_a_page_of_somebodys_own(
    program: Program, pictures: Pictures
) -> None:
    path = declared(
        pictures, '["scripted:", "priced:x?cost=0.001&most_cost=0.002&most_tokens=30"]', "max_cost = 1"
    )
    planned = program("experiment", str(path), "--dry-run")
    assert [line.split("\t")[-1] for line in planned.stdout.splitlines()] == ["to ask", "4", "4"]
    assert "2 runs of 2 models: 8 calls. Nothing was asked or written." in planned.stderr
    assert "At most 120 tokens and $0.0080 at the prices of 2026-01-01" in planned.stderr
    assert "exceeds $1.00" in planned.stderr
    assert not list(program.home.glob("data/*"))

    report = path.with_suffix(".html")
    report.write_text("My own page", "utf-8")
    assert "no report of this program" in program("experiment", str(path), code=2).stderr
    assert not list(program.home.glob("data/*"))

    done = program("experiment", str(path), "--no-report")
    assert report.read_text("utf-8") == "My own page"
    assert "Pictures are sent to models.example." in done.stderr
    assert [line.split("\t")[0] for line in done.stdout.splitlines()[:3]] == ["run", "1", "2"]
    assert "accuracy" in done.stdout

    again = program("experiment", str(path), "--no-report", "--events", "jsonl")
    assert "nothing is missing; 8 answers are there and are not asked for again" in again.stderr
    assert {json.loads(line)["event"] for line in again.stdout.splitlines()} == {"RunStarted", "RunFinished"}


def test_what_failed_is_told_and_reported_beside_what_did_not_and_the_exit_code_is_4(
    program: Program, pictures: Pictures
) -> None:
    path = declared(pictures, '["scripted:?gone_after=1&batch=1", "scripted:well?version=2"]')
    done = program("experiment", str(path), "--events", "jsonl", code=4)
    events = Counter(json.loads(line)["event"] for line in done.stdout.splitlines())
    assert (events["RunStarted"], events["Answered"], events["RunFinished"]) == (2, 5, 2)
    assert "The server is gone." in done.stderr
    assert "The study is not complete. Go on with: elena-wb experiment" in done.stderr
    report = path.with_suffix(".html")
    assert f"The report is {report}" in done.stderr
    page = report.read_text("utf-8")
    for said in (
        "3 of its questions are still to be asked",
        "A &lt;b&gt;study&lt;/b&gt;",
        "elena-wb experiment",
    ):
        assert said in page


def test_a_killed_study_goes_on_and_asks_nothing_twice(
    program: Program, pictures: Pictures, tmp_path: Path
) -> None:
    log = tmp_path / "asked.log"
    models = [f"scripted:{name}?log={log}&delay=0.1&batch=1" for name in "ab"]
    path = declared(pictures, json.dumps(models), count=8)
    process = program.start("experiment", str(path), "--no-report")
    _until(log, lines=20)  # into the second model's questions
    process.send_signal(signal.SIGKILL)
    process.wait()
    program("experiment", str(path), "--no-report", "--events", "jsonl")
    taken = Counter(line for line in log.read_text().splitlines() if line.startswith("taken"))
    assert rows(
        program, "SELECT model_uri, count(*) FROM generations JOIN runs USING (run_id) GROUP BY 1 ORDER BY 1"
    ) == [
        ["scripted:a", "8"],
        ["scripted:b", "8"],
    ]
    assert set(taken.values()) == {2}  # each picture once by each model


def test_one_interrupt_ends_a_study_after_what_is_in_flight(
    program: Program, pictures: Pictures, tmp_path: Path
) -> None:
    log = tmp_path / "asked.log"
    path = declared(pictures, f'["scripted:a?log={log}&delay=0.2&batch=1", "scripted:b"]', count=20)
    process = program.start("experiment", str(path), "--max-cost", "1.5", "--limit", "19")
    _until(log, lines=2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"Go on with: elena-wb experiment {path} --limit 19 --max-cost 1.5\n" in err
    assert not path.with_suffix(".html").exists()
    taken = sum(line.startswith("taken") for line in log.read_text().splitlines())
    assert rows(program, "SELECT count(*) FROM generations") == [[str(taken)]]


def _until(log: Path, *, lines: int) -> None:
    """Wait until so much was noted."""
    end = time.monotonic() + 60
    while not log.exists() or len(log.read_text().splitlines()) < lines:
        if time.monotonic() > end:
            pytest.fail("the model was not asked")
        time.sleep(0.02)
