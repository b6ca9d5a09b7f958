"""A key that the program was given is afterwards nowhere but where its owner put it."""

from __future__ import annotations

import base64
import gzip
import sqlite3
import stat
import subprocess
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import Program
from tests.loopback import Certificate, Unreliable, faults
from tests.proof.remotes import GEMINI, OPENAI, Pictures, Remote
from tests.proof.searching import leaks, places

EVERYTHING = (
    faults.echo_error(400),
    faults.echo_error(429),
    faults.echo_error(500),
    faults.echo,
    faults.echo,
    faults.rate_limited(0.02),
    faults.status(503),
    faults.plain_status(502),
    faults.reset_before,
    faults.reset_after,
    faults.cut_body,
    faults.garbage,
    faults.invalid_json,
    faults.html,
    faults.empty_body,
    faults.json_list,
    faults.strange_types,
    faults.refused,
    faults.blocked,
    faults.truncated,
    faults.empty,
    faults.no_content,
    faults.stall(5),
    faults.redirect("http://localhost:9/"),
)


def said(done: subprocess.CompletedProcess[str]) -> list[tuple[str, bytes]]:
    return [("stdout", done.stdout.encode()), ("stderr", done.stderr.encode())]


def given_by(
    program: Program, remote: Remote, origin: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> set[Path]:
    """Give the program its key in one of the three ways; the files that may hold it."""
    monkeypatch.chdir(folder)
    if origin == "environment":
        return set()
    monkeypatch.delenv(remote.variable)
    if origin == ".env":
        (folder / ".env").write_text(f"{remote.variable}='{remote.key}'\n")
        return {folder / ".env"}
    process = program.start("keys", "set", remote.name, stdin=subprocess.PIPE)
    out, err = process.communicate(remote.key + "\n", timeout=60)
    assert process.returncode == 0, err
    assert leaks(remote.key, [("stdout", out.encode()), ("stderr", err.encode())]) == []
    holding = {
        path for path in program.home.rglob("*") if path.is_file() and remote.key in path.read_text("utf-8")
    }
    assert len(holding) == 1
    assert [stat.S_IMODE(path.stat().st_mode) for path in holding] == [0o600]
    return holding


@pytest.mark.parametrize(
    ("remote", "origin"),
    [(OPENAI, "environment"), (GEMINI, ".env"), (OPENAI, "keys file")],
    ids=lambda value: getattr(value, "name", value),
    indirect=["remote"],
)
def test_the_key_lies_nowhere_whatever_a_server_does(
    program: Program,
    pictures: Pictures,
    remote: Remote,
    origin: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = pictures(32)
    here = tmp_path / "here"
    here.mkdir()
    allowed = given_by(program, remote, origin, here, monkeypatch)
    monkeypatch.setenv("OPENAI_LOG", "debug")
    with Unreliable(remote.api(), EVERYTHING) as server:
        uri = remote.uri(server, concurrency=3, timeout=1)
        run = ("--debug", "run", str(folder), "-m", uri, "-p", "naive", "--events", "jsonl")
        spoken = said(program(*run, code=None))
        assert server.keys_seen == {remote.key}
        assert server.count("echo") == 2
        assert server.count("echo 400") == 1
        spoken += said(program(*run, "--retry-failed", code=None))
        spoken += said(program("keys", "list", "--json"))
        spoken += said(program("runs", "show", "1", "--json", code=None))
        spoken += said(
            program("query", "SELECT * FROM generations", "--format", "parquet", "-o", "all.parquet")
        )
    assert sum(len(text) for _, text in spoken) > 5000
    assert (here / "all.parquet").stat().st_size > 1000
    kept = [
        (place, data) for place, data in places(tmp_path) if tmp_path / place.split(":")[0] not in allowed
    ]
    assert any("generations" in place for place, _ in kept), "the store was not searched"
    assert leaks(remote.key, [*spoken, *kept]) == []


def test_a_key_that_is_not_accepted_ends_the_run_at_once_and_is_not_shown(
    program: Program, pictures: Pictures, remote: Remote, tmp_path: Path
) -> None:
    with Unreliable(remote.api(), keys={"another-key-entirely"}) as server:
        done = program(
            "--debug", "run", str(pictures(30)), "-m", remote.uri(server), "-p", "naive", code=None
        )
        assert len(server.calls) <= 16
    assert done.returncode in (1, 3)
    assert f"keys set {remote.name}" in done.stderr
    assert leaks(remote.key, [*said(done), *places(tmp_path)]) == []


def test_without_a_key_nothing_is_sent_and_the_ways_to_give_one_are_told(
    program: Program, pictures: Pictures, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(remote.variable)
    with Unreliable(remote.api()) as server:
        done = program("run", str(pictures(2)), "-m", remote.uri(server), "-p", "naive", code=3)
        assert server.calls == []
    for way in (f"elena-wb keys set {remote.name}", remote.variable, ".env"):
        assert way in done.stderr


def test_a_key_does_not_go_to_a_host_that_cannot_prove_who_it_is(
    program: Program, pictures: Pictures, remote: Remote, tmp_path: Path
) -> None:
    with Unreliable(remote.api(), certificate=Certificate.make(tmp_path)) as server:
        done = program("--debug", "run", str(pictures(2)), "-m", remote.uri(server), "-p", "naive", code=None)
        assert server.calls == []
    assert leaks(remote.key, [*said(done), *places(program.home)]) == []


def test_the_search_finds_a_planted_key_wherever_it_lies(tmp_path: Path) -> None:
    key = "sk-proj-0penA1/K+y=planted"
    (tmp_path / "log.txt").write_bytes(b"Authorization: Bearer " + key.encode())
    (tmp_path / "url.txt").write_text(f"http://host/?key={quote(key, safe='')}")
    for shift in range(3):
        (tmp_path / f"basic{shift}").write_bytes(base64.b64encode(b"x" * shift + key.encode() + b":pass"))
    (tmp_path / "packed.gz").write_bytes(gzip.compress(f"so {key} it is".encode()))
    pq.write_table(pa.table({"text": [f"it is {key}!"] * 50}), tmp_path / "table.parquet", compression="zstd")
    with duckdb.connect(str(tmp_path / "store.duckdb")) as connection:
        connection.execute("CREATE TABLE generations (number INTEGER, text VARCHAR)")
        connection.execute("INSERT INTO generations SELECT i, 'n' || i FROM range(20000) t(i)")
        connection.execute("UPDATE generations SET text = ? WHERE number = 777", [f"echo {key} echo"])
    ledger = sqlite3.connect(tmp_path / "ledger.sqlite")
    ledger.execute("CREATE TABLE calls (account TEXT)")
    ledger.execute("INSERT INTO calls VALUES (?)", [f"openai/{key}"])
    ledger.commit()
    ledger.close()
    (tmp_path / "clean.txt").write_text("sk-proj is how such keys begin")
    found = leaks(key, places(tmp_path))
    for place in (
        "log.txt",
        "url.txt",
        "basic0",
        "basic1",
        "basic2",
        "packed.gz",
        "table.parquet",
        "ledger.sqlite",
    ):
        assert any(place in leak for leak in found), place
    assert any("store.duckdb: generations" in leak for leak in found)
    assert not any("clean.txt" in leak for leak in found)
