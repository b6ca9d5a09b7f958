"""``elena-wb serve`` as it is called: an address on stderr, nothing on stdout, and an end by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from elena_wb.cli import app
from elena_wb.errors import UsageError
from elena_wb.tui.serve import server as serving


def program(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "ELENA_WB_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "elena_wb", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_address_is_told_and_leads_in_until_ctrl_c(tmp_path: Path) -> None:
    process = program(tmp_path, "--store", str(tmp_path / "s.duckdb"), "serve", "--port", "0", "--token")
    try:
        assert process.stderr is not None
        address = next(line for line in process.stderr if "The interface is at " in line).split()[-1]
        assert "?token=" in address
        assert status(address) == 200
        assert status(address.partition("?")[0]) == 403
        process.send_signal(signal.SIGINT)
        told, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert told == ""
    assert address.partition("=")[2] not in said
    assert not (tmp_path / "s.duckdb").exists()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[serving.Serving]:
    """What would be served."""
    found: list[serving.Serving] = []
    monkeypatch.setattr(serving, "serve", lambda what, tell: found.append(what))
    return found


def test_visitors_get_the_same_store_and_options_word_for_word(
    asked: list[Any], tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "a $(touch x) 'b'; --port 1.duckdb"
    result = CliRunner().invoke(
        app, ["--store", name, "--no-images", "serve", "--host", "::1", "--port", "9"]
    )
    assert result.exit_code == 0, result.output
    assert asked[0].command == (sys.executable, "-m", "elena_wb", f"--store={tmp_path / name}", "--no-images")
    assert (asked[0].host, asked[0].port, asked[0].needs_token) == ("::1", 9, False)


def test_a_served_interface_takes_its_server_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from elena_wb.cli import interface

    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    assert not interface.is_interactive()
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")
    assert interface.is_interactive()


@pytest.mark.parametrize(
    "url",
    ["lab.example", "ftp://lab.example", "https://", "https://a:b@lab.example", "https://x/?y", "http://x:y"],
)
def test_what_is_no_address_of_a_page_is_told(url: str, asked: list[Any], home: Path) -> None:
    result = CliRunner().invoke(app, ["serve", f"--public-url={url}"])
    assert isinstance(result.exception, UsageError)
    assert url in result.exception.message
    assert asked == []


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_ports_are_ports(port: str, asked: list[Any], home: Path) -> None:
    assert CliRunner().invoke(app, ["serve", f"--port={port}"]).exit_code == 2


def test_serving_is_loaded_only_when_asked_for() -> None:
    code = "import sys, elena_wb.cli.serve; sys.exit(any(m.startswith(('textual', 'aiohttp')) for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
