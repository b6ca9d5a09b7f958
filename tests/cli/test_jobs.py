"""``elena-wb jobs`` lists, shows, stops and forgets what the interface has started."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from elena_wb.jobs import find, submit


@pytest.fixture
def store(tmp_path: Path, program, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(program.site), os.getcwd()]))  # noqa: PTH109
    return tmp_path / "store.duckdb"


def ended(store: Path, number: int) -> str:
    until = time.monotonic() + 60
    while not (job := find(store, number)).ended:
        assert time.monotonic() < until
        time.sleep(0.05)
    return job.state


def test_a_job_is_listed_shown_stopped_and_forgotten(program, store: Path, pictures) -> None:
    at = ("--store", str(store))
    run = ["run", str(pictures(4)), "-m", "scripted:?delay=600", "--events", "jsonl"]
    first = submit(store, run, "four [bold]pictures[/]\x1b[31m", expected=4)
    second = submit(store, ["--version"], "version")
    listed = json.loads(program(*at, "jobs", "--json").stdout)
    assert [(one["number"], one["to_do"]) for one in listed] == [(1, 4), (2, 0)]
    assert "will not be started" in program(*at, "jobs", "cancel", str(second.number)).stderr
    program(*at, "jobs", "cancel", "1")
    if not find(store, 1).ended:
        assert "stopped at once" in program(*at, "jobs", "cancel", "1").stderr
    assert ended(store, first.number) == "cancelled"
    shown = program(*at, "jobs", "show", "1").stdout
    assert f"run {pictures(4)} -m 'scripted:?delay=600' --events jsonl" in shown
    assert "\\u001b[31m" in shown
    assert "\x1b" not in shown
    program(*at, "jobs", "forget", "1")
    program(*at, "jobs", "show", "1", code=2)
