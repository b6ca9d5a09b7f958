"""``runs export``, ``import`` and ``diff`` as a user gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from elena_wb.cli import app
from elena_wb.cli.runs_moving import ExportKind
from elena_wb.exports import Kind
from elena_wb.store import Store
from tests.findings.planted import put

runner = CliRunner()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "s.duckdb", lock_timeout=20)
    plain = {"emotion": "fear", "raw_text": "Fear."}
    put(made, "a", {0: plain, 1: plain, 2: "anger", 3: "!error"}, name="first", spec_digest="x")
    put(made, "b", {0: plain, 1: "anger", 2: "anger", 4: plain}, name="second", condition="face", seed=7)
    return made


def _run(store: Path, *arguments: object) -> tuple[int, str, str]:
    result = runner.invoke(app, ["--store", str(store), "runs", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_runs_go_from_store_to_store_and_a_second_time_nothing_happens(store: Store, tmp_path: Path) -> None:
    bundle, there = tmp_path / "both.elena-runs", tmp_path / "t.duckdb"
    code, out, said = _run(store.path, "export", "first", "second", "-o", bundle)
    assert (code, out) == (0, "")
    assert "Wrote 8 answers" in said
    assert "sha256 " in said
    code, out, said = _run(there, "import", bundle)
    assert code == 0
    assert out.splitlines()[1].split("\t")[:6] == ["1", "first", "tiny:", "none", "yes", "4"]
    code, out, said = _run(there, "import", bundle, "--json")
    assert code == 0
    assert "nothing was changed" in said
    (told,) = json.loads(out)
    assert told["changed"] is False
    assert [run["added"] for run in told["merged"]["runs"]] == [0, 0]

    with Store(there).write() as connection:
        connection.execute("UPDATE generations SET raw_text = 'other' WHERE run_id = 1 AND emotion = 'anger'")
    broken = tmp_path / "broken.elena-runs"
    broken.write_bytes(bundle.read_bytes()[:-100])
    code, out, said = _run(there, "import", broken, bundle)
    assert code == 4
    assert "1 answers of" in said
    assert "is no file of runs, or is damaged" in said
    assert _run(there, "import", broken, broken.with_name("none"))[0] == 2


def test_every_kind_of_export_can_be_asked_for() -> None:
    assert [*ExportKind] == [*Kind]


def test_an_answer_that_has_no_place_is_told_by_the_exit_code(store: Store, tmp_path: Path) -> None:
    put(store, "c", {0: ["fear", "anger"]}, options={"scheme": "ekman7"})
    path = tmp_path / "c.json"
    code, out, said = _run(store.path, "export", "3", "-o", path, "--as", "elena", "--json")
    assert code == 4
    assert json.loads(out)["left_out"] == 1
    assert "1 answers are not in it" in said
    assert list(json.loads(path.read_text("utf-8"))) == ["0000.jpg"]


def test_diff_says_what_lies_between_two_runs_and_what_they_answer_alike(store: Store) -> None:
    code, out, said = _run(store.path, "diff", "first", "second")
    assert code == 0
    lines = [line.split("\t") for line in out.splitlines()]
    assert lines[0] == ["what", "run 1", "run 2"]
    assert ["condition", "none", "face"] in lines
    assert "3 answers in both are about the same picture and repeat; 1 are in run 1 only" in said
    assert "Asked the very same, pixels, model and all: 3" in said
    assert "Answered in both: 3; word for word the same: 1; with the same emotion: 2" in said
    told = json.loads(_run(store.path, "diff", "1", "1", "--json")[1])
    assert told["differences"] == []
    assert (told["answers"]["same_question"], told["answers"]["answered"]) == (4, 3)
