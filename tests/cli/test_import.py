"""``elena-wb import`` as its users type it."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Program, rows
from tests.real_data import real

ANSWER = {"explicit_description": "Arms up.", "narrative": "She won.", "emotion": "Happiness", "valence": 9}


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """Answers about three pictures of BESST, the second of which failed."""
    path = tmp_path / "theirs.json"
    content = {"001wF_45.jpg": ANSWER, "001wT_90.jpg": {"error": "quota"}, "002mF_90.jpg": ANSWER}
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_a_file_becomes_a_run_that_can_be_listed_and_shown(program: Program, answers: Path) -> None:
    done = program("import", str(answers), "--as", "elena", "--model", "gemini-2.5-flash", "--name", "theirs")
    assert done.stdout.splitlines() == [
        "run\tstatus\tok\tabstained\tunparsed\trefused\tfailed\tleft out",
        "1\tpartial\t2\t0\t0\t0\t1\t0",
    ]
    assert "3 answers are run 1 now; 0 are linked to pictures, 3 can be scored" in done.stderr
    assert "dataset besst" in done.stderr
    assert "theirs\tgemini-2.5-flash\telena-published\tnone\tbesst\tpartial\t2/3" in program("runs").stdout
    assert '"provenance": "imported"' in program("runs", "show", "1").stdout
    assert rows(program, "SELECT picture, truth, correct FROM narratives WHERE status = 'ok' ORDER BY 1") == [
        ["001wF_45.jpg", "happiness", "true"],
        ["002mF_90.jpg", "happiness", "true"],
    ]


def test_the_same_file_again_says_which_run_it_is(program: Program, answers: Path) -> None:
    program("import", str(answers), "--as", "elena")
    again = program("import", str(answers), "--as", "elena", "--json")
    assert "run 1 already" in again.stderr
    (result,) = json.loads(again.stdout)
    assert (result["new"], result["run"], result["dataset"]) == (False, 1, "besst")


def test_bad_entries_are_listed_and_end_with_exit_4(program: Program, answers: Path) -> None:
    content = json.loads(answers.read_text("utf-8"))
    answers.write_text(json.dumps({**content, "003wF_45.jpg": [1], "\x1b[31m.jpg": "Anger"}), "utf-8")
    done = program("import", str(answers), "--as", "elena", code=4)
    assert f"{answers}: 003wF_45.jpg is a list" in done.stderr
    assert "\x1b" not in done.stderr
    assert done.stdout.splitlines()[1] == "1\tpartial\t2\t0\t0\t0\t1\t2"


@pytest.mark.parametrize(
    ("content", "said"),
    [("[1]", "holds a list"), ("{", "is no JSON"), ('{"a.jpg": {"width": 3}}', "`a.jpg` has width")],
)
def test_a_file_of_another_kind_is_a_usage_error(
    program: Program, answers: Path, content: str, said: str
) -> None:
    answers.write_text(content, "utf-8")
    done = program("import", str(answers), "--as", "elena", code=2)
    assert said in done.stderr
    assert str(answers) in done.stderr
    assert "Traceback" not in done.stderr


def test_an_importer_must_be_named_and_exist(program: Program, answers: Path) -> None:
    assert "--as" in program("import", str(answers), code=2).stderr
    assert "elena" in program("import", str(answers), "--as", "else", code=2).stderr


def test_an_imported_run_is_not_resumed(program: Program, answers: Path) -> None:
    program("import", str(answers), "--as", "elena")
    done = program("run", "--resume", "1", code=2)
    assert "Run 1 was imported from theirs.json" in done.stderr


def test_two_imports_at_once_make_one_run(program: Program, answers: Path) -> None:
    started = [
        program.start("import", str(answers), "--as", "elena", stdin=subprocess.DEVNULL) for _ in range(2)
    ]
    codes = set()
    for process in started:
        _, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        codes.add(process.returncode)
    assert codes <= {0, 3}
    assert 0 in codes
    assert rows(program, "SELECT count(*), (SELECT count(*) FROM generations) FROM runs") == [["1", "3"]]


def test_the_published_answers_take_seconds(program: Program) -> None:
    began = time.monotonic()
    done = program("import", str(real("elena/elena_besst_gemini.json")), "--as", "elena")
    assert time.monotonic() - began < 30
    assert "1132 can be scored against a label" in done.stderr
    assert done.stdout.splitlines()[1] == "1\tdone\t1134\t4\t0\t0\t0\t0"
