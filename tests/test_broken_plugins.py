"""Whatever plugins do while they are loaded, every verb works beside them, and it is told what is wrong with each."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from tests import quick
from tests.broken_plugins import KINDS, lay_out, named
from tests.conftest import Program

ALONE = ("exits_at_once", "prints", "verb_replaced", "another_version")
"""Kinds of which one might hide what another does to the whole process."""


def carried_out(program: Program, kinds: Collection[str], folder: Path) -> dict[str, Any]:
    """What every verb said beside these broken plugins."""
    for kind in kinds:
        lay_out(kind, program.site)
    environment = {**os.environ, "PYTHONPATH": str(program.site), "OMP_NUM_THREADS": "1", "COLUMNS": "80"}
    process = quick.Process(
        ["tests.broken_plugins", str(folder), next(iter(kinds))],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, f"{process.returncode} {out} {err}"
    done: dict[str, Any] = json.loads((folder / "done.json").read_text("utf-8"))
    return done


@pytest.mark.parametrize("kinds", [KINDS, *([kind] for kind in ALONE)], ids=["all", *ALONE])
def test_every_verb_works_beside_broken_plugins_and_it_is_told_what_is_wrong_with_each(
    program: Program,
    kinds: Collection[str],
    tmp_path: Path,
    pictures: Callable[[int], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(pictures(2).parent)
    done = carried_out(program, kinds, tmp_path)
    every_verb_tells_how_it_is_used(done["help"])
    verbs_do_their_work(done)
    listed = {one["plugin"]: one for one in json.loads(done["plugins"]["out"])}
    findings = [one for one in json.loads(done["doctor"]["out"]) if one["area"] == "plugins"]
    states = {one["name"]: one["state"] for one in findings}
    for kind in kinds:
        the_listing_says_what_is_wrong(listed, kind)
        assert states[plugin_of(kind)] == "warn"
    assert listed["scripted"]["provides"]["models"] == ["distant", "priced", "scripted"]
    assert {name for name, one in listed.items() if one["health"] == "broken"} == {
        plugin_of(kind) for kind in kinds if KINDS[kind].health == "broken"
    }
    what_people_read_is_plain(done)
    assert done["no such model"]["code"] == 2
    failed = any(KINDS[kind].health == "broken" for kind in kinds)
    assert ("could not be loaded" in done["no such model"]["err"]) == failed
    if "raises" in kinds:
        assert "unsound_raises.py" in done["whole"]["out"], "the way to the fault is told"


def plugin_of(kind: str) -> str:
    return named(kind, KINDS[kind].plugin)


def every_verb_tells_how_it_is_used(told: dict[str, str]) -> None:
    assert len(told) > 55
    assert {verb for verb, text in told.items() if "Usage: " not in text} == set()
    assert "elena-wb odd" not in told
    assert "--mask" in told["elena-wb run"], "no plugin took its place"


def verbs_do_their_work(done: dict[str, Any]) -> None:
    for verb in ("run", "runs", "query"):
        assert done[verb]["code"] == 0, done[verb]["err"]
        assert "unsound" not in done[verb]["err"], "who does not need the plugin hears nothing of it"
    assert [one["name"] for one in json.loads(done["runs"]["out"])] == ["one"]
    assert json.loads(done["query"]["out"]) == [{"answers": 2}]


def the_listing_says_what_is_wrong(listed: dict[str, Any], kind: str) -> None:
    row, broken = listed[plugin_of(kind)], KINDS[kind]
    assert row["distribution"] == named(kind, "zz-unsound")
    assert row["health"] == broken.health, row
    assert any(named(kind, broken.says) in said for said in row["says"]), row["says"]
    assert all(len(said) < 400 and "\n" not in said for said in row["says"])


def what_people_read_is_plain(done: dict[str, Any]) -> None:
    texts = [done[verb][stream] for verb in ("drawn", "whole", "no such model") for stream in ("out", "err")]
    assert not {"\x1b", "\u202e"} & set("".join(texts))
    assert len({line.count("\t") for line in done["drawn"]["out"].splitlines()}) == 1
