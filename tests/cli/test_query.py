"""``query`` and ``runs`` as people and pipes use them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elena_wb.store import Outbox, Store, begin_run
from tests import quick
from tests.conftest import Program
from tests.store.conftest import generation, spec, stimulus

ELENA = (sys.executable, "-m", "elena_wb")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = Store(tmp_path / "s.duckdb")
    begin_run(store, spec(name="pilot"), [stimulus(1)])
    with Outbox(store) as outbox:
        outbox.append(generation("k", 1, emotion="anger", narrative="[red]\x1b[31m\u202elive"))
    return store.path


def wb(path: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = ["elena_wb", "--store", str(path), *arguments]
    return quick.run(command, capture_output=True, text=True, timeout=60, **options)


def test_a_pipe_gets_csv_and_a_file_what_its_name_says(path: Path, tmp_path: Path) -> None:
    assert wb(path, "query", "SELECT 1 AS a, 'x' AS b").stdout == "a,b\n1,x\n"
    out = tmp_path / "answer.json"
    assert wb(path, "query", "SELECT 1 AS a", "-o", str(out)).returncode == 0
    assert json.loads(out.read_text()) == [{"a": 1}]
    failed = wb(path, "query", "SELECT error('no') AS a", "-o", str(out))
    assert failed.returncode == 2
    assert json.loads(out.read_text()) == [{"a": 1}]
    assert [p.name for p in tmp_path.glob(".*part")] == []


def test_a_terminal_gets_a_table_in_which_the_model_draws_nothing(path: Path) -> None:
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    command = [
        *ELENA,
        "--store",
        str(path),
        "query",
        "SELECT narrative FROM narratives",
    ]
    process = subprocess.Popen(command, stdout=child, stderr=subprocess.PIPE, stdin=child)
    try:
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    shown = os.read(parent, 100_000).decode()
    os.close(child)
    os.close(parent)
    assert process.returncode == 0, err
    assert "[red]\\u001b[31m\\u202elive" in shown


def test_mistakes_are_usage_errors_on_stderr(path: Path) -> None:
    for arguments, words in (
        (["SELECT * FROM naratives"], "narratives"),
        (["--named", "flip-rat"], "flip-rate"),
        (["DELETE FROM runs"], "--write"),
        (["SELECT 1", "--named", "flip-rate"], "either"),
        (["SELECT 1", "-o", str(path)], "store itself"),
    ):
        done = wb(path, "query", *arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert words in done.stderr


def test_named_questions_are_listed_and_answered(path: Path) -> None:
    names = [query["name"] for query in json.loads(wb(path, "query", "--list", "--json").stdout)]
    assert "flip-rate" in names
    assert wb(path, "query", "--named", "accuracy-by-condition", "-f", "md").stdout.startswith("| model |")


def test_runs_are_listed_shown_renamed_and_deleted(path: Path) -> None:
    (run,) = json.loads(wb(path, "runs", "--json").stdout)
    assert (run["run_id"], run["name"], run["ok"]) == (1, "pilot", 1)
    assert wb(path, "runs", "rename", "pilot", "first").returncode == 0
    assert json.loads(wb(path, "runs", "show", "first", "--json").stdout)["model_card"] == {"name": "tiny"}
    assert wb(path, "runs", "delete", "first", input="n\n").returncode != 0
    assert wb(path, "runs", "delete", "first", "--yes").returncode == 0
    assert json.loads(wb(path, "runs", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    "sql", ["INSTALL httpfs", "LOAD httpfs", "SELECT 1; SET Autoinstall_known_extensions = true; SELECT 2"]
)
def test_offline_no_extension_of_the_database_can_be_had(program: Program, pictures, sql: str) -> None:
    program("run", str(pictures(1)), "-m", "scripted:", "-p", "naive")
    refused = program("--offline", "query", "--allow-external", sql, code=3)
    assert "An extension of `duckdb` wanted to connect" in refused.stderr
    assert program("--offline", "query", "--allow-external", "SET threads = 1; SELECT 1").stdout
