"""Runs over a Ray cluster: the same answers as in one process, each once, whatever dies."""

from __future__ import annotations

import json
import os
import platform
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from elena_wb_ray.executor import RayExecutor
from PIL import Image

from elena_wb.data import pixel_digest
from elena_wb.testing import check_executor
from tests.conftest import Program, plugin_on_path

ANSWERS = (
    "SELECT path, status, raw_text, error FROM generations JOIN stimuli USING (stimulus_id) ORDER BY path"
)


def test_it_keeps_the_contract_of_an_executor(address: str) -> None:
    check_executor(RayExecutor, {"workers": "1", "cpus": "0.5", "address": address})


def test_a_copy_that_is_killed_mid_run_is_replaced_and_every_answer_is_there_once(
    program: Program, address: str, pictures: Callable[[int], str]
) -> None:
    folder = pictures(24)
    program("--store", "here.db", "run", folder, "-m", "mortal:a?log=here.jsonl", "--mask", "none")
    running = program.start(
        *(
            "--store",
            "spread.db",
            "run",
            folder,
            "-m",
            "mortal:a?log=there.jsonl&delay=0.3",
            "--mask",
            "none",
        ),
        *("--executor", f"ray,workers=2,cpus=0.4,address={address}"),
    )
    while len(_notes("there.jsonl")) < 6:
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)
    victim = _notes("there.jsonl")[-1]["process"]
    os.kill(victim, signal.SIGKILL)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err

    table = out.splitlines()
    assert len(table) == 2, "nothing but the table is on stdout"
    assert table[1].split("\t")[3:5] == ["done", "24"]
    assert "is being replaced" in err
    assert f"process {victim} on {platform.node()}" in " ".join(err.split())
    assert "raylet" not in err
    assert _told(program, "spread.db", ANSWERS) == _told(program, "here.db", ANSWERS)
    assert _told(program, "spread.db", "SELECT status FROM runs") == [["done"]]
    notes = _notes("there.jsonl")
    assert len({note["process"] for note in notes}) == 3, "two copies, and another for the dead one"
    assert {note["folder"] for note in notes} == {str(Path.cwd())}
    asked = Counter(note["picture"] for note in notes)
    assert len(asked) == 24
    assert asked.total() <= 24 + 4, "no more is asked again than the dead copy's batch"


def test_a_picture_that_kills_every_copy_is_an_error_and_costs_no_other(
    program: Program, address: str, pictures: Callable[[int], str]
) -> None:
    folder = pictures(3)
    shown = {path: np.asarray(Image.open(path)) for path in sorted(Path(folder).iterdir())}
    digests = {path.name: int(pixel_digest(pixels), 16) for path, pixels in shown.items()}
    deadly = next(n for n in range(2, 10_000) if sum(digest % n == 0 for digest in digests.values()) == 1)
    (killer,) = [name for name, digest in digests.items() if digest % deadly == 0]
    done = program(
        *("--store", "spread.db", "run", folder, "-m", f"mortal:a?log=there.jsonl&deadly={deadly}"),
        *("--mask", "none", "--batch-size", "1", "--executor", f"ray,workers=1,cpus=0.4,address={address}"),
        code=4,
    )
    answers = {Path(path).name: rest for path, *rest in _told(program, "spread.db", ANSWERS)}
    assert {name: rest[0] for name, rest in answers.items()} == {
        name: "error" if name == killer else "ok" for name in digests
    }
    assert "died" in answers[killer][-1]
    assert done.stdout.splitlines()[1].split("\t")[3:8] == ["partial", "2", "0", "0", "1"]


def test_what_a_cluster_cannot_give_is_told_with_what_it_has(
    program: Program, address: str, pictures: Callable[[int], str], tmp_path: Path
) -> None:
    command = ("run", pictures(1), "-m", "mortal:a?log=l", "--mask", "none", "--executor")

    def refused(options: str, code: int) -> str:
        return " ".join(program(*command, f"ray,{options}", code=code).stderr.split())

    without_card = refused(f"gpus=1,wait=0.5,address={address}", 3)
    assert "1 CPU, 1 GPU" in without_card
    assert f"{platform.node()} has 1 CPU, no GPU" in without_card
    assert not list(tmp_path.rglob("*.duckdb")), "nothing is begun"

    assert "Ray's client" in refused("address=ray://head:10001", 2)
    assert "one graphics card" in refused("gpus=1.5", 2)

    other = tmp_path / "other"
    other.mkdir()
    plugin_on_path(other, "mortal", (program.site / "mortal.py").read_text("utf-8"), dist="renamed")
    program = Program(program.home, other)
    assert f"The node {platform.node()} cannot answer: renamed is not installed." in refused(
        f"workers=1,address={address}", 3
    )


def _notes(log: str) -> list[dict[str, str]]:
    """What the model noted, but for a line that is being written."""
    lines = Path(log).read_text("utf-8").splitlines(keepends=True) if Path(log).exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _told(program: Program, store: str, sql: str) -> list[list[str]]:
    return [
        line.split("\t")
        for line in program("--store", store, "query", sql, "--format", "tsv").stdout.splitlines()[1:]
    ]
