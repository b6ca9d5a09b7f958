"""``elena-wb report`` as people use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from elena_wb.store import Store
from tests.conftest import Program
from tests.findings.planted import put
from tests.report.hostile import shown_at
from tests.report.strict import check

PLUGIN = """
from elena_wb import hookimpl


class Broken:
    reads = frozenset({"emotion"})

    def score(self, answers, resampling):
        raise ZeroDivisionError("no such luck")


@hookimpl
def register_metrics(register):
    register("broken", Broken)
"""


@pytest.fixture
def store(home: Path) -> Store:
    store = Store(home / "s.duckdb")
    put(store, "a", {0: "fear", 1: "anger"}, name="pilot")
    put(store, "b", {0: "anger", 1: "anger"}, name="pilot", condition="face")
    return store


def test_a_name_stands_for_all_its_runs_and_what_fails_ends_in_partly_done(
    home: Path, store: Store, program: Program
) -> None:
    program.install("extra", PLUGIN)
    output = home / "r.html"
    done = program(
        "--store", str(store.path), "report", "pilot", "-o", str(output), "--resamples", "9", code=4
    )
    assert "r.html written" in done.stderr
    assert "Metric broken could not be made: ZeroDivisionError: no such luck" in done.stderr
    assert done.stdout == ""
    page = check(shown_at(output))
    assert page.root.all("h1")[0].words == "e"  # the experiment of both
    assert "Metric broken: ZeroDivisionError: no such luck" in page.root.words
    for named in ("run 1, none", "run 2, face", "Run 1 and run 2 compared"):
        assert named in page.root.words


def test_wishes_that_cannot_be_met_are_refused_before_anything_is_computed(
    home: Path, store: Store, program: Program
) -> None:
    place = ("--store", str(store.path), "report")
    output = str(home / "r.html")
    done = program(*place, "1", "-o", output, "--no-pictures", "--masked-only", code=2)
    assert "contradict each other" in done.stderr
    assert "There is no run `7`" in program(*place, "7", "-o", output, code=2).stderr
    assert "the store itself" in program(*place, "1", "-o", str(store.path), code=2).stderr
    assert not (home / "r.html").exists()
