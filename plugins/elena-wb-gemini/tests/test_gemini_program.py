"""``elena-wb run`` with Gemini models, as its user runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest
from PIL import Image

from tests import quick
from tests.loopback import Batches, Gemini, Unreliable, faults


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(5):
        Image.fromarray(rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def start(home: Path):
    """Starts the program; what it started is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object) -> subprocess.Popen[str]:
        process = quick.Process(
            ["elena_wb", *map(str, arguments)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def run(start):
    """Runs the program to its end: exit code, stdout and stderr."""

    def to_the_end(*arguments: object) -> tuple[int, str, str]:
        process = start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    return to_the_end


def _model(server: Unreliable, more: str = "") -> str:
    return f"gemini:gemini-2.5-flash?base_url={server.url}{more}"


def _stored(home: Path) -> list[dict]:
    sql = "SELECT status, attempts, cost_usd, prompt_tokens, completion_tokens FROM generations"
    with duckdb.connect(str(home / "data" / "elena-wb.duckdb"), read_only=True) as store:
        found = store.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _files_with(text: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_a_run_stores_answers_with_tokens_cost_and_attempts(run, pictures, home, key):
    with Unreliable(Gemini(thinks=30), [faults.status(503), faults.echo]) as server:
        code, out, err = run("run", pictures, "-m", _model(server, "&concurrency=2"))
    assert code == 0, err
    rows = _stored(home)
    assert len(rows) == 5
    assert {row["status"] for row in rows} <= {"ok", "unparsed"}
    assert sum(row["attempts"] for row in rows) == 6
    for row in rows:
        cost = 0.3e-6 * row["prompt_tokens"] + 2.5e-6 * row["completion_tokens"]
        assert row["cost_usd"] == pytest.approx(cost)
    assert key not in out + err
    assert not _files_with(key, home)


def test_a_killed_run_fetches_its_batch_when_the_same_command_is_given_again(start, run, pictures, home):
    hold = threading.Event()
    with Unreliable(Gemini(batches=Batches(hold=hold))) as server:
        command = ("run", pictures, "-m", _model(server, "&batch=true"))
        killed = start(*command)
        deadline = time.monotonic() + 60
        while not any("/batches/" in call.path for call in server.calls):
            assert time.monotonic() < deadline, "nothing was sent"
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        hold.set()
        code, _, err = run(*command)
        assert code == 0, err
        rows = _stored(home)
        assert [row["status"] for row in rows] == ["ok"] * 5
        assert len([call for call in server.calls if call.path.endswith(":batchGenerateContent")]) == 1
        assert not server.answered_twice()
        for row in rows:
            cost = 0.3e-6 * row["prompt_tokens"] + 2.5e-6 * row["completion_tokens"]
            assert row["cost_usd"] == pytest.approx(cost / 2)
