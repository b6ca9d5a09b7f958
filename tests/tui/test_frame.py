"""The frame in a real terminal: how it ends, what it leaves behind, what others print; and its small parts alone."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest

from elena_wb.remote.redaction import hide
from elena_wb.store import Store
from elena_wb.tui.remembered import Remembered
from elena_wb.tui.widgets.bar import tabs

NAMES = {"runs": "Runs", "narratives": "Narratives", "compare": "Compare", "new_run": "New run"}
SECRET = "sk-quite-secret-0123456789abcdef"
BREAKING = f"""
    import os, sys
    from elena_wb.remote.redaction import hide
    from elena_wb.tui.runs.screen import RunsScreen

    hide("{SECRET}")

    def fault(self):
        local = "{SECRET}"
        raise RuntimeError("met " + local)

    def fault_in_a_thread(self):
        self.fetch(lambda: fault(self), print)

    def prints(self):
        print("said by Python")
        os.write(2, b"said by a library in C\\n")

    RunsScreen.action_details = fault
    RunsScreen.action_new_run = fault_in_a_thread
    RunsScreen.action_choose = prints
"""


@dataclass
class Terminal:
    """The program in a terminal of its own; ``written`` is all that it wrote there."""

    process: subprocess.Popen[bytes]
    master: int
    written: bytearray = field(default_factory=bytearray)

    def listen(self) -> None:
        with suppress(OSError):
            while chunk := os.read(self.master, 65536):
                self.written += chunk

    def wait_for(self, text: str, since: int = 0) -> None:
        until = time.monotonic() + 60
        while text.encode() not in bytes(self.written[since:]):
            assert time.monotonic() < until, bytes(self.written).decode("utf-8", "replace")[-2000:]
            assert self.process.poll() is None, bytes(self.written).decode("utf-8", "replace")[-2000:]
            time.sleep(0.05)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def end(self) -> tuple[int, str]:
        """The exit code, and what was written after the terminal was given back."""
        code = self.process.wait(60)
        time.sleep(0.2)
        return code, bytes(self.written).rpartition(b"\x1b[?1049l")[2].decode("utf-8", "replace")


@pytest.fixture
def terminal(home: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts the program in a terminal of 80×24; ``before`` is run in its process first."""
    started: list[Terminal] = []

    def start(*arguments: str, before: str = "") -> Terminal:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        program = (
            f"{textwrap.dedent(before)}\nimport sys\nfrom elena_wb.cli import main\n"
            f"sys.argv = ['elena-wb', *{list(arguments)!r}]\nmain()"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "OMP_NUM_THREADS": "1"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        found = Terminal(process, master)
        Thread(target=found.listen, daemon=True).start()
        started.append(found)
        return found

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        with suppress(OSError):
            os.close(one.master)


@pytest.mark.parametrize("key", ["i", "n"])
def test_a_fault_is_told_in_words_without_keys_in_a_terminal_in_order(
    terminal, planted: Store, key: str
) -> None:
    at = terminal("--store", str(planted.path), "--no-images", before=BREAKING)
    at.wait_for("posed")
    before = termios.tcgetattr(at.master)[3]
    assert not before & termios.ECHO
    at.type(key)
    code, left = at.end()
    assert code == 1
    assert "RuntimeError: met [key]" in left
    assert "This is a fault of the program" in left
    assert "Traceback" not in left
    assert SECRET.encode() not in bytes(at.written)
    assert termios.tcgetattr(at.master)[3] & termios.ECHO


def test_what_others_print_is_a_notice_and_not_on_the_screen_and_q_leaves(terminal, planted: Store) -> None:
    at = terminal("--store", str(planted.path), "--no-images", before=BREAKING)
    at.wait_for("posed")
    at.type(" ")
    time.sleep(1)
    assert b"said by" not in bytes(at.written)
    at.type("\x0e")
    at.wait_for("said by a library in C")
    at.wait_for("said by Python")
    at.type("q")
    time.sleep(0.5)
    at.type("q")
    assert at.end() == (0, at.end()[1])
    assert "said" not in at.end()[1]


def test_a_closed_terminal_and_a_kill_leave_what_is_to_be_remembered(
    terminal, planted: Store, home: Path
) -> None:
    for letter in ("%", "~"):
        at = terminal("--store", str(planted.path))
        at.wait_for("posed" if letter == "%" else "Nothing passes")
        since = len(at.written)
        at.type("/")
        while letter.encode() not in at.written[since:]:
            time.sleep(0.3)
            at.type(letter)
        at.wait_for("Nothing passes")
        if letter == "%":
            at.process.send_signal(signal.SIGTERM)
            assert at.end()[0] == 128 + signal.SIGTERM
        else:
            os.close(at.master)
            at.process.wait(30)
        assert letter in _kept(home)


def _kept(home: Path) -> str:
    """The filter that is remembered."""
    found = [json.loads(file.read_text()) for file in home.rglob("interface.json")]
    return next((of["runs.filter"] for one in found for of in one.values() if "runs.filter" in of), "")


def test_the_bar_names_all_screens_or_the_one_that_is_shown() -> None:
    assert [tab.words for tab in tabs(NAMES, "compare", 80)] == [
        "1 Runs",
        "2 Narratives",
        "3 Compare",
        "4 New run",
    ]
    assert [tab.words for tab in tabs(NAMES, "compare", 25)] == ["1", "2", "3 Compare", "4"]
    assert [tab.words for tab in tabs(NAMES, "compare", 6)] == ["Comp"]
    assert tabs(NAMES, "compare", 1)
    for width in (80, 25):
        found = tabs(NAMES, "compare", width)
        assert all(one.end < other.start + 1 for one, other in pairwise(found))


def test_two_interfaces_do_not_forget_what_the_other_remembers(tmp_path: Path) -> None:
    file, store = tmp_path / "interface.json", tmp_path / "a.duckdb"
    one, other = Remembered(store, file), Remembered(store, file)
    one.set("screen", "sql")
    other.set("runs.filter", "face")
    other.set("theme", "nord")
    one.save()
    other.save()
    one.set("gone", None)
    one.set("sql.export", "x\udcff.csv")
    one.save()
    assert Remembered(store, file).get("sql.export") == "x\udcff.csv", "a name of a file that is no text"
    assert os.name == "nt" or file.stat().st_mode & 0o077 == 0, "it may hold what one wrote"
    assert Remembered(store, file).get("screen") == "sql"
    assert Remembered(store, file).get("runs.filter") == "face"
    assert Remembered(tmp_path / "b.duckdb", file).get("theme") == "nord", "the theme is that of all stores"
    assert Remembered(tmp_path / "b.duckdb", file).get("screen") is None


def test_a_key_that_was_typed_somewhere_is_not_remembered(tmp_path: Path) -> None:
    secret = "sk-remembered-0123456789abcdef"
    hide(secret)
    found = Remembered(tmp_path / "a.duckdb", tmp_path / "interface.json")
    found.set("sql.text", f"FROM runs WHERE name = '{secret}'")
    found.save()
    written = (tmp_path / "interface.json").read_text("utf-8")
    assert "FROM runs WHERE name" in written
    assert secret not in written


@pytest.mark.parametrize("damage", [b"", b"[1, 2]", b'{"": 3}', b"\xff\xfe{", b'{"x": {'])
def test_a_damaged_memory_is_forgotten_and_written_anew(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "interface.json"
    file.write_bytes(damage)
    found = Remembered(tmp_path / "a.duckdb", file)
    assert found.get("screen", "runs") == "runs"
    found.set("screen", "sql")
    found.save()
    assert Remembered(tmp_path / "a.duckdb", file).get("screen") == "sql"


def test_without_a_terminal_the_help_is_printed_and_the_exit_code_is_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "elena_wb", "--store", str(tmp_path / "x.duckdb")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "Usage" in done.stdout
    assert not (tmp_path / "x.duckdb").exists()
