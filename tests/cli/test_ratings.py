"""``elena-wb ratings`` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from elena_wb.cli import app
from elena_wb.store import Store
from tests.findings.planted import put
from tests.findings.rated import rated, session

EVIL = "x\x1b[31m [red] & _y_ | <b>"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A session of single answers by three and one of pairs by one, whose names and reasons are hostile."""
    store = Store(tmp_path / "s.duckdb")
    for key in ("none", "face"):
        put(store, key, {n: {"emotion": "fear", "narrative": f"{key} {n}"} for n in range(8)}, condition=key)
    single = session(store, name="first [red]")
    rated(
        store,
        single,
        lambda rater, _, texts: EVIL if texts[0] == "none 3" else len(rater) + int(texts[0][-1]) % 3,
        "A", "Bo", "Cyd",
    )  # fmt: skip
    rated(store, session(store, "pairs", name="second"), lambda *_: "left", "A")
    return store


def run(store: Store, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "elena_wb", "--store", str(store.path), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def within(store: Store, *arguments: str) -> str:
    """What it writes, without a process of its own: a second less."""
    told = CliRunner().invoke(app, ["--store", str(store.path), *arguments])
    assert told.exit_code == 0, told.output
    return told.stdout


def test_sessions_are_told_in_every_format(store: Store, tmp_path: Path) -> None:
    table = run(store, "ratings", "FIRST [red]", "--resamples", "50")
    assert table.returncode == 0, table.stderr
    assert "Ratings by people: first [red]: 3 people rated 15 of 16 answers" in " ".join(table.stdout.split())
    assert "\x1b[31m" not in table.stdout
    assert max(map(len, table.stdout.splitlines())) <= 80
    data: dict[str, Any] = json.loads(within(store, "ratings", "--json", "--resamples", "50"))
    assert [one["name"] for one in data["sessions"]] == ["first [red]", "second"]
    assert data["sessions"][0]["means"][0]["mean"]["pictures"]["n"] == 3 * 7
    assert data["sessions"][1]["means"] == []
    told = tmp_path / "told.csv"
    within(store, "ratings", "-o", str(told), "--resamples", "0")
    rows = list(csv.DictReader(io.StringIO(told.read_text())))
    titles = {row["table"] for row in rows}
    assert {
        "first [red], fits: mean rating by run",
        "second, Side on which the chosen answer stood",
    } <= titles
    markdown = within(store, "ratings", "1", "-f", "md", "--resamples", "0")
    assert r"\[red]" in markdown
    latex = within(store, "ratings", "2", "-f", "latex", "--resamples", "0")
    assert r"\toprule" in latex


def test_what_is_not_there_is_told_with_what_is(store: Store, tmp_path: Path) -> None:
    wrong = run(store, "ratings", "secon")
    assert wrong.returncode == 2
    assert "Did you mean `second`?" in wrong.stderr
    empty = run(Store(tmp_path / "none.duckdb"), "ratings")
    assert empty.returncode == 2
    assert "Nobody has rated anything" in empty.stderr
