"""Nothing leaves the machine when the network is switched off, and a whole study needs none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Program, rows
from tests.loopback import Unreliable
from tests.proof.remotes import OPENAI, Pictures, Remote, check_each_answer_stored_once

_GUARD = """
import os, sys

def _watch(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        wanted = arguments[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        wanted = arguments[1]
    else:
        return
    with open(os.environ["WATCHED"], "a") as log:
        log.write(f"{event} {wanted}\\n")
    raise OSError("sockets are blocked")

sys.addaudithook(_watch)
"""


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_server_elsewhere_is_refused_and_who_tried_is_named(
    program: Program, pictures: Pictures, remote: Remote, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(pictures(2))
    given = ["--offline"] if how == "option" else []
    if how == "variable":
        monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    own = "api.openai.com" if remote is OPENAI else "generativelanguage.googleapis.com"
    for uri, host in (
        (f"{remote.name}:{remote.model}", own),
        (f"{remote.name}:{remote.model}?base_url=https://models.example", "models.example"),
    ):
        done = program(*given, "run", folder, "-m", uri, "-p", "naive", "--allow-upload", code=3)
        assert host in done.stderr
        assert remote.name in done.stderr
        assert "offline" in done.stderr
    assert not list(program.home.glob("data/*.duckdb")) or rows(program, "SELECT * FROM generations") == []


def test_a_server_on_this_machine_may_be_asked_offline(
    program: Program, pictures: Pictures, remote: Remote
) -> None:
    folder = pictures(3)
    with Unreliable(remote.api()) as server:
        program("--offline", "run", str(folder), "-m", remote.uri(server), "-p", "naive")
        check_each_answer_stored_once(program, folder, server)


def test_a_model_that_would_have_to_be_fetched_is_not(program: Program, pictures: Pictures) -> None:
    folder = str(pictures(1))
    for uri in ("hf:google/gemma-3-4b-it", "gguf:ggml-org/gemma-3-4b-it-GGUF:Q4_K_M"):
        done = program("--offline", "run", folder, "-m", uri, "-p", "naive", code=None)
        assert done.returncode in (1, 3)
        assert "the network is switched off" in done.stderr, uri


@pytest.fixture
def gguf(program: Program, tmp_path: Path) -> str:
    """The embedded model as GGUF files, by its URI."""
    pytest.importorskip("llama_cpp")
    program("models", "export", "tiny:", str(tmp_path / "gguf"))
    return f"gguf:{tmp_path / 'gguf'}"


def _check_study(program: Program, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    store = str(program.home / "data" / "demo.duckdb")
    sql = "SELECT count(*), count(DISTINCT generation_id), count(DISTINCT run_id) FROM generations WHERE status = 'ok'"
    out = program("--store", store, "query", sql, "--format", "tsv").stdout
    count, distinct, runs = out.splitlines()[1].split("\t")
    # 14 figures and 7 incongruent ones, each with two prompts, masked and not.
    assert (count, distinct, runs) == ("84", "84", "8")


def test_the_whole_demo_runs_without_any_network_interface(program: Program, gguf: str) -> None:
    unshare = shutil.which("unshare") or ""
    if not unshare or subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not permit a network namespace of one's own")
    interfaces = "import pathlib; print(pathlib.Path('/proc/net/route').read_text().count('\\n'))"
    seen = subprocess.run(
        [unshare, "-rn", sys.executable, "-c", interfaces], capture_output=True, text=True, check=True
    )
    assert int(seen.stdout) <= 1, "the namespace has a route out"
    command = [
        sys.executable,
        "-m",
        "elena_wb",
        "--offline",
        "demo",
        "-m",
        gguf,
        "--pictures",
        "14",
        "--no-report",
    ]
    environment = {**os.environ, "PYTHONPATH": str(program.site), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [unshare, "-rn", *command], env=environment, capture_output=True, text=True, timeout=110, check=False
    )
    _check_study(program, done)


def test_the_whole_demo_opens_no_socket_to_anywhere(
    program: Program, gguf: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program.site / "sitecustomize.py").write_text(_GUARD)
    watched = tmp_path / "watched"
    monkeypatch.setenv("WATCHED", str(watched))
    probe = "import socket; socket.create_connection(('127.0.0.1', 9))"
    environment = {**os.environ, "PYTHONPATH": str(program.site)}
    blocked = subprocess.run(
        [sys.executable, "-c", probe], env=environment, capture_output=True, text=True, check=False
    )
    assert "sockets are blocked" in blocked.stderr
    watched.unlink()
    _check_study(program, program("demo", "-m", gguf, "--pictures", "14"))
    assert not watched.exists(), watched.read_text()
